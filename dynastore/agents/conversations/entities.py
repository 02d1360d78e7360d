"""Sessions and their runs: one partition a session, so that one query resumes it.

    S#s1   R#2026-01-05…#r1#7d2f…   a run: what was said and done in one turn
    S#s1   T#7d2f…#8f3c…            a text that is in several of its runs, such as the system message
    S#s1   ~                        the session itself: slim, written with each turn

A session that is archived has the texts of its runs, and of its passages, in one object of the bucket that
another item refers to. What is left of each says so by the mark of that archive.

A session that is begun anew under an id is another incarnation of it. Its runs and texts have its
incarnation in their keys, so that those of one that was deleted are never taken for it, and what deletes
them never meets a new one.

The header is last of its partition, so the newest first are the header and the last runs.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypeAlias

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload
from ...terms import exists

ArchiveState: TypeAlias = Literal["leaving", "archived", "returning", "back"]

# What lists filter, sort and show. An index carries no more, so that a list costs little.
LISTED = ("session_id", "user_id", "kind", "component", "title", "created_at", "incarnation")


@entity("session", expires="expires_at")
class Session:
    """The header of a conversation of a user with an agent. Slim: what was said is in its runs.

    Attributes:
        session_id: unique in its scope.
        user_id: whose it is, or None for an agent that works by itself.
        kind: of its component: ``agent``, ``team`` or ``workflow``.
        component: the agent, team or workflow that leads it, or None.
        title: what a list shows, or None.
        created_at: when it began; lists are sorted by it.
        updated_at: when its last run ended, or None where that is not known.
        run_count: how many runs it has.
        tally: how many runs it has on which model, by what it was saved with; or None where that is not
            known. See `tallying`.
        edition: how often it was saved, so that a tally knows whether it is the last.
        incarnation: which of the sessions that were begun under this id it is; "" is told from no other.
        state: what the agent keeps between runs, as JSON.
        content: what a framework keeps of it besides, as it serialized it.
        expires_at: after which it may be deleted, or None.
    """

    session_id: str
    user_id: str | None = None
    kind: str = "agent"
    component: str | None = None
    title: str | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None
    run_count: int = 0
    tally: dict[str, int] | None = None
    edition: int = 0
    incarnation: str = ""
    state: dict[str, Any] = payload(factory=dict)
    content: bytes = payload(default=b"")
    expires_at: dt.datetime | None = None

    primary = key("S#{session_id}", "~")
    # A turn changes when the session was updated: that is a write unit here, and none in the others.
    by_user = gsi(
        *(1, "U#{user_id}", "CONVERSATION", "{created_at}", "{session_id}"),
        include=(*LISTED, "updated_at", "run_count"),
    )
    by_component = gsi(
        *(2, "COMPONENT#{component}", "SESSION", "{created_at}", "{session_id}"), include=LISTED
    )
    directory = gsi(3, "SESSIONS", "{created_at}", "{session_id}", include=LISTED)


@entity("run", expires="expires_at")
class Run:
    """One turn of a session: what was said and done from one user message to the next.

    Attributes:
        session_id: the session it belongs to.
        run_id: unique in its session.
        created_at: when it began; it never changes, so that a run is found without a look-up.
        incarnation: of the session that it belongs to; "" if it was saved before its session was, and
            belongs to the next that begins.
        run_index: its place in the session, from 0, or None; a session's runs are sorted by it.
        kind: of its component: ``agent``, ``team`` or ``workflow``.
        agent_id: the agent that ran, or None.
        team_id: the team that ran, or None.
        workflow_id: the workflow that ran, or None.
        user_id: whose it is, or None.
        parent_run_id: of the run that it is a part of, or None.
        status: such as ``completed``, or None.
        model: what it ran on, or None.
        untallied_at: when it was saved without its session, so that it is not in the session's tally; or
            None where it is.
        updated_at: when it was saved last, or None where that is not known.
        messages: in the order in which they were said, as JSON.
        content: what a framework keeps of it, as it serialized it.
        content_bytes: how long that is.
        passage: digest of the text that other runs may have too, or None; see `Passage`.
        passage_at: where that was cut out of the content, in bytes; None while it is in it.
        archived: mark of the `SessionArchive` that has its messages and its content; None while they are
            here.
        expires_at: after which it may be deleted, or None.
    """

    session_id: str
    run_id: str
    created_at: dt.datetime
    incarnation: str = ""
    run_index: int | None = None
    kind: str = "agent"
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None
    user_id: str | None = None
    parent_run_id: str | None = None
    status: str | None = None
    model: str | None = None
    untallied_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    messages: list[dict[str, Any]] = payload(factory=list)
    content: bytes = payload(default=b"")
    content_bytes: int = 0
    passage: str | None = None
    passage_at: int | None = None
    archived: str | None = None
    expires_at: dt.datetime | None = None

    primary = key("S#{session_id}", "R#{created_at}#{run_id}#{incarnation}")
    by_id = gsi(4, "ID#{run_id}", "RUN", include=())
    untallied = gsi(
        *(3, "RUNS", "{untallied_at?}", "{run_id}"),
        when={"untallied_at": exists()},
        include=("session_id",),
    )


@entity("passage")
class Passage:
    """A text that is in the contents of several runs of a session, and is kept once.

    It is written before the first run that refers to it, and goes with the session.

    Attributes:
        session_id: the session.
        incarnation: of the session; see `Session`.
        digest: of the text.
        text: as it is in the contents.
        archived: mark of the `SessionArchive` that has it; None while it is here.
    """

    session_id: str
    incarnation: str = ""
    digest: str
    archived: str | None = None
    text: bytes = payload(split=False)

    primary = key("S#{session_id}", "T#{incarnation}#{digest}")


@entity("session-archive", expires="expires_at")
class SessionArchive:
    """Where the texts of a session are that is archived, or was.

    It is not in the session's partition, so that reading a session costs what it did.

    Attributes:
        session_id: the session.
        incarnation: of the session.
        state: ``leaving`` while its texts are moved into the bucket, ``archived`` when they are there,
            ``returning`` while they come back, ``back`` when they did.
        mark: tells this archiving of the session from any other.
        since: since when it is archived, or back.
        items: how many runs and passages have their texts in the bucket.
        item_bytes: how large they are uncompressed, in bytes.
        content: these, as `packing` packs them; empty when they are back.
        expires_at: when nothing refers to it any more, or None.
    """

    session_id: str
    incarnation: str = ""
    state: ArchiveState
    mark: str
    since: dt.datetime
    items: int = 0
    item_bytes: int = 0
    content: bytes = payload(default=b"", offload_over=0)
    expires_at: dt.datetime | None = None

    primary = key("SA#{session_id}", "{incarnation}")
    by_state = gsi(4, "ARCHIVED-SESSIONS#{state}", "SESSION", "{since}", "{session_id}", include=())
