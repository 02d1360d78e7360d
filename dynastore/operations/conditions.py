"""Conditions of calls, as conditions of requests: over attribute values, as items hold them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

from .. import filters
from ..attributes import NULL, AttributeValue, encode_number
from ..codec import Codec
from ..converter import hooks_of
from ..errors import RequestError, shown
from ..hooks import EMPTY_SET
from ..implication import holds
from ..key_text import plain_type
from ..terms import (
    Absent,
    AnyOf,
    BeginsWith,
    Combined,
    Condition,
    Conditions,
    Contains,
    Equal,
    IsNone,
    Not,
    OneOf,
    Predicate,
    Present,
    SizeOf,
    When,
    mapped,
)
from ..trouble import UNSTORABLE

# No item fulfils it. Alternatives of which there are none have no text, and a request without a
# condition would write whatever is stored.
NEVER: Conditions = (("PK", Absent()), ("PK", Present()))


def conditions_of(codec: Codec, when: When | None) -> Conditions:
    """What the stored entity must be for a write, as what its attributes must be.

    Args:
        codec: of the entity.
        when: field -> a literal or a term; or what `any_of`, `all_of` and `not_` make of them.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be compared, not like this, or not with this value.
    """
    if isinstance(when, Combined):
        found = filters.conditions(codec.spec, {}, [when])
    else:
        found = filters.conditions(codec.spec, when or {})
    return NEVER if filters.is_empty(found) else encoded(codec, found)


def encoded(codec: Codec, conditions: Conditions) -> Conditions:
    """Conditions over values of fields, as conditions over attribute values.

    Raises:
        RequestError: a field cannot hold a value that it is compared with.
    """
    return tuple(each for condition in conditions for each in _encoded(codec, condition))


def _encoded(codec: Codec, condition: Condition) -> Conditions:
    if isinstance(condition, AnyOf):
        return (AnyOf(tuple(encoded(codec, each) for each in condition.alternatives)),)
    name, test = condition
    if isinstance(test, Not):
        return filters.negated(_of_test(codec, name, test.test))
    return _of_test(codec, name, test)


def _of_test(codec: Codec, name: str, test: Predicate) -> Conditions:
    """What a test says of an attribute, where an empty set and most None are not stored."""
    match test:
        case BeginsWith(text):
            return ((name, BeginsWith({"S": text})),)
        case Contains(value):
            return ((name, Contains(_member(codec, name, value))),)
        case SizeOf(inner):
            return _sized(codec, name, SizeOf(mapped(inner, encode_number)))  # type: ignore[arg-type]
        case IsNone() if codec.is_set(name):  # where nothing is stored it is empty
            return ((name, Equal(NULL)),)
        case OneOf(values) if codec.is_set(name):
            return _any_of([_encoded(codec, (name, _equal(value))) for value in values])
        case OneOf(values) if None in values:
            plain = tuple(value for value in values if value is not None)
            return _any_of([_of_test(codec, name, OneOf(plain)), ((name, IsNone()),)])
        case _:
            found = mapped(test, partial(codec.value, name))
            is_empty_set = found == Equal(EMPTY_SET) and codec.is_set(name)
            return ((name, Absent() if is_empty_set else found),)


def _equal(value: Any) -> Predicate:
    return IsNone() if value is None else Equal(value)


def _sized(codec: Codec, name: str, test: SizeOf) -> Conditions:
    found: Conditions = ((name, test),)
    if codec.is_set(name) and _includes_zero(test):
        return _any_of([found, ((name, Absent()),)])
    return found


def _any_of(alternatives: Sequence[Conditions]) -> Conditions:
    return (AnyOf(tuple(alternatives)),)


def _includes_zero(test: SizeOf) -> bool:
    zero = mapped(test.test, lambda value: int(value["N"]))
    return holds(zero, 0)


def _member(codec: Codec, name: str, value: Any) -> AttributeValue:
    """A member as the field's list or set holds it, or a part of its text."""
    kind = plain_type(codec.spec.types[name])
    members = [each for each in get_args(kind) if each is not Ellipsis]
    parts = [hooks_of(each) for each in ([kind] if kind is str else members or [Any])]
    try:
        # A tuple has a type for each place.
        return next((each for each in parts if each.accepts(value)), parts[0]).encode(value)
    except UNSTORABLE as error:
        raise RequestError(f"{codec.spec}.{name} contains {shown(value)}: {error}") from error
