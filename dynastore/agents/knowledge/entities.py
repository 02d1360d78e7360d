"""Documents that agents look things up in."""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

# What lists choose by and show, and not the status: that changes while a document is read in.
LISTED = ("knowledge_id", "title", "kind", "user_id", "created_at")


@entity("knowledge")
class Knowledge:
    """One document.

    Attributes:
        knowledge_id: unique in its scope; a hash of the text keeps each document once.
        title: what a list shows.
        description: what it is about.
        kind: what it is, such as ``pdf``, or None.
        size_bytes: of the text in UTF-8, or None where that is not known.
        linked_to: the knowledge base that it is a part of, or None.
        user_id: whose it is, or None for one that is everybody's.
        status: such as ``ready``.
        status_message: why it has that status, or None.
        access_count: how often it was looked up, or None where that is not counted.
        external_id: what another service calls it, or None.
        text: the document; "" where it is kept elsewhere.
        content: what a framework keeps of it besides, as it serialized it.
        created_at: when it was added, or None; lists are sorted by it.
        updated_at: when it was last changed, or None where that is not known.
    """

    knowledge_id: str
    title: str
    description: str = payload(default="")
    kind: str | None = None
    size_bytes: int | None = None
    linked_to: str | None = None
    user_id: str | None = None
    status: str | None = "ready"
    status_message: str | None = payload(default=None)
    access_count: int | None = None
    external_id: str | None = None
    text: str = payload(default="")
    content: bytes = payload(default=b"")
    created_at: dt.datetime | None
    updated_at: dt.datetime | None = None

    primary = key("K#{knowledge_id}", "~")
    by_base = gsi(
        *(2, "BASE#{linked_to}", "KNOWLEDGE", "{created_at?}", "{knowledge_id}"), include=LISTED
    )
    directory = gsi(3, "KNOWLEDGE", "{created_at?}", "{knowledge_id}", include=LISTED)
