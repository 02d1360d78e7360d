"""Changes: what becomes of a field in an update, besides a literal.

As `terms`, a call holds them over Python values, a request over DynamoDB attribute values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import frozen

Path: TypeAlias = tuple[str | int, ...]
"""Where in an item: an attribute's name, then names in maps and places in lists."""


@frozen
class SetTo:
    """The field becomes a value. A bare value in an update means this."""

    value: Any


@frozen
class IfMissing:
    """The field becomes a value where nothing is stored of it."""

    value: Any


@frozen
class Increment:
    """A number grows by *by*; where it is not stored it counts from *start*."""

    by: Any
    start: Any = None


@frozen
class Append:
    """A list gets *values* at its end; where it is not stored it begins as *start*."""

    values: Any
    start: Any = None


@frozen
class Prepend:
    """A list gets *values* at its beginning; where it is not stored it begins as *start*."""

    values: Any
    start: Any = None


@frozen
class Add:
    """A set gets *members*; where it is not stored it is empty before."""

    members: Any


@frozen
class Discard:
    """A set loses *members*, those that it has."""

    members: Any


@frozen
class Unset:
    """The field is no longer stored, and reads as its default."""


@frozen
class Inside:
    """Parts of a field change, each by itself: values of a dict or a class, elements of a list."""

    parts: Mapping[str | int, Any]


Change: TypeAlias = (
    SetTo | IfMissing | Increment | Append | Prepend | Add | Discard | Unset | Inside
)


def increment(by: Any) -> Increment:
    """A number grows by *by*, which may be negative; from its default where it is not stored.

    The addition happens at the server, so that concurrent ones all count.
    """
    return Increment(by)


def if_missing(value: Any) -> IfMissing:
    """The field becomes *value* where nothing is stored of it: no value yet, or None.

    A field that may be None, and is not so by default, is read first if only a ref is given. Inside
    a field, a None that is stored is a value.
    """
    return IfMissing(value)


def append(*values: Any) -> Append:
    """A list gets *values* at its end, at the server, so that concurrent ones all stay."""
    return Append(list(values))


def prepend(*values: Any) -> Prepend:
    """A list gets *values*, in this order, at its beginning, at the server."""
    return Prepend(list(values))


def add(*members: Any) -> Add:
    """A set gets *members*, at the server, so that concurrent ones all stay."""
    return Add(members)


def discard(*members: Any) -> Discard:
    """A set loses *members*, at the server; those that it does not have are no error."""
    return Discard(members)


def unset() -> Unset:
    """The field becomes its default again; one that is None by default is no longer stored."""
    return Unset()


def inside(parts: Mapping[str | int, Any] | None = None, /, **more: Any) -> Inside:
    """Parts of a field change, each by itself, so that concurrent changes of others stay.

        settings=inside(theme="dark", visits=increment(1))     a dict, or an attrs class
        settings=inside({"reply to": unset()})                 names that are no identifiers
        steps=inside({0: inside(done=True)})                   elements of a list, from 0

    The field and what leads to the parts must be stored already: DynamoDB makes no maps on the way.
    """
    found: dict[str | int, Any] = dict(parts or {})
    found.update(more)
    return Inside(found)


def as_change(value: Any) -> Change:
    """A change as it is; any other value as what the field becomes."""
    return value if isinstance(value, Change) else SetTo(value)
