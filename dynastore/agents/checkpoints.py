"""Checkpoints: where a thread of work stands, so that another process can go on."""

from __future__ import annotations

from typing import Any

from ..entity import entity
from ..patterns import key
from ..payload_fields import payload


@entity("checkpoint")
class Checkpoint:
    """The state of a thread after a step.

    Attributes:
        thread_id: unique in its scope.
        namespace: of a graph inside the graph; "" is the outermost.
        checkpoint_id: sorts as checkpoints follow each other.
        parent_id: the checkpoint that this one follows, or None for the first.
        step: number of the step, from 0.
        state: as JSON.
    """

    thread_id: str
    namespace: str = ""
    checkpoint_id: str
    parent_id: str | None = None
    step: int
    state: dict[str, Any] = payload(factory=dict)

    primary = key("TH#{thread_id}", "C#{namespace}#{checkpoint_id}")
