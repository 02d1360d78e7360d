"""Keeping: how long checkpoints are kept, and how they are read."""

from __future__ import annotations

import datetime as dt

from attrs import frozen


@frozen
class Keeping:
    """How a thread's checkpoints are kept.

    A checkpoint may refer to values that older ones hold. So an item stays for a slack longer than
    it is given back, and a new checkpoint refers only to what stays as long as it is given back
    itself: nothing expires that one which can still be read refers to.

    Attributes:
        lifetime: how long a checkpoint is given back after it was written; None for ever.
        consistent: whether reads see every write acknowledged before.
        read_from: when the operation began that reads, or None.
        is_back: whether it is known of an archived thread that it is back since before that.
    """

    lifetime: dt.timedelta | None = None
    consistent: bool = True
    read_from: dt.datetime | None = None
    is_back: bool = False

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

    def lasts(self, now: dt.datetime) -> int:
        """Until when what is written now is kept, in seconds since 1970; 0 for ever."""
        expires_at = self.expires_at(now)
        return 0 if expires_at is None else int(expires_at.timestamp())

    def outlives(self, lasts: int, now: dt.datetime) -> bool:
        """Whether what is kept until then is there for as long as what is written now is given back.

        Args:
            lasts: seconds since 1970; 0 for ever.
            now: the time.
        """
        if not lasts:
            return True
        until = self.until(now)
        return until is not None and lasts >= until.timestamp()
