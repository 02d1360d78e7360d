"""Operations on many of which some failed: the program has to look at what is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .root import DynastoreError


class PartialFailure(DynastoreError):
    """An operation on many did some and failed on others.

    Attributes:
        done: key or request -> its result, for all that succeeded.
        failed: key or request -> its error.
    """

    def __init__(self, done: Mapping[Any, Any], failed: Mapping[Any, DynastoreError]) -> None:
        self.done = dict(done)
        self.failed = dict(failed)
        first = next(iter(self.failed.values()))
        super().__init__(
            f"{len(self.failed)} of {len(self.done) + len(self.failed)} failed, the first with: {first}"
        )


class NotSent(DynastoreError):
    """One of many that was not begun, because another failed before. Nothing of it was written.

    Attributes:
        reason: the failure after which nothing more was begun.
    """

    def __init__(self, reason: DynastoreError) -> None:
        self.reason = reason
        super().__init__(f"not sent, for another write of the call failed before: {reason}")
