"""Appending: what is new, as one item, behind what was appended last. Who loses a race tries again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ...entities.spec import ref
from ...errors import AlreadyExists, ConditionFailed, DynastoreError, TransactionCanceled
from ...operations.writing.writes import ATTEMPTS, transact
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Create, Put, Update, Write
from ..annexes.adding import add
from ..annexes.entities import Annexed
from .entities import Stretch, Transcript
from .known import Known, Place, Transcripts
from .reading import read


@frozen
class Entry:
    """One entry of a transcript.

    Attributes:
        id: which only one entry of the transcript has; None for one without.
        content: the entry as JSON.
    """

    id: str | None
    content: bytes


def append(
    schema: Schema, transcripts: Transcripts, place: Place, entries: Sequence[Entry], owner: str
) -> Steps[None]:
    """Append entries to a transcript, those whose ids it does not have yet: all of them, or none.

    One request where this process has read or written the transcript last; else three.

    Args:
        schema: where it is.
        transcripts: how far it went; then remembers how far it goes.
        place: where it is.
        entries: in their order.
        owner: the session here for which they are appended, with which they are deleted.
    """
    known = transcripts.known(place)
    if known is None or not _new(entries, known):  # what is known may have been deleted since
        known = (yield from read(schema, transcripts, place)).known
    for _ in range(ATTEMPTS):
        new = _new(entries, known)
        if not new:
            return
        try:
            known = yield from _append(schema, place, known, new, owner)
        except TransactionCanceled as canceled:
            if not all(each is None or _is_lost(each) for each in canceled.reasons):
                raise
            known = (yield from read(schema, transcripts, place)).known
        else:
            transcripts.keep(place, known)
            return
    raise ConditionFailed(schema.codec(Transcript).key(place.key, schema.prefix))


def _new(entries: Sequence[Entry], known: Known | None) -> list[Entry]:
    """The entries that are not in a transcript yet, each id once."""
    there = frozenset[str]() if known is None else known.ids
    new: dict[str | int, Entry] = {}
    for at, each in enumerate(entries):
        if each.id is None or each.id not in there:
            new.setdefault(at if each.id is None else each.id, each)
    return [*new.values()]


def _append(
    schema: Schema, place: Place, known: Known | None, entries: Sequence[Entry], owner: str
) -> Steps[Known]:
    """Append entries behind what is known; how far the transcript goes then.

    Raises:
        TransactionCanceled: somebody else has written it since.
    """
    now = yield from Now()
    then = _grown(known, entries, owner, now)
    writes = [_header(place, known, then, now), Create(_stretch(place, then, entries, owner, now))]
    if known is not None and known.owner == owner:
        yield from transact(schema, writes)
        return then
    yield from add(schema, owner, [*writes, Put(_entry(place, owner, now))], now)
    return then


def _grown(known: Known | None, entries: Sequence[Entry], owner: str, now: dt.datetime) -> Known:
    ids = frozenset(each.id for each in entries if each.id is not None)
    if known is None:
        return Known(now, 1, owner, ids)
    return Known(known.began, known.last + 1, owner, known.ids | ids)


def _header(place: Place, known: Known | None, then: Known, now: dt.datetime) -> Write[Any]:
    if known is None:
        header = Transcript(
            **place.key, began=now, last=then.last, appended_at=now, owner=then.owner
        )
        return Create(header)
    same = {"began": known.began, "last": known.last}
    target = ref(Transcript, **place.key)
    return Update(target, when=same, last=then.last, appended_at=now, owner=then.owner)


def _stretch(
    place: Place, then: Known, entries: Sequence[Entry], owner: str, now: dt.datetime
) -> Stretch:
    content = b"[" + b",".join(each.content for each in entries) + b"]"
    return Stretch(
        **place.key,
        began=then.began,
        number=then.last,
        appended_at=now,
        owner=owner,
        ids=[each.id for each in entries if each.id is not None],
        content=content,
        content_bytes=len(content),
    )


def _entry(place: Place, owner: str, now: dt.datetime) -> Annexed:
    return Annexed(session_id=owner, kind="transcript", name=name_of(place), created_at=now)


def name_of(place: Place) -> str:
    """What an annex calls a session's transcripts.

    >>> name_of(Place("claude", "p1", "s1", "sub/a1"))
    '["claude","p1","s1"]'
    """
    return json.dumps([*place.session.values()], separators=(",", ":"))


def session_named(name: str) -> dict[str, str]:
    """The fields of the key of the partition that an annex calls so."""
    return Place(*json.loads(name)).session


def _is_lost(reason: DynastoreError) -> bool:
    return isinstance(reason, AlreadyExists | ConditionFailed)
