"""Schema evolution: the schemas that a class had, and what leads from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from ..errors import ModelError, shown
from ..table import SCHEMA

Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the fields of an item of one schema, by name; gives those of the next."""


@frozen
class Evolution:
    """The schemas that a class had, and how items come from one to the next.

    Attributes:
        schema: the number of today's schema; None where the class does not say, so that nothing is
            stored of it.
        upcasters: number of a schema -> what makes the fields of the next of its fields.
    """

    schema: int | None = None
    upcasters: Mapping[int, Upcaster] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse gaps.

        Raises:
            ModelError: a number is none, or upcasters do not lead to today's schema.
        """
        if self.schema is None and self.upcasters:
            raise ModelError("upcasters= lead to a schema: give its number, schema=2")
        if self.schema is None:
            return
        if type(self.schema) is not int or self.schema < 1:
            raise ModelError(f"schema= is a whole number from 1, not {shown(self.schema)}")
        steps = sorted(self.upcasters)
        if steps and steps != [*range(steps[0], self.schema)]:
            raise ModelError(
                f"upcasters= has steps from {', '.join(map(str, steps))}; to schema {self.schema} "
                f"it takes each from {steps[0]} to {self.schema - 1}"
            )

    def number_of(self, item: Mapping[str, Any]) -> int:
        """The schema of an item; those from before there were numbers are of the first."""
        stored = item.get(SCHEMA)
        return 1 if stored is None else int(stored["N"])

    def is_newer(self, item: Mapping[str, Any]) -> bool:
        """Whether newer code wrote an item, of which this code may know only a part."""
        return self.number_of(item) > (self.schema or 1)

    def is_old(self, item: Mapping[str, Any]) -> bool:
        """Whether older code wrote an item, so that it has to be upcast."""
        return bool(self.upcasters) and self.number_of(item) < (self.schema or 1)
