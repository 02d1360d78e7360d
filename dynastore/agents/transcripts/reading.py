"""Reading transcripts: always consistently, as an agent resumes from them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ...operations.reading.reads import get, read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import Stretch, Transcript
from .known import Known, Place, Transcripts

CONSISTENT = Ask(consistent=True)


@frozen
class Found:
    """A transcript that was read.

    Attributes:
        known: how far it goes; None where there is none.
        contents: what was appended, in that order.
    """

    known: Known | None
    contents: list[bytes]


def read(schema: Schema, transcripts: Transcripts, place: Place) -> Steps[Found]:
    """A transcript: two requests, and one more for each 1 MB.

    Args:
        schema: where it is.
        transcripts: then remembers how far it goes.
        place: where it is.
    """
    header = yield from get(schema, Transcript, place.key, consistent=True)
    if header is None:
        transcripts.keep(place, None)
        return Found(None, [])
    # After the header, so that no id is missed of what it tells of.
    stretches = yield from read_all(schema, schema.plan(Stretch, place.key, (), CONSISTENT))
    # Others are of one that was deleted: who did that may not be done.
    own = [each for each in stretches if each.began == header.began]
    ids = frozenset(one for each in own for one in each.ids)
    known = Known(header.began, header.last, header.owner, ids)
    transcripts.keep(place, known)
    return Found(known, [each.content for each in own])


def main_transcripts(
    schema: Schema, framework: str, project_key: str
) -> Steps[list[dict[str, Any]]]:
    """The sessions of a project that have a transcript, by their ids.

    They are found by an index, which may lag by a second: one request for each 1 MB of its entries,
    which have the session's id and when something was appended last.
    """
    where = {"framework": framework, "project_key": project_key, "subpath": ""}
    ask = Ask(selected=("session_id", "appended_at"))
    found: list[dict[str, Any]] = yield from read_all(
        schema, schema.plan(Transcript, where, (), ask)
    )
    return found


def headers_of(schema: Schema, session: dict[str, str]) -> Steps[list[Transcript]]:
    """The headers of a session's transcripts, by their subpaths."""
    found: list[Transcript] = yield from read_all(
        schema, schema.plan(Transcript, session, (), CONSISTENT)
    )
    return found
