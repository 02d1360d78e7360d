"""Values, terms and calls as one writes them in Python, with the names that dynastore exports."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any
from uuid import UUID

from ..planner import PLAIN, Ask
from ..terms import BeginsWith, Between, Compare, Equal, IsNone, Not, OneOf

WORDS = {">=": "since", "<=": "until", ">": "after", "<": "before"}
MODULES = re.compile(r"\bdatetime\.(?=date\(|datetime\(|timedelta\(|timezone\b)")


def call(cls: type[Any], where: Mapping[str, Any], ask: Ask = PLAIN) -> str:
    """A query: ``store.query(Session, user_id="user-1").order_by("created_at")``."""
    store = "store.across_scopes()" if ask.across_scopes else "store"
    words = [cls.__name__, *(f"{name}={in_python(each)}" for name, each in where.items())]
    order = f".order_by({', '.join(map(in_python, ask.order))})" if ask.order else ""
    return (
        f"{store}.query({', '.join(words)}){order}{'.newest_first()' if ask.newest_first else ''}"
    )


def in_python(value: Any) -> str:
    """A value or a term as a keyword has it."""
    match value:
        case Equal(value=inner):
            return in_python(inner)
        case Compare(operator=sign, value=inner):
            return f"{WORDS[sign]}({in_python(inner)})"
        case Between(low, high):
            return f"between({in_python(low)}, {in_python(high)})"
        case BeginsWith(text):
            return f"begins_with({in_python(text)})"
        case OneOf(values):
            return f"one_of({', '.join(map(in_python, values))})"
        case Not(IsNone()):
            return "exists()"
        case IsNone():
            return "missing()"
        case Not(test):
            return f"not_({in_python(test)})"
    return _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, UUID):
        return f'UUID("{value}")'
    if isinstance(value, dt.date | dt.timedelta):
        return MODULES.sub("", repr(value)).replace("timezone.utc", "UTC")
    return repr(value)
