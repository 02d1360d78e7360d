"""Documents that agents look things up in."""

from __future__ import annotations

import datetime as dt

from ..entity import entity
from ..patterns import gsi, key
from ..payload_fields import payload

LISTED = ("knowledge_id", "name", "status", "size_bytes", "created_at")


@entity("knowledge")
class Knowledge:
    """One document.

    Attributes:
        knowledge_id: unique in its scope; a hash of the text keeps each document once.
        name: what a list shows.
        status: such as ``ready``.
        size_bytes: of the text in UTF-8.
        text: the document.
        created_at: when it was added; lists are sorted by it.
    """

    knowledge_id: str
    name: str
    status: str = "ready"
    size_bytes: int
    text: str = payload(default="")
    created_at: dt.datetime

    primary = key("K#{knowledge_id}", "~")
    directory = gsi(3, "KNOWLEDGE", "{created_at}", "{knowledge_id}", include=LISTED)
