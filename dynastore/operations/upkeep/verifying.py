"""Verifying a table, and mending its index entries and guards: every item, of all classes, at a rate.

What mends an item writes the attributes that have drifted and nothing else, and only while the
fields that they depend on are as they were read. So a writer who changes such a field meanwhile
loses nothing: the item is examined again as that writer left it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve

from ...capacity import item_bytes, write_units
from ...changes import Change, Path, SetTo, Unset
from ...errors import ConditionFailed, DynastoreError
from ...keys.templates import prefix_of, scopes_of
from ...requests import Key, Steps, UpdateItem, Wait
from ...schema.schema import Schema
from ...terms import BeginsWith, Conditions
from ...values.attributes import AttributeMap
from ..interleaved import interleaved
from ..payloads import scanned
from ..reading.scanner import ScanOptions, Sweep
from .examining import Examiner, tag_of
from .findings import Drifted, Finding, Malformed, Misplaced, Tally
from .guarding import GuardExaminer, Pace

ATTEMPTS = 10  # at mending an item that others write; it is reported then, and found again
MENDED_TOGETHER = 100  # ten times as many as are in flight


class Verifier(Sweep):
    """Examines the items of a scope and of those inside it, each once, in no order.

    Attributes:
        tally: what was found so far.
    """

    def __init__(
        self,
        schema: Schema,
        options: ScanOptions,
        cursor: str | None = None,
        *,
        mending: bool = False,
    ) -> None:
        """Nothing is read yet.

        Args:
            schema: the entities, and the scope; without one all items of the table are examined.
            options: how it reads. Writes are held to the same rate, in units of their own.
            cursor: of another verifier of the same scope and segments.
            mending: whether what has drifted is mended.

        Raises:
            InvalidCursor: the cursor is damaged or foreign.
        """
        schema.check_whole()
        inside: Conditions = (("PK", BeginsWith({"S": schema.prefix})),) if schema.prefix else ()
        super().__init__(schema.table.name, inside, options, cursor, kind="verify")
        self.tally = Tally()
        self._schema = schema
        self._table = schema.table
        self._examiner = Examiner(schema)
        self._mending = mending
        pace = Pace(options.consistent, options.units_per_second)
        self._guards = GuardExaminer(self._examiner, pace, mending=mending)

    def page(self) -> Steps[list[Finding]]:
        """What the next round of reading finds, mended if it is to be; it may be nothing.

        Raises:
            DynastoreError: a request failed. The items of the round are examined again by the next
                call; what was mended stays so.
        """
        items = yield from self.round()
        whole = yield from self._with_payloads(items)
        wrong = [(item, found) for item in whole if (found := self._examiner.finding(item))]
        findings = [found for _, found in wrong]
        if self._mending:
            findings = yield from self._mended(wrong)
        findings += yield from self._found_of_guards(items, wrong)
        self.take_all()
        self._count(items, findings)
        return findings

    def _found_of_guards(
        self, items: Sequence[AttributeMap], wrong: Sequence[tuple[AttributeMap, Finding]]
    ) -> Steps[list[Finding]]:
        """What is wrong with the guards among some items, and with those that the others need."""
        unfit = {Key.of(each) for each, found in wrong if isinstance(found, Malformed | Misplaced)}
        guards = [each for each in items if self._examiner.constraint_of(each)]
        values = [
            each
            for each in items
            if (codec := self._examiner.codec_of(each)) and codec.spec.uniques
            if Key.of(each) not in unfit
        ]
        if not guards and not values:
            return []
        return (yield from self._guards.findings(values, guards))

    def _with_payloads(self, items: Sequence[AttributeMap]) -> Steps[list[AttributeMap]]:
        """Items, the old ones with their payloads, which upcasters see; what that takes is not paced."""
        found = [item for item in items if not self._examiner.is_old(item)]
        old: dict[str, list[AttributeMap]] = {}
        for item in filter(self._examiner.is_old, items):
            old.setdefault(prefix_of(Key.of(item).pk), []).append(item)
        for prefix, some in old.items():
            found += yield from scanned(evolve(self._schema, scopes=scopes_of(prefix)), some)
        return found

    def _count(self, items: Sequence[AttributeMap], findings: Sequence[Finding]) -> None:
        tally = evolve(self.tally, items=self.tally.items + len(items))
        for item in items:
            if self._examiner.constraint_of(item):
                tally = evolve(tally, guards=tally.guards + 1)
            elif self._examiner.codec_of(item) is None:
                tally = tally.with_other(tag_of(item))
            elif self._examiner.is_newer(item):
                tally = evolve(tally, newer=tally.newer + 1)
            elif self._examiner.is_old(item):
                tally = evolve(tally, older=tally.older + 1)
        for finding in findings:
            tally = tally.with_finding(finding)
        self.tally = tally

    def _mended(self, wrong: Sequence[tuple[AttributeMap, Finding]]) -> Steps[list[Finding]]:
        """The findings, those of items that have drifted as they are once these are mended."""
        left: list[Finding] = [found for _, found in wrong if not isinstance(found, Drifted)]
        drifted = [(item, found) for item, found in wrong if isinstance(found, Drifted)]
        for some, units in self._groups(drifted):
            outcomes = yield from interleaved([self._mend(*each) for each in some])
            for outcome in outcomes:
                if isinstance(outcome, DynastoreError):
                    raise outcome
                left += outcome
            if self._rate is not None:
                yield from Wait(units / self._rate)
        return left

    def _groups(
        self, drifted: Sequence[tuple[AttributeMap, Drifted]]
    ) -> Iterator[tuple[list[tuple[AttributeMap, Drifted]], float]]:
        """What is mended at the same time, of a second's units at most, and its units."""
        group: list[tuple[AttributeMap, Drifted]] = []
        total = 0.0
        for item, found in drifted:
            units = self._units_of(item, found)
            is_over = self._rate is not None and total + units > self._rate
            if group and (is_over or len(group) == MENDED_TOGETHER):
                yield group, total
                group, total = [], 0.0
            group.append((item, found))
            total += units
        if group:
            yield group, total

    def _units_of(self, item: AttributeMap, found: Drifted) -> float:
        """What mending an item takes at most: an entry that moves is written twice."""
        entries = sum(
            1 if found.differences.keys().isdisjoint(index.attributes) else 2
            for index in self._table.indexes
        )
        return write_units(item_bytes(item)) * (1 + entries)

    def _mend(self, item: AttributeMap, found: Drifted) -> Steps[list[Finding]]:
        """Write what has drifted; what is to be said of the item then, nothing if it is gone or well."""
        for _ in range(ATTEMPTS):
            try:
                yield from UpdateItem(
                    self._table.name, Key.of(item), _changes(found), self._examiner.guard(item)
                )
            except ConditionFailed as failure:
                stored: Any = failure.stored
            else:
                return [evolve(found, mended=True)]
            again = None if stored is None else self._examiner.finding(stored)
            if not isinstance(again, Drifted):
                return [again] if again else []
            item, found = stored, again
        return [found]


def _changes(found: Drifted) -> dict[str | Path, Change]:
    return {
        name: Unset() if each.implied is None else SetTo(each.implied)
        for name, each in found.differences.items()
    }
