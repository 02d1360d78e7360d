"""Expired items of the embedded engine, which are deleted some time later, as on DynamoDB.

A write that passes by does it, in its own transaction, so that it costs no wait for the disk. An
index on ``TTL`` tells which items those are, so none whose end was moved meanwhile.
"""

from __future__ import annotations

import sqlite3

from ..clock import Clock
from . import catalog, stream_log
from .layout import Layout

GRACE_SECONDS = 48 * 60 * 60  # DynamoDB: "within a few days"; Developer Guide, "Time to Live"
# What expired before that is left alone, as a number that may be no time; Developer Guide, as above.
OLDEST_SECONDS = 5 * 365 * 24 * 60 * 60
AT_ONCE = 25  # items that one write deletes; those of 300 bytes in 0.1 ms
EVERY_SECONDS = 1.0  # a look that finds none takes 7 µs


class Rounds:
    """Has writes look for expired items, one in a while; one write at a time."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is looked at yet.

        Args:
            clock: what time it is.
        """
        self._clock = clock
        self._last: dict[int, float] = {}

    def pass_by(self, connection: sqlite3.Connection, layout: Layout) -> None:
        """Delete some expired items if there are any, within the transaction of a write."""
        now = self._clock().timestamp()
        last = self._last.get(layout.number)
        if last is not None and 0 <= now - last < EVERY_SECONDS:
            return
        self._last[layout.number] = now
        if catalog.expires(connection, layout):
            _delete_expired(connection, layout, now)


def _delete_expired(connection: sqlite3.Connection, layout: Layout, now: float) -> None:
    connection.execute(layout.expiry_index)  # which files from before do not have
    bounds = (now - OLDEST_SECONDS, now - GRACE_SECONDS)
    keys = connection.execute(layout.ended, (*bounds, AT_ONCE)).fetchall()
    if not keys:
        return
    with stream_log.expiring(connection, layout):
        connection.executemany(layout.delete, keys)
