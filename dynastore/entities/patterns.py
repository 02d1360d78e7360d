"""Access patterns: the named ways to reach items, as key templates on an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from zlib import crc32

import attrs
from attrs import frozen

from ..errors import ModelError
from ..keys.templates import ACROSS, KeyTemplate, parent_prefix
from ..table import INDEX_LIMIT, RANGES, SHARDS_LIMIT, Index
from ..terms import Predicate, as_predicate
from .implication import holds


@frozen
class AccessPattern:
    """One named way to reach items of an entity: key templates on an index.

    Attributes:
        number: of the index; 0 is the primary key.
        hash: template of the partition key.
        ranges: templates of the range components, the leftmost sorts first.
        when: field -> what it must be for an item to be in the index.
        shards: over how many partitions the items of one partition key are spread.
        include: fields that index entries have to carry beside the keys; None for all.
        across_scopes: whether the items of all scopes of a scope are in one partition.
        name: the class attribute it was assigned to.
        identity: the whole primary key as one template; what tells the shard of an item.
    """

    number: int
    hash: KeyTemplate
    ranges: tuple[KeyTemplate, ...]
    when: Mapping[str, Predicate] = attrs.field(factory=dict)
    shards: int = 1
    include: tuple[str, ...] | None = None
    across_scopes: bool = False
    name: str = ""
    identity: KeyTemplate | None = attrs.field(default=None, eq=False, repr=False)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Fields of its templates, those of the partition key first."""
        return self.hash.fields + tuple(name for each in self.ranges for name in each.fields)

    @property
    def sort(self) -> KeyTemplate:
        """All range components as one text, as an index with one range attribute holds them."""
        return KeyTemplate.joined(self.ranges)

    @property
    def partition(self) -> KeyTemplate:
        """The template of the partition key with the shard, where there are several."""
        if self.shards == 1:
            return self.hash
        return KeyTemplate.joined([self.hash, KeyTemplate.parse("{SHARD}")])

    def before(self, prefix: str) -> str | None:
        """What comes before its partition keys, for an item of a scope; None if that has none here.

        Args:
            prefix: of the item's scope, or "".
        """
        if not self.across_scopes:
            return prefix
        parent = parent_prefix(prefix)
        return None if parent is None else parent + ACROSS

    def partition_text(self, values: Mapping[str, Any]) -> str | None:
        """The partition key of an entity, or None while it is not in the index."""
        if self.when and not all(holds(test, values[name]) for name, test in self.when.items()):
            return None
        text = self.hash.render(values)
        if text is None or self.shards == 1:
            return text
        assert self.identity is not None, "the pattern is not typed"
        return f"{text}#{crc32((self.identity.render(values) or '').encode()) % self.shards}"

    def partition_texts(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The partition keys of all entities with these values; several where it is sharded."""
        text = self.hash.render(values)
        if text is None:
            return ()
        if self.shards == 1:
            return (text,)
        return tuple(f"{text}#{shard}" for shard in range(self.shards))

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
    return _pattern(0, hash_template, components)


def gsi(
    number: int,
    hash_template: str,
    /,
    *components: str,
    when: Mapping[str, Any] | None = None,
    shards: int = 1,
    include: Sequence[str] | None = None,
    across_scopes: bool = False,
) -> AccessPattern:
    """A secondary access pattern on a global secondary index that all entities share.

    The index is sparse: an item is in it only while every field of the hash template has a value
    and *when* holds.

    Args:
        number: of the index, 1 to 20. An entity uses each number once.
        hash_template: text of the partition key, such as ``AGENT#{agent_id}``. A point in time is
            written in buckets, ``{created_at:month}``, which a query between two moments finds:
            ``year``, ``month``, ``day`` or ``hour``, of UTC.
        components: one to four texts, each sorted by on its own: ``"SESSION", "{updated_at}"``.
            An optional field is written ``{field?}``: None sorts before all values.
        when: field -> what it must be for an item to be in the index: a value, or a term such as
            `one_of("open", "held")`, `since(1)` or `exists()`.
        shards: over how many partitions the items of one partition key are spread, where one
            would take more than 1,000 write units a second. Every query reads all of them.
        include: the only fields that index entries carry, so that they are slim; ``()`` for keys
            only. Lists then read and pay for little, and whole entities are fetched by key. The
            index is shared, so it carries what its entities need together.
        across_scopes: whether its partitions have the items of all scopes beside each other, for
            `Store.across_scopes` and nothing else. What is in no scope is not in the index.

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
    if type(shards) is not int or shards not in range(1, SHARDS_LIMIT + 1):
        raise ModelError(f"gsi({number}, …): shards are 1 to {SHARDS_LIMIT}, not {shards!r}")
    if isinstance(include, str):
        raise ModelError(f"gsi({number}, …): include is a list of fields: [{include!r}]")
    made = _pattern(number, hash_template, components)
    return attrs.evolve(
        made,
        when={name: as_predicate(value) for name, value in (when or {}).items()},
        shards=shards,
        include=None if include is None else tuple(include),
        across_scopes=bool(across_scopes),
    )


def _pattern(number: int, hash_template: str, components: tuple[str, ...]) -> AccessPattern:
    if not components:
        raise ModelError(
            f"{hash_template!r} needs a range component, such as 'SESSION#{{session_id}}' or '~'"
        )
    ranges = tuple(map(KeyTemplate.parse, components))
    return AccessPattern(number, KeyTemplate.parse(hash_template), ranges)
