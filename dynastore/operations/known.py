"""What is known of a stored item before it is written: values, and the guard that makes them sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ..attributes import AttributeMap, AttributeValue
from ..codec import Codec
from ..terms import Absent, Conditions, Equal, Predicate

NEW: Conditions = (("PK", Absent()),)


@frozen
class Known:
    """What a stored entity is before a write, as far as the write depends on it.

    Attributes:
        values: field -> value; None: there is no such item.
        guard: what holds while this is so.
        unstored: fields of which nothing is stored.
    """

    values: Mapping[str, Any] | None
    guard: Conditions
    unstored: frozenset[str] = frozenset()

    @classmethod
    def of_item(cls, codec: Codec, item: AttributeMap | None, names: Sequence[str]) -> Known:
        """What an item says of some fields; an attribute that it lacks is guarded as such."""
        if item is None:
            return ABSENT
        return cls._of(codec.decode_fields(item, names), {name: item.get(name) for name in names})

    @classmethod
    def of_entity(cls, codec: Codec, entity: object, names: Sequence[str]) -> Known:
        """What an entity at hand says of some fields."""
        values = {name: getattr(entity, name) for name in names}
        return cls._of(values, {name: codec.attribute(name, v) for name, v in values.items()})

    @classmethod
    def _of(
        cls, values: Mapping[str, Any], attributes: Mapping[str, AttributeValue | None]
    ) -> Known:
        guard = tuple((name, _equal(attribute)) for name, attribute in attributes.items())
        return cls(values, guard, frozenset(n for n, each in attributes.items() if each is None))


ABSENT = Known(None, NEW)
NOTHING = Known({}, ())  # is needed


def _equal(attribute: AttributeValue | None) -> Predicate:
    return Absent() if attribute is None else Equal(attribute)
