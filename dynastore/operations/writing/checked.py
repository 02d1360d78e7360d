"""Checked changes: what a call asks for, as it is sent and as it can be told beforehand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Any, get_args, get_origin

import attrs
from attrs import NOTHING, evolve, frozen

from ...changes import (
    Add,
    Append,
    Change,
    Discard,
    IfMissing,
    Increment,
    Inside,
    Path,
    Prepend,
    SetTo,
    Unset,
    as_change,
)
from ...errors import RequestError, shown
from ...keys.text import plain_type
from ...terms import AnyOf, Compare, Conditions, IsNone
from ...values.attributes import NULL, AttributeValue
from ...values.hooks import EMPTY_SET
from .parts import Part

EXACT = Context(prec=300)  # enough to add any two numbers that DynamoDB holds, without rounding


@frozen
class Checked:
    """A change of one part, which the part allows.

    Attributes:
        part: what it is about.
        asked: over Python values.
        sent: over attribute values.
    """

    part: Part
    asked: Change
    sent: Change

    @classmethod
    def of(cls, part: Part, value: Any) -> Checked:
        """A change, or a value that the part becomes.

        Raises:
            RequestError: the part cannot be changed like this.
        """
        asked = as_change(value)
        return cls(part, asked, _sent(part, asked))

    @property
    def tells(self) -> bool:
        """Whether the part's new value does not depend on what is stored."""
        return isinstance(self.asked, SetTo | Unset)

    def applied(self, before: Any, *, stored: bool) -> Any:
        """What the part becomes.

        Args:
            before: its value; what it is unstored, if it is.
            stored: whether anything of it is stored.
        """
        part = self.part
        match self.asked:
            case SetTo(value):
                return value
            case Unset():
                return part.unstored
            case IfMissing(value):
                return before if stored and before is not None else value
            case Increment(by):
                return _sum(part, self._started(before), part.hooks.decode(part.value(by)))
            case Append(values):
                started = self._started(before)
                return type(started)([*started, *values])
            case Prepend(values):
                started = self._started(before)
                return type(started)([*values, *started])
            case Add(members):
                return (before or self._members(())) | self._members(members)
            case Discard(members):
                return (before or self._members(())) - self._members(members)
            case Inside(parts):
                return _inside(part, before, parts)

    def _started(self, before: Any) -> Any:
        assert isinstance(self.sent, Increment | Append | Prepend), "others have no start"
        return self.part.hooks.decode(self.sent.start) if before is None else before

    def _members(self, members: Any) -> Any:
        return _collection(self.part)(members)

    def room(self, name: str) -> Conditions:
        """What holds while a duration can be incremented; Python's have an end, DynamoDB's numbers none."""
        by = self.asked.by if isinstance(self.asked, Increment) else None
        if not isinstance(by, dt.timedelta):
            return ()
        grows = by >= dt.timedelta(0)
        last = (dt.timedelta.max if grows else dt.timedelta.min) - by
        test = Compare("<=" if grows else ">=", self.part.value(last))
        return (AnyOf((((name, IsNone()),), ((name, test),))),)

    def overflow(self, before: Any) -> RequestError:
        """The error for an increment that `room` has none for."""
        assert isinstance(self.asked, Increment), "nothing else is short of room"
        return _overflow(self.part, before, self.asked.by)

    def add_to(self, changes: dict[str | Path, Change], name: str) -> None:
        """Add to the changes of an UpdateItem: under its attribute's name, or each under its path."""
        if isinstance(self.sent, Inside):
            changes.update(_flat((name,), self.sent.parts))
        else:
            changes[name] = self.sent


def _sent(part: Part, change: Change) -> Change:
    match change:  # what is frequent comes first
        case SetTo(value):
            return set_to(part, value)
        case Inside(parts):
            return _sent_inside(part, parts)
        case Increment(by):
            if part.is_choice:
                raise RequestError(
                    f"{part.label} is one of a few values, not a number to increment"
                )
            return Increment(_operand(part, by, "N"), part.start({"N": "0"}))
        case Append(values):
            return Append(_elements(part, values), part.start({"L": []}))
        case Prepend(values):
            return Prepend(_elements(part, values), part.start({"L": []}))
        case Add(members):
            return Add(_member_values(part, members))
        case Discard(members):
            return Discard(_member_values(part, members))
        case IfMissing(value):
            return IfMissing(part.value(value))
        case Unset():
            return _sent_unset(part)


def set_to(part: Part, value: Any) -> Change:
    """What makes a part a value, where some values are stored by leaving them out.

    Raises:
        RequestError: the value cannot be stored here.
    """
    encoded = part.value(value)
    is_default = encoded == NULL and part.default is None
    left_out = encoded == EMPTY_SET if part.hooks.is_set else is_default
    return Unset() if left_out else SetTo(encoded)


def _sent_unset(part: Part) -> Change:
    """A part becomes its default by value, so that filters still see it."""
    if part.removable:
        return Unset()
    default = part.unstored
    if default is NOTHING:
        raise RequestError(f"{part.label} has no default, so it cannot be unset")
    return Unset() if default is None else set_to(part, default)


def _sent_inside(part: Part, parts: Mapping[str | int, Any]) -> Inside:
    if not parts:
        raise RequestError(f"{part.label}: inside() changes no part; name at least one")
    found = {}
    for name, value in parts.items():
        stored_name, inner = part.inside(name)
        found[stored_name] = Checked.of(inner, value).sent
    return Inside(found)


def _flat(path: Path, parts: Mapping[str | int, Any]) -> Iterator[tuple[Path, Change]]:
    for name, change in parts.items():
        if isinstance(change, Inside):
            yield from _flat((*path, name), change.parts)
        else:
            yield (*path, name), change


def _operand(part: Part, operand: Any, kind: str) -> AttributeValue:
    if kind == "L" and part.hooks.is_set:
        raise RequestError(f"{part.label} is a set, and no list to append to; use add(...)")
    try:
        encoded = part.value(operand)
    except RequestError as error:
        hint = _one_by_one(operand, "append(*values)") if kind == "L" else ""
        raise RequestError(f"{error}{hint}") from error.__cause__
    if kind not in encoded:
        needs = "a number to increment" if kind == "N" else "a list to append to"
        raise RequestError(f"{part.label} is not {needs}")
    return encoded


def _elements(part: Part, values: list[Any]) -> AttributeValue:
    """What a list, or a tuple of any length, gets more."""
    kind = plain_type(part.kind)
    if (get_origin(kind) or kind) is not tuple:
        return _operand(part, values, "L")
    if get_args(kind) and get_args(kind)[-1] is not Ellipsis:
        raise RequestError(
            f"{part.label} has as many places as its type says; set it as a whole, or declare "
            "tuple[..., ...] or a list"
        )
    return _operand(part, tuple(values), "L")


def _member_values(part: Part, members: Any) -> AttributeValue:
    """Members of a set as the part holds them."""
    if not part.hooks.is_set:
        raise RequestError(
            f"{part.label} is no set that members are added to or removed from; a list has append()"
        )
    if not members:
        raise RequestError(f"{part.label}: name the members, one at least")
    try:
        some = _collection(part)(members)
        return part.value(some)
    except (TypeError, RequestError) as error:
        hint = _one_by_one(members, "add(*members)")
        raise RequestError(f"{part.label} cannot hold {shown(members)}: {error}{hint}") from error


def _one_by_one(values: Any, call: str) -> str:
    """A hint where a collection is given that was meant to be its members."""
    collections = [each for each in values if isinstance(each, list | tuple | set | frozenset)]
    return f"; give them one by one, as {call} does" if collections else ""


def _collection(part: Part) -> Any:
    kind = plain_type(part.kind)
    origin = get_origin(kind) or kind
    return origin if origin in {set, frozenset} else set


def _sum(part: Part, before: Any, by: Any) -> Any:
    try:
        return EXACT.add(before, by) if isinstance(before, Decimal) else before + by
    except OverflowError as error:
        raise _overflow(part, before, by) from error


def _overflow(part: Part, before: Any, by: Any) -> RequestError:
    return RequestError(f"{part.label} is {shown(before)}, and no timedelta holds {shown(by)} more")


def _inside(part: Part, before: Any, parts: Mapping[str | int, Any]) -> Any:
    """What parts of a value become, where the value is not stored yet.

    Raises:
        RequestError: there is nothing to change parts of.
    """
    if attrs.has(type(before)):
        named = {str(name): value for name, value in parts.items()}
        changed = {n: _applied(part, n, getattr(before, n), v) for n, v in named.items()}
        return evolve(before, **changed)
    if isinstance(before, dict):
        new = {n: _applied(part, n, before.get(n), v, n in before) for n, v in parts.items()}
        gone = {n for n, v in parts.items() if isinstance(v, Unset)}
        return {n: v for n, v in {**before, **new}.items() if n not in gone}
    raise RequestError(f"{part.label} is {shown(before)}, which has no parts; set it as a whole")


def _applied(part: Part, name: object, before: Any, value: Any, stored: bool = True) -> Any:
    return Checked.of(part.inside(name)[1], value).applied(before, stored=stored)
