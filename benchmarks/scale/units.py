"""What calls take of each index, in units: of entities as large as those of real conversations."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

import orjson
from attrs import evolve, frozen

from dynastore.agents import Run, Session, Thread, agent_schema
from dynastore.agents.traces.summaries import SpanSummary, TraceSummary, header_of, span_of
from dynastore.capacity import item_bytes, read_units
from dynastore.cli.conversations import Conversation, conversations, entities_of
from dynastore.clients.metering import Image, entry, projected, written
from dynastore.table import PRIMARY, Index

from ..payloads import VARIABLE

SAMPLE = 50  # conversations
INDEXES = (PRIMARY, *agent_schema().table.indexes)
LISTED = 20  # sessions of a page of a list
REMEMBERED = 10  # memories of a user
RUN_ID = "6f1c2a9e-0d3b-4c57-9a58-2b7f4f0e1d33"  # as long as they are

Units: TypeAlias = Mapping[int, float]
"""Index number -> write units, on average."""


@frozen
class Sizes:
    """What calls take.

    Attributes:
        created: tag -> units of an entity that was not there.
        resaved: units of a session's header after a turn.
        loaded: read units of a session with its runs, half-way on average.
        remembered: read units of a user's memories.
        listed: read units of a page of sessions.
        session_bytes: index number -> bytes of all that a session leaves there, on average.
        turns: of a session, on average.
    """

    created: Mapping[str, Units]
    resaved: Units
    loaded: float
    remembered: float
    listed: float
    session_bytes: Mapping[int, float]
    turns: float


@cache
def sizes() -> Sizes:
    """Those of the conversations that ``DYNASTORE_CONVERSATIONS`` names, or of the demo's."""
    named = os.environ.get(VARIABLE)
    found = conversations(Path(named) if named else None)[:SAMPLE]
    made = [each for conversation in found for each in _entities(conversation)]
    by_tag: dict[str, list[Any]] = {}
    for each in made:
        by_tag.setdefault(agent_schema().codec(type(each)).spec.tag, []).append(each)
    memory, header = (_bytes(by_tag[tag][0]) for tag in ("memory", "session"))
    turns = len(by_tag["run"]) / len(found)
    runs = fmean(map(_bytes, by_tag["run"]))
    return Sizes(
        {tag: _mean(_units(None, each) for each in some) for tag, some in by_tag.items()},
        _mean(_units(*pair) for pair in map(_saved_again, by_tag["session"])),
        read_units(int(header + runs * turns / 2), consistent=True),
        read_units(REMEMBERED * memory, consistent=False),
        read_units(LISTED * _held(INDEXES[1], by_tag["session"][:1]), consistent=False),
        {each.number: _held(each, made) / len(found) for each in INDEXES},
        turns,
    )


def _entities(conversation: Conversation) -> Iterator[Any]:
    """What remembers a conversation, its traces included."""
    for each in entities_of(conversation):
        yield each
        if isinstance(each, Session):
            yield Thread(
                thread_id=each.session_id,
                user_id=each.user_id,
                component=each.component,
                title=each.title,
                created_at=each.created_at,
            )
        if isinstance(each, Run):
            yield from _traced(each, conversation.user_id)


def _traced(run: Run, user_id: str) -> Iterator[Any]:
    """A trace of a run, and the span of its model, which holds what was said."""
    second = dt.timedelta(seconds=1)
    yield header_of(
        TraceSummary(
            trace_id=RUN_ID.replace("-", ""),
            name="support.run",
            status="OK",
            start_time=run.created_at,
            end_time=run.created_at + second,
            duration_ms=1_000,
            run_id=RUN_ID,
            session_id=run.session_id,
            user_id=user_id,
            agent_id="support",
            created_at=run.created_at,
        )
    )
    summary = SpanSummary(
        trace_id=RUN_ID.replace("-", ""),
        span_id=RUN_ID[:16],
        parent_id=RUN_ID[:16],
        name="support.model",
        kind="LLM",
        status="OK",
        start_time=run.created_at,
        duration_ms=900,
    )
    yield span_of(summary, orjson.dumps(run.messages))


def _saved_again(session: Any) -> tuple[Any, Any]:
    """A header before a turn and after it."""
    later = (session.updated_at or session.created_at) + dt.timedelta(minutes=1)
    return session, evolve(session, updated_at=later, run_count=session.run_count + 1)


def _units(before: Any, after: Any) -> Units:
    old, new = _image(before), _image(after)
    alone = written((), old, new)
    indexes = {each.number: written([each], old, new) - alone for each in INDEXES[1:]}
    return {0: alone, **indexes}


def _image(entity: Any) -> Image | None:
    if entity is None:
        return None
    item = agent_schema().codec(type(entity)).encode(entity, "")
    return Image(item, item_bytes(item))


def _mean(some: Iterable[Units]) -> Units:
    found = [*some]
    return {number: fmean(each[number] for each in found) for number in found[0]}


def _bytes(entity: Any) -> int:
    image = _image(entity)
    assert image is not None
    return image.size


def _held(index: Index, entities: Iterable[Any]) -> int:
    """Bytes that entities take in an index."""
    items = [image.item for each in entities if (image := _image(each)) is not None]
    return sum(item_bytes(projected(index, each)) for each in items if entry(index, each))
