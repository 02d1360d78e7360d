"""Upcasting a whole class: its items of older schemas are rewritten as the class has them today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import field, frozen

from ...capacity import item_bytes, write_units
from ...errors import DataError, DynastoreError, RequestError
from ...requests import Key, Purpose, Steps, Wait
from ...schema.schema import Schema
from ...table import SCHEMA
from ...terms import Absent, AnyOf, Compare, Conditions
from ...values.attributes import AttributeMap
from ..interleaved import interleaved
from ..reading.scanner import ScanOptions, Sweep, owned
from ..writing.evolving import rewrite

FAILURES = 10  # that are told one by one
TOGETHER = 100  # items rewritten at a time; ten times as many as are in flight

# Of one item alone: it does not fit, or would be too large, or a value of it cannot be stored.
FAULTS = (DataError, RequestError)


@frozen
class Upcasted:
    """What an upcast did.

    Attributes:
        items: how many items of older schemas it found.
        rewritten: how many of them it rewrote. The others failed, or were written or deleted
            meanwhile.
        cursor: where the next upcast goes on; None at the end of the table.
        failed: how many cannot be upcast. They are as they were, and found again by an upcast from
            the start.
        failures: key -> why, of the first ten of these.
    """

    items: int
    rewritten: int
    cursor: str | None
    failed: int = 0
    failures: Mapping[Key, DynastoreError] = field(factory=dict, repr=False)

    def and_then(self, later: Upcasted) -> Upcasted:
        """This upcast and the one that went on where it ended, as one."""
        return Upcasted(
            self.items + later.items,
            self.rewritten + later.rewritten,
            later.cursor,
            self.failed + later.failed,
            dict(islice({**self.failures, **later.failures}.items(), FAILURES)),
        )


def upcast(
    schema: Schema,
    cls: type[Any],
    options: ScanOptions,
    *,
    dry_run: bool = False,
    cursor: str | None = None,
    rounds: int | None = None,
) -> Steps[Upcasted]:
    """Rewrite the items of a class that older code wrote, each only while nobody else writes it.

    It scans the table, and pays for that: half a read unit for each 4,096 bytes, and for each item
    that it rewrites its write units. Old and new code may go on writing; items that old code writes
    behind it are old again.

    Args:
        schema: the table; only the store's scope, without the scopes in it.
        cls: the entity class.
        options: segments, and read and write units together that it takes in a second.
        dry_run: write nothing, and count.
        cursor: of the upcast before.
        rounds: after how many rounds of requests to stop; without, at the end of the table.

    Raises:
        RequestError: the class has no upcasters, or the rounds are below 1.
        InvalidCursor: the cursor is damaged, or of another table, class or number of segments.
        DynastoreError: something could not be read or written; upcast again from the same cursor.
            An item that cannot be upcast is no reason: it is told at the end, as one of `failures`.
    """
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise RequestError(f"an upcast has a whole number of rounds, at least 1, not {rounds!r}")
    outdated = _Outdated(schema, cls, options, cursor)
    total = Upcasted(0, 0, cursor)
    done = 0
    while not outdated.done and (rounds is None or done < rounds):
        items = yield from outdated.round()
        outcomes = [] if dry_run else (yield from outdated.rewrite(items))
        outdated.take_all()
        total = total.and_then(_upcasted(items, outcomes, outdated.cursor))
        done += 1
    return total


def _upcasted(
    items: Sequence[AttributeMap], outcomes: Sequence[bool | DynastoreError], cursor: str | None
) -> Upcasted:
    """What a round did."""
    failures = {
        Key.of(item): outcome
        for item, outcome in zip(items, outcomes, strict=False)
        if isinstance(outcome, DynastoreError)
    }
    first = dict(islice(failures.items(), FAILURES))
    return Upcasted(len(items), outcomes.count(True), cursor, len(failures), first)


class _Outdated(Sweep):
    """Reads the items of a class that older code wrote."""

    def __init__(
        self, schema: Schema, cls: type[Any], options: ScanOptions, cursor: str | None
    ) -> None:
        """Nothing is read yet; see `upcast`."""
        schema = schema.of(cls)
        self._codec = schema.codec(cls)
        spec = self._codec.spec
        if not spec.evolution.upcasters:
            raise RequestError(
                f"{spec} has no upcasters, so none of its items is of an older schema"
            )
        number = {"N": str(spec.evolution.schema)}
        older: Conditions = (AnyOf((((SCHEMA, Absent()),), ((SCHEMA, Compare("<", number)),))),)
        self._schema = schema
        super().__init__(
            schema.table.name,
            owned(spec.tag, schema.prefix) + older,
            options,
            cursor,
            kind="upcast",
            purpose=Purpose(spec.tag, "scan"),
        )

    def rewrite(self, items: Sequence[AttributeMap]) -> Steps[list[bool | DynastoreError]]:
        """Rewrite items, and wait as long as that takes of the rate.

        Returns:
            Of each item whether it was rewritten, or why it cannot be.

        Raises:
            DynastoreError: the first that is no fault of an item.
        """
        done: list[bool | DynastoreError] = []
        for at in range(0, len(items), TOGETHER):
            some = items[at : at + TOGETHER]
            outcomes = yield from interleaved(
                rewrite(self._schema, self._codec, item) for item in some
            )
            for outcome in outcomes:
                if isinstance(outcome, DynastoreError) and not isinstance(outcome, FAULTS):
                    raise outcome
            done += outcomes
        if self._rate is not None and items:
            yield from Wait(sum(write_units(item_bytes(item)) for item in items) / self._rate)
        return done
