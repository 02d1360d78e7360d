"""Annexes: what belongs to a session, and is not read with it.

It has partitions of its own, so that resuming a session reads none of it; and goes with the session.

    AX#s1   B#tool_result#res_1f…   names a tool result
    AX#s1   C#c1                    a compaction
    AX#s1   ~                       the annex itself: that there is something

The header is written with all that is added, in one transaction, so that one request tells of a
hundred sessions which of them have an annex.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

from ...entities.declaring import entity
from ...entities.patterns import key

Kind: TypeAlias = Literal["tool_result", "transcript"]


@entity("annex")
class Annex:
    """The header of what belongs to a session.

    Attributes:
        session_id: the session.
        added_at: when something was added last.
    """

    session_id: str
    added_at: dt.datetime

    primary = key("AX#{session_id}", "~")


@entity("annexed")
class Annexed:
    """What belongs to a session, and has a partition of its own.

    Attributes:
        session_id: the session.
        kind: of what belongs to it.
        name: what tells it from others of its kind.
        created_at: when it was made; lists are sorted by it.
    """

    session_id: str
    kind: Kind
    name: str
    created_at: dt.datetime

    primary = key("AX#{session_id}", "B#{kind}#{name}")
