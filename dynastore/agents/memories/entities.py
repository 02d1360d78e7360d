"""What is known of users: a user's memories are one partition, so that one query reads them all.

U#ann   M#m1   one thing that is known of Ann
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

NOBODY = ""  # the user of what is known of no user in particular

# What lists of all users choose by and show, except for texts: those may be of any size.
LISTED = ("user_id", "memory_id", "outline", "created_at")


@frozen(kw_only=True)
class MemoryOutline:
    """What lists choose by and show of a memory, and no key has: an index carries few attributes.

    Attributes:
        topics: what it is about, or None where that is not said.
        agent_id: the agent that learned it, or None.
        team_id: the team that learned it, or None.
        content_bytes: how long its text and content are.
        changed_at: when it was learned or last changed, or None where that is not known.
    """

    topics: list[str] | None = None
    agent_id: str | None = None
    team_id: str | None = None
    content_bytes: int = 0
    changed_at: dt.datetime | None = None


@entity("memory")
class Memory:
    """One thing that is known of a user.

    Attributes:
        user_id: of whom, or `NOBODY`.
        memory_id: unique for the user.
        text: what is known, in a sentence or two.
        outline: what it is about, and who learned it.
        content: what a framework keeps of it besides, as it serialized it.
        created_at: when it was learned.
    """

    user_id: str = NOBODY
    memory_id: str
    text: str = payload()
    outline: MemoryOutline = MemoryOutline()
    content: bytes = payload(default=b"")
    created_at: dt.datetime

    primary = key("U#{user_id}", "M#{memory_id}")
    by_id = gsi(4, "ID#{memory_id}", "MEMORY", include=())
    # By when it was learned, which stays: a change rewrites the entry, and does not move it.
    directory = gsi(3, "MEMORIES", "{created_at}", "{memory_id}", include=LISTED)
