"""Recent: what a process remembers of the checkpoints that it read or wrote last."""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

from attrs import frozen

from ..kept import Kept
from .deltas import Head

HEADS = 1_024  # remembered, the newest of a namespace twice; a thread of 1,000 messages takes some 20 KB
# Less than what `prune` keeps for those who remember what it removes.
REMEMBERED = dt.timedelta(minutes=30)

NEWEST = ""  # in place of an id: the one that was read or written last

Place: TypeAlias = tuple[str, str, str]
"""Thread, namespace and checkpoint id."""


@frozen
class Remembered:
    """A checkpoint that the next one may refer to.

    Attributes:
        head: where its values are.
        thread: user and component of its thread's header, and until when that is kept, in seconds
            since 1970; 0 for ever.
        seen_at: when it was read or written.
    """

    head: Head
    thread: tuple[str | None, str | None, int]
    seen_at: dt.datetime


class Recent:
    """The checkpoints that were read or written last. Threads may share it."""

    def __init__(self) -> None:
        """Nothing is remembered."""
        self._heads: Kept[Place, Remembered] = Kept(HEADS)

    def find(self, place: Place, now: dt.datetime) -> Remembered | None:
        """What is remembered of a checkpoint, if that is not too long ago."""
        found = self._heads.get(place)
        return found if found is not None and now - found.seen_at < REMEMBERED else None

    def reach(self, thread_id: str, namespace: str, checkpoint_id: str | None) -> int | None:
        """How many checkpoints a read is likely to go back to; None where nothing is known.

        Args:
            thread_id: the thread.
            namespace: the namespace.
            checkpoint_id: the checkpoint; the newest without.
        """
        found = self._heads.get((thread_id, namespace, checkpoint_id or NEWEST))
        return None if found is None else found.head.reach

    def keep(self, place: Place, remembered: Remembered) -> None:
        """Remember a checkpoint, and forget the one that was used longest ago."""
        self._heads.keep(place, remembered)
        self._heads.keep((*place[:2], NEWEST), remembered)

    def forget(self, thread_id: str) -> None:
        """Forget the checkpoints of a thread."""
        self._heads.forget_where(lambda place: place[0] == thread_id)
