"""What is known of a stored item before it is written: values, and the guard that makes them sure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from ..codec.codec import Codec
from ..terms import Absent, Conditions, Equal, Predicate, Present
from ..values.attributes import AttributeMap, AttributeValue, as_sent

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
        known = cls._of(codec.decode_fields(item, names), {name: item.get(name) for name in names})
        return evolve(known, guard=(("PK", Present()), *known.guard)) if names else known

    @classmethod
    def of_entity(cls, codec: Codec, entity: object, names: Sequence[str]) -> Known:
        """What an entity at hand says of some fields."""
        values = {name: getattr(entity, name) for name in names}
        return cls._of(values, {name: codec.attribute(name, v) for name, v in values.items()})

    @classmethod
    def _of(
        cls, values: Mapping[str, Any], attributes: Mapping[str, AttributeValue | None]
    ) -> Known:
        return cls(
            values,
            unchanged(attributes, attributes),
            frozenset(n for n, each in attributes.items() if each is None),
        )


ABSENT = Known(None, NEW)
NOTHING = Known({}, ())  # is needed


def unchanged(item: Mapping[str, AttributeValue | None], names: Iterable[str]) -> Conditions:
    """What holds while some attributes are what they are in an item."""
    return tuple((name, _equal(item.get(name))) for name in names)


def _equal(attribute: AttributeValue | None) -> Predicate:
    return Absent() if attribute is None else Equal(as_sent(attribute))
