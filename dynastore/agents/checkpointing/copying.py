"""Copying a thread: all that belongs to it, under another id."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import evolve

from ...operations.reading.reads import get
from ...operations.writing.batches import put_many
from ...operations.writing.writes import write
from ...requests import BATCH_WRITES, Steps
from ...schema import Schema
from ...writes import Put
from ..checkpoints import Checkpoint, CheckpointValue, TaskWrites, Thread
from .keeping import Keeping
from .loading import reading


def copy_thread(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Copy a thread: what its checkpoints refer to, then they, from the oldest on, then its header.

    So the checkpoints that are there after a failure can be read, and it can be called again.

    What the target has already stays, unless it has the same id.

    Args:
        schema: where both are.
        source: id of the thread to copy.
        target: id of the copy.
        keeping: how it is read.
    """
    for cls in (CheckpointValue, TaskWrites, Checkpoint):
        reader = yield from reading(schema, cls, {"thread_id": source}, keeping)
        while True:
            page = yield from reader.page(None)
            copies: Iterator[Any] = (evolve(each, thread_id=target) for each in page.entities)
            while some := list(islice(copies, BATCH_WRITES)):
                yield from put_many(schema, some)
            if page.cursor is None:
                break
    header: Any = yield from get(
        schema, Thread, {"thread_id": source}, consistent=keeping.consistent
    )
    if header is not None:
        yield from write(schema, Put(evolve(header, thread_id=target)))
