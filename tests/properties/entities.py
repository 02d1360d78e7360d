"""Generated entity classes, and values of them.

A class has one to six fields of random types, each made from simpler ones: scalars, then lists,
tuples, dicts, sets, optionals, unions and attrs classes of them. It shrinks to one field of type
str.
"""

from __future__ import annotations

import datetime as dt
import types
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Literal, Union
from uuid import UUID

import attrs
from attrs import frozen
from hypothesis import strategies as st

from dynastore import entity, key


class Mood(Enum):
    """An enumeration of texts that are no texts themselves."""

    GOOD = "good"
    BAD = "bad"


class Size(IntEnum):
    """An enumeration of ints that are ints themselves."""

    SMALL = 1
    LARGE = -7


class Kind(StrEnum):
    """An enumeration of texts that are texts themselves."""

    A = "a"
    B = "#"


@frozen
class Leaf:
    """An attrs class without others in it."""

    text: str
    count: int = 0
    tags: frozenset[str] = frozenset()
    note: str | None = None


@frozen
class Node:
    """An attrs class that contains itself."""

    name: str
    children: tuple[Node, ...] = ()
    leaf: Leaf | None = None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: number == 0 or 1e-130 <= abs(number) < 1e126
)
numbers = st.integers(-(10**38) + 1, 10**38 - 1)
decimals = st.builds(lambda n, e: Decimal(n).scaleb(e), numbers, st.integers(-90, 80))
zones = st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30))])
moments = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=zones)
leaves = st.builds(
    Leaf,
    text=texts,
    count=numbers,
    tags=st.frozensets(texts, max_size=2),
    note=st.none() | texts,
)
nodes = st.recursive(
    st.builds(Node, name=texts, leaf=st.none() | leaves),
    lambda inner: st.builds(Node, name=texts, children=st.lists(inner, max_size=2).map(tuple)),
    max_leaves=3,
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | floats | texts | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3)
    ),
    max_leaves=6,
)

Typed = tuple[Any, st.SearchStrategy[Any]]

HASHABLE: list[Typed] = [
    (str, texts),
    (int, numbers),
    (bytes, st.binary(max_size=4)),
    (Decimal, decimals),
    (dt.date, st.dates()),
    (dt.timedelta, st.timedeltas()),
    (UUID, st.uuids()),
    (Mood, st.sampled_from(Mood)),
    (Kind, st.sampled_from(Kind)),
    (Size, st.sampled_from(Size)),
]
SIMPLE: list[Typed] = [
    *HASHABLE,
    (float, floats),
    (bool, st.booleans()),
    (dt.datetime, moments),
    (dt.datetime, st.datetimes()),
    (
        Literal["x", 1, True, None],  # noqa: PYI061
        st.sampled_from(["x", 1, True, None]),
    ),
    (Any, json_values),
    (Leaf, leaves),
    (Node, nodes),
    (Union[Leaf, Node], leaves | nodes),  # noqa: UP007 - made at run time
    (Union[Leaf, int, str, None], leaves | numbers | texts | st.none()),  # noqa: UP007
    (int | float, st.integers(-9, 9) | floats),
    (list, st.lists(json_values, max_size=2)),
    (dict, st.dictionaries(texts.filter(bool), json_values, max_size=2)),
]
KEYS: list[Typed] = [
    (str, texts.filter(bool)),
    (int, numbers),
    (UUID, st.uuids()),
    (dt.date, st.dates()),
    (Kind, st.sampled_from(Kind)),
]


def _containers(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    return st.one_of(
        inner.map(lambda part: (list[part[0]], st.lists(part[1], max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda part: (tuple[part[0], ...], st.lists(part[1], max_size=3).map(tuple))),
        st.tuples(inner, inner).map(
            lambda two: (tuple[two[0][0], two[1][0]], st.tuples(two[0][1], two[1][1]))
        ),
        st.tuples(st.sampled_from(KEYS), inner).map(
            lambda two: (
                dict[two[0][0], two[1][0]],
                st.dictionaries(two[0][1], two[1][1], max_size=3),
            )
        ),
        inner.filter(lambda part: part[0] is not Any).map(
            lambda part: (part[0] | None, part[1] | st.none())
        ),
    )


sets = st.sampled_from(HASHABLE).flatmap(
    lambda part: st.sampled_from(
        [
            (set[part[0]], st.sets(part[1], max_size=3)),
            (frozenset[part[0]], st.frozensets(part[1], max_size=3)),
            (set[part[0]] | None, st.none() | st.sets(part[1], max_size=3)),
        ]
    )
)
typed_values = st.recursive(st.sampled_from(SIMPLE) | sets, _containers, max_leaves=3)


@st.composite
def entities(draw: st.DrawFn) -> Any:
    """An instance of a class made for it."""
    drawn = draw(st.lists(typed_values, min_size=1, max_size=6))
    annotations: dict[str, Any] = {"name": str}
    namespace: dict[str, Any] = {}
    values: dict[str, Any] = {"name": draw(texts.filter(bool))}
    for number, (kind, strategy) in enumerate(drawn):
        field = f"f{number}"
        annotations[field] = kind
        values[field] = draw(strategy)
        if values[field] is None and draw(st.booleans()):
            namespace[field] = None  # the default
    namespace |= {"__annotations__": annotations, "primary": key("THING#{name}", "~")}
    made = types.new_class("Thing", exec_body=lambda body: body.update(namespace))
    return entity("thing")(made)(**values)


def fields_of(instance: Any) -> dict[str, Any]:
    """Field name -> value."""
    return {each.name: getattr(instance, each.name) for each in attrs.fields(type(instance))}
