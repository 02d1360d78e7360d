"""Examining and mending guards: a value that must be unique has one, and a guard has its value.

An entity and its guards are written in one transaction, but read one after the other, so others may
write between. What looks wrong is therefore read again, consistently, and it is wrong only if the
guard is still what it was before its entity was read. It is mended in a transaction that checks
all that was read: where another writer was faster, it does nothing, and all is read again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import evolve, frozen

from ...capacity import item_bytes, read_units, write_units
from ...codec.codec import Codec
from ...entities.uniques import OWNER
from ...errors import ConditionFailed, DataError, DynastoreError, RequestError, TransactionCanceled
from ...requests import (
    ConditionCheck,
    DeleteItem,
    GetItem,
    Key,
    Now,
    PutItem,
    Request,
    Steps,
    TransactWriteItems,
    Wait,
    key_of,
)
from ...table import TTL, TYPE
from ...terms import Absent, Present
from ...values.attributes import AttributeMap
from ..conditions import time_of, visible
from ..interleaved import interleaved, outcomes_of
from ..keyed import read_outcomes
from ..known import unchanged
from ..reading.uniquely import owner_of
from ..writing.attempts import unique_fields
from ..writing.guards import Claim, action
from .examining import Examiner, claims
from .findings import Duplicated, Finding, Orphaned, Unguarded

ATTEMPTS = 10  # at what others write meanwhile; it is reported then, and found again
VALUES_TOGETHER = 1_000  # whose guards are read at a time, in 10 requests
GUARDS_TOGETHER = 100  # whose entities are read at a time; these may be 400 KB each

TRANSACTED = 2  # write units of a transaction for each that the write alone would take


@frozen
class Pace:
    """How guards are read, and how fast.

    Attributes:
        consistent: whether the first look at each is strongly consistent; what is found wrong is
            looked at again so, whatever it says.
        units_per_second: read and write units together; None for no limit.
    """

    consistent: bool
    units_per_second: float | None


class GuardExaminer:
    """Examines the guards that some items need, and the entities that some guards name."""

    def __init__(self, examiner: Examiner, pace: Pace, *, mending: bool) -> None:
        """Nothing is read yet."""
        self._examiner = examiner
        self._table = examiner.schema.table.name
        self._pace = pace
        self._mending = mending
        self._units = 0.0  # taken since the last wait

    def findings(
        self, items: Iterable[AttributeMap], guards: Iterable[AttributeMap]
    ) -> Steps[list[Finding]]:
        """What is wrong, mended if it is to be.

        Args:
            items: as the examiner finds them well: their values have to be guarded.
            guards: of constraints of the schema: they have to be of an entity.

        Raises:
            DynastoreError: a request failed; what was mended stays so.
        """
        now = yield from Now()
        claims = (each for item in items for each in self._claims(item, now))
        found = yield from self._together(
            (self._unguarded(c, now) for c in claims), VALUES_TOGETHER
        )
        if not self._mending:
            found = _once_each(found)
        owned = (self._orphaned(each, now) for each in guards)
        return found + (yield from self._together(owned, GUARDS_TOGETHER))

    def _unguarded(self, claim: Claim, now: dt.datetime) -> Steps[Finding | None]:
        """What is wrong with the guard of a value."""
        guard = yield from GetItem(self._table, claim.key, self._pace.consistent)
        if _protects(guard, claim, now):
            return None
        for _ in range(ATTEMPTS):
            guard = yield from self._read(claim.key)
            item = yield from self._read(claim.owner)
            current = self._claim(item, claim.key, now)
            if current is None or _protects(guard, current, now):
                return None
            claim, holder = current, _holder(guard, current, now)
            seen = {claim.owner: item}
            if holder is not None:
                seen[holder] = yield from self._read(holder)
                if self._may_have(seen[holder], claim.key, now):
                    return Duplicated(*self._about(claim, item), holder)
                claim = evolve(claim, heir_of=(holder,))
            put = action(self._table, claim, int(now.timestamp()))
            found = Unguarded(*self._about(claim, item), claim.key)
            if (yield from self._settled(guard, put, seen)):
                return evolve(found, mended=self._mending)
        return found

    def _orphaned(self, guard: AttributeMap, now: dt.datetime) -> Steps[Finding | None]:
        """What is wrong with a guard that was read."""
        key = Key.of(guard)
        constraint = self._examiner.constraint_of(guard)
        assert constraint is not None, "others are not examined"
        codec, unique = constraint
        consistent = self._pace.consistent
        current: AttributeMap | None = guard
        for _ in range(ATTEMPTS):
            if current is None or visible(current, now) is None:
                return None
            owner, seen = owner_of(current), {}
            if owner is not None:
                seen[owner] = yield from GetItem(self._table, owner, consistent)
                if self._may_have(seen[owner], key, now):
                    return None
            found = Orphaned(key, codec.spec.name, unique.name, owner)
            if consistent:
                removal = DeleteItem(self._table, key, unchanged(current, (TYPE, OWNER)))
                if (yield from self._settled(current, removal, seen)):
                    return evolve(found, mended=self._mending)
            consistent = True
            current = yield from self._read(key)
        return found

    def _current(self, item: AttributeMap) -> Codec | None:
        """The codec of an item's class; None too if older or newer code wrote it."""
        other = self._examiner.is_old(item) or self._examiner.is_newer(item)
        return None if other else self._examiner.codec_of(item)

    def _claims(self, item: AttributeMap, now: dt.datetime) -> list[Claim]:
        """The guards that an item needs; none for one that is expired, or of another schema."""
        codec = self._current(item)
        if codec is None:
            return []
        is_there = visible(item, time_of(codec, now)) is not None
        return claims(codec, item) if is_there else []

    def _claim(self, item: AttributeMap | None, guard: Key, now: dt.datetime) -> Claim | None:
        """The claim of an item to one value, if it has the value."""
        try:
            found = [] if item is None else self._claims(item, now)
        except (DataError, RequestError):
            return None  # it became malformed meanwhile
        return next((each for each in found if each.key == guard), None)

    def _may_have(self, item: AttributeMap | None, guard: Key, now: dt.datetime) -> bool:
        """Whether an item has a value; it may, where that cannot be read from it."""
        if item is None:
            return False
        if self._current(item) is None:
            return True
        try:
            return any(each.key == guard for each in self._claims(item, now))
        except (DataError, RequestError):
            return True

    def _unchanged(self, key: Key, item: AttributeMap | None) -> ConditionCheck:
        """What holds while an item has the unique values that it has, or is not there."""
        codec = None if item is None else self._examiner.codec_of(item)
        if item is None or codec is None:
            return ConditionCheck(self._table, key, (("PK", Absent()),))
        fields = unchanged(item, (TYPE, *unique_fields(codec)))
        return ConditionCheck(self._table, key, (("PK", Present()), *fields))

    def _about(
        self, claim: Claim, item: AttributeMap | None
    ) -> tuple[Key, str, str, Mapping[str, Any]]:
        """What findings say of the value that an entity has."""
        assert item is not None, "it has the value"
        codec = self._examiner.codec_of(item)
        assert codec is not None, "its class has the constraint"
        values = codec.decode_fields(item, claim.constraint.fields)
        return claim.owner, claim.entity, claim.constraint.name, values

    def _settled(
        self,
        guard: AttributeMap | None,
        change: PutItem | DeleteItem,
        seen: Mapping[Key, AttributeMap | None],
    ) -> Steps[bool]:
        """Whether nothing that was read has changed; then the guard is changed, if it is to be."""
        if not self._mending:
            return (yield from self._read(key_of(change))) == guard
        checks = [self._unchanged(key, item) for key, item in seen.items()]
        sizes = [item_bytes(each or {}) for each in (guard, *seen.values())]
        self._units += TRANSACTED * sum(map(write_units, sizes))
        try:
            yield from TransactWriteItems([change, *checks])
        except TransactionCanceled as canceled:
            if not any(isinstance(each, ConditionFailed) for each in canceled.reasons):
                raise
            return False
        return True

    def _read(self, key: Key) -> Steps[AttributeMap | None]:
        return (yield from GetItem(self._table, key, consistent=True))

    def _together(
        self, operations: Iterable[Steps[Finding | None]], most: int
    ) -> Steps[list[Finding]]:
        """Findings of operations, some at a time: of a second's units, if each takes one."""
        rate = self._pace.units_per_second
        size = most if rate is None else min(most, max(1, int(rate)))
        left = iter(operations)
        found: list[Finding] = []
        while some := list(islice(left, size)):
            for outcome in (yield from interleaved(some, self._sent)):
                if isinstance(outcome, DynastoreError):
                    raise outcome
                if outcome is not None:
                    found.append(outcome)
            if rate is not None:
                yield from Wait(self._units / rate)
            self._units = 0.0
        return found

    def _sent(self, requests: Sequence[Request[Any]]) -> Steps[list[Any]]:
        """What became of each request, where reads of single items are sent in batches."""
        found: dict[tuple[Key, bool], Any] = {}
        reads = [each for each in requests if isinstance(each, GetItem)]
        for consistent in (False, True):
            keys = [each.key for each in reads if each.consistent is consistent]
            if keys:
                items = yield from read_outcomes(self._table, keys, consistent=consistent)
                found |= {(key, consistent): items[key] for key in items}
                self._units += sum(_read_units(each, consistent) for each in items.values())
        others = [each for each in requests if not isinstance(each, GetItem)]
        outcomes = iter((yield from outcomes_of(others)) if others else ())
        return [
            found[each.key, each.consistent] if isinstance(each, GetItem) else next(outcomes)
            for each in requests
        ]


def _protects(guard: AttributeMap | None, claim: Claim, now: dt.datetime) -> bool:
    """Whether a guard is of an entity, and for as long as that lives."""
    if guard is None or visible(guard, now) is None:
        return False
    return owner_of(guard) == claim.owner and guard.get(TTL) == claim.expires


def _holder(guard: AttributeMap | None, claim: Claim, now: dt.datetime) -> Key | None:
    """The other entity that a guard names."""
    owner = None if guard is None or visible(guard, now) is None else owner_of(guard)
    return None if owner == claim.owner else owner


def _once_each(found: Sequence[Finding]) -> list[Finding]:
    """Of entities that have one value, and no guard, all but the first are duplicates of it.

    That is so for those of one page only: what has no guard is known by no other.
    """
    first: dict[Key, Key] = {}
    once: list[Finding] = []
    for each in found:
        if not isinstance(each, Unguarded) or first.setdefault(each.guard, each.key) == each.key:
            once.append(each)
            continue
        holder = first[each.guard]
        once.append(Duplicated(each.key, each.entity, each.constraint, each.values, holder))
    return once


def _read_units(outcome: AttributeMap | DynastoreError | None, consistent: bool) -> float:
    size = item_bytes(outcome) if isinstance(outcome, dict) else 0
    return read_units(size, consistent=consistent)
