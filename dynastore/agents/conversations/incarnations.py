"""Incarnations: which of the sessions that were begun under an id a run belongs to.

A session that is made gets an incarnation, which its runs and passages have in their keys. What is left
of one that was deleted belongs to none that follows, even while it is being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import uuid4

from ...operations.reading.reads import get
from ...requests import Steps
from ...schema.schema import Schema
from .entities import Passage, Run, Session
from .recent import Recent

E = TypeVar("E", Run, Passage)

DIGITS = 8  # of an incarnation: enough to tell those of one session id apart


def begun() -> str:
    """The incarnation of a session that is made now."""
    return uuid4().hex[:DIGITS]


def current(found: Iterable[E], incarnation: str | None) -> list[E]:
    """What belongs to a session: what has its incarnation, and runs saved before there was one.

    Args:
        found: runs or passages of its id.
        incarnation: of the session; None where there is none.
    """
    return [each for each in found if each.incarnation in {"", incarnation}]


def incarnation_of(schema: Schema, recent: Recent, session_id: str) -> Steps[str]:
    """Which session is there; "" if there is none yet. One request where this process does not know."""
    known = recent.known(session_id)
    if known is not None and known.incarnation is not None:
        return known.incarnation
    header: Any = yield from get(schema, Session, {"session_id": session_id}, consistent=True)
    if header is None:
        recent.forget_session(session_id)
        return ""
    recent.keep_header(header)
    return str(header.incarnation)
