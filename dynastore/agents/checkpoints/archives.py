"""Archives of threads: what state one is in, and what holds only while it is in that state.

    leaving -> archived -> returning -> back -> leaving -> ...
    leaving -> returning

Who moves items out or back does so by transactions that check the state. So nobody who is late deletes
what somebody else has brought back, or brings back what somebody else has deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import fields_dict, frozen

from ...entities.spec import ref
from ...errors import (
    AlreadyExists,
    ConditionFailed,
    ConflictError,
    DynastoreError,
    TransactionCanceled,
)
from ...operations.reading.reads import read_all
from ...operations.writing.writes import transact
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Check, Write
from ..cold import AWAY, Sized, together
from .entities import ArchiveState, ThreadArchive


@frozen
class Archive:
    """What the archive of a thread says, without what it holds.

    Attributes:
        thread_id: the thread.
        state: see `ThreadArchive`.
        since: see there.
        items: see there.
        item_bytes: see there.
    """

    thread_id: str
    state: ArchiveState
    since: dt.datetime
    items: int
    item_bytes: int

    @property
    def is_away(self) -> bool:
        """Whether some items of the thread may be outside of the table."""
        return self.state in AWAY


class Overtaken(ConflictError):
    """Somebody else has changed the state of an archive since it was read."""

    def __init__(self, thread_id: str) -> None:
        """Take the thread."""
        super().__init__(
            f"somebody else archives thread {thread_id!r}, brings it back or deletes it; try again"
        )


def archive_of(schema: Schema, thread_id: str) -> Steps[Archive | None]:
    """What the archive of a thread says; None where it never was archived. One small request."""
    if ThreadArchive not in schema.entities:
        return None
    ask = Ask(consistent=True, selected=tuple(fields_dict(Archive)))
    plan = schema.plan(ThreadArchive, {"thread_id": thread_id}, (), ask)
    found = yield from read_all(schema, plan)
    return Archive(**found[0]) if found else None


def as_it_is(archive: Archive) -> dict[str, Any]:
    """What holds while nobody has changed the state of an archive."""
    return {"state": archive.state, "since": archive.since}


def fence(archive: Archive) -> Check[ThreadArchive]:
    """What fails a transaction, if the archive is in another state."""
    return Check(ref(ThreadArchive, thread_id=archive.thread_id), **as_it_is(archive))


def fenced(
    schema: Schema, archive: Archive, writes: Iterable[Sized[Write[Any]]]
) -> Steps[list[tuple[Write[Any], DynastoreError]]]:
    """Carry out writes while an archive is in its state, as many at once as fit.

    Args:
        schema: where they are.
        archive: the archive.
        writes: none of them about an item that another one is about.

    Returns:
        Those whose conditions do not hold, each with its error; all others are carried out.

    Raises:
        Overtaken: the archive is in another state.
        DynastoreError: what else went wrong.
    """
    refused: list[tuple[Write[Any], DynastoreError]] = []
    for some in together(writes):
        left = some
        while left:
            try:
                yield from transact(schema, [fence(archive), *left])
            except TransactionCanceled as canceled:
                mine, *reasons = canceled.reasons
                if isinstance(mine, ConditionFailed):
                    raise Overtaken(archive.thread_id) from canceled
                failed = [*zip(left, reasons, strict=True)]
                if not any(isinstance(each, ConditionFailed | AlreadyExists) for each in reasons):
                    raise
                refused += ((each, why) for each, why in failed if why is not None)
                left = [each for each, why in failed if why is None]
            else:
                break
    return refused


def changed(
    schema: Schema, archive: Archive, write: Write[ThreadArchive], more: Sequence[Write[Any]] = ()
) -> Steps[None]:
    """Write an archive under a condition, and something else with it.

    Raises:
        Overtaken: it is in another state.
    """
    try:
        yield from transact(schema, [write, *more])
    except TransactionCanceled as canceled:
        if isinstance(canceled.reasons[0], ConditionFailed | AlreadyExists):
            raise Overtaken(archive.thread_id) from canceled
        raise
