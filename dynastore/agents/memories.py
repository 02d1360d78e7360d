"""What an agent knows of a user."""

from __future__ import annotations

import datetime as dt

from attrs import field

from ..entity import entity
from ..patterns import gsi, key

LISTED = ("user_id", "memory_id", "topics", "component")


@entity("memory")
class Memory:
    """One thing that is known of a user.

    Attributes:
        user_id: of whom.
        memory_id: unique for the user.
        text: what is known, in a sentence or two.
        topics: what it is about.
        component: the agent or team that learned it, or None.
        updated_at: when it was learned or last changed.
    """

    user_id: str
    memory_id: str
    text: str
    topics: list[str] = field(factory=list)
    component: str | None = None
    updated_at: dt.datetime

    primary = key("U#{user_id}", "M#{memory_id}")
    by_user = gsi(
        *(1, "U#{user_id}", "MEMORY", "{updated_at}", "{memory_id}"),
        include=(*LISTED, "updated_at"),
    )
    # Without updated_at: the index carries for all what one asks for, and a session's is new each turn.
    by_component = gsi(
        *(2, "COMPONENT#{component}", "MEMORY", "{updated_at}", "{memory_id}"), include=LISTED
    )
