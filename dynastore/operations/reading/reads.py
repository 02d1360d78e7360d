"""Reading: by key, by plan in pages or slices, and counting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ...codec.codec import Codec
from ...entities.spec import Ref, shown_briefly
from ...errors import DataError, DynastoreError, PartialFailure, RequestError
from ...planner.plan import Plan
from ...requests import ACTIONS, GetItem, Key, Steps, TransactGetItems
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..conditions import moment, time_of, visible
from ..keyed import read_outcomes
from ..payloads import REREADS, whole_at_once, whole_item, whole_outcomes
from .reader import Page, Reader, Slice

E = TypeVar("E")


def key_of(schema: Schema, target: Ref[Any]) -> Key:
    """The primary key that a ref stands for, scope included.

    Raises:
        RequestError: it is no ref, or of an entity that is not in the schema.
    """
    if not isinstance(target, Ref):
        raise RequestError(f"{shown_briefly(target)} is no ref; write ref(Session, session_id=...)")
    return schema.codec(target.cls).key(dict(target.values), schema.prefix)


def get(
    schema: Schema, cls: type[E], key: Mapping[str, Any], *, consistent: bool = False
) -> Steps[E | None]:
    """Read one entity by its primary key, in one request. One that is expired is none.

    Args:
        schema: where it is.
        cls: the entity class.
        key: a value for every field of its primary key.
        consistent: whether every write acknowledged before must be seen; costs twice the units.

    Returns:
        The entity, or None if there is none.

    Raises:
        RequestError: a key field is missing, or a keyword is none.
        DataError: the stored item does not fit the class.
    """
    schema = schema.of(cls)
    codec = schema.codec(cls)
    codec.spec.check_key_names(key)
    located = codec.key(key, schema.prefix)
    now = yield from moment(codec)
    entity: E | None = yield from stored_at(schema, codec, located, consistent, now)
    return entity


def stored_at(
    schema: Schema, codec: Codec, key: Key, consistent: bool, now: dt.datetime | None
) -> Steps[Any]:
    """The entity under a key; None if there is none, or it is expired at a time."""
    item = visible((yield from GetItem(schema.table.name, key, consistent)), now)
    found = None if item is None else visible((yield from whole_item(schema, item)), now)
    return None if found is None else codec.decode(found)


def get_many(
    schema: Schema, refs: Sequence[Ref[E]], *, consistent: bool = False
) -> Steps[list[E | None]]:
    """Read many entities by primary key, 100 a request, requests together.

    Returns:
        An entity or None for each ref, in the order of the refs.

    Raises:
        PartialFailure: some could not be read; ``done`` and ``failed`` are by ref.
    """
    keys = {target: key_of(schema, target) for target in refs}
    now = yield from moment(*(schema.codec(target.cls) for target in keys))
    found: dict[Key, AttributeMap | DynastoreError | None] = {}
    for home in {schema.of(target.cls) for target in keys} or {schema}:
        some = [key for target, key in keys.items() if schema.of(target.cls) is home]
        read = yield from read_outcomes(home.table.name, some, consistent=consistent)
        found |= read | (yield from whole_outcomes(home, read))
    results = {target: _entity(schema, target, found[key], now) for target, key in keys.items()}
    failed = {target: each for target, each in results.items() if isinstance(each, DynastoreError)}
    if failed:
        raise PartialFailure({t: each for t, each in results.items() if t not in failed}, failed)
    return [results[target] for target in refs]


def opened(schema: Schema, plan: Plan, cursor: str | None = None) -> Steps[Reader]:
    """What reads a plan, page after page, by the time at which it was opened.

    Raises:
        InvalidCursor: the cursor is damaged or foreign.
    """
    now = yield from moment(*map(schema.codec, plan.classes))
    return Reader(schema, plan, now, cursor)


def transact_get(schema: Schema, refs: Sequence[Ref[Any]]) -> Steps[list[Any]]:
    """Read entities as they are at one moment, at four times the read units of a `get`.

    Args:
        schema: where they are.
        refs: up to 100, each of another entity; 4 MB of items at most.

    Returns:
        An entity or None for each ref, in the order of the refs.

    Raises:
        RequestError: there are none or too many, or one twice.
        DataError: a stored item does not fit its class.
    """
    keys = tuple(key_of(schema, target) for target in refs)
    if not 1 <= len(keys) <= ACTIONS:
        raise RequestError(f"a transaction reads 1 to {ACTIONS} entities, not {len(keys)}")
    if len(set(keys)) < len(keys):
        raise RequestError("a transaction reads each entity once; name it once")
    now = yield from moment(*(schema.codec(target.cls) for target in refs))
    schema = schema.together(target.cls for target in refs)
    for _ in range(REREADS + 1):
        items = yield from TransactGetItems(schema.table.name, keys)
        complete = yield from whole_at_once(schema, items)
        if complete is not None:
            items = complete
            break
    return [
        None if item is None else codec.decode(item)
        for target, found in zip(refs, items, strict=True)
        for codec in [schema.codec(target.cls)]
        for item in [visible(found, time_of(codec, now))]
    ]


def read_page(
    schema: Schema, plan: Plan, *, limit: int | None = None, cursor: str | None = None
) -> Steps[Page[Any]]:
    """Read one page of a plan.

    Args:
        schema: where it is.
        plan: what to read.
        limit: how many entities at most, 1 or more. Without it a page is what one request to each
            branch brings, up to 1 MB, and only the last one can be empty.
        cursor: of the page before.

    Raises:
        InvalidCursor: the cursor is damaged or foreign.
        RequestError: the limit is below 1, or over 10,000 items would have to be sorted.
        DataError: a stored item does not fit its class.
    """
    reader = yield from opened(schema, plan, cursor)
    return (yield from reader.page(limit))


def read_all(schema: Schema, plan: Plan) -> Steps[list[Any]]:
    """All entities of a plan, in its order; they are kept in memory.

    Raises:
        DataError: a stored item does not fit its class.
    """
    reader = yield from opened(schema, plan)
    found: list[Any] = []
    while True:
        page = yield from reader.page(None)
        found += page.entities
        if page.cursor is None:
            return found


def read_slice(schema: Schema, plan: Plan, *, offset: int, limit: int) -> Steps[Slice[Any]]:
    """Read the entities at some places of a plan's order, and count all; reads everything.

    Args:
        schema: where it is.
        plan: what to read.
        offset: how many entities to pass over, 0 or more.
        limit: how many entities at most, 1 or more.

    Raises:
        RequestError: the offset or the limit is no such number.
        DataError: a stored item does not fit its class.
    """
    if type(offset) is not int or offset < 0:
        raise RequestError(f"an offset is a whole number, at least 0, not {offset!r}")
    if type(limit) is not int or limit < 1:
        raise RequestError(f"a page has a whole number of entities, at least 1, not {limit!r}")
    reader = yield from opened(schema, plan)
    entities, total = yield from reader.slice(offset, limit)
    return Slice(entities, total)


def count(schema: Schema, plan: Plan) -> Steps[int]:
    """How many entities a plan finds. Costs what reading them costs, but sends none of them."""
    reader = yield from opened(schema, plan)
    return (yield from reader.count())


def _entity(
    schema: Schema,
    target: Ref[E],
    found: AttributeMap | DynastoreError | None,
    now: dt.datetime | None,
) -> Any:
    if isinstance(found, DynastoreError):
        return found
    codec = schema.codec(target.cls)
    item = visible(found, time_of(codec, now))
    try:
        return None if item is None else codec.decode(item)
    except DataError as error:
        return error
