"""A Query as the SELECT that reads its rows: one range of one SQL index, in its order.

``Query(table, GSI1, key=(GSI1H = "a", GSI1R1 begins with "b"))`` becomes::

    SELECT bytes, item FROM dynastore_items_1
    WHERE GSI1H = 'a' AND GSI1R1 >= 'b' AND GSI1R1 < 'c'
    ORDER BY GSI1R1 ASC, GSI1R2 ASC, GSI1R3 ASC, GSI1R4 ASC, PK ASC, SK ASC
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias, TypeVar

from attrs import evolve, frozen

from ..errors import RequestError
from ..expressions.matching import matcher
from ..keys.templates import HASH_BYTES, RANGE_BYTES
from ..requests import Query, Scan
from ..table import PRIMARY, Index
from ..terms import (
    BeginsWith,
    Between,
    Compare,
    Equal,
    Predicate,
    names_of,
    predicates_of,
)
from ..values.attributes import AttributeMap
from .layout import Layout, key_limit, key_text

Q = TypeVar("Q", Query, Scan)

SHAPES = 1_024  # SELECTs kept, of some hundred bytes each; a program has few shapes

LAST_CHARACTER = "\U0010ffff"
BEFORE_SURROGATES, AFTER_SURROGATES = "\ud7ff", "\ue000"  # between them are no characters

Bound: TypeAlias = tuple[str, str]
"""An operator and a text: ``(">=", "a")``."""


@frozen
class Selection:
    """A SELECT of sizes and items.

    Attributes:
        sql: its text.
        values: its parameters.
    """

    sql: str
    values: tuple[str, ...]


@frozen
class _Span:
    """The part of an index that a query reads.

    Attributes:
        pinned: what is given by equality, of the index's attributes from the left.
        lower: the lowest value of the next attribute, if it is bounded.
        upper: its highest.
    """

    pinned: tuple[str, ...]
    lower: Bound | None = None
    upper: Bound | None = None


@frozen
class _Shape:
    """What is alike in many queries.

    Attributes:
        rows: the SQL table.
        pinned: the attributes given by equality.
        order: those that order the rest; the last ones make it unique.
        operators: of the bounds of the first attribute in *order*.
        resumed: whether the rows follow a given one.
        newest_first: whether the order is descending.
    """

    rows: str
    pinned: tuple[str, ...]
    order: tuple[str, ...]
    operators: tuple[str, ...]
    resumed: bool
    newest_first: bool


def as_kept(layout: Layout, query: Q) -> Q:
    """The query or scan, of the index as the table has it: that may carry more than was asked for.

    Raises:
        RequestError: the table has no index of these key attributes.
    """
    if query.index == PRIMARY:
        return query
    index = layout.table.index(query.index.number)
    if index is None or index.attributes != query.index.attributes:
        raise RequestError(
            f"table {layout.table.name} has no index {query.index.name} of these attributes"
        )
    return query if index == query.index else evolve(query, index=index)


def selection(layout: Layout, query: Query) -> Selection:
    """The rows that a query reads, in order, without its limit.

    Raises:
        RequestError: DynamoDB would refuse the query.
    """
    _check(layout, query)
    span = _span(query)
    index, count = query.index, len(span.pinned)
    order = index.entry_key[count:]
    resumed = query.start_key is not None
    bounds = [bound for bound in _open_bounds(query, span) if bound]
    operators = tuple(operator for operator, _ in bounds)
    shape = _Shape(
        layout.rows, index.attributes[:count], order, operators, resumed, query.newest_first
    )
    start = [query.start_key[name]["S"] for name in order] if query.start_key else []
    return Selection(_select(shape), (*span.pinned, *(text for _, text in bounds), *start))


def _open_bounds(query: Query, span: _Span) -> tuple[Bound | None, ...]:
    """Without the one before the start key: that lies between both, so it bounds closer."""
    if query.start_key is None:
        return span.lower, span.upper
    return (span.lower,) if query.newest_first else (span.upper,)


@lru_cache(SHAPES)
def _select(shape: _Shape) -> str:
    """The text of a query; its parameters are the pinned values, the bounds, the start."""
    where = [f"{name} = ?" for name in shape.pinned]
    where += [f"{shape.order[0]} {operator} ?" for operator in shape.operators]
    if shape.resumed:
        where.append(_following(shape))
    direction = "DESC" if shape.newest_first else "ASC"
    order = ", ".join(f"{name} {direction}" for name in shape.order)
    ordered = f" ORDER BY {order}" if order else ""
    return f"SELECT bytes, item FROM {shape.rows} WHERE {' AND '.join(where)}{ordered}"


def _following(shape: _Shape) -> str:
    if not shape.order:
        return "FALSE"  # the whole primary key is given, and nothing follows the one item
    places = ", ".join("?" * len(shape.order))
    return f"({', '.join(shape.order)}) {'<' if shape.newest_first else '>'} ({places})"


def _span(query: Query) -> _Span:
    given = _given(query)
    texts: list[str] = []
    for name, predicate in given:
        if not isinstance(predicate, Equal):
            break
        texts.append(key_text(name, predicate.value, key_limit(query.index, name)))
    if not texts:
        raise RequestError(f"a query needs {query.index.hash} by equality")
    match given[len(texts) :]:
        case []:
            return _Span(tuple(texts))
        case [(name, predicate)]:
            return _Span(tuple(texts), *_bounds(name, predicate))
        case [(name, _), *_]:
            raise RequestError(
                f"{name} is a range, so a query can ask nothing of the attributes after it"
            )
    raise AssertionError(given)


def _given(query: Query) -> list[tuple[str, Predicate]]:
    """The key conditions in the order of the index's attributes."""
    by_name = dict(predicates_of(query.key))
    names = query.index.attributes[: len(query.key)]
    if by_name.keys() != {*names} or len(by_name) < len(query.key):
        expected = ", ".join(query.index.attributes)
        raise RequestError(f"key conditions are on {expected}, from the left, each once")
    return [(name, by_name[name]) for name in names]


def _bounds(name: str, predicate: Predicate) -> tuple[Bound | None, Bound | None]:
    match predicate:
        case Compare((">" | ">=") as operator, value):
            return (operator, key_text(name, value, RANGE_BYTES)), None
        case Compare(operator, value):
            return None, (operator, key_text(name, value, RANGE_BYTES))
        case Between(low, high):
            return _closed(
                name, key_text(name, low, RANGE_BYTES), key_text(name, high, RANGE_BYTES)
            )
        case BeginsWith(text):
            prefix = key_text(name, text, RANGE_BYTES)
            end = after_prefix(prefix)
            return (">=", prefix), ("<", end) if end else None
        case _:
            raise RequestError(
                f"{name} is a key attribute; ask for =, <, <=, >, >=, between or a prefix"
            )


def _closed(name: str, low: str, high: str) -> tuple[Bound, Bound]:
    if low > high:
        raise RequestError(
            f"{name} cannot lie between bounds of which the first is higher; swap them"
        )
    return (">=", low), ("<=", high)


def after_prefix(prefix: str) -> str | None:
    """The first text after all that begin with *prefix*, by UTF-8 bytes; None if there is none."""
    stem = prefix.rstrip(LAST_CHARACTER)
    if not stem:
        return None
    last = stem[-1]
    return stem[:-1] + (AFTER_SURROGATES if last == BEFORE_SURROGATES else chr(ord(last) + 1))


def _check(layout: Layout, query: Query) -> None:
    index = query.index
    if query.consistent and index != PRIMARY:
        raise RequestError(f"{index.name} cannot be read consistently; only the primary key can")
    if query.limit is not None and query.limit < 1:
        raise RequestError(f"a query reads at least 1 item, not {query.limit}")
    for name in names_of(query.filter) & {*index.attributes}:
        raise RequestError(
            f"{name} is a key attribute of the index; make it a key condition, not a filter"
        )
    if index.carried is not None:
        check_carried(index, query.attributes)
    if query.start_key is not None:
        _check_start(query, query.start_key)


def check_carried(index: Index, names: Iterable[str]) -> None:
    """Refuse to read from an index what it does not carry.

    Raises:
        RequestError: it carries not all, and not one of the names.
    """
    held = {*index.entry_key, *(index.carried or ())}
    if missing := [name for name in names if name not in held]:
        raise RequestError(
            f"{index.name} does not project {', '.join(missing)}; read whole items by key"
        )


def _check_start(query: Query, start: AttributeMap) -> None:
    names = query.index.entry_key
    if start.keys() != {*names}:
        raise RequestError(
            f"a query of this index starts at {', '.join(names)}; pass a page's last_key"
        )
    for name in names:
        key_text(name, start[name], HASH_BYTES)
    if not matcher(query.key)(start):
        raise RequestError(
            "the start key lies outside of what the query reads; use it with the query it is from"
        )
