"""How far a move is: what is kept of it between two calls, and what is told of it."""

from __future__ import annotations

import datetime as dt
from math import isfinite
from typing import Literal, TypeAlias
from uuid import uuid4

import orjson
from attrs import asdict, field, frozen

from ...errors import RequestError, shown
from ..reading.scanner import ScanOptions
from ..scopes.locations import LONGEST_REQUEST_SECONDS, MOVE_LEASE_SECONDS
from .digests import Digest
from .parties import Parties
from .tail import Lease

Stage: TypeAlias = Literal[
    "waiting",
    "checking",
    "copying",
    "following",
    "sealed",
    "settling",
    "leaving",
    "cleaning",
    "done",
    "abandoning",
    "abandoned",
]
"""What a move does; `docs/decisions/0034` has the reasons.

- waiting: another process moves the scope, or did until it was killed;
- checking: whether the target has anything of the scope;
- copying: item by item, and what is written meanwhile;
- following: until what is written meanwhile is little;
- sealed: writers wait; the last changes, and then the proof;
- settling: writers are told the new place;
- leaving: reads that had begun come to their end, and nobody has written to the old place;
- cleaning: the old place is emptied;
- done: the scope lives in the target, and only there;
- abandoning: the move is given up, and what was copied is deleted;
- abandoned: the scope lives where it did, and only there.
"""


@frozen
class MoveOptions:
    """How a scope moves.

    Attributes:
        segments: parts of the tables that are read at once; up to 10 at a time.
        units_per_second: read and write units together that copying and cleaning take in a second,
            on average. Following changes and the proof are held to no rate.
        writers_stopped: whether nobody writes to the scope, so that nobody has to be waited for.
        discard_late: whether to delete, with the rest, what was written to the old place after the
            scope had left it.
        request_seconds: how long a request of a store may be under way, retries included.
        lease_seconds: how long a process that was killed keeps its place.
        abandon: whether a move that was begun is given up.

    Raises:
        RequestError: one of them is no such value.
    """

    segments: int = 1
    units_per_second: float | None = None
    writers_stopped: bool = False
    discard_late: bool = False
    request_seconds: float = LONGEST_REQUEST_SECONDS
    lease_seconds: float = MOVE_LEASE_SECONDS
    abandon: bool = False
    owner: str = field(factory=lambda: uuid4().hex, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what is no number of seconds; the scan's are refused by it."""
        for name, seconds in (("request", self.request_seconds), ("lease", self.lease_seconds)):
            if not (type(seconds) in {int, float} and isfinite(seconds) and seconds > 0):
                raise RequestError(f"{name}_seconds is above 0, not {shown(seconds)}")
        _ = self.scan

    @property
    def scan(self) -> ScanOptions:
        """How copying and cleaning read."""
        return ScanOptions(self.segments, self.units_per_second)

    @property
    def lease(self) -> Lease:
        """Who moves, and for how long."""
        return Lease(self.owner, self.lease_seconds)


@frozen
class ScopeMoved:
    """What a move did so far, calls before this one included.

    Attributes:
        scope: its name.
        source: name of the table that it lived in.
        target: name of the table that it moves to.
        stage: what is done now.
        items: how many were copied, or would be by a dry run; parts of payloads included.
        size_bytes: of these.
        changes: how many writes of others were followed, or fewer: several to one item may be one.
        objects: how many were written to the bucket of the target.
        repaired: items that the proof found to differ, and that were brought again before it was
            repeated: changes that the stream had not told yet.
        proven: what both sides held, the same, when writers were told the new place; of each item
            that has not expired. None before that.
        sealed_seconds: how long writers had to wait.
        deleted: how many items and objects were deleted at the old place; at the new one, of a move
            that is given up.
    """

    scope: str
    source: str
    target: str
    stage: Stage
    items: int = 0
    size_bytes: int = 0
    changes: int = 0
    objects: int = 0
    repaired: int = 0
    proven: Digest | None = None
    sealed_seconds: float = 0.0
    deleted: int = 0

    @property
    def has_left(self) -> bool:
        """Whether the scope lives in the target already."""
        return self.stage in {"leaving", "cleaning", "done"}

    @property
    def is_done(self) -> bool:
        """Whether the scope lives in the target, and only there."""
        return self.stage == "done"


@frozen
class State:
    """What the next call needs to go on.

    Attributes:
        moved: what was done.
        segments: with which the cursor was made.
        cursor: of the stage, where copying or cleaning goes on; None for its start.
        mover: the name under which the scope is, or was, sealed.
        since: when it was sealed, and then settled; epoch seconds.
        lasting: what the source held when it was proven, of items that live a day longer.
        lasting_until: that day; epoch seconds.
        bucket: that of the payloads where the scope comes from.
    """

    moved: ScopeMoved
    segments: int
    cursor: str | None = None
    mover: str | None = None
    since: float | None = None
    lasting: Digest | None = None
    lasting_until: float | None = None
    bucket: str | None = None

    @classmethod
    def new(cls, parties: Parties, segments: int) -> State:
        """Nothing was done yet."""
        moved = ScopeMoved(
            parties.scope, parties.table("source"), parties.table("target"), "checking"
        )
        return cls(moved, segments, bucket=parties.source.table.bucket)

    @classmethod
    def of(cls, text: str) -> State:
        """The state of a text."""
        found = orjson.loads(text)
        moved = found.pop("moved")
        proven, lasting = _digest(moved.pop("proven")), _digest(found.pop("lasting"))
        return cls(ScopeMoved(**moved, proven=proven), **found, lasting=lasting)

    @property
    def text(self) -> str:
        """As it is kept; a checksum is too long for a number of JSON."""
        return orjson.dumps(_kept(asdict(self))).decode()


def moment_of(seconds: float) -> dt.datetime:
    """A point in time of epoch seconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _kept(state: dict[str, object]) -> dict[str, object]:
    return {
        name: f"{value:x}"
        if name == "checksum"
        else _kept(value)
        if isinstance(value, dict)
        else value
        for name, value in state.items()
    }


def _digest(found: dict[str, str] | None) -> Digest | None:
    if found is None:
        return None
    return Digest(int(found["items"]), int(found["size_bytes"]), int(found["checksum"], 16))
