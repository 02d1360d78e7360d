"""What an index found, as it is now: an index may tell of what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ...operations.reading.reads import get_many
from ...requests import Steps
from ...schema import Schema
from ...spec import Ref

E = TypeVar("E")


def given_filters(**filters: Any) -> dict[str, Any]:
    """The filters that are not None."""
    return {name: wanted for name, wanted in filters.items() if wanted is not None}


def has_all(entity: Any, filters: Mapping[str, Any]) -> bool:
    """Whether each field is what a filter wants."""
    return all(getattr(entity, name) == wanted for name, wanted in filters.items())


def as_they_are(
    schema: Schema, refs: Sequence[Ref[E]], filters: Mapping[str, Any]
) -> Steps[list[E]]:
    """Entities as they are now, in the order of their refs: a request for each 100.

    Without those that are gone, or no longer what the filters want.
    """
    found = yield from get_many(schema, refs, consistent=True)
    return [each for each in found if each is not None and has_all(each, filters)]
