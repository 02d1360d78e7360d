"""Terms -> DynamoDB expressions.

``(("age", Compare(">", {"N": "3"})),)`` becomes::

    {"ConditionExpression": "#0 > :0",
     "ExpressionAttributeNames": {"#0": "age"},
     "ExpressionAttributeValues": {":0": {"N": "3"}},
     "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

A text takes 15 to 46 µs to write; so it is kept by its *shape* (names and operators), and a call
only fills in its values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import terms
from ..changes import Add, Append, Change, Discard, IfMissing, Increment, Prepend, SetTo, Unset
from ..changes import Path as Place
from ..terms import Conditions, Predicate

if TYPE_CHECKING:
    from .text import Shape, Template, Text

SHAPES = 1_024  # texts kept, of some hundred bytes each; a program has few shapes

NULL = {"NULL": True}


def condition(conditions: Conditions) -> dict[str, Any]:
    """The parameters that let a write happen only where all *conditions* hold; none without any.

    When one does not hold, the error brings the stored item with it.

    Raises:
        RequestError: over 4,096 bytes of text, or an `OneOf` without values or with over 100.
    """
    if not conditions:
        return {}
    shape, values = _split(conditions)
    return _condition(shape).filled(values)


def update(changes: Mapping[str | Place, Change], conditions: Conditions) -> dict[str, Any]:
    """The parameters of an UpdateItem: where -> change, made only where *conditions* hold.

    Raises:
        RequestError: as `condition`; changes and conditions are measured each for itself.
    """
    if not changes and not conditions:
        return {}
    changed, changed_values = _split(_by_clause(changes))
    shape, values = _split(conditions)
    return _update(changed, shape).filled(changed_values + values)


def scan(filters: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters that a Scan filters by and reduces its items to; none without any.

    Raises:
        RequestError: as `condition`.
    """
    if not filters and not attributes:
        return {}
    shape, values = _split(filters)
    return _scan(shape, attributes).filled(values)


def query(key: Conditions, filters: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters of a Query: key conditions, the hash attribute first, and what to filter by.

    Args:
        key: conditions on the key attributes.
        filters: conditions on other attributes.
        attributes: names of those that items are reduced to; none for all.

    Raises:
        RequestError: as `condition`; key and filter are measured each for itself.
    """
    key_shape, key_values = _split(key)
    shape, values = _split(filters)
    return _query(key_shape, shape, attributes).filled(key_values + values)


def search(key: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters of a SearchVectors: what the search schema asks for, by equality.

    Args:
        key: conditions on the attributes of the search schema.
        attributes: names of those that items are reduced to; none for all.
    """
    shape, values = _split(key)
    return _search(shape, attributes).filled(values)


# Of each term: its operator, and its values in the order in which its text has them. A table of
# functions, because `match` takes four times as long and every request passes here.
_PARTS: dict[type[Predicate | Change], Callable[[Any], tuple[str, Sequence[Any]]]] = {
    terms.Equal: lambda term: ("=", (term.value,)),
    terms.Compare: lambda term: (term.operator, (term.value,)),
    terms.Between: lambda term: ("BETWEEN", (term.low, term.high)),
    terms.BeginsWith: lambda term: ("begins_with", (term.text,)),
    terms.OneOf: lambda term: ("IN", term.values),
    terms.IsNone: lambda _: ("is none", (NULL,)),
    terms.Present: lambda _: ("attribute_exists", ()),
    terms.Absent: lambda _: ("attribute_not_exists", ()),
    terms.Contains: lambda term: ("contains", (term.value,)),
    terms.SizeOf: lambda term: _prefixed("size", term.test),
    terms.Not: lambda term: _prefixed("NOT", term.test),
    SetTo: lambda term: ("=", (term.value,)),
    IfMissing: lambda term: ("if_not_exists", (term.value,)),
    Increment: lambda term: ("+", _held(term.start, term.by)),
    Append: lambda term: ("list_append", _held(term.start, term.values)),
    Prepend: lambda term: ("prepend", _held(term.values, term.start)),
    Add: lambda term: ("ADD", (term.members,)),
    Discard: lambda term: ("DELETE", (term.members,)),
    Unset: lambda _: ("REMOVE", ()),
}


def _prefixed(prefix: str, term: Predicate) -> tuple[str, Sequence[Any]]:
    operator, values = _PARTS[type(term)](term)
    return f"{prefix} {operator}", values


def _held(first: Any, second: Any) -> tuple[Any, ...]:
    """Two values, of which one may be missing."""
    if first is None:
        return (second,)
    return (first,) if second is None else (first, second)


# The clauses of an update expression, in the order in which PynamoDB writes them and their values.
_CLAUSES: dict[type[Change], int] = {Add: 1, Discard: 2}


def _by_clause(changes: Mapping[str | Place, Change]) -> Collection[tuple[str | Place, Change]]:
    if _CLAUSES.keys().isdisjoint(map(type, changes.values())):  # nearly always
        return changes.items()
    return sorted(changes.items(), key=lambda each: _CLAUSES.get(type(each[1]), 0))


def _split(
    named: Iterable[tuple[str | Place, Predicate | Change] | terms.AnyOf],
) -> tuple[Shape, list[Any]]:
    """What is alike in all uses of some terms, and the values of this use."""
    shape: list[tuple[Any, ...]] = []
    values: list[Any] = []
    for each in named:
        if isinstance(each, terms.AnyOf):
            alternatives = [_split(conditions) for conditions in each.alternatives]
            shape.append(("", "OR", tuple(shape for shape, _ in alternatives)))
            values += (value for _, held in alternatives for value in held)
            continue
        name, term = each
        operator, held = _PARTS[type(term)](term)
        shape.append((name, operator, len(held)))
        values += held
    return tuple(shape), values


@lru_cache(SHAPES)
def _condition(shape: Shape) -> Template:
    return _text().conditions("ConditionExpression", shape).returning_stored().template()


@lru_cache(SHAPES)
def _update(changes: Shape, conditions: Shape) -> Template:
    text = _text().changes(changes)
    if conditions:
        text.conditions("ConditionExpression", conditions).returning_stored()
    return text.template()


@lru_cache(SHAPES)
def _scan(filters: Shape, attributes: tuple[str, ...]) -> Template:
    text = _text()
    if filters:
        text.conditions("FilterExpression", filters)
    if attributes:
        text.projection(attributes)
    return text.template()


@lru_cache(SHAPES)
def _search(key: Shape, attributes: tuple[str, ...]) -> Template:
    text = _text().conditions("SearchConditionExpression", key)
    if attributes:
        text.projection(attributes)
    return text.template()


@lru_cache(SHAPES)
def _query(key: Shape, filters: Shape, attributes: tuple[str, ...]) -> Template:
    text = _text().conditions("KeyConditionExpression", key)
    if filters:
        text.conditions("FilterExpression", filters)
    if attributes:
        text.projection(attributes)
    return text.template()


def _text() -> Text:
    # Loaded with the first text: PynamoDB takes long, and neither SQLite nor a read by key needs it.
    from .text import Text

    return Text()
