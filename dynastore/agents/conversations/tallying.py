"""Tallying: how many runs sessions have on which model, without reading the runs.

A session is saved with the runs that it has then, and its header keeps how many these are: the header
is written anyway. A run that is saved without its session says so, in a sparse index. So the runs of a
session are read only where its header does not know them, or where an index says that there are more.

A tally holds as long as nobody else saves the session: each save counts its editions, and one that is
based on another edition leaves no tally. None is made again: a run that is in a tally does not say so when
it is saved, and may be saved after that tally is gone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from ...changes import increment
from ...entities.spec import ref
from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import read_all
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import since
from ...writes import Update
from .entities import Run, Session
from .loading import model_of, slim_runs
from .recent import Recent

# A session may begin after its first run was saved, by clocks that differ.
BEFORE = dt.timedelta(days=1)


def counted(models: Mapping[str, str]) -> dict[str, int]:
    """How many runs there are on which model."""
    return dict(Counter(models.values()))


def marked(recent: Recent, run: Any) -> Run:
    """A run that says whether its session was saved with it, unless that has lost count."""
    tally = recent.tally(run.session_id)
    if tally is not None and tally.models is None:
        return run  # type: ignore[no-any-return]
    model = None if tally is None or tally.models is None else tally.models.get(run.run_id)
    noted: Run = evolve(run, untallied_at=None if model == model_of(run) else run.updated_at)
    return noted


def tallied(
    schema: Schema, sessions: Sequence[Session]
) -> Steps[list[tuple[Session, Mapping[str, int]]]]:
    """Sessions with how many runs they have on which model; ``-`` where that is not said.

    One request, and one for each session whose runs have to be read.

    Args:
        schema: where they are.
        sessions: as they are stored; at least one.
    """
    first = min(each.created_at for each in sessions)
    more = yield from _untallied(schema, first)
    unknown = [each for each in sessions if each.tally is None or each.session_id in more]
    runs = yield from all_of(
        slim_runs(schema, each.session_id, each.incarnation) for each in unknown
    )
    read = {
        each.session_id: Counter(map(model_of, found))
        for each, found in zip(unknown, runs, strict=True)
    }
    return [(each, read.get(each.session_id, each.tally or {})) for each in sessions]


def _untallied(schema: Schema, first: dt.datetime) -> Steps[set[str]]:
    """The sessions that have runs which were saved without them, since some time."""
    where = {"untallied_at": since(first - BEFORE)}
    plan = schema.plan(Run, where, (), Ask(selected=("session_id",)))
    return {each["session_id"] for each in (yield from read_all(schema, plan))}


def untally(schema: Schema, recent: Recent, session_ids: Iterable[str]) -> Steps[None]:
    """Let the tallies of sessions be unknown, because runs of theirs are gone: a request each."""
    yield from all_of(_untally(schema, recent, each) for each in dict.fromkeys(session_ids))


def _untally(schema: Schema, recent: Recent, session_id: str) -> Steps[None]:
    recent.forget_tally(session_id)
    target: Any = ref(Session, session_id=session_id)
    try:
        yield from write(schema, Update(target, tally=None, edition=increment(1)))
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise
