"""What a call's filters say, in one form: conditions over fields, of which all must hold.

``query(Session, any_of(status="open", visits=since(5)), user_id="ann")`` becomes::

    (("user_id", Equal("ann")),
     AnyOf(((("status", Equal("open")),), (("visits", Compare(">=", 5)),))))

`not_` is pushed inward until it is before a predicate, so that every OR and AND can be seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..entities.spec import EntitySpec
from ..errors import RequestError, shown
from ..keys.text import is_optional, plain_type
from ..terms import (
    Absent,
    AnyOf,
    BeginsWith,
    Between,
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
    as_predicate,
    predicates_of,
)
from ..values.converter import DICTS, LISTS, hooks_of
from ..values.hooks import type_name

ORDERED = frozenset({"S", "N", "B"})  # wire types with a "<" at the server; DynamoDB comparators
SIZED = frozenset({"S", "B", "L", "M", "SS", "NS", "BS"})  # wire types with a size()
NEVER: Conditions = (AnyOf(()),)  # of no alternative at least one holds
MEMBERS = frozenset({"L", "SS", "NS", "BS"})  # wire types that have members


def conditions(
    spec: EntitySpec, fields: Mapping[str, Any], combined: Sequence[Any] = ()
) -> Conditions:
    """The filters of a call as conditions over the fields of an entity.

    Args:
        spec: the entity.
        fields: field -> a literal or a term.
        combined: what `any_of`, `all_of` and `not_` made of other filters.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be filtered, or not like this.
    """
    spec.check_fields(fields)
    parts = [_of_field(spec, name, value) for name, value in fields.items()]
    parts += [_of_fields(spec, each) for each in combined]
    return all_of_these(parts)


def is_empty(found: Conditions) -> bool:
    """Whether nothing can fulfil the conditions, as far as can be told without data."""
    return len(found) == 1 and found[0] == NEVER[0]


def is_unclear(spec: EntitySpec, condition: Condition) -> bool:
    """Whether DynamoDB cannot answer it, so that the client has to.

    It does not document the size of a text, and older items may have other fields.
    """
    return bool(spec.evolution.upcasters) or any(
        _asks_size(test) and plain_type(spec.types[name]) is str
        for name, test in predicates_of((condition,))
    )


def unique(values: Sequence[Any]) -> tuple[Any, ...]:
    """Values in the order given, each once; True and 1 are two, since they are stored as two."""
    try:
        return tuple(value for _, value in dict.fromkeys((type(value), value) for value in values))
    except TypeError:  # lists and dicts have no hash; asking twice for one changes nothing
        return tuple(values)


def all_of_these(parts: Sequence[Conditions]) -> Conditions:
    """All conditions of all parts."""
    every: list[Condition] = []
    for part in parts:
        if is_empty(part):
            return NEVER
        every += part
    return tuple(every)


def any_of_these(alternatives: Sequence[Conditions]) -> Conditions:
    """At least one of the alternatives."""
    possible = [each for each in alternatives if not is_empty(each)]
    if not possible:
        return NEVER
    if len(possible) == 1:
        return possible[0]
    if () in possible:  # one that always holds
        return ()
    return _as_one_of(possible) or (AnyOf(tuple(possible)),)


def negated(found: Conditions) -> Conditions:
    """What holds where the conditions do not."""
    return any_of_these([_negated(condition) for condition in found])


def _negated(condition: Condition) -> Conditions:
    if isinstance(condition, AnyOf):
        return all_of_these([negated(each) for each in condition.alternatives])
    name, test = condition
    return ((name, test.test if isinstance(test, Not) else Not(test)),)


def _as_one_of(alternatives: Sequence[Conditions]) -> Conditions:
    """One field that may have one of several values: OR over them, said as IN."""
    values: list[Any] = []
    names: set[str] = set()
    for each in alternatives:
        match each:
            case ((str(name), Equal(value)),):
                values.append(value)
            case ((str(name), OneOf(several)),):
                values += several
            case ((str(name), IsNone()),):
                values.append(None)
            case _:
                return ()
        names.add(name)
    return ((names.pop(), _plain(OneOf(tuple(values)))),) if len(names) == 1 else ()


def _of_fields(spec: EntitySpec, value: Any) -> Conditions:
    if not isinstance(value, Combined):
        raise RequestError(
            f"{shown(value)} is no filter; name a field, or combine fields with any_of() or all_of()"
        )
    spec.check_fields(value.fields)
    parts = [_of_fields(spec, part) for part in value.parts]
    parts += [_of_field(spec, name, each) for name, each in value.fields.items()]
    return _joined(value, parts)


def _of_field(spec: EntitySpec, name: str, value: Any) -> Conditions:
    if not isinstance(value, Combined):
        return _of_test(spec, name, as_predicate(value))
    if value.fields:
        raise RequestError(
            f"{spec}.{name}: {value.how}_of() names {', '.join(value.fields)}; "
            "as the value of a field it takes terms only"
        )
    return _joined(value, [_of_field(spec, name, part) for part in value.parts])


def _joined(value: Combined, parts: Sequence[Conditions]) -> Conditions:
    if not parts:
        raise RequestError(f"{value.how}_of() of nothing says nothing; give it filters")
    if value.how == "any":
        return any_of_these(parts)
    every = all_of_these(parts)
    return every if value.how == "all" else negated(every)


def _of_test(spec: EntitySpec, name: str, test: Predicate) -> Conditions:
    if isinstance(test, Not):
        return negated(_of_test(spec, name, test.test))
    if name in spec.payloads:
        raise RequestError(
            f"{spec}.{name} is a payload(), which cannot be compared; "
            "keep what you filter by in a field of its own"
        )
    check = _CHECKS.get(type(test))
    if check is None:  # equality mostly, and IsNone
        is_none = type(test) is IsNone or (type(test) is Equal and test.value is None)
        if not is_none:
            return ((name, test),)
        return ((name, IsNone()),) if _may_be_none(spec, name) else NEVER
    check(spec, name, test)
    return NEVER if _finds_nothing(spec, name, test) else ((name, _plain(test)),)


def _may_be_none(spec: EntitySpec, name: str) -> bool:
    """Whether a field can be None; an item of a former class may lack any but a set, then empty."""
    return not hooks_of(spec.types[name]).is_set or is_optional(spec.types[name])


def _asks_size(test: Predicate) -> bool:
    return isinstance(test.test if isinstance(test, Not) else test, SizeOf)


def _plain(test: Predicate) -> Predicate:
    """The simplest predicate that says the same."""
    match test:
        case Equal(None):
            return IsNone()
        case OneOf(values):
            some = unique(values)
            return OneOf(some) if len(some) > 1 else _plain(Equal(*some))
        case _:
            return test


def _holds_many(spec: EntitySpec, name: str) -> bool:
    return not hooks_of(spec.types[name]).kinds.isdisjoint({"M", *MEMBERS})


def _check_values(spec: EntitySpec, name: str, test: OneOf) -> None:
    many = len(test.values) == 1 and isinstance(test.values[0], list | tuple | set | frozenset)
    if many and not _holds_many(spec, name):
        raise RequestError(f"{spec}.{name}: one_of() takes the values one by one: one_of(*values)")


def _refuse(spec: EntitySpec, name: str, _: Predicate) -> None:
    raise RequestError(f"{spec}.{name}: ask for exists() or missing()")


def _check_prefix(spec: EntitySpec, name: str, test: BeginsWith) -> None:
    if plain_type(spec.types[name]) is not str:
        raise RequestError(f"{spec}.{name} is no text, so nothing begins_with()")
    if not isinstance(test.text, str):
        raise RequestError(f"{spec}.{name} begins with a text, not with {shown(test.text)}")
    try:
        test.text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(f"{spec}.{name} cannot be compared with no Unicode: {error}") from error


def _check_range(spec: EntitySpec, name: str, test: Compare | Between) -> None:
    if ORDERED.isdisjoint(hooks_of(spec.types[name]).kinds):
        kind = type_name(plain_type(spec.types[name]))
        raise RequestError(f"{spec}.{name} is {kind}, which has no order; compare by equality")
    bounds = (test.value,) if isinstance(test, Compare) else (test.low, test.high)
    if None in bounds:
        raise RequestError(f"{spec}.{name} is before or after a value; find None by {name}=None")


def _check_contains(spec: EntitySpec, name: str, test: Contains) -> None:
    kind = plain_type(spec.types[name])
    if kind is not str and (kind is Any or MEMBERS.isdisjoint(hooks_of(kind).kinds)):
        raise RequestError(
            f"{spec}.{name} is {type_name(kind)}, which contains nothing; "
            "contains() is for texts, lists and sets"
        )
    if kind is str and not isinstance(test.value, str):
        raise RequestError(f"{spec}.{name} contains a text, not {shown(test.value)}")


def _check_size(spec: EntitySpec, name: str, test: SizeOf) -> None:
    kind = plain_type(spec.types[name])
    if SIZED.isdisjoint(hooks_of(kind).kinds) or not _has_members(kind):
        raise RequestError(
            f"{spec}.{name} is {type_name(kind)}, which has no size; "
            "size() is for texts, bytes, lists, dicts and sets"
        )
    bounds = (
        (test.test.low, test.test.high) if isinstance(test.test, Between) else (test.test.value,)
    )
    if any(type(bound) is not int for bound in bounds):
        raise RequestError(f"{spec}.{name}: a size is a whole number, not {shown(bounds)}")


def _has_members(kind: Any) -> bool:
    origin = getattr(kind, "__origin__", kind)
    return origin in {str, bytes, tuple, set, frozenset, *LISTS, *DICTS} or hooks_of(kind).is_set


def _finds_nothing(spec: EntitySpec, name: str, test: Predicate) -> bool:
    if isinstance(test, OneOf):
        return not test.values
    if isinstance(test, SizeOf):
        return isinstance(test.test, Between) and bool(test.test.low > test.test.high)
    if not isinstance(test, Between):
        return False
    if _is_plainly_ordered(spec.types[name], test.low, test.high):
        return bool(test.low > test.high)
    encode = hooks_of(spec.types[name]).encode
    try:
        ((kind, low),) = encode(test.low).items()
        ((other, high),) = encode(test.high).items()
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"{spec}.{name} cannot be a bound: {error}") from error
    if kind != other or kind not in ORDERED:
        raise RequestError(f"{spec}.{name} is between two texts, numbers or bytes, of one type")
    return Decimal(low) > Decimal(high) if kind == "N" else bool(low > high)


def _is_plainly_ordered(kind: Any, low: Any, high: Any) -> bool:
    """Whether Python orders both values as the server does; encoding them to see takes longer."""
    if type(low) is not kind or type(high) is not kind:
        return False
    if kind is dt.datetime:
        return low.tzinfo is not None and high.tzinfo is not None
    return kind is int or kind is dt.date


# By class and not by `match`, because every filter of every query passes here.
_CHECKS: Mapping[type[Predicate], Callable[[EntitySpec, str, Any], None]] = {
    BeginsWith: _check_prefix,
    Compare: _check_range,
    Between: _check_range,
    Contains: _check_contains,
    SizeOf: _check_size,
    OneOf: _check_values,
    Present: _refuse,
    Absent: _refuse,
}
