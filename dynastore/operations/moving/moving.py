"""Moving a scope to another table while it is written to, stage after stage, each of which can be resumed.

    check → copy → follow → seal, follow, prove → settle → leave → clean

Until the scope is settled its old place is the truth, and from then on the new one; a call that was killed
is made again, and goes on. See `stages.Stage`.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable
from uuid import uuid4

from attrs import evolve

from ...capacity import item_bytes
from ...errors import DynastoreError, RequestError, UnroutedWrites
from ...requests import Now, Wait
from ..following.consumers import STANDBY_SECONDS
from ..scopes.locations import LEASE_SECONDS, read_location, seal, settle, unseal
from ..scopes.registry import Known, register
from .carrying import Objects
from .copying import Copy
from .leaving import Leaving
from .parties import Parties
from .proving import Proof
from .sides import Moving, On, Telling
from .stages import MoveOptions, ScopeMoved, Stage, State
from .tail import Tail

SAVE_SECONDS = 10.0  # between writes of how far it is: a write unit each
FOLLOW_SECONDS = 1.0  # between looks at the changes while items are copied
LOOK_SECONDS = 0.25  # between looks at the changes; a shard allows 5 in a second
# By no more than this did so many looks come nearer to what is written now: further ones will not either.
# How far behind they are proves nothing by itself, as the clock here may be ahead of the stream's; and that
# tells whole seconds only.
NEARER, NEAR_LOOKS = dt.timedelta(seconds=1), 3
LAST_LOOKS = 100  # at the changes when writers wait; were there more, somebody would not wait
PROOFS = 3  # that may find differences: the stream tells a change late, but not again and again
LASTING = dt.timedelta(days=1)  # how long items must live to be looked at again when it has left

MovingStage = Callable[[], Telling[ScopeMoved, None]]


class Move:
    """A scope on its way.

    Attributes:
        state: how far it is.
    """

    def __init__(self, parties: Parties, options: MoveOptions) -> None:
        """Nothing is sent yet.

        Args:
            parties: what moves, from where to where.
            options: how.
        """
        self.state = State.new(parties, options.segments)
        self._parties = parties
        self._options = options
        source = parties.scoped("source")
        self._tail = Tail(parties.home, source, parties.scope, options.lease)
        self._copy = Copy(parties, self._tail, options.units_per_second)
        self._objects = Objects(parties, self._tail)
        self._saved_at = self._looked_at = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._stages: dict[Stage, MovingStage] = {
            "checking": self._check,
            "copying": self._copy_all,
            "following": self._follow,
            "sealed": self._seal_and_prove,
            "settling": self._settle,
            "leaving": self._leave,
            "cleaning": self._clean,
        }

    def steps(self) -> Telling[ScopeMoved, None]:
        """All that is left to do, and after each round how far it is.

        Raises:
            RequestError: the scope cannot move there, or is moving elsewhere.
            UnroutedWrites: somebody writes to it who does not wait.
            SealTaken: somebody else has sealed it.
            DynastoreError: something could not be read or written; call again.
        """
        while (left := (yield from self._tail.begun(self._begin))) is not None:
            yield evolve(self.state.moved, stage="waiting")
            yield from On("home", Wait(min(left, STANDBY_SECONDS)))
        yield self.state.moved
        while not self.state.moved.is_done:
            yield from self._stages[self.state.moved.stage]()
            yield self.state.moved

    def let_go(self) -> Moving[None]:
        """Where it was interrupted: let writers go on, and another process move the scope."""
        if self._tail.consumer is None:
            return
        forget = self.state.moved.stage == "checking"
        try:
            yield from self._unseal()
        except DynastoreError:
            yield from self._tail.release(forget=forget)
            raise
        yield from self._tail.release(forget=forget)

    def _begin(self, kept: str | None) -> Moving[None]:
        """Find out how far the move is, now that nobody else moves the scope."""
        if kept is not None:
            self.state = State.of(kept)
        location = yield from On("home", read_location(self._parties.home, self._parties.scope))
        lives_in = location.table or self._parties.placed.table.name
        source, target = self._parties.table("source"), self._parties.table("target")
        moved = self.state.moved
        if kept is not None and (moved.source, moved.target) != (source, target):
            raise RequestError(
                f"scope {moved.scope!r} is on its way from table {moved.source} to {moved.target}; "
                "let that move come to its end first"
            )
        if kept is None and lives_in == target:
            self._go_to("done")
            yield from self._tail.end()
        elif moved.stage == "settling" and lives_in == target and not location.sealed:
            yield from self._settled()
        elif moved.stage not in {"leaving", "cleaning"}:
            self._parties.check_lives_in(location.table)
            yield from self._resume()

    def _resume(self) -> Moving[None]:
        """Go on before the seal, if there is one."""
        yield from self._unseal()
        if self.state.moved.stage in {"sealed", "settling"}:
            self._go_to("following")
        if self.state.segments != self._options.segments:
            self.state = evolve(self.state, segments=self._options.segments, cursor=None)
        if self.state.moved.stage != "checking" and not self._options.writers_stopped:
            missed = yield from self._tail.follow()
            if missed:
                self.state = evolve(self.state, cursor=None)
                self._go_to("copying")

    def _check(self) -> Telling[ScopeMoved, None]:
        sweep = self._parties.sweep("target", self._options.scan)
        while not sweep.done:
            self._parties.check_is_free((yield from On("target", sweep.round())))
            sweep.take_all()
            yield from self._tail.hold()
            yield self.state.moved
        if not self._options.writers_stopped:
            yield from self._tail.follow()
        self._go_to("copying")
        yield from self._save()

    def _copy_all(self) -> Telling[ScopeMoved, None]:
        sweep = self._parties.sweep("source", self._options.scan, self.state.cursor)
        while not sweep.done:
            items = yield from On("source", sweep.round())
            yield from self._copy.put(items)
            sweep.take_all()
            self._count(items=len(items), size_bytes=sum(map(item_bytes, items)))
            self.state = evolve(self.state, cursor=sweep.cursor)
            yield from self._look_if_due()
            yield from self._save_if_due()
            yield self.state.moved
        found = self.state.moved.items + self.state.moved.changes
        if not found:
            self._go_to("checking")  # so that nothing is kept of it
        self._parties.check_is_something(found)
        self._count(objects=(yield from self._objects.carry()))
        self._go_to("following")
        yield from self._save()

    def _follow(self) -> Telling[ScopeMoved, None]:
        looks = deque[dt.timedelta](maxlen=NEAR_LOOKS + 1)  # how far behind the last ones were
        while not (_gain_nothing(looks) or self._options.writers_stopped):
            looks.append((yield from self._look()))
            yield from self._save_if_due()
            yield self.state.moved
            yield from On("source", Wait(LOOK_SECONDS))
        self._count(objects=(yield from self._objects.carry()))
        self.state = evolve(self.state, mover=uuid4().hex)
        self._go_to("sealed")
        yield from self._save()

    def _seal_and_prove(self) -> Telling[ScopeMoved, None]:
        mover = self.state.mover
        assert mover is not None, "it got a name with the stage"
        yield from On("home", seal(self._parties.home, self._parties.scope, mover))
        sealed_at = yield from On("home", Now())
        self.state = evolve(self.state, since=sealed_at.timestamp())
        yield from self._wait_for_others(LEASE_SECONDS + self._options.request_seconds)
        for _ in range(LAST_LOOKS):
            if self._tail.is_quiet:
                break
            yield from self._look()
            yield self.state.moved
        self._count(objects=(yield from self._objects.carry()))
        yield from self._prove()
        self._go_to("settling")
        yield from self._save()

    def _prove(self) -> Telling[ScopeMoved, None]:
        """Both sides hold the same.

        Raises:
            UnroutedWrites: they do not, however often it is mended.
        """
        proof = Proof(self._parties, self._options.segments, self._copy, self._tail)
        for _ in range(PROOFS):
            now = yield from On("home", Now())
            until = now + LASTING
            source, lasting = yield from proof.digests("source", now, until)
            yield self.state.moved
            target, _ = yield from proof.digests("target", now, until)
            if source == target:
                moved = evolve(self.state.moved, proven=source)
                self.state = evolve(
                    self.state, moved=moved, lasting=lasting, lasting_until=until.timestamp()
                )
                return
            yield self.state.moved
            self._count(repaired=(yield from proof.mend()))
        raise UnroutedWrites(self._parties.scope, self._parties.table("source"), has_left=False)

    def _settle(self) -> Telling[ScopeMoved, None]:
        parties, mover = self._parties, self.state.mover
        assert mover is not None, "it is sealed"
        if parties.table("target") != parties.table("home") and parties.target.table.indexes:
            yield from On("target", register(parties.scoped("target"), Known()))
        yield self.state.moved
        yield from self._tail.hold()
        target = parties.target.table
        steps = settle(parties.home, parties.scope, mover, target.name, target.bucket)
        yield from On("home", steps)
        yield from self._settled()

    def _settled(self) -> Moving[None]:
        """The scope lives in the target."""
        now = yield from On("home", Now())
        if self.state.since is not None:
            self._count(sealed_seconds=now.timestamp() - self.state.since)
        self.state = evolve(self.state, mover=None, since=now.timestamp(), cursor=None)
        self._go_to("leaving")
        yield from self._save()

    def _leave(self) -> Telling[ScopeMoved, None]:
        yield from self._wait_for_others(self._options.request_seconds, looking=False)
        leaving = Leaving(self._parties, self._options, self._tail)
        if not self._options.discard_late:
            yield from leaving.check(self.state)
        yield from self._objects.hand_over()
        self._go_to("cleaning")
        yield from self._save()

    def _clean(self) -> Telling[ScopeMoved, None]:
        leaving = Leaving(self._parties, self._options, self._tail)
        while True:
            done = yield from leaving.round(self.state)
            self._count(deleted=done.items + done.parts + done.objects)
            self.state = evolve(self.state, cursor=done.cursor)
            if done.cursor is None:
                break
            yield from self._save_if_due()
            yield self.state.moved
        yield from leaving.end(done)
        yield from self._tail.end()
        self._go_to("done")

    def _wait_for_others(
        self, seconds: float, *, looking: bool = True
    ) -> Telling[ScopeMoved, None]:
        """Until the seal, or the new place, is so old."""
        since = self.state.since
        while not self._options.writers_stopped and since is not None:
            now = yield from On("home", Now())
            left = since + seconds - now.timestamp()
            if left <= 0:
                return
            if looking:
                yield from self._look()
            yield from self._tail.hold()
            yield self.state.moved
            yield from On("home", Wait(min(left, LOOK_SECONDS if looking else FOLLOW_SECONDS)))

    def _look_if_due(self) -> Moving[None]:
        now = yield from On("home", Now())
        if (now - self._looked_at).total_seconds() >= FOLLOW_SECONDS:
            self._looked_at = now
            yield from self._look()

    def _look(self) -> Moving[dt.timedelta]:
        """Bring what was written since the last look; how long ago that was."""
        if self._options.writers_stopped:
            return dt.timedelta(0)
        look = yield from self._tail.round()
        self._count(changes=(yield from self._copy.bring(look.keys)))
        return look.behind

    def _save_if_due(self) -> Moving[None]:
        now = yield from On("home", Now())
        if (now - self._saved_at).total_seconds() >= SAVE_SECONDS:
            yield from self._save()

    def _save(self) -> Moving[None]:
        self._saved_at = yield from On("home", Now())
        yield from self._tail.save(self.state.text)

    def _go_to(self, stage: Stage) -> None:
        cursor = None if stage != self.state.moved.stage else self.state.cursor
        moved = evolve(self.state.moved, stage=stage)
        self.state = evolve(self.state, moved=moved, cursor=cursor)

    def _unseal(self) -> Moving[None]:
        mover = self.state.mover
        if mover is not None:
            yield from On("home", unseal(self._parties.home, self._parties.scope, mover))
            self.state = evolve(self.state, mover=None)

    def _count(self, **more: float) -> None:
        """Add to what was done."""
        known = {name: getattr(self.state.moved, name) for name in more}
        sums = {name: known[name] + value for name, value in more.items()}
        self.state = evolve(self.state, moved=evolve(self.state.moved, **sums))


def _gain_nothing(looks: deque[dt.timedelta]) -> bool:
    """Whether as many looks as there is room for came no nearer to what is written now."""
    return len(looks) == looks.maxlen and looks[0] - looks[-1] <= NEARER
