"""Terms: what a keyword's value may be, besides a literal.

A term says what a field must be: ``since(monday)``. The same classes serve twice: a call holds
them over Python values, a request over DynamoDB attribute values. They are plain values:
`expressions` renders them for AWS, the embedded engine matches them as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args

from attrs import evolve, frozen

from .errors import shown

ONE_OF_VALUES = 100  # operands of IN; DynamoDB quotas

_NOTHING: Any = object()  # no argument, where None is one


@frozen
class Equal:
    """The field equals a value. A bare value in a query means this."""

    value: Any

    def __str__(self) -> str:
        return f"= {shown_value(self.value)}"


@frozen
class Compare:
    """The field is on one side of a value."""

    operator: Literal["<", "<=", ">", ">="]
    value: Any

    def __str__(self) -> str:
        return f"{self.operator} {shown_value(self.value)}"


@frozen
class Between:
    """The field is in a closed interval."""

    low: Any
    high: Any

    def __str__(self) -> str:
        return f"between {shown_value(self.low)} and {shown_value(self.high)}"


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
        return f"in ({', '.join(map(shown_value, self.values))})"


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


@frozen
class Contains:
    """A text has this part; a list or a set has this member."""

    value: Any

    def __str__(self) -> str:
        return f"contains {self.value!r}"


@frozen
class SizeOf:
    """The size of the field is as *test* says: members of a list, dict or set, bytes of binary."""

    test: Equal | Compare | Between

    def __str__(self) -> str:
        return f"has a size {self.test}"


@frozen
class Not:
    """The field is not as *test* says; a field that is None or not stored mostly is not."""

    test: Predicate

    def __str__(self) -> str:
        return f"not {self.test}"


Predicate: TypeAlias = (
    Equal
    | Compare
    | Between
    | BeginsWith
    | OneOf
    | IsNone
    | Present
    | Absent
    | Contains
    | SizeOf
    | Not
)


_PREDICATES = frozenset(get_args(Predicate))


@frozen
class AnyOf:
    """At least one of several alternatives holds; each is a conjunction."""

    alternatives: tuple[Conditions, ...]

    def __str__(self) -> str:
        return " or ".join(conjunction(each) for each in self.alternatives)


Condition: TypeAlias = tuple[str, Predicate] | AnyOf
"""What a field or an attribute must be, by its name; or alternatives."""

Conditions: TypeAlias = tuple[Condition, ...]
"""All of them must hold. Those of a request are about attributes: ``{"S": "x"}`` is a value."""


def shown_value(value: Any) -> str:
    """A value in print: points in time as ISO 8601 has them."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    try:
        return repr(value)
    except ValueError:  # an int of more than 4,300 digits has no text
        return shown(value)


def predicates_of(conditions: Conditions) -> Iterator[tuple[str, Predicate]]:
    """All names and predicates of conditions, those in alternatives too."""
    for condition in conditions:
        if isinstance(condition, AnyOf):
            for each in condition.alternatives:
                yield from predicates_of(each)
        else:
            yield condition


def names_of(conditions: Conditions) -> frozenset[str]:
    """The fields or attributes that conditions are about."""
    return frozenset(name for name, _ in predicates_of(conditions))


def conjunction(conditions: Conditions) -> str:
    """Conditions as a person reads them: ``status = 'open' and visits >= 5``."""
    if len(conditions) == 1:
        return condition_text(conditions[0])
    texts = [
        f"({each})" if isinstance(each, AnyOf) else condition_text(each) for each in conditions
    ]
    return " and ".join(texts) or "anything"


def condition_text(condition: Condition) -> str:
    """One condition as a person reads it: ``status = 'open'``."""
    if isinstance(condition, AnyOf):
        return str(condition)
    name, test = condition
    return f"{name} {test}"


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


def one_of(*values: Any) -> OneOf:
    """One of some values, which may include None.

    Where the field is part of a key, each value is a key condition of its own; else a query filters
    by up to 100 values at the server.
    """
    return OneOf(values)


def contains(value: Any) -> Contains:
    """A text with this part; a list, tuple or set with this member."""
    return Contains(value)


def exists() -> Not:
    """Any value but None."""
    return Not(IsNone())


def missing() -> IsNone:
    """None, as a bare None says too."""
    return IsNone()


def size(test: int | Equal | Compare | Between) -> SizeOf:
    """As many members, characters or bytes as *test* says: ``size(since(1))`` is not empty.

    Args:
        test: a number, or a range of numbers.
    """
    return SizeOf(test if isinstance(test, (Equal, Compare, Between)) else Equal(test))


@frozen
class Combined:
    """Filters joined by OR, AND or NOT; made by `any_of`, `all_of` and `not_`.

    Attributes:
        how: how they are joined.
        parts: terms of one field where it is the value of a keyword; else filters over fields.
        fields: field -> a literal or a term.
    """

    how: Literal["any", "all", "not"]
    parts: tuple[Any, ...]
    fields: Mapping[str, Any]


When: TypeAlias = Mapping[str, Any] | Combined
"""What a stored entity must be: field -> a literal or a term, or a combination of filters."""


def any_of(*parts: Any, **fields: Any) -> Combined:
    """At least one holds: ``any_of(status="open", visits=since(5))``.

    As the value of a keyword it is about that field: ``title=any_of(None, begins_with("Re:"))``.
    """
    return Combined("any", parts, fields)


def all_of(*parts: Any, **fields: Any) -> Combined:
    """All hold: ``updated_at=all_of(since(monday), before(friday))``, or inside an `any_of`."""
    return Combined("all", parts, fields)


def not_(part: Any = _NOTHING, /, **fields: Any) -> Combined:
    """It does not hold: ``status=not_("open")``, ``not_(any_of(...))``, ``not_(status="open")``.

    None is not open either, and so is found.
    """
    return Combined("not", () if part is _NOTHING else (part,), fields)


def as_predicate(value: Any) -> Predicate:
    """A predicate as it is; None as `IsNone`; any other value as equality with it."""
    if type(value) in _PREDICATES:
        found: Predicate = value
        return found
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
        case Not(test):
            return Not(mapped(test, encode))
        case _:
            return term
