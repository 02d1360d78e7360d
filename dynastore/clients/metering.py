"""Write capacity of a table and its indexes, from an item before and after a write.

An index entry is as large as what the index projects of the item: all of it, or less.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from ..capacity import item_bytes, write_units
from ..table import PRIMARY, Index
from ..values.attributes import AttributeMap


@frozen
class Image:
    """An item as it is stored.

    Attributes:
        item: its attributes.
        size: its size in bytes, attribute names included.
    """

    item: AttributeMap
    size: int


def entry(index: Index, item: AttributeMap) -> tuple[str, ...] | None:
    """An item's key in an index; None if it lacks a key attribute, and so is not in it."""
    if all(name in item for name in index.attributes):
        return tuple(item[name]["S"] for name in index.attributes)
    return None


def projected(index: Index, item: AttributeMap) -> AttributeMap:
    """What an index holds of an item that is in it."""
    if index.carried is None:
        return item
    held = {*index.attributes, *PRIMARY.attributes, *index.carried}
    return {name: value for name, value in item.items() if name in held}


def written(indexes: Iterable[Index], before: Image | None, after: Image | None) -> float:
    """Write units of a put, update or delete, in the table and in all indexes.

    Args:
        indexes: the table's.
        before: what was stored, None if nothing was.
        after: what is stored now, None if it was deleted.

    Source: DynamoDB Developer Guide, "Read and write operations"; "Write capacity units" under
        "Using global secondary indexes".
    """
    return write_units(_larger(before, after)) + sum(
        _in_index(index, before, after) for index in indexes
    )


def refused(stored: AttributeMap | None) -> float:
    """Write units of a write whose condition did not hold: those of the stored item, at least 1.

    Source: DynamoDB Developer Guide, "Capacity units consumed by conditional writes".
    """
    return write_units(item_bytes(stored) if stored else 0)


def _in_index(index: Index, before: Image | None, after: Image | None) -> float:
    left = _entry_units(index, before)
    entered = _entry_units(index, after)
    if before is None or after is None or not left or not entered:
        return left + entered
    if entry(index, before.item) != entry(index, after.item):
        return left + entered  # the old entry is deleted, a new one put
    same = projected(index, before.item) == projected(index, after.item)
    return 0.0 if same else max(left, entered)


def _entry_units(index: Index, image: Image | None) -> float:
    if image is None or entry(index, image.item) is None:
        return 0.0
    if index.carried is None:
        return write_units(image.size)
    return write_units(item_bytes(projected(index, image.item)))


def _larger(*images: Image | None) -> int:
    return max(image.size if image else 0 for image in images)
