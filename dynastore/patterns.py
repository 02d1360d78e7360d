"""Access patterns: the named ways to reach items, as key templates on an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import frozen

from .errors import ModelError
from .keys import KeyTemplate
from .table import INDEX_LIMIT, RANGES, Index


@frozen
class AccessPattern:
    """One named way to reach items of an entity: key templates on an index.

    Attributes:
        number: of the index; 0 is the primary key.
        hash: template of the partition key.
        ranges: templates of the range components, the leftmost sorts first.
        when: field -> the value it must have for an item to be in the index.
        name: the class attribute it was assigned to.
    """

    number: int
    hash: KeyTemplate
    ranges: tuple[KeyTemplate, ...]
    when: Mapping[str, Any] = attrs.field(factory=dict)
    name: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of its templates, those of the partition key first."""
        return self.hash.fields + tuple(name for each in self.ranges for name in each.fields)

    @property
    def sort(self) -> KeyTemplate:
        """All range components as one text, as an index with one range attribute holds them."""
        return KeyTemplate.joined(self.ranges)

    def templates(self, index: Index) -> tuple[KeyTemplate | None, ...]:
        """What each range attribute of an index holds; None for a filler.

        Components fill the attributes from the left, one each; the last attribute takes what is
        left, joined.
        """
        last = len(index.ranges) - 1
        single: tuple[KeyTemplate | None, ...] = self.ranges[:last]
        if len(self.ranges) > last:
            return (*single, KeyTemplate.joined(self.ranges[last:]))
        return single + (None,) * (len(index.ranges) - len(single))


def key(hash_template: str, /, *components: str) -> AccessPattern:
    """The primary key of an entity.

    Args:
        hash_template: text of the partition key, such as ``USER#{user_id}``.
        components: one or more texts, joined with ``#`` into the sort key. It begins with a
            letter, or is ``~`` for what sorts after all else of its partition.

    Raises:
        ModelError: a template is malformed.
    """
    return _pattern(0, hash_template, components, {})


def gsi(
    number: int, hash_template: str, /, *components: str, when: Mapping[str, Any] | None = None
) -> AccessPattern:
    """A secondary access pattern on a global secondary index that all entities share.

    The index is sparse: an item is in it only while every field of the hash template has a value
    and *when* holds.

    Args:
        number: of the index, 1 to 20. An entity uses each number once.
        hash_template: text of the partition key, such as ``AGENT#{agent_id}``.
        components: one to four texts, each sorted by on its own: ``"SESSION", "{updated_at}"``.
            An optional field is written ``{field?}``: None sorts before all values.
        when: field -> the value it must have for an item to be in the index.

    Raises:
        ModelError: a template is malformed, or there are too many components.
    """
    # 1.0 and True are in the range too, and would name an index GSITrueH
    if type(number) is not int or number not in range(1, INDEX_LIMIT + 1):
        raise ModelError(f"gsi({number}, …): a table has indexes 1 to {INDEX_LIMIT}")
    if len(components) > RANGES:
        raise ModelError(
            f"gsi({number}, …) has {len(components)} range components; "
            f"an index tells {RANGES} apart. Join the last ones with '#'."
        )
    return _pattern(number, hash_template, components, when or {})


def _pattern(
    number: int, hash_template: str, components: tuple[str, ...], when: Mapping[str, Any]
) -> AccessPattern:
    if not components:
        raise ModelError(
            f"{hash_template!r} needs a range component, such as 'SESSION#{{session_id}}' or '~'"
        )
    ranges = tuple(map(KeyTemplate.parse, components))
    return AccessPattern(number, KeyTemplate.parse(hash_template), ranges, dict(when))
