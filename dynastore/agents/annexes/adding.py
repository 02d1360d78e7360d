"""Adding to an annex: its header is written with what is added, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from ...operations.writing.writes import transact
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Put, Write
from .entities import Annex


def add(
    schema: Schema, session_id: str, writes: Sequence[Write[Any]], now: dt.datetime
) -> Steps[None]:
    """Carry out writes of what belongs to a session: one request.

    Args:
        schema: where it is.
        session_id: the session.
        writes: up to 99, each about another entity.
        now: the time.

    Raises:
        TransactionCanceled: one of the writes could not be done, so none was.
    """
    header = Annex(session_id=session_id, added_at=now)
    yield from transact(schema, [*writes, Put(header)])
