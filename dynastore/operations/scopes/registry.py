"""The registry of scopes: which scopes are inside the table, or inside a scope.

A scope is registered before the first write of a store to it, by one item that is in the scope itself.
Who may write nothing outside of a scope may write that. An index shows it to whoever may look at all
scopes::

    PK             SK  TYPE    GSI1H        GSI1R1
    @qa#@#scope    ~   ~scope  @*#@#scopes  qa
    @acme#@#scope  ~   ~scope  @*#@#scopes  acme
    @acme#@qa#@#…  ~   ~scope  @acme#@*#…   qa      inside of acme

So there is none where the table has no index. Where a placement keeps scopes in tables of their own, the
entry of an outermost scope is in the shared table all the same, and says where the scope lives if it was
moved: see `locations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from attrs import evolve, frozen

from ...errors import ConditionFailed, DynastoreError, RequestError
from ...keys.templates import (
    ACROSS,
    FILLER,
    HEADER,
    RANGE_BYTES,
    REGISTERED,
    REGISTRY,
    fitting,
    scope_prefix,
)
from ...keys.text import escape_scope, unescape
from ...requests import DeleteItem, GetItem, Key, PutItem, Query, Request, Steps, Together
from ...schema.schema import Schema
from ...table import SCOPE, TYPE, Index
from ...terms import Absent, Compare, Conditions, Equal
from ...values.attributes import AttributeMap

T = TypeVar("T")

NEW: Conditions = (("PK", Absent()),)
KNOWN_LIMIT = 100_000  # prefixes that a process remembers to be registered


class Known:
    """The scopes that this process knows to be registered. Threads may share it."""

    def __init__(self) -> None:
        """None is known."""
        self._prefixes: set[str] = set()

    def __contains__(self, prefix: str) -> bool:
        return prefix in self._prefixes

    def add(self, prefix: str) -> None:
        """Remember a scope; from time to time all others are forgotten."""
        if len(self._prefixes) >= KNOWN_LIMIT:
            self._prefixes.clear()
        self._prefixes.add(prefix)

    def forget(self, prefix: str) -> None:
        """Let a scope, and those in it, be registered again with the next write to them."""
        for each in [*self._prefixes]:  # a copy: other threads add to it
            if each.startswith(prefix):
                self._prefixes.discard(each)


@frozen
class Names:
    """Some names of scopes, in their order.

    Attributes:
        names: at most as many as asked for.
        more: whether there are more after the last one.
    """

    names: Sequence[str]
    more: bool


def registering(schema: Schema, known: Known, steps: Steps[T]) -> Steps[T]:
    """An operation that registers its scope before its first write, if that is not known to be done.

    That is a request more, for each scope from the outermost one on.
    """
    answer: Any = None
    failure: DynastoreError | None = None
    try:
        while True:
            asked = steps.send(answer) if failure is None else steps.throw(failure)
            if schema.prefix not in known and is_write(asked):
                yield from register(schema, known)
            answer, failure = None, None
            try:
                answer = yield asked
            except DynastoreError as error:
                failure = error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def register(schema: Schema, known: Known) -> Steps[None]:
    """Register a scope, and those that it is in: a request each, if they are not known to be."""
    for depth in range(1, len(schema.scopes) + 1):
        scopes = schema.scopes[:depth]
        prefix = scope_prefix(scopes)
        if prefix in known:
            continue
        where = _registry(schema, depth)
        if where.table.indexes:
            yield from _registered(where, scopes)
        known.add(prefix)


def _registered(schema: Schema, scopes: Sequence[str]) -> Steps[None]:
    try:
        yield from PutItem(schema.table.name, _item(_index(schema), scopes), NEW)
    except ConditionFailed as failure:
        if failure.stored is None:
            raise


def _registry(schema: Schema, depth: int) -> Schema:
    """Where the entry of a scope is: that of an outermost one in the shared table, if there is one."""
    return schema.shared if depth == 1 and schema.shared is not None else schema


def entry_key(schema: Schema) -> Key:
    """The key of the item that registers a scope."""
    return Key(f"{schema.prefix}{REGISTERED}", HEADER, SCOPE)


def outermost_key(schema: Schema) -> Key:
    """The key of the item that registers the outermost of a schema's scopes."""
    return Key(f"{scope_prefix(schema.scopes[:1])}{REGISTERED}", HEADER, SCOPE)


def unregister(schema: Schema) -> Steps[None]:
    """Delete the entry of a scope, if it is there: a read, and a write."""
    name, key = _registry(schema, len(schema.scopes)).table.name, entry_key(schema)
    if (yield from GetItem(name, key, consistent=True)) is not None:
        yield from DeleteItem(name, key, returns_old=False)


def scope_names(schema: Schema, limit: int, after: str | None) -> Steps[Names]:
    """The names of the scopes directly inside a scope or the table, sorted by their keys.

    Args:
        schema: the scope.
        limit: how many at most.
        after: the name that they come after; from the first on without.

    Raises:
        RequestError: the table has no index, which lists them.
    """
    index = _index(schema)
    key: Conditions = ((index.hash, Equal({"S": _listed(schema.prefix)})),)
    if after is not None:
        key += ((index.ranges[0], Compare(">", {"S": escape_scope(after)})),)
    query = Query(schema.table.name, index, key)
    found: list[str] = []
    while True:
        page = yield from evolve(query, limit=limit + 1 - len(found))
        found += (unescape(item[index.ranges[0]]["S"]) for item in page.items)
        if page.last_key is None or len(found) > limit:
            return Names(found[:limit], len(found) > limit)
        query = evolve(query, start_key=page.last_key)


def is_write(asked: object) -> bool:
    """Whether what is asked for changes anything."""
    if isinstance(asked, Together):
        return any(each.writes for each in asked.requests)
    return isinstance(asked, Request) and asked.writes


def _index(schema: Schema) -> Index:
    """The index that lists scopes: the first one.

    Raises:
        RequestError: there is none.
    """
    indexes = sorted(schema.table.indexes, key=lambda each: each.number)
    if not indexes:
        raise RequestError(
            f"scopes are listed by an index, and table {schema.table.name} has none; give an entity "
            "a gsi(1, ...), or the schema a Table with an Index"
        )
    return indexes[0]


def _listed(prefix: str) -> str:
    """The partition of the index that has the scopes directly inside a scope."""
    return f"{prefix}{ACROSS}{REGISTRY}"


def _item(index: Index, scopes: Sequence[str]) -> AttributeMap:
    prefix, parent = scope_prefix(scopes), scope_prefix(scopes[:-1])
    name = fitting("a scope's name", escape_scope(scopes[-1]), RANGE_BYTES)
    return {
        **Key(f"{prefix}{REGISTERED}", HEADER).attributes,
        TYPE: {"S": SCOPE},
        index.hash: {"S": _listed(parent)},
        **{name: {"S": FILLER} for name in index.ranges},
        index.ranges[0]: {"S": name},
    }
