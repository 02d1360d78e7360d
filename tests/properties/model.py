"""A sequential model of writes: what must be stored, worked out without the package's own logic.

It knows entities by their refs. Each write is applied at the moment when an engine carried it out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import attrs
from attrs import evolve

from dynastore import Check, Create, Delete, Put, Ref, Update
from dynastore.changes import Append, IfMissing, Increment, Inside, Unset
from dynastore.entities.kept_fields import UNWRITTEN
from dynastore.entities.spec import spec_of
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    NotUnique,
    RevisionConflict,
)

State = dict[Ref[Any], Any]


class Refused(Exception):
    """The model does not allow a write."""

    def __init__(self, kind: type[Exception]) -> None:
        super().__init__(kind.__name__)
        self.kind = kind


def ref_of(target: Any) -> Ref[Any]:
    """The ref of an entity, or a ref as it is."""
    if isinstance(target, Ref):
        return target
    names = dict.fromkeys(type(target).primary.fields)
    return Ref(type(target), tuple((name, getattr(target, name)) for name in names))


class Model:
    """What is stored.

    Attributes:
        entities: by ref; what has expired is among them.
        now: the time by the clock that is furthest.
    """

    def __init__(self, now: dt.datetime = UNWRITTEN) -> None:
        self.now = now
        self.entities: State = {}
        self._gone: list[Any] = []  # what had expired, and was written over

    def at(self, target: Ref[Any], now: dt.datetime) -> Any:
        """What is found under a ref; what is expired is not."""
        return _visible(self.entities, target, now)

    def become(self, after: State, now: dt.datetime) -> None:
        """Let the state be another one."""
        over = [each for target, each in self.entities.items() if after.get(target) != each]
        self._gone += [each for each in over if expired(each, now)]
        self.entities = after

    def may_hold(self, now: dt.datetime) -> bool:
        """Whether a unique value may be another's to a writer whose clock is behind.

        What has expired lives by that clock, and its value is taken or free by then.
        """
        some = [*self._gone, *self.entities.values()]
        return any(expired(each, self.now) and not expired(each, now) for each in some)

    def written(self, writes: Sequence[Any], now: dt.datetime) -> tuple[State, list[Any]]:
        """What would be stored after some writes together, and what each gives back.

        Raises:
            Refused: one of them cannot be done.
        """
        after = dict(self.entities)
        results = [_applied(after, write, now) for write in writes]
        for write in writes:
            target = getattr(write, "entity", None) or write.target
            found = after.get(ref_of(target))
            if found is not None and _taken(after, found, self.now):
                raise Refused(NotUnique)
        return after, results


def expired(entity: Any, now: dt.datetime) -> bool:
    """Whether an entity is over. TTL counts whole seconds, up to which it lives."""
    name = spec_of(type(entity)).expires
    ends = None if name is None else getattr(entity, name)
    return ends is not None and ceil(ends.timestamp()) <= now.timestamp()


def _visible(state: State, target: Ref[Any], now: dt.datetime) -> Any:
    stored = state.get(target)
    return None if stored is None or expired(stored, now) else stored


def _applied(state: State, write: Any, now: dt.datetime) -> Any:
    target = ref_of(getattr(write, "entity", None) or write.target)
    stored = _visible(state, target, now)
    match write:
        case Create(entity, lifetime):
            if stored is not None:
                raise Refused(AlreadyExists)
            state[target] = _stamped(entity, now, lifetime)
            return state[target]
        case Put(entity, when, lifetime):
            _check_revision(entity, stored)
            _check_when(stored, when)
            state[target] = _stamped(entity, now, lifetime)
            return state[target]
        case Update(given, changes, when):
            _check_there(given, stored)
            _check_when(stored, when)
            state[target] = _changed(stored, changes, now)
            return state[target]
        case Delete(given, when):
            if not isinstance(given, Ref):
                _check_revision(given, stored)
            _check_when(stored, when)
            state.pop(target, None)
            return stored
        case Check(given, when):
            _check_there(given, stored)
            _check_when(stored, when)
    return None


def _check_there(given: Any, stored: Any) -> None:
    if not isinstance(given, Ref):
        _check_revision(given, stored)
    if stored is None:
        raise Refused(ConditionFailed)


def _check_revision(entity: Any, stored: Any) -> None:
    name = spec_of(type(entity)).version
    if name is None:
        return
    expected = getattr(entity, name)
    if expected != (0 if stored is None else getattr(stored, name)):
        raise Refused(RevisionConflict)


def _check_when(stored: Any, when: Mapping[str, Any] | None) -> None:
    if when and (stored is None or any(getattr(stored, n) != v for n, v in when.items())):
        raise Refused(ConditionFailed)


def _stamped(entity: Any, now: dt.datetime, lifetime: dt.timedelta | None) -> Any:
    spec = spec_of(type(entity))
    changes: dict[str, Any] = {}
    if spec.version:
        changes[spec.version] = getattr(entity, spec.version) + 1
    if spec.created and getattr(entity, spec.created) == UNWRITTEN:
        changes[spec.created] = now
    if spec.updated:
        changes[spec.updated] = now
    lives = lifetime or spec.lifetime
    if spec.expires and lives and (lifetime or getattr(entity, spec.expires) is None):
        changes[spec.expires] = now + lives
    return evolve(entity, **changes)


def _changed(stored: Any, changes: Mapping[str, Any], now: dt.datetime) -> Any:
    spec = spec_of(type(stored))
    new = {name: _value(stored, name, change) for name, change in changes.items()}
    if spec.version:
        new[spec.version] = getattr(stored, spec.version) + 1
    if spec.updated:
        new[spec.updated] = now
    return evolve(stored, **new)


def _value(stored: Any, name: str, change: Any) -> Any:
    before = getattr(stored, name)
    if isinstance(change, Unset):
        default = attrs.fields_dict(type(stored))[name].default
        return default.factory() if hasattr(default, "factory") else default
    return _changed_value(before, change)


def _changed_value(before: Any, change: Any) -> Any:
    match change:
        case Increment(by):
            return before + by
        case Append(values):
            return [*before, *values]
        case IfMissing(value):
            return value if before is None else before
        case Inside(parts) if attrs.has(type(before)):
            new = {
                str(n): _changed_value(getattr(before, str(n)), each) for n, each in parts.items()
            }
            return evolve(before, **new)
        case Inside(parts):
            new = {n: _changed_value(before.get(n, 0), each) for n, each in parts.items()}
            gone = [n for n, each in parts.items() if isinstance(each, Unset)]
            return {n: each for n, each in {**before, **new}.items() if n not in gone}
        case _:
            return change


def _taken(state: State, entity: Any, now: dt.datetime) -> bool:
    """Whether another entity has one of its unique values."""
    for unique in spec_of(type(entity)).uniques:
        mine = [getattr(entity, name) for name in unique.fields]
        if None in mine:
            continue
        for other in state.values():
            if expired(other, now):
                continue
            same = type(other) is type(entity) and ref_of(other) != ref_of(entity)
            if same and [getattr(other, name) for name in unique.fields] == mine:
                return True
    return False
