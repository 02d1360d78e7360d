"""What an index found, as it is now: an index may tell of what was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ...entities.spec import Ref
from ...operations.reading.reads import get_many
from ...requests import Steps
from ...schema.schema import Schema

E = TypeVar("E")


def given_values(**values: Any) -> dict[str, Any]:
    """Those of some values, such as filters, that are not None."""
    return {name: each for name, each in values.items() if each is not None}


def has_all(entity: Any, filters: Mapping[str, Any]) -> bool:
    """Whether each field is what a filter wants."""
    return all(getattr(entity, name) == wanted for name, wanted in filters.items())


def as_they_are(schema: Schema, refs: Sequence[Ref[E]], has: Callable[[E], bool]) -> Steps[list[E]]:
    """Entities as they are now, in the order of their refs: a request for each 100.

    Args:
        schema: where they are.
        refs: those that an index found.
        has: whether one still is what the index was asked for; others are left out.
    """
    found = yield from get_many(schema, refs, consistent=True)
    return [each for each in found if each is not None and has(each)]
