"""Transcripts: what other agents write down of their sessions, entry by entry, and never change.

A session's transcripts are one partition: its own, whose subpath is empty, and those of the agents it
called in. Entries that were appended at once are one item, compressed together.

    TS#claude#p1#s1   E##2026-01-05…#1        what was appended first
    TS#claude#p1#s1   E#sub/a1#2026-01-05…#1
    TS#claude#p1#s1   H#                      how far the transcript goes
    TS#claude#p1#s1   H#sub/a1

The header is written with each append, in one transaction, and on condition that it is as it was
read.
"""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload


@entity("transcript")
class Transcript:
    """The header of a transcript.

    Attributes:
        framework: of the agent that writes it.
        project_key: what tells sessions of one project from those of others.
        session_id: as the agent has it.
        subpath: of an agent that was called in; empty for the session's own transcript.
        began: when it did; tells it from one that was deleted before.
        last: number of what was appended last, and one more for each time that some was removed.
        appended_at: when that was.
        owner: the session here, for which it was appended, or None; see `Annexed`.
    """

    framework: str
    project_key: str
    session_id: str
    subpath: str = ""
    began: dt.datetime
    last: int
    appended_at: dt.datetime
    owner: str | None = None

    primary = key("TS#{framework}#{project_key}#{session_id}", "H#{subpath}")
    directory = gsi(
        *(3, "TRANSCRIPTS#{framework}#{project_key}", "{session_id}"),
        when={"subpath": ""},
        include=("session_id", "appended_at"),
    )


@entity("stretch")
class Stretch:
    """Entries of a transcript that were appended at once.

    Attributes:
        framework: as of the transcript.
        project_key: as of the transcript.
        session_id: as of the transcript.
        subpath: as of the transcript.
        began: as of the transcript.
        number: its place, from 1.
        appended_at: when.
        owner: the session here, for which it was appended.
        ids: those that its entries have, each of them once in a transcript.
        content: its entries, as they were serialized.
        content_bytes: how long that is.
    """

    framework: str
    project_key: str
    session_id: str
    subpath: str = ""
    began: dt.datetime
    number: int
    appended_at: dt.datetime
    owner: str
    ids: list[str] = payload(factory=list)
    content: bytes = payload(default=b"")
    content_bytes: int = 0

    primary = key("TS#{framework}#{project_key}#{session_id}", "E#{subpath}#{began}#{number}")
