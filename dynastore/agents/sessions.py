"""Sessions and their runs: one partition a session, so that one query resumes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..entity import entity
from ..patterns import gsi, key
from ..payload_fields import payload


@entity("session", expires="expires_at")
class Session:
    """The header of a conversation of a user with an agent. Slim: what was said is in its runs.

    Attributes:
        session_id: unique in its scope.
        user_id: whose it is, or None for an agent that works by itself.
        component: the agent, team or workflow that leads it, or None.
        title: what a list shows, or None.
        created_at: when it began; lists are sorted by it.
        updated_at: when its last run ended.
        run_count: how many runs it has.
        state: what the agent keeps between runs, as JSON.
        expires_at: after which it may be deleted, or None.
    """

    session_id: str
    user_id: str | None = None
    component: str | None = None
    title: str | None = None
    created_at: dt.datetime
    updated_at: dt.datetime
    run_count: int = 0
    state: dict[str, Any] = payload(factory=dict)
    expires_at: dt.datetime | None = None

    # The header is last of its partition, so the newest first are the header and the last runs.
    primary = key("S#{session_id}", "~")
    by_user = gsi(1, "U#{user_id}", "CONVERSATION", "{created_at}", "{session_id}")
    by_component = gsi(2, "COMPONENT#{component}", "SESSION", "{created_at}", "{session_id}")
    directory = gsi(3, "SESSIONS", "{created_at}", "{session_id}")


@entity("run", expires="expires_at")
class Run:
    """One turn of a session: what was said and done from one user message to the next.

    Attributes:
        session_id: the session it belongs to.
        run_id: unique in its session.
        created_at: when it began; a session's runs are sorted by it, then by index.
        run_index: its place in the session, from 0.
        status: such as ``completed``.
        messages: in the order in which they were said, as JSON.
        expires_at: after which it may be deleted, or None.
    """

    session_id: str
    run_id: str
    created_at: dt.datetime
    run_index: int
    status: str = "completed"
    messages: list[dict[str, Any]] = payload(factory=list)
    expires_at: dt.datetime | None = None

    primary = key("S#{session_id}", "R#{created_at}#{run_index:8}#{run_id}")
