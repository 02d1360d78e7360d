"""Examining items: whether an item's keys, index entries and expiry are what its fields imply.

An index entry is made by DynamoDB of the item's attributes, so an index is right where these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

from ...codec.codec import Codec
from ...entities.uniques import GUARD, Unique, lead_of
from ...errors import DataError, RequestError
from ...keys.templates import prefix_of
from ...requests import Key
from ...schema.schema import Schema
from ...table import SCHEMA, TTL, TYPE
from ...terms import Conditions, Equal, Present
from ...values.attributes import AttributeMap
from ..known import unchanged
from ..writing.attempts import unique_fields
from ..writing.guards import Claim, guarding
from .findings import Difference, Drifted, Finding, Malformed, Misplaced, Outdated


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

    @cached_property
    def _constraints(self) -> Mapping[str, tuple[Codec, Unique]]:
        """What the keys of guards begin with, behind the scope -> the class, and the constraint."""
        return {
            unique.lead(codec.spec.tag): (codec, unique)
            for codec in self.schema.codecs.values()
            for unique in codec.spec.uniques
        }

    def constraint_of(self, item: AttributeMap) -> tuple[Codec, Unique] | None:
        """The constraint that an item is a guard of; None if it is no guard, or not in the schema."""
        if tag_of(item) != GUARD:
            return None
        pk = Key.of(item).pk
        return self._constraints.get(lead_of(pk[len(prefix_of(pk)) :]))

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
            if not self.is_old(item):
                claims(codec, item)
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


def claims(codec: Codec, item: AttributeMap) -> list[Claim]:
    """The guards that the values of an item need.

    Raises:
        MalformedItem: a value does not fit the class.
        RequestError: a value is too long for a key.
    """
    key = Key.of(item)
    values = codec.decode_fields(item, unique_fields(codec))
    found = guarding(codec, key, prefix_of(key.pk), None, values)
    return [each for each in found if isinstance(each, Claim)]
