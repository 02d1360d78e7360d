"""Known: how far transcripts went when this process read or wrote them last."""

from __future__ import annotations

import datetime as dt

from attrs import asdict, frozen

from ..kept import Kept

REMEMBERED = 100  # transcripts; one of 10,000 entries takes some 1 MB


@frozen
class Place:
    """Where a transcript is: the fields of its key.

    Attributes:
        framework: of the agent that writes it.
        project_key: its project.
        session_id: as the agent has it.
        subpath: of an agent that was called in, or "".
    """

    framework: str
    project_key: str
    session_id: str
    subpath: str = ""

    @property
    def key(self) -> dict[str, str]:
        """The fields of its header's key."""
        return asdict(self)

    @property
    def session(self) -> dict[str, str]:
        """The fields of the partition's key."""
        return {name: value for name, value in self.key.items() if name != "subpath"}


@frozen
class Known:
    """How far a transcript went.

    Attributes:
        began: when it did.
        last: number of what was appended last.
        owner: for which session that was, or None.
        ids: those of all of its entries.
    """

    began: dt.datetime
    last: int
    owner: str | None
    ids: frozenset[str]


class Transcripts:
    """The transcripts that were read or written last. Threads may share it."""

    def __init__(self) -> None:
        """Nothing is remembered."""
        self._known: Kept[Place, Known] = Kept(REMEMBERED)

    def known(self, place: Place) -> Known | None:
        """How far a transcript went when it was read or written last; None where that is not known."""
        return self._known.get(place)

    def keep(self, place: Place, known: Known | None) -> None:
        """Remember how far a transcript goes; None: that there is none."""
        if known is None:
            self._known.forget(place)
        else:
            self._known.keep(place, known)
