"""Deleting a scope: everything of it, and of those in it, with proof that nothing is left.

Stage after stage goes through the whole table, every index and the bucket::

    delete items → delete objects → count items → count entries, index by index → count objects

Where all counts are zero, the entry that registers the scope is deleted. So a scope is listed until
it is gone, and whoever is stopped on the way can begin again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal, TypeAlias, get_args

from attrs import asdict, astuple, evolve, frozen

from ...errors import RequestError, shown
from ...requests import Steps, Wait
from ...schema.schema import Schema
from ...table import PRIMARY
from ..reading.cursors import Cursor
from ..reading.scanner import ScanOptions
from .registry import Known, unregister
from .stages import Counting, Deleting, Objects, Stage

# An index shows a deletion "within a fraction of a second", DynamoDB Developer Guide; seldom later.
LAG = Wait(1.0)
COUNTS = 3  # of an index that shows entries though the table has no items

Kind: TypeAlias = Literal["deleted", "items", "entries", "objects"]
"""What a stage finds: what it deletes, or what is left of one sort."""


@frozen
class Left:
    """What there is of a scope that was deleted: zeros, or somebody wrote to it meanwhile.

    Attributes:
        items: in the table, parts of payloads included.
        entries: in all indexes together. Those without an item vanish by themselves.
        objects: in the bucket.
    """

    items: int = 0
    entries: int = 0
    objects: int = 0


@frozen
class ScopeDeleted:
    """What deleting a scope did.

    Attributes:
        items: how many items of the table it deleted, or would delete in a dry run.
        parts: how many parts of payloads.
        objects: how many objects in the bucket.
        size_bytes: how large all of these were together.
        cursor: where the next call goes on; None at the end.
        left: what a last look at the table, each index and the bucket found; None before the end,
            and of a dry run.
    """

    items: int = 0
    parts: int = 0
    objects: int = 0
    size_bytes: int = 0
    cursor: str | None = None
    left: Left | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it is proven that nothing is left. Then the scope is not listed any more."""
        return self.left == Left()

    def and_then(self, later: ScopeDeleted) -> ScopeDeleted:
        """This call and the one that went on where it ended, as one."""
        return ScopeDeleted(
            self.items + later.items,
            self.parts + later.parts,
            self.objects + later.objects,
            self.size_bytes + later.size_bytes,
            later.cursor,
            later.left,
        )


def delete_scope(
    schema: Schema,
    known: Known,
    options: ScanOptions,
    *,
    dry_run: bool = False,
    cursor: str | None = None,
    rounds: int | None = None,
    keeps_entry: bool = False,
) -> Steps[ScopeDeleted]:
    """Delete all items, parts and objects of a scope and of those in it, then prove it.

    It scans the table twice, consistently, and each index once, and pays for that: a read unit for
    each 4,096 bytes of the table each time, half of one for those of an index; and the write units
    of what it deletes. Of a bucket it lists the scope's objects twice, and asks each whom it is of.

    What is written to the scope meanwhile may be left. Then that is told, and the scope stays
    listed: stop the writers, and delete again.

    Args:
        schema: the scope's.
        known: what is known to be registered; it is forgotten of this scope.
        options: segments, and read and write units together that it takes in a second.
        dry_run: delete nothing, and look once.
        cursor: of the call before. Without it everything is gone through from the start.
        rounds: after how many rounds of requests to stop; without, at the end.
        keeps_entry: whether the scope stays listed though nothing is left, since it lives elsewhere.

    Raises:
        RequestError: the rounds are below 1, or some classes of the scope are in another table.
        InvalidCursor: the cursor is damaged, or of another table, scope or number of segments, or
            of a dry run.
        DynastoreError: something could not be read or deleted; call again, from the same cursor or
            from the start.
    """
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise RequestError(
            f"a deletion has a whole number of rounds, at least 1, not {shown(rounds)}"
        )
    schema.check_whole()
    deletion = _Deletion(schema, options, cursor, dry_run=dry_run)
    done = 0
    while not deletion.done and (rounds is None or done < rounds):
        yield from deletion.round()
        done += 1
    if dry_run:
        return deletion.result
    if deletion.done and deletion.left == Left() and not keeps_entry:
        yield from unregister(schema)
    known.forget(schema.prefix)
    return evolve(deletion.result, left=deletion.left if deletion.done else None)


@frozen
class _Place:
    """Where a deletion is.

    Attributes:
        stage: its number.
        inner: the cursor of the stage; None at its start.
        counts: how often the index of this stage has been counted.
        counted: how much each stage has found.
    """

    stage: int
    inner: str | None
    counts: int
    counted: tuple[int, ...]

    def with_more(self, count: int) -> _Place:
        """The same place, where the stage has found more."""
        counted = list(self.counted)
        counted[self.stage] += count
        return evolve(self, counted=tuple(counted))

    def again(self) -> _Place:
        """The start of the same stage, which is counted anew."""
        counted = list(self.counted)
        counted[self.stage] = 0
        return _Place(self.stage, None, self.counts + 1, tuple(counted))

    def beyond(self) -> _Place:
        """The start of the next stage."""
        return _Place(self.stage + 1, None, 0, self.counted)


class _Deletion:
    """Goes through the stages.

    Attributes:
        result: what was done so far.
    """

    def __init__(
        self, schema: Schema, options: ScanOptions, cursor: str | None, *, dry_run: bool
    ) -> None:
        """Nothing is read yet; see `delete_scope`."""
        self._stages = list(_stages(schema, options, dry_run=dry_run))
        kinds = [kind for kind, _ in self._stages]
        of = (schema.table.name, schema.table.bucket, schema.prefix, options.segments, dry_run)
        self._cursor = Cursor(("delete scope", *of, kinds))
        self._place = _Place(0, None, 0, (0,) * len(self._stages))
        if cursor is not None:
            stage, inner, counts, counted = self._cursor.state(cursor)
            self._place = _Place(stage, inner, counts, tuple(counted))
        self._stage = self._opened()
        self.result = ScopeDeleted(cursor=cursor)

    @property
    def done(self) -> bool:
        """Whether all stages were gone through."""
        return self._stage is None

    @property
    def left(self) -> Left:
        """What the stages that count have found."""
        counts = dict.fromkeys(get_args(Kind), 0)
        for (kind, _), count in zip(self._stages, self._place.counted, strict=True):
            counts[kind] += count
        return Left(counts["items"], counts["entries"], counts["objects"])

    def round(self) -> Steps[None]:
        """One round of the stage; at its end the next one is opened."""
        assert self._stage is not None, "there is nothing after the end"
        kind, _ = self._stages[self._place.stage]
        found = yield from self._stage.round()
        self._place = evolve(self._place.with_more(found.total), inner=self._stage.cursor)
        if self._stage.done:
            yield from self._go_on(kind)
        one = ScopeDeleted(**asdict(found)) if kind == "deleted" else ScopeDeleted()
        cursor = None if self.done else self._cursor.text(astuple(self._place))
        self.result = self.result.and_then(evolve(one, cursor=cursor))

    def _go_on(self, kind: Kind) -> Steps[None]:
        """To the next stage; an index that lags behind the table is waited for, and counted again."""
        place, left = self._place, self.left
        lags = kind == "entries" and place.counted[place.stage] > 0 and left.items == 0
        if lags and place.counts < COUNTS - 1:
            yield from LAG
            self._place = place.again()
        else:
            self._place = place.beyond()
        self._stage = self._opened()

    def _opened(self) -> Stage | None:
        """The stage at this place; None at the end."""
        if self._place.stage == len(self._stages):
            return None
        _, opened = self._stages[self._place.stage]
        return opened(cursor=self._place.inner)


def _stages(
    schema: Schema, options: ScanOptions, *, dry_run: bool
) -> Iterator[tuple[Kind, Callable[..., Stage]]]:
    """The stages in their order, each with what is found in it."""
    bucket = schema.table.bucket
    yield "deleted", partial(Deleting, schema, options, dry_run=dry_run)
    if bucket is not None:
        yield "deleted", partial(Objects, schema, bucket, deletes=not dry_run)
    if dry_run:
        return
    yield "items", partial(Counting, schema, options, index=PRIMARY)
    for index in schema.table.indexes:
        yield "entries", partial(Counting, schema, options, index=index)
    if bucket is not None:
        yield "objects", partial(Objects, schema, bucket, deletes=False)
