"""Comparing: a checkpoint as two savers give it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from langgraph.checkpoint.base import CheckpointTuple, get_checkpoint_id

from .old_table import VERBATIM

Form = tuple[str, bytes]
"""A value, serialized."""

Write = tuple[str, str, Any]
"""Task id, channel and value."""


@frozen
class Difference:
    """Something that the two savers do not give back alike.

    Attributes:
        thread_id: the thread.
        namespace: of the checkpoint.
        checkpoint_id: its id; "" where it is about all of the thread.
        what: what differs.
    """

    thread_id: str
    namespace: str
    checkpoint_id: str
    what: str

    def __str__(self) -> str:
        if not self.checkpoint_id:
            return f"thread {self.thread_id!r}: {self.what}"
        of = f" of {self.namespace!r}" if self.namespace else ""
        return f"thread {self.thread_id!r}, checkpoint {self.checkpoint_id}{of}: {self.what}"


def differing(old: CheckpointTuple, new: CheckpointTuple, writes: Sequence[Write]) -> list[str]:
    """What the new saver gives back otherwise than the old one.

    Args:
        old: as the old saver gives it back.
        new: as the new one does.
        writes: those of the old saver, in the order in which they are applied.
    """
    before, after = forms(old, writes), forms(new, new.pending_writes or ())
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def forms(found: CheckpointTuple, writes: Sequence[Write]) -> dict[str, Form]:
    """All that a saver gives back, by name, so that equal values have equal forms.

    Values are compared as they are serialized: not all that are equal say so.
    """
    parent = found.parent_config and get_checkpoint_id(found.parent_config)
    named = {
        "the id": found.config["configurable"]["checkpoint_id"],
        "the parent": parent or None,
        "the writes of tasks": [list(each) for each in writes],
    }
    header: Mapping[str, Any] = {**found.checkpoint}
    named |= dict(_named("channel", header["channel_values"]))
    named |= dict(_named("metadata", found.metadata))
    named |= {name: value for name, value in header.items() if name != "channel_values"}
    return {name: VERBATIM.dumps_typed(value) for name, value in named.items()}


def _named(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((f"{kind} {name!r}", value) for name, value in values.items())
