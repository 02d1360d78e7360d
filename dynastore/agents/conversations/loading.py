"""Loading: sessions with their runs, by one strongly consistent query of each session's partition."""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, evolve, frozen

from ...entities.spec import Ref, ref
from ...operations.interleaved import all_of
from ...operations.reading.reader import Reader
from ...operations.reading.reads import get, get_many, opened, read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import Passage, Run, Session
from .incarnations import current, incarnation_of
from .recent import LAST_RUNS, Known, Place, Recent, Tally
from .returning import brought_back, check_here

NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # sorts before whatever was saved
NO_MODEL = "-"  # what a run ran on that does not say so
SLIM = (
    *("session_id", "run_id", "created_at", "incarnation", "run_index", "kind", "status"),
    *("agent_id", "team_id", "workflow_id", "user_id", "parent_run_id", "updated_at", "model"),
)


@frozen
class Loaded:
    """A session that was read.

    Attributes:
        session: its header.
        runs: in the order of their places in it.
    """

    session: Session
    runs: Sequence[Run]


@frozen
class Latest:
    """Which of a session's runs are wanted.

    Attributes:
        count: how many of the last ones, 0 or more.
        among: tells which runs count.
    """

    count: int
    among: Callable[[Run], bool]


def place_of(run: Run) -> Place:
    """Where a run is."""
    return Place(run.session_id, run.created_at, run.run_id, run.incarnation)


def model_of(run: Run) -> str:
    """What a run ran on, as a tally has it."""
    return run.model or NO_MODEL


def in_order(runs: Iterable[Run]) -> list[Run]:
    """Runs by their places in the session; those without one come first, then by time."""
    return sorted(runs, key=_rank)


def _rank(run: Run) -> tuple[bool, int, dt.datetime, str]:
    return run.run_index is not None, run.run_index or 0, run.created_at, run.run_id


def one_each(runs: Iterable[Run]) -> list[Run]:
    """Runs without those that were saved again with another beginning: the first one's place stays."""
    found: dict[str, Any] = {}
    for run in sorted(runs, key=_saved):
        first = found.get(run.run_id)
        if first is None:
            found[run.run_id] = run
            continue
        saved: Any = run
        place = {"created_at": first.created_at, "run_index": first.run_index}
        found[run.run_id] = evolve(saved, **place)
    return [*found.values()]


def saved_last(runs: Iterable[Run]) -> list[Run]:
    """Runs without those that were saved again with another beginning: as each was saved last."""
    return [*{each.run_id: each for each in sorted(runs, key=_saved)}.values()]


def _saved(run: Run) -> dt.datetime:
    return run.updated_at or NEVER


def load(
    schema: Schema, recent: Recent, session_id: str, latest: Latest | None = None
) -> Steps[Loaded | None]:
    """A session with its runs: one request for each 1 MB of them.

    Args:
        schema: where it is.
        recent: then remembers what was read.
        session_id: its id.
        latest: the only runs that are wanted; all without. They take one request too, unless many
            of the last runs do not count or began in the same second.

    Returns:
        The session; None where there is no header, though there may be runs.
    """
    return (yield from brought_back(schema, lambda: _load(schema, recent, session_id, latest)))


def _load(
    schema: Schema, recent: Recent, session_id: str, latest: Latest | None
) -> Steps[Loaded | None]:
    ask = Ask(newest_first=True, consistent=True)
    plan = schema.plan_collection((Session, Run, Passage), {"session_id": session_id}, (), ask)
    reader = yield from opened(schema, plan)
    first = yield from reader.page(_at_once(latest))
    header = first.entities[0] if first.entities else None
    if not isinstance(header, Session):
        recent.forget_session(session_id)
        return None
    found = current(first.entities[1:], header.incarnation)
    yield from _read_on(reader, found, header, more=first.cursor is not None, latest=latest)
    copies = [each for each in found if isinstance(each, Run)]
    passages = [each for each in found if isinstance(each, Passage)]
    recent.keep_session(session_id, _known(header, passages, copies))
    runs = _wanted(copies, latest)
    keep_places(recent, copies)
    if latest is None:
        _remember(recent, header, runs)
    return Loaded(header, _filled(in_order(runs), passages))


def _known(header: Session, passages: Iterable[Passage], runs: Sequence[Run]) -> Known:
    """What is known of a session by its passages, and by some of its runs, newest first."""
    alike = {each.run_id: each.passage for each in reversed(runs[:LAST_RUNS])}
    # A run that is read by itself looks for its passage under its own incarnation only.
    own = (each.digest for each in passages if each.incarnation == header.incarnation)
    return Known(header.incarnation, header.user_id, frozenset(own), alike)


def keep_places(recent: Recent, runs: Sequence[Run]) -> None:
    """Remember where runs are, but not those that are in several places."""
    times = Counter(each.run_id for each in runs)
    for each in runs:
        if times[each.run_id] == 1:
            recent.keep_run(place_of(each))
        else:
            recent.forget_run(each.run_id)


def _remember(recent: Recent, header: Session, runs: Iterable[Run]) -> None:
    """Remember all runs of a session, unless it was saved with others that are still on their way.

    One that has lost count has lost it for ever: a run that it was saved with may come any time.
    """
    models = {run.run_id: model_of(run) for run in runs}
    if header.tally is None:
        recent.keep_tally(header.session_id, Tally(None, header.edition))
    elif header.tally == Counter(models.values()):
        recent.keep_tally(header.session_id, Tally(models, header.edition))
    else:
        recent.forget_tally(header.session_id)


def _at_once(latest: Latest | None) -> int | None:
    """How many items are read first.

    The header, a passage, the runs, and one more that tells whether the last of them is alone in its
    second.
    """
    return None if latest is None else min(latest.count, sys.maxsize - 3) + 3


def _read_on(
    reader: Reader, found: list[Any], header: Session, *, more: bool, latest: Latest | None
) -> Steps[None]:
    """Add to what was found of a session until the runs that are wanted are among it."""
    while more and not _suffices([each for each in found if isinstance(each, Run)], latest):
        page = yield from reader.page(_at_once(latest))
        found += current(page.entities, header.incarnation)
        more = page.cursor is not None


def _wanted(copies: Sequence[Run], latest: Latest | None) -> list[Run]:
    """The runs that are wanted: all, or the last ones of those that were read."""
    runs = one_each(copies)
    if latest is None:
        return runs
    counted = in_order(filter(latest.among, runs))
    return counted[len(counted) - min(latest.count, len(counted)) :]


def _suffices(found: Sequence[Run], latest: Latest | None) -> bool:
    """Whether no run that is older than those found can be wanted."""
    if latest is None:
        return False
    counted = filter(latest.among, one_each(found))
    began = sorted((each.created_at for each in counted), reverse=True)
    if len(began) < latest.count:
        return False
    return not began or not latest.count or found[-1].created_at < began[latest.count - 1]


def restored(schema: Schema, runs: Sequence[Run]) -> Steps[list[Run]]:
    """Runs with the passages that were cut out of them: a request for each 100 of these.

    Raises:
        SessionsAway: some are archived.
    """
    cut = [each for each in runs if each.passage_at is not None]
    check_here(runs)
    refs = [*dict.fromkeys(passage_of(each) for each in cut)]
    found = yield from get_many(schema, refs, consistent=True)
    return _filled(runs, [each for each in found if each is not None])


def passage_of(run: Run) -> Ref[Passage]:
    """The passage that was cut out of a run."""
    where = {"session_id": run.session_id, "incarnation": run.incarnation}
    return ref(Passage, **where, digest=run.passage)


def _filled(runs: Sequence[Run], passages: Sequence[Passage]) -> list[Run]:
    """Runs with their passages.

    Raises:
        SessionsAway: some are archived.
    """
    cut = {each.passage for each in runs if each.passage_at is not None}
    check_here([*runs, *(each for each in passages if each.digest in cut)])
    texts = {each.digest: each.text for each in passages}
    return [_whole(each, texts) for each in runs]


def _whole(run: Any, texts: Mapping[str, bytes]) -> Any:
    """A run with its passage. Where that is gone, because the session was deleted, it is empty."""
    if run.passage_at is None:
        return run
    text = texts.get(run.passage, b"")
    content = run.content[: run.passage_at] + text + run.content[run.passage_at :]
    return evolve(run, content=content, passage_at=None)


def load_many(
    schema: Schema, recent: Recent, session_ids: Sequence[str], *, runs: bool
) -> Steps[list[Loaded | None]]:
    """Sessions, with their runs or without: a request each, or one for each 100, sent together."""
    if runs:
        return (yield from all_of(load(schema, recent, each) for each in session_ids))
    refs = [ref(Session, session_id=each) for each in session_ids]
    found = yield from get_many(schema, refs, consistent=True)
    return [None if each is None else Loaded(each, ()) for each in found]


def runs_of(schema: Schema, session_id: str, fields: tuple[str, ...]) -> Steps[list[Any]]:
    """Some fields of the runs of a session; in no order."""
    ask = Ask(consistent=True, selected=fields)
    plan = schema.plan(Run, {"session_id": session_id}, (), ask)
    return (yield from read_all(schema, plan))


def whole_runs(schema: Schema, session_id: str, *, awaited: str | None = None) -> Steps[list[Run]]:
    """The runs of a session; in no order.

    Args:
        schema: where they are.
        session_id: its id.
        awaited: the incarnation that it is going to have, if it is not there yet.
    """
    return (yield from brought_back(schema, lambda: _whole_runs(schema, session_id, awaited)))


def _whole_runs(schema: Schema, session_id: str, awaited: str | None) -> Steps[list[Run]]:
    ask = Ask(consistent=True)
    plan = schema.plan_collection((Session, Run, Passage), {"session_id": session_id}, (), ask)
    read = yield from read_all(schema, plan)
    header = next((each for each in read if isinstance(each, Session)), None)
    others = (each for each in read if not isinstance(each, Session))
    found = current(others, awaited if header is None else header.incarnation)
    runs = one_each(each for each in found if isinstance(each, Run))
    return _filled(runs, [each for each in found if isinstance(each, Passage)])


def slim_runs(schema: Schema, session_id: str, incarnation: str) -> Steps[list[Run]]:
    """The runs of a session without what is in them; in no order."""
    return one_each((yield from slim_copies(schema, session_id, incarnation)))


def slim_copies(schema: Schema, session_id: str, incarnation: str) -> Steps[list[Run]]:
    """The runs of a session without what is in them, all that there are of each; in no order."""
    found = yield from runs_of(schema, session_id, SLIM)
    return current((Run(**each) for each in found), incarnation)


def load_run(schema: Schema, recent: Recent, run_id: str) -> Steps[Run | None]:
    """A run by its id: one request where this process knows it; else two, the first on an index.

    One more reads the passage that was cut out of it.

    An index may lag by a second, so a run that another process has just saved may not be found yet.
    """
    return (yield from brought_back(schema, lambda: _load_run(schema, recent, run_id)))


def _load_run(schema: Schema, recent: Recent, run_id: str) -> Steps[Run | None]:
    known = recent.place(run_id)
    if known is not None:
        run = yield from get(schema, Run, key_of(known), consistent=True)
        if run is not None:
            return (yield from restored(schema, [run]))[0]
        recent.forget_run(run_id)
    copies = yield from runs_by_id(schema, run_id)
    if len(copies) > 1:
        copies = yield from _of_sessions(schema, recent, copies)
    if any(each.archived for each in copies):  # an index may tell of what has come back since
        refs = [ref(Run, **key_of(place_of(each))) for each in copies]
        now = yield from get_many(schema, refs, consistent=True)
        copies = [each for each in now if each is not None]
    found = one_each((yield from restored(schema, copies)))
    keep_places(recent, copies)
    return found[0] if found else None


def _of_sessions(schema: Schema, recent: Recent, copies: Sequence[Run]) -> Steps[list[Run]]:
    """Of the runs under an id those that belong to the sessions that there are."""
    ids = [*dict.fromkeys(each.session_id for each in copies)]
    found = yield from all_of(incarnation_of(schema, recent, each) for each in ids)
    now = dict(zip(ids, found, strict=True))
    return [each for each in copies if each.incarnation in {"", now[each.session_id]}]


def runs_by_id(schema: Schema, run_id: str) -> Steps[list[Run]]:
    """The runs that an index has under an id: one, unless it was saved with several beginnings."""
    return (yield from read_all(schema, schema.plan(Run, {"run_id": run_id})))


def key_of(place: Place) -> dict[str, Any]:
    """The fields of a run's key."""
    return asdict(place)
