"""Terms: what a keyword's value may be, besides a literal.

A *predicate* says what a field must be (`since(monday)`); a *change* says what becomes of it
(`increment(1)`). The same classes serve twice: a call holds them over Python values, a request
over DynamoDB attribute values. They are plain values: `expressions` renders them for AWS, the
embedded engine matches them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen


@frozen
class Equal:
    """The field equals a value. A bare value in a query means this."""

    value: Any

    def __str__(self) -> str:
        return f"= {self.value!r}"


@frozen
class Compare:
    """The field is on one side of a value."""

    operator: Literal["<", "<=", ">", ">="]
    value: Any

    def __str__(self) -> str:
        return f"{self.operator} {self.value!r}"


@frozen
class Between:
    """The field is in a closed interval."""

    low: Any
    high: Any

    def __str__(self) -> str:
        return f"between {self.low!r} and {self.high!r}"


@frozen
class BeginsWith:
    """The field, a text, starts with a text."""

    text: Any

    def __str__(self) -> str:
        return f"begins with {self.text!r}"


@frozen
class OneOf:
    """The field is one of some values, 1 to 100."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"in ({', '.join(map(repr, self.values))})"


@frozen
class IsNone:
    """The field is None: stored as NULL, or not stored."""

    def __str__(self) -> str:
        return "is None"


@frozen
class Present:
    """The attribute is stored, whatever it is."""

    def __str__(self) -> str:
        return "is stored"


@frozen
class Absent:
    """The attribute is not stored."""

    def __str__(self) -> str:
        return "is not stored"


Predicate: TypeAlias = Equal | Compare | Between | BeginsWith | OneOf | IsNone | Present | Absent
Conditions: TypeAlias = tuple[tuple[str, Predicate], ...]
"""Attribute names and what each must be; all must hold. Values are attribute values: ``{"S": "x"}``."""


def since(low: Any) -> Compare:
    """At or after *low*; for numbers, at least *low*."""
    return Compare(">=", low)


def until(high: Any) -> Compare:
    """At or before *high*; for numbers, at most *high*."""
    return Compare("<=", high)


def after(low: Any) -> Compare:
    """After *low*; for numbers, more than *low*."""
    return Compare(">", low)


def before(high: Any) -> Compare:
    """Before *high*; for numbers, less than *high*."""
    return Compare("<", high)


def between(low: Any, high: Any) -> Between:
    """In the closed interval from *low* to *high*; nothing is, where low is above high."""
    return Between(low, high)


def begins_with(text: str) -> BeginsWith:
    """A text that starts with *text*."""
    return BeginsWith(text)


def as_predicate(value: Any) -> Predicate:
    """A predicate as it is; None as `IsNone`; any other value as equality with it."""
    if isinstance(value, Predicate):
        return value
    return IsNone() if value is None else Equal(value)


def mapped(term: Predicate, encode: Callable[[Any], Any]) -> Predicate:
    """The same predicate over values in another form."""
    match term:
        case Equal(value) | Compare(_, value):
            return evolve(term, value=encode(value))
        case Between(low, high):
            return Between(encode(low), encode(high))
        case BeginsWith(text):
            return BeginsWith(encode(text))
        case OneOf(values):
            return OneOf(tuple(map(encode, values)))
        case _:
            return term


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
class Unset:
    """The field is no longer stored, and reads as its default."""


Change: TypeAlias = SetTo | Increment | Append | Unset


def increment(by: Any) -> Increment:
    """A number grows by *by*, which may be negative; from its default where it is not stored.

    The addition happens at the server, so that concurrent ones all count.
    """
    return Increment(by)


def append(*values: Any) -> Append:
    """A list gets *values* at its end, at the server, so that concurrent ones all stay."""
    return Append(list(values))


def unset() -> Unset:
    """The field becomes its default again; one that is None by default is no longer stored."""
    return Unset()


def as_change(value: Any) -> Change:
    """A change as it is; any other value as what the field becomes."""
    return value if isinstance(value, Change) else SetTo(value)
