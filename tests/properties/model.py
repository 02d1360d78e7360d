"""A sequential model of writes: what must be stored, worked out without the package's own logic.

It knows entities by their refs. Each write is applied at the moment when an engine carried it out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import evolve

from dynastore import Check, Create, Delete, Put, Ref, Update
from dynastore.changes import Append, IfMissing, Increment, Unset
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    NotUnique,
    RevisionConflict,
)
from dynastore.kept_fields import UNWRITTEN
from dynastore.spec import spec_of

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
        entities: by ref.
    """

    def __init__(self) -> None:
        self.entities: State = {}

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
            if found is not None and _taken(after, found):
                raise Refused(NotUnique)
        return after, results


def _applied(state: State, write: Any, now: dt.datetime) -> Any:
    target = ref_of(getattr(write, "entity", None) or write.target)
    stored = state.get(target)
    match write:
        case Create(entity):
            if stored is not None:
                raise Refused(AlreadyExists)
            state[target] = _stamped(entity, now)
            return state[target]
        case Put(entity, when):
            _check_revision(entity, stored)
            _check_when(stored, when)
            state[target] = _stamped(entity, now)
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


def _stamped(entity: Any, now: dt.datetime) -> Any:
    spec = spec_of(type(entity))
    changes: dict[str, Any] = {}
    if spec.version:
        changes[spec.version] = getattr(entity, spec.version) + 1
    if spec.created and getattr(entity, spec.created) == UNWRITTEN:
        changes[spec.created] = now
    if spec.updated:
        changes[spec.updated] = now
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
    match change:
        case Increment(by):
            return before + by
        case Append(values):
            return [*before, *values]
        case IfMissing(value):
            return value if before is None else before
        case Unset():
            return attrs.fields_dict(type(stored))[name].default
        case _:
            return change


def _taken(state: State, entity: Any) -> bool:
    """Whether another entity has one of its unique values."""
    for unique in spec_of(type(entity)).uniques:
        mine = [getattr(entity, name) for name in unique.fields]
        if None in mine:
            continue
        for other in state.values():
            same = type(other) is type(entity) and ref_of(other) != ref_of(entity)
            if same and [getattr(other, name) for name in unique.fields] == mine:
                return True
    return False
