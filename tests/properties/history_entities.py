"""The entities that histories write: together they have whatever a write can depend on."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from attrs import field, frozen

from dynastore import (
    Index,
    Ref,
    Schema,
    Table,
    created,
    entity,
    gsi,
    key,
    payload,
    unique,
    updated,
    version,
)
from dynastore.requests import Key

from .model import ref_of

LIFETIME = dt.timedelta(seconds=12)  # as long as a few writes take here
DATA_BYTES = 150  # of a payload that leaves its item
INLINE_BYTES = 60  # more than a pointer has


@entity("doc")
class Doc:
    """With a revision, timestamps, unique values, and indexes of every form."""

    owner: str
    name: str
    status: Literal["open", "done"] = "open"
    count: int = 0
    title: str | None = None
    slug: str | None = None
    log: list[str] = field(factory=list)
    made_at: dt.datetime = created()
    changed_at: dt.datetime = updated()
    revision: int = version()

    primary = key("OWNER#{owner}", "DOC#{name}")
    by_status = gsi(1, "STATUS#{status}", "DOC", "{title?}", "{count}", "{owner}")
    by_count = gsi(2, "OWNER#{owner}", "{count}#{status}#{changed_at}", when={"status": "open"})
    one_slug = unique("owner", "slug")


@entity("tally")
class Tally:
    """Without a revision; one attribute of an index depends on several fields."""

    owner: str
    name: str
    count: int = 0
    title: str | None = None
    slug: str | None = None

    primary = key("OWNER#{owner}", "TALLY#{name}")
    by_title = gsi(1, "TITLE#{title}", "TALLY", "{count}")
    by_count = gsi(2, "COUNTS", "{count}#{title?}#{name}")
    one_slug = unique("slug")


@frozen
class Look:
    """What parts of a field are."""

    theme: str = "plain"
    seen: int = 0


@entity("memo", expires="ends_at", lifetime=LIFETIME)
class Memo:
    """It expires, and its unique value is free then."""

    owner: str
    name: str
    count: int = 0
    title: str | None = None
    slug: str | None = None
    look: Look = field(factory=Look)
    ends_at: dt.datetime | None = None

    primary = key("OWNER#{owner}", "MEMO#{name}")
    by_title = gsi(1, "TITLE#{title}", "MEMO", "{count}")
    one_slug = unique("slug")


@entity("page", expires="ends_at")
class Page:
    """Its data may be in parts. A put of it is plain, so that batches hold it."""

    owner: str
    name: str
    count: int = 0
    counts: dict[str, int] = field(factory=dict)
    ends_at: dt.datetime | None = None
    data: bytes = payload(default=b"", compress_over=None, offload_over=INLINE_BYTES)

    primary = key("OWNER#{owner}", "PAGE#{name}")
    by_count = gsi(2, "PAGES", "{count}#{name}")


CLASSES = (Doc, Tally, Memo, Page)
SCHEMA = Schema([*CLASSES], Table("dynastore", (Index(1), Index(2, 1))))


def key_of(target: Any) -> Key:
    """The primary key of an entity or a ref."""
    found: Ref[Any] = ref_of(target)
    return SCHEMA.codec(found.cls).key(dict(found.values), "")
