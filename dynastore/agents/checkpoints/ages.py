"""Ages: when a checkpoint was made, as far as its id tells.

LangGraph's ids are UUIDs that begin with the time.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from ...codec.payloads import EPOCH

# The times of UUIDs 1 and 6 count 100 nanoseconds from here on; RFC 9562, "UUID Version 6".
UUID_EPOCH = dt.datetime(1582, 10, 15, tzinfo=dt.UTC)
TICKS_OF_MICROSECOND = 10


def made_at(checkpoint_id: str) -> dt.datetime | None:
    """When the checkpoint was made that has an id; None where the id is no UUID that tells.

    >>> made_at("1f0a2b3c-4d5e-6f70-8000-000000000000").year
    2025
    """
    try:
        found = UUID(checkpoint_id)
    except ValueError:
        return None
    number = found.int
    if found.version == 6:
        ticks = (number >> 80 << 12) | (number >> 64 & 0xFFF)
        return UUID_EPOCH + dt.timedelta(microseconds=ticks // TICKS_OF_MICROSECOND)
    if found.version == 7:
        return EPOCH + dt.timedelta(milliseconds=number >> 80)
    return None
