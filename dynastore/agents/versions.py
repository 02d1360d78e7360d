"""Versions that frameworks keep of what they call their tables."""

from __future__ import annotations

import datetime as dt

from ..entities.declaring import entity
from ..entities.patterns import key


@entity("schema-version")
class SchemaVersion:
    """The version of one of a framework's tables.

    Attributes:
        name: of the table, as the framework knows it.
        version: as the framework writes it.
        updated_at: when it was written.
    """

    name: str
    version: str
    updated_at: dt.datetime | None = None

    primary = key("VERSION#{name}", "~")
