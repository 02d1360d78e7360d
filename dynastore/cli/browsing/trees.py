"""Values as branches of a tree, a level at a time: what is not opened is not made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from attrs import frozen, has

from ...codec.codec import vars_of
from ...values.attributes import AttributeMap
from ..saying import visible
from .texts import brief

MOST = 200  # branches of one level


@frozen
class Branch:
    """A value under its name.

    Attributes:
        name: of a field, of an attribute, or the place in a list.
        value: what it is.
    """

    name: str
    value: Any

    @property
    def opens(self) -> bool:
        """Whether there is something in it."""
        return _has_parts(self.value) and bool(len(_parts(self.value)))

    @property
    def line(self) -> str:
        """What it says while it is closed."""
        value = self.value
        if not _has_parts(value):
            return f"{visible(self.name)} {brief(value)}"
        return f"{visible(self.name)} {type(value).__name__} of {len(_parts(value)):,}"

    def branches(self) -> Iterator[Branch]:
        """What is in it: the first 200, and the last."""
        parts = _parts(self.value)
        for name, value in parts[:MOST]:
            yield Branch(f"{name}:", value)
        if len(parts) > MOST:
            yield Branch(f"… {len(parts) - MOST:,} more, the last:", parts[-1][1])


def fields(entity: Any) -> Iterator[Branch]:
    """The fields of an entity, in the order of declaration."""
    for name, value in vars_of(entity).items():
        yield Branch(f"{name}:", value)


def attributes(item: AttributeMap) -> Iterator[Branch]:
    """The attributes of an item as they are stored, by name, with their types: ``PK: S 'USER#ann'``."""
    for name, value in sorted(item.items(), key=lambda each: (each[0].islower(), each[0])):
        ((kind, inner),) = value.items()
        yield Branch(f"{name}: {kind}", inner)


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping | AbstractSet) or has(type(value)) or _is_list(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(name), each) for name, each in value.items()]
    if isinstance(value, AbstractSet):
        return [("·", each) for each in sorted(value, key=repr)]
    if has(type(value)):
        return [(each.name, getattr(value, each.name)) for each in type(value).__attrs_attrs__]
    return [(str(place), each) for place, each in enumerate(value)]
