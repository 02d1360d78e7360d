"""Copying a thread: all that belongs to it, under another id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from attrs import evolve

from ...errors import AlreadyExists, RequestError
from ...operations.reading.reads import get, read_all
from ...operations.writing.batches import put_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import BATCH_WRITES, Steps
from ...schema import Schema
from ...writes import Create
from ..checkpoints import Checkpoint, CheckpointValue, TaskWrites, Thread
from .examining import ref_of
from .keeping import Keeping
from .loading import read_refs, reading


def copy_thread(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Copy a thread: what its checkpoints refer to, then they, from the oldest on, then its header.

    So the checkpoints that are there after a failure can be read, and it can be called again.

    What the target has already stays: what was pruned or added there may refer to it as it is.

    Args:
        schema: where both are.
        source: id of the thread to copy.
        target: id of the copy.
        keeping: how it is read.

    Raises:
        RequestError: the target has other checkpoints under the same ids.
    """
    yield from _refuse_others(schema, source, target, keeping)
    for cls in (CheckpointValue, TaskWrites, Checkpoint):
        there = {*(yield from read_refs(schema, cls, {"thread_id": target}, keeping))}
        reader = yield from reading(schema, cls, {"thread_id": source}, keeping)
        while True:
            page = yield from reader.page(None)
            copies: Iterator[Any] = (evolve(each, thread_id=target) for each in page.entities)
            missing = (each for each in copies if ref_of(each) not in there)
            while some := list(islice(missing, BATCH_WRITES)):
                yield from put_many(schema, some)
            if page.cursor is None:
                break
    header: Any = yield from get(
        schema, Thread, {"thread_id": source}, consistent=keeping.consistent
    )
    if header is not None:
        with suppress(AlreadyExists):
            yield from write(schema, Create(evolve(header, thread_id=target)))


def _refuse_others(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Refuse to replace checkpoints of the target with others: its own may refer to them."""
    there = yield from _marks(schema, target, keeping)
    if not there:
        return
    ours = yield from _marks(schema, source, keeping)
    others = sorted(place for place in ours.keys() & there.keys() if ours[place] != there[place])
    if others:
        namespace, checkpoint_id = others[0]
        raise RequestError(
            f"thread {target!r} has other checkpoints than thread {source!r} under {len(others)} of "
            f"its ids, such as {checkpoint_id} of namespace {namespace!r}; copy it to a new thread, or "
            "delete this one first"
        )


def _marks(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[dict[tuple[str, str], str]]:
    """Namespace and id of each checkpoint of a thread -> its mark."""
    ask = Ask(consistent=keeping.consistent, selected=("namespace", "checkpoint_id", "mark"))
    found = yield from read_all(schema, schema.plan(Checkpoint, {"thread_id": thread_id}, (), ask))
    return {(each["namespace"], each["checkpoint_id"]): each["mark"] for each in found}
