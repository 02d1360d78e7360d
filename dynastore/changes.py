"""Changes: what becomes of a field in an update, besides a literal.

As `terms`, a call holds them over Python values, a request over DynamoDB attribute values.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import frozen


@frozen
class SetTo:
    """The field becomes a value. A bare value in an update means this."""

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


Change: TypeAlias = SetTo | Increment | Append | Prepend | Add | Discard | Unset


def increment(by: Any) -> Increment:
    """A number grows by *by*, which may be negative; from its default where it is not stored.

    The addition happens at the server, so that concurrent ones all count.
    """
    return Increment(by)


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


def as_change(value: Any) -> Change:
    """A change as it is; any other value as what the field becomes."""
    return value if isinstance(value, Change) else SetTo(value)
