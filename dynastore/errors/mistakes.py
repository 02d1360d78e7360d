"""Declarations and calls that are wrong: whoever wrote the program has to act. Nothing was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from .root import DynastoreError


class ModelError(DynastoreError):
    """An entity, schema or table declaration is wrong. Raised while modules are imported."""


class RequestError(DynastoreError):
    """A call is wrong. Nothing was written; the message says what to change."""


class NoAccessPattern(RequestError):
    """No key or index serves these filters, and a scan is never chosen silently.

    Attributes:
        entity: name of the entity asked for.
        missing: access pattern name -> the fields it would still need, by equality.
        nearest: name of the pattern that lacks least; the first declared of several; None where
            there is none at all.
        declaration: a line of code that would serve the query, or None.
    """

    def __init__(
        self, entity: str, missing: Mapping[str, Sequence[str]], declaration: str | None = None
    ) -> None:
        self.entity = entity
        self.declaration = declaration
        self.missing = {name: tuple(fields) for name, fields in missing.items()}
        self.nearest = min(self.missing, key=lambda name: len(self.missing[name]), default=None)
        declare = f"declare {declaration or 'a gsi() that starts with the fields you have'}"
        if self.nearest is None:
            super().__init__(f"no access pattern of {entity} is for such a query; {declare}")
            return
        needs = "; ".join(f"{name} needs {', '.join(f)}" for name, f in self.missing.items())
        super().__init__(
            f"no access pattern of {entity} serves this query: {needs}. "
            f"Give {' and '.join(self.missing[self.nearest])} by equality, or {declare}"
        )


class UnknownField(RequestError):
    """A keyword names no field of the entity.

    Attributes:
        entity: name of the entity.
        name: the keyword that was given.
        suggestion: the closest field name, or None.
    """

    def __init__(self, entity: str, name: str, fields: Sequence[str]) -> None:
        self.entity = entity
        self.name = name
        self.suggestion = next(iter(get_close_matches(name, fields, n=1)), None)
        hint = (
            f"Did you mean {self.suggestion}?"
            if self.suggestion
            else f"It has {', '.join(fields)}."
        )
        super().__init__(f"{entity} has no field {name}. {hint}")


class ItemTooLarge(RequestError):
    """An item would pass DynamoDB's 400 KB.

    Attributes:
        key: the item's primary key, as text.
        size_bytes: its size as stored, attribute names included; None where DynamoDB refused to
            update it, which does not say how large it would be.
        limit_bytes: what an item holds.
    """

    def __init__(self, key: object, *, size_bytes: int | None, limit_bytes: int) -> None:
        self.key = key
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
        size = "would be too large" if size_bytes is None else f"is {size_bytes:,} bytes"
        super().__init__(
            f"{key} {size}; items hold {limit_bytes:,}. "
            "Declare what grows with payload(), which splits it, or keep it in items of its own."
        )


class UnknownPlace(RequestError):
    """A scope is kept at a place that the store's placement does not name. Nothing was sent there.

    Attributes:
        place: its name.
        scope: the outermost scope, or None where it is not known.
    """

    def __init__(self, place: str, known: Sequence[str], scope: str | None = None) -> None:
        self.place = place
        self.scope = scope
        whose = "a table" if scope is None else f"scope {scope!r}"
        have = f"has {', '.join(known)}" if known else "has none"
        super().__init__(
            f"{whose} is kept at place {place!r}, and the placement of this store {have}: connect with "
            f"a Placement with places={{{place!r}: Elsewhere(...)}}, or [places.{place}] in its file"
        )


class InvalidCursor(RequestError):
    """A cursor is damaged, or belongs to another query or scope."""
