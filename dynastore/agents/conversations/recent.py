"""Recent: what a process has read or written last, so that it need not ask whether it is there.

A header or a run that is new is created, one that is there is changed: a request each, if the guess
is right, and one more if it is not.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import TypeVar

from attrs import evolve, frozen

from ..metrics.entities import MetricProgress
from .entities import Session

T = TypeVar("T")

TALLIED = 1_000  # sessions whose runs are remembered; each run takes some 100 bytes
# Of a session, whose texts are compared: a team's turn has the runs of several agents.
LAST_RUNS = 4
REMEMBERED = 10_000  # of each kind; one takes some 300 bytes


@frozen
class Place:
    """Where a run is: the fields of its key.

    Attributes:
        session_id: the session it belongs to.
        created_at: when it began.
        run_id: its id.
        incarnation: of the session.
    """

    session_id: str
    created_at: dt.datetime
    run_id: str
    incarnation: str = ""


@frozen
class Known:
    """What is known of a session that is there.

    Attributes:
        incarnation: which one it is; None where it was not read, nor made here.
        user_id: whose it is, or None.
        passages: digests of those that it has.
        alike: of its last runs, run id -> digest of the text that others may have too.
    """

    incarnation: str | None
    user_id: str | None = None
    passages: frozenset[str] = frozenset()
    alike: Mapping[str, str | None] = {}


@frozen
class Tally:
    """The runs that a session was saved with.

    Attributes:
        models: run id -> what it ran on, ``-`` where that is not said; None where the session has lost
            count, and its runs are read instead.
        edition: of the session's header.
    """

    models: Mapping[str, str] | None
    edition: int


class Recent:
    """What was read or written last. Threads may share it."""

    def __init__(self) -> None:
        """Nothing is remembered."""
        self._sessions: OrderedDict[str, Known] = OrderedDict()
        self._places: OrderedDict[str, Place] = OrderedDict()
        self._ended: OrderedDict[str, bool] = OrderedDict()
        self._asking: OrderedDict[str, bool] = OrderedDict()
        self._tallies: OrderedDict[str, Tally] = OrderedDict()
        self._gone: OrderedDict[str, bool] = OrderedDict()
        self.metered: MetricProgress | None = None  # how far figures were calculated
        self.metered_at = 0.0  # when that was tried, in seconds since 1970
        self._lock = Lock()

    def has_session(self, session_id: str) -> bool:
        """Whether a session was there when it was read or written last."""
        with self._lock:
            return session_id in self._sessions

    def may_write(self, session_id: str, user_id: str) -> bool:
        """Whether a session was a user's, or nobody's, when it was read or written last."""
        known = self.known(session_id)
        return (
            known is not None and known.incarnation is not None and known.user_id in {None, user_id}
        )

    def keep_user(self, session_id: str, user_id: str | None) -> None:
        """Remember whose a session is that is there."""
        with self._lock:
            known = self._sessions.get(session_id)
            if known is not None:
                self._sessions[session_id] = evolve(known, user_id=user_id)

    def known(self, session_id: str) -> Known | None:
        """A session as it was when it was read or written last; None where it was not there."""
        with self._lock:
            return self._sessions.get(session_id)

    def place(self, run_id: str) -> Place | None:
        """Where a run was when it was read or written last; None where it was not."""
        with self._lock:
            return self._places.get(run_id)

    def tally(self, session_id: str) -> Tally | None:
        """The runs that a session had when it was read or saved last; None where it was not."""
        with self._lock:
            return self._tallies.get(session_id)

    def keep_tally(self, session_id: str, tally: Tally) -> None:
        """Remember the runs of a session."""
        with self._lock:
            _keep(self._tallies, session_id, tally, TALLIED)

    def forget_tally(self, session_id: str) -> None:
        """Forget which runs a session has."""
        with self._lock:
            self._tallies.pop(session_id, None)

    def keep_session(self, session_id: str, known: Known) -> None:
        """Remember a session that was read."""
        with self._lock:
            self._keep_known(session_id, known)

    def keep_header(self, header: Session) -> None:
        """Remember which session is there, and whose; what was known of another one is forgotten."""
        with self._lock:
            known = self._sessions.get(header.session_id)
            if known is None or known.incarnation != header.incarnation:
                known = Known(header.incarnation)
            self._keep_known(header.session_id, evolve(known, user_id=header.user_id))

    def keep_there(self, session_id: str) -> None:
        """Remember that there is a session that was not read."""
        with self._lock:
            self._keep_known(session_id, Known(None))

    def _keep_known(self, session_id: str, known: Known) -> None:
        before = self._sessions.get(session_id)
        if before is None or before.incarnation != known.incarnation:
            self._tallies.pop(session_id, None)  # they were another one's runs
        _keep(self._sessions, session_id, known)

    def keep_passage(self, session_id: str, incarnation: str, digest: str) -> None:
        """Remember a passage of a session that is there."""
        with self._lock:
            known = self._sessions.get(session_id)
            if known is not None and known.incarnation == incarnation:
                passages = known.passages | {digest}
                self._sessions[session_id] = evolve(known, passages=passages)

    def keep_alike(self, run: Place, digest: str | None) -> None:
        """Remember the text of a session's last run that others may have too."""
        with self._lock:
            known = self._sessions.get(run.session_id)
            if known is not None and known.incarnation == run.incarnation:
                rest = {of: said for of, said in known.alike.items() if of != run.run_id}
                last = [*rest.items(), (run.run_id, digest)][-LAST_RUNS:]
                self._sessions[run.session_id] = evolve(known, alike=dict(last))

    def keep_run(self, place: Place) -> None:
        """Remember where a run is."""
        with self._lock:
            _keep(self._places, place.run_id, place)

    def keep_ended(self, run_id: str, *, is_new: bool) -> None:
        """Remember of a run that was just saved whether it was so for the first time, and had ended."""
        with self._lock:
            self._ended.pop(run_id, None)
            if is_new and run_id not in self._asking:
                _keep(self._ended, run_id, True)

    def keep_asking(self, run_id: str) -> None:
        """Remember that a run asks for an approval."""
        with self._lock:
            self._ended.pop(run_id, None)
            _keep(self._asking, run_id, True)

    def take_unasking(self, run_id: str) -> bool:
        """Whether a run ended when it was saved first, and asked for no approval; then forgets that."""
        with self._lock:
            return self._ended.pop(run_id, False)

    def forget_session(self, session_id: str) -> None:
        """Forget a session that is not there any more, and its passages."""
        with self._lock:
            if self._sessions.pop(session_id, None) is not None:
                _keep(self._gone, session_id, True)
            self._tallies.pop(session_id, None)

    def take_gone(self, session_id: str) -> bool:
        """Whether a session that was there is there no more; then forgets that."""
        with self._lock:
            return self._gone.pop(session_id, False)

    def forget_run(self, run_id: str) -> None:
        """Forget a run that is not there any more."""
        with self._lock:
            self._places.pop(run_id, None)


def _keep(kept: OrderedDict[str, T], name: str, value: T, most: int = REMEMBERED) -> None:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > most:
        kept.popitem(last=False)
