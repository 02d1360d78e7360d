"""Conditions of calls, as conditions of requests: over attribute values, as items hold them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from math import floor
from typing import Any, get_args

from ..codec.codec import Codec
from ..codec.trouble import UNSTORABLE
from ..entities.implication import holds
from ..errors import RequestError, shown
from ..expressions.matching import matcher
from ..keys.text import plain_type
from ..planner import filters
from ..requests import Now, Steps
from ..table import TTL
from ..terms import (
    Absent,
    AnyOf,
    BeginsWith,
    Combined,
    Compare,
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
from ..values.attributes import NULL, AttributeMap, AttributeValue, encode_number
from ..values.converter import hooks_of
from ..values.hooks import EMPTY_SET

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
    if when is None or when == {}:
        return ()
    if isinstance(when, Combined):
        found = filters.conditions(codec.spec, {}, [when])
    elif _names_fields(when):
        found = filters.conditions(codec.spec, when)
    else:
        raise RequestError(
            f"when= says what fields are, as {{'status': 'open'}} or any_of(...), not {shown(when)}"
        )
    return NEVER if filters.is_empty(found) else encoded(codec, found)


def encoded(codec: Codec, conditions: Conditions) -> Conditions:
    """Conditions over values of fields, as conditions over attribute values.

    Raises:
        RequestError: a field cannot hold a value that it is compared with.
    """
    return tuple(each for condition in conditions for each in _encoded(codec, condition))


def moment(*codecs: Codec) -> Steps[dt.datetime | None]:
    """The time, where items of some of the entities can expire; else None, and nobody is asked."""
    if all(codec.spec.expires is None for codec in codecs):
        return None
    return (yield from Now())


def time_of(codec: Codec, now: dt.datetime | None) -> dt.datetime | None:
    """The time by which items of one entity expire; None where they cannot."""
    return None if codec.spec.expires is None else now


def unexpired(now: dt.datetime | None) -> Conditions:
    """What holds of an item while it is not expired: ``TTL`` is not stored, or after *now*.

    Args:
        now: the time, or None where no item can expire, of which nothing is asked.
    """
    if now is None:
        return ()
    return (AnyOf((((TTL, Absent()),), ((TTL, Compare(">", _second(now))),))),)


def visible(item: AttributeMap | None, now: dt.datetime | None) -> AttributeMap | None:
    """A stored item, or None where there is none, or one that is expired."""
    if item is None or now is None:
        return item
    return item if matcher(unexpired(now))(item) else None


def as_absent(conditions: Conditions, now: dt.datetime | None) -> Conditions:
    """The conditions of a write, to which an expired item is as none.

    Args:
        conditions: what the stored item must be, as `conditions_of` gives it.
        now: the time, or None where no item can expire.
    """
    if now is None or not conditions:
        return conditions
    if matcher(conditions)({}):  # they hold where nothing is stored, so of what expired too
        return (AnyOf((conditions, ((TTL, Compare("<=", _second(now))),))),)
    return conditions + unexpired(now)


def _second(now: dt.datetime) -> AttributeValue:
    """The second that has begun: TTL has whole ones, so none is between both.

    Raises:
        RequestError: the clock gives no time zone.
    """
    if now.tzinfo is None:
        raise RequestError(
            f"the store's clock says {now!r}, without a time zone; let it give datetime.now(UTC)"
        )
    return {"N": str(floor(now.timestamp()))}


def _names_fields(when: object) -> bool:
    return isinstance(when, Mapping) and all(isinstance(name, str) for name in when)


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
