"""Pending writes: what a task wrote after a checkpoint, as bytes in the item of its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import frozen

from ...errors import DataError
from ...values.payload_forms import Unreadable, form_of, value_of
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


def packed_together(forms: Mapping[int, bytes]) -> bytes:
    """The bytes of several writes of a task, which are stored together, by their places."""
    line = orjson.dumps({str(at): len(form) for at, form in forms.items()}) + b"\n"
    return bytes(form_of({"B": b"".join((line, *forms.values()))}, compress=False))


def write_of(form: bytes) -> TaskWrite | Elsewhere:
    """The write that some bytes hold, or where it is.

    Raises:
        DataError: they are damaged.
    """
    match _opened(form):
        case [str(name)], _:
            return Elsewhere(name)
        case [str(channel), str(type_)], data:
            return TaskWrite(channel, Value(type_, data))
    raise DataError("a write of a task is damaged: it does not begin as one")


@frozen
class Apart:
    """What is stored by itself: one write, or several.

    Attributes:
        one: the write, or None.
        several: place -> write.
    """

    one: TaskWrite | None
    several: Mapping[int, TaskWrite]

    def at(self, place: int) -> TaskWrite | None:
        """The write at a place of its task; None if it is not here."""
        return self.several.get(place, self.one)


def apart_of(content: bytes) -> Apart:
    """The writes that are stored by themselves in some bytes.

    Raises:
        DataError: they are damaged.
    """
    line, data = _opened(content)
    if not isinstance(line, dict):
        write = write_of(content)
        return Apart(write if isinstance(write, TaskWrite) else None, {})
    several: dict[int, TaskWrite] = {}
    start = 0
    for place, size in line.items():
        write = write_of(data[start : start + size])
        start += size
        if isinstance(write, TaskWrite):
            several[int(place)] = write
    return Apart(None, several)


def _opened(form: bytes) -> tuple[Any, bytes]:
    """The first line, and what follows it."""
    try:
        line, _, data = value_of(form)["B"].partition(b"\n")
        return orjson.loads(line), data
    except (Unreadable, ValueError, KeyError) as error:
        raise DataError(f"a write of a task is damaged: {error}") from error


def in_place_order(writes: Mapping[str, bytes]) -> list[tuple[int, bytes]]:
    """The writes of a task by their places, which are numbers."""
    return sorted((int(place), form) for place, form in writes.items())
