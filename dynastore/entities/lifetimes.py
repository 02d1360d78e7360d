"""Lifetimes: how long after a write an entity expires, and which ones are mistakes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..errors import shown

SHORTEST = dt.timedelta(seconds=1)  # TTL counts whole seconds; DynamoDB time to live
LONGEST = dt.timedelta(days=36_525)  # a century; what is to stay longer needs no expiry


def refusal(lifetime: Any) -> str | None:
    """Why something cannot be a lifetime, after the words ``lifetime=``; None where it can."""
    if not isinstance(lifetime, dt.timedelta):
        return f"is a timedelta such as timedelta(days=30), not {shown(lifetime)}"
    if not SHORTEST <= lifetime <= LONGEST:
        return f"is a second at least and 100 years at most, not {shown(lifetime)}"
    return None
