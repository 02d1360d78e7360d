"""Stored: the items of a thread, as they are there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ...entities.spec import Ref, ref
from ...operations.reading import reads
from ...operations.reading.reader import Reader
from ...operations.reading.reads import opened
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import Combined
from .entities import Checkpoint
from .keeping import Keeping
from .saving import Place

CHECKPOINTS_AT_ONCE = 100  # read first: of most threads all that the newest refers to


def place_of(checkpoint: Checkpoint) -> Place:
    """Where a checkpoint is."""
    return Place(checkpoint.thread_id, checkpoint.namespace, checkpoint.checkpoint_id)


def is_shown(checkpoint: Checkpoint, now: dt.datetime) -> bool:
    """Whether a checkpoint is given back: it is not hidden, and its time is not over."""
    return checkpoint.hidden_at is None and (checkpoint.until is None or checkpoint.until > now)


def reading(
    schema: Schema,
    cls: type[Any],
    where: Mapping[str, Any],
    keeping: Keeping,
    *filters: Combined,
    newest_first: bool = False,
) -> Steps[Reader]:
    """What reads the items of a class in one thread."""
    ask = Ask(newest_first=newest_first, consistent=keeping.consistent)
    return (yield from opened(schema, schema.plan(cls, where, filters, ask)))


def read_all(
    schema: Schema, cls: type[Any], where: Mapping[str, Any], keeping: Keeping
) -> Steps[list[Any]]:
    """All items of a class in one thread, between two places."""
    plan = schema.plan(cls, where, (), Ask(consistent=keeping.consistent))
    return (yield from reads.read_all(schema, plan))


def read_refs(
    schema: Schema,
    cls: type[Any],
    where: Mapping[str, Any],
    keeping: Keeping,
    *,
    newest_first: bool = False,
) -> Steps[list[Ref[Any]]]:
    """The keys of all items of a class that are found so."""
    fields = tuple(dict.fromkeys(schema.codec(cls).spec.primary.fields))
    ask = Ask(newest_first=newest_first, consistent=keeping.consistent, selected=fields)
    found = yield from reads.read_all(schema, schema.plan(cls, where, (), ask))
    return [ref(cls, **each) for each in found]
