"""Keeping: how long checkpoints are kept, and how they are read."""

from __future__ import annotations

import datetime as dt

from attrs import frozen


@frozen
class Keeping:
    """How a thread's checkpoints are kept.

    A checkpoint may refer to values that older ones hold. So an item stays for a slack longer than
    it is given back, and no new checkpoint refers to what was written longer ago than the slack:
    nothing expires that one which can still be read refers to.

    Attributes:
        lifetime: how long a checkpoint is given back after it was written; None for ever.
        consistent: whether reads see every write acknowledged before.
    """

    lifetime: dt.timedelta | None = None
    consistent: bool = True

    @property
    def slack(self) -> dt.timedelta:
        """How long an item stays after it is no longer given back."""
        return (self.lifetime or dt.timedelta()) / 2

    def until(self, now: dt.datetime) -> dt.datetime | None:
        """Until when something that is written now is given back."""
        return None if self.lifetime is None else now + self.lifetime

    def expires_at(self, now: dt.datetime) -> dt.datetime | None:
        """After when it may be deleted."""
        return None if self.lifetime is None else now + self.lifetime + self.slack

    def oldest(self, now: dt.datetime) -> int:
        """When what a new checkpoint refers to was written at the earliest, in seconds since 1970."""
        return 0 if self.lifetime is None else int((now - self.slack).timestamp()) + 1
