"""Examining items: whether an item's keys, index entries and expiry are what its fields imply.

An index entry is made by DynamoDB of the item's attributes, so an index is right where these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

from attrs import field, frozen

from ...attributes import AttributeMap, AttributeValue
from ...codec import Codec
from ...errors import DataError, DynastoreError, RequestError
from ...keys import prefix_of
from ...requests import Key
from ...schema import Schema
from ...table import TTL, TYPE
from ...terms import Conditions, Equal, Present
from ..known import unchanged


@frozen
class Malformed:
    """An item that does not fit its class. It is for a person to repair, or to migrate.

    Attributes:
        key: its primary key.
        entity: name of the class that its TYPE says.
        error: what is wrong.
    """

    key: Key
    entity: str
    error: DynastoreError

    def __str__(self) -> str:
        return f"{self.entity} {self.key} is malformed: {self.error}"


@frozen
class Misplaced:
    """An item under another primary key than its fields imply: no call by its fields finds it.

    Attributes:
        key: its primary key.
        entity: name of its class.
        implied: the key that it should have.
    """

    key: Key
    entity: str
    implied: Key

    def __str__(self) -> str:
        return f"{self.entity} {self.key} is misplaced: its fields imply {self.implied}"


@frozen
class Difference:
    """An attribute that is not what the item's fields imply.

    Attributes:
        stored: as it is; None where there is none.
        implied: as it should be; None where none should be.
    """

    stored: AttributeValue | None
    implied: AttributeValue | None

    def __str__(self) -> str:
        return f"{_shown(self.stored)}, not {_shown(self.implied)}"


@frozen
class Drifted:
    """An item whose index attributes or TTL are not what its fields imply.

    Attributes:
        key: its primary key.
        entity: name of its class.
        differences: attribute name -> what is wrong with it.
        mended: whether the attributes were written as they should be.
    """

    key: Key
    entity: str
    differences: Mapping[str, Difference]
    mended: bool = False

    def __str__(self) -> str:
        wrong = "; ".join(f"{name} is {each}" for name, each in self.differences.items())
        return f"{self.entity} {self.key} has drifted{' (mended)' if self.mended else ''}: {wrong}"


Finding: TypeAlias = Malformed | Misplaced | Drifted
"""What is wrong with one item."""


@frozen(slots=False)
class Examiner:
    """Examines the items of a table, in whatever scope they are.

    Attributes:
        schema: its entities.
    """

    schema: Schema = field(repr=False)

    @cached_property
    def _codecs(self) -> dict[str, Codec]:
        return {codec.spec.tag: codec for codec in self.schema.codecs.values()}

    @cached_property
    def _implied(self) -> tuple[str, ...]:
        """Names of the attributes that can drift."""
        indexes = self.schema.table.indexes
        return (*(name for index in indexes for name in index.attributes), TTL)

    def codec_of(self, item: AttributeMap) -> Codec | None:
        """The codec of an item's class; None if its TYPE is not in the schema."""
        return self._codecs.get(tag_of(item) or "")

    def finding(self, item: AttributeMap) -> Finding | None:
        """What is wrong with an item; None if nothing is, it is old, or its TYPE is not in the schema."""
        codec = self.codec_of(item)
        if codec is None or codec.spec.evolution.is_old(item):
            return None  # what is old is for an upcast to rewrite
        key, name = Key.of(item), codec.spec.name
        try:
            implied_key, implied = codec.implied(codec.decode(item), prefix_of(key.pk))
        except (DataError, RequestError) as error:
            return Malformed(key, name, error)
        if implied_key != key:
            return Misplaced(key, name, implied_key)
        differences = {
            name: Difference(item.get(name), implied.get(name))
            for name in self._implied
            if item.get(name) != implied.get(name)
        }
        return Drifted(key, name, differences) if differences else None

    def guard(self, item: AttributeMap) -> Conditions:
        """What holds while what an item implies stays the same: its fields in keys, and its expiry."""
        codec = self.codec_of(item)
        assert codec is not None, "only items of the schema are mended"
        expires = codec.spec.expires
        names = dict.fromkeys((*codec.key_fields, *([expires] if expires else ())))
        return (("PK", Present()), (TYPE, Equal(item[TYPE])), *unchanged(item, names))


def tag_of(item: AttributeMap) -> str | None:
    """What an item's TYPE says; None if it has none, or no text."""
    tag: str | None = item.get(TYPE, {}).get("S")
    return tag


def _shown(value: AttributeValue | None) -> str:
    return "missing" if value is None else repr(next(iter(value.values())))
