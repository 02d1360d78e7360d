"""Pending writes: what a task wrote after a checkpoint, as bytes in the item of its task."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from attrs import frozen

from ...errors import DataError
from ...payload_forms import Unreadable, form_of, value_of
from .contents import Value

COMPRESS_OVER_BYTES = (
    1_024  # as of payloads: what fits a write unit costs no less when it is smaller
)


@frozen
class TaskWrite:
    """One write of a task.

    Attributes:
        channel: what it is written to.
        value: what is written, serialized.
    """

    channel: str
    value: Value


@frozen
class Pending:
    """A write that the next checkpoint is to be made of.

    Attributes:
        task_id: the task that wrote it.
        channel: what it is written to.
        value: what is written, serialized.
    """

    task_id: str
    channel: str
    value: Value


@frozen
class Elsewhere:
    """A write that is stored by itself, because it is large.

    Attributes:
        name: of its `CheckpointValue`.
    """

    name: str


def packed_write(write: TaskWrite) -> bytes:
    """The bytes of a write."""
    line = orjson.dumps([write.channel, write.value.type]) + b"\n"
    form = {"B": line + write.value.data}
    return bytes(form_of(form, compress=len(form["B"]) > COMPRESS_OVER_BYTES))


def packed_elsewhere(elsewhere: Elsewhere) -> bytes:
    """The bytes that stand for a write that is stored by itself."""
    return bytes(form_of({"B": orjson.dumps([elsewhere.name]) + b"\n"}, compress=False))


def write_of(form: bytes) -> TaskWrite | Elsewhere:
    """The write that some bytes hold, or where it is.

    Raises:
        DataError: they are damaged.
    """
    try:
        data: bytes = value_of(form)["B"]
        end = data.index(b"\n")
        named = orjson.loads(data[:end])
    except (Unreadable, ValueError, KeyError) as error:
        raise DataError(f"a write of a task is damaged: {error}") from error
    if len(named) == 1:
        return Elsewhere(named[0])
    channel, type_ = named
    return TaskWrite(channel, Value(type_, data[end + 1 :]))


def in_place_order(writes: Mapping[str, bytes]) -> list[tuple[int, bytes]]:
    """The writes of a task by their places, which are numbers."""
    return sorted((int(place), form) for place, form in writes.items())
