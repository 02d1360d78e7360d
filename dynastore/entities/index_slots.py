"""Index slots: which key attributes of an index hold the texts of an access pattern."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import frozen

from ..errors import RequestError
from ..keys.templates import (
    FILLER,
    HASH_BYTES,
    RANGE_BYTES,
    KeyTemplate,
    Part,
    fitting,
    partition_text,
)
from ..table import Index
from .patterns import AccessPattern


@frozen(eq=False, slots=False)
class IndexSlot:
    """Where an access pattern's texts go: one template for each key attribute of an index."""

    pattern: AccessPattern
    index: Index
    ranges: tuple[KeyTemplate | None, ...]

    @classmethod
    def of(cls, pattern: AccessPattern, index: Index) -> IndexSlot:
        """The slot of a pattern on its index."""
        return cls(pattern, index, pattern.templates(index))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The fields of the range attributes, in the order they sort."""
        templates = (template for template in self.ranges if template is not None)
        return tuple(part for each in templates for part in each.parts if part.name is not None)

    def hash_text(self, values: Mapping[str, Any], prefix: str) -> str | None:
        """The hash attribute, or None while the item is not in the index."""
        text = self.pattern.partition_text(values)
        before = self.pattern.before(prefix)
        if text is None or before is None:
            return None
        fields = self.pattern.hash.fields
        return fitting(self.index.hash, partition_text(before, text), HASH_BYTES, fields)

    def range_text(self, place: int, values: Mapping[str, Any]) -> str:
        """A range attribute, by its place from the left."""
        template = self.ranges[place]
        if template is None:
            return FILLER
        text = template.render(values)
        if text is None:
            name = next(name for name in template.fields if values.get(name) is None)
            raise RequestError(
                f"{name} is None, and it is part of {self.pattern.name}, which needs a value"
            )
        return fitting(self.index.ranges[place], text, RANGE_BYTES, template.fields)
