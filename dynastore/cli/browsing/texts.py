"""Texts of queries: for an access pattern, for the collection of an entity."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from ...entities.patterns import AccessPattern
from ...entities.spec import EntitySpec, spec_of
from ...schema.schema import Schema

LONGEST = 100  # characters of a value in one line


def template(spec: EntitySpec, pattern: AccessPattern) -> str:
    """The query of an access pattern, with nothing in its fields: ``Session(agent_id="")``."""
    fields = ", ".join(f'{name}=""' for name in dict.fromkeys(pattern.hash.fields))
    return f"{spec.name}({fields})"


def collection(schema: Schema, entity: Any) -> str:
    """The query for everything in the partition of an entity: ``collection(Session, Run, …)``."""
    primary = spec_of(type(entity)).primary
    classes = [
        cls.__name__
        for cls in schema.entities
        if spec_of(cls).primary.hash.text == primary.hash.text
        and schema.of(cls).table == schema.of(type(entity)).table
    ]
    where = [f"{name}={literal(getattr(entity, name))}" for name in primary.hash.fields]
    if len(classes) == 1:
        return f"{classes[0]}({', '.join(where)})"
    return f"collection({', '.join([*classes, *where])})"


def literal(value: Any) -> str:
    """A value as a query has it: ``date("2026-01-05")``."""
    match value:
        case Enum():
            return literal(value.value)
        case dt.datetime():
            return f'datetime("{value.isoformat()}")'
        case dt.date():
            return f'date("{value.isoformat()}")'
        case Decimal():
            return f'Decimal("{value}")'
        case UUID():
            return f'UUID("{value}")'
    return repr(value)


def brief(value: Any) -> str:
    """A value in one line; what a terminal would obey is escaped, as Python does it."""
    match value:
        case str() if len(value) > LONGEST:
            return f"{value[:LONGEST]!r}… {len(value):,} characters"
        case bytes():
            return f"{len(value):,} bytes"
        case dt.datetime() | dt.date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case Enum():
            return brief(value.value)
    return repr(value)


def title(entity: Any) -> str:
    """An entity in one line: its class, and what tells it from others of its partition."""
    spec = spec_of(type(entity))
    names = dict.fromkeys(spec.primary.sort.fields or spec.primary.fields)
    return f"{spec.name} " + ", ".join(f"{name}={brief(getattr(entity, name))}" for name in names)
