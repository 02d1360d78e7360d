"""Fields that every write keeps by itself: revisions and timestamps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

ROLE = "dynastore"  # in an attrs field's metadata: what the field is to us
VERSION, CREATED, UPDATED = "version", "created", "updated"

UNWRITTEN = dt.datetime(1, 1, 1, tzinfo=dt.UTC)  # when an entity was written that is not stored yet


def version() -> Any:
    """An optimistic lock: an int that counts the writes of an entity, from 0 for one not stored yet.

    A write of an entity whose revision is no longer the stored one raises `RevisionConflict`.
    """
    return attrs.field(default=0, metadata={ROLE: VERSION})


def created() -> Any:
    """When the entity was first written, by the store's clock: a datetime, in UTC.

    A put stores what the entity says, so that of one that was read it stays, and one from elsewhere
    brings its own; no update changes it. Until the first write it is `UNWRITTEN`, the year 1.
    """
    return attrs.field(default=UNWRITTEN, metadata={ROLE: CREATED})


def updated() -> Any:
    """When the entity was last written, by the store's clock: a datetime, in UTC.

    Every put, create and update sets it, and the index attributes that depend on it. Until the
    first write it is `UNWRITTEN`, the year 1.
    """
    return attrs.field(default=UNWRITTEN, metadata={ROLE: UPDATED})
