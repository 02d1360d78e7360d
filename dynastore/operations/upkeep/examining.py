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
from ...errors import DataError, DynastoreError, MalformedItem, RequestError
from ...keys import prefix_of
from ...requests import Key
from ...schema import Schema
from ...table import SCHEMA, TTL, TYPE
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
        if not isinstance(self.error, MalformedItem):
            return f"{self.entity} {self.key} is malformed: {self.error}"
        return f"{self.entity} {self.key} is malformed at {self.error.path}: {self.error.reason}"


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
        state = f"has drifted{' (mended)' if self.mended else ''}"
        return f"{self.entity} {self.key} {state}: {_listed(self.differences)}"


@frozen
class Outdated:
    """An item of an older schema that indexes have otherwise than its class has them today.

    Queries on them miss it, or find it where it is no longer, until it is upcast.

    Attributes:
        key: its primary key.
        entity: name of its class.
        stored: number of the schema that it is of.
        known: number of the schema that its class has today.
        differences: attribute name -> what an upcast will change of index attributes and TTL.
    """

    key: Key
    entity: str
    stored: int
    known: int
    differences: Mapping[str, Difference]

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.key} is of schema {self.stored}, not {self.known}; an upcast will "
            f"mend it: {_listed(self.differences)}"
        )


Finding: TypeAlias = Malformed | Misplaced | Drifted | Outdated
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

    def is_old(self, item: AttributeMap) -> bool:
        """Whether an item is to be upcast."""
        codec = self.codec_of(item)
        return codec is not None and codec.spec.evolution.is_old(item)

    def is_newer(self, item: AttributeMap) -> bool:
        """Whether newer code wrote an item, so that what it implies is not known here."""
        codec = self.codec_of(item)
        return codec is not None and codec.spec.evolution.is_newer(item)

    def finding(self, item: AttributeMap) -> Finding | None:
        """What is wrong with an item; None if nothing is, or if its class is not known so.

        Args:
            item: as it is stored; if it is old, with its payloads.
        """
        codec = self.codec_of(item)
        if codec is None or self.is_newer(item):
            return None
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
        if not differences:
            return None
        if not self.is_old(item):
            return Drifted(key, name, differences)
        evolution = codec.spec.evolution
        return Outdated(key, name, evolution.number_of(item), evolution.schema or 1, differences)

    def guard(self, item: AttributeMap) -> Conditions:
        """What holds while an item implies the same: its schema, its fields in keys, its expiry."""
        codec = self.codec_of(item)
        assert codec is not None, "only items of the schema are mended"
        expires = codec.spec.expires
        names = dict.fromkeys((SCHEMA, *codec.key_fields, *([expires] if expires else ())))
        return (("PK", Present()), (TYPE, Equal(item[TYPE])), *unchanged(item, names))


def tag_of(item: AttributeMap) -> str | None:
    """What an item's TYPE says; None if it has none, or no text."""
    tag: str | None = item.get(TYPE, {}).get("S")
    return tag


def _listed(differences: Mapping[str, Difference]) -> str:
    return "; ".join(f"{name} is {each}" for name, each in differences.items())


def _shown(value: AttributeValue | None) -> str:
    return "missing" if value is None else repr(next(iter(value.values())))
