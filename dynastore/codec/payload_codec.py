"""The payload fields of one entity class: values <-> what its items hold; see `payloads`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from attrs import frozen

from ..capacity import value_bytes
from ..entities.payload_fields import Undecoded
from ..entities.spec import EntitySpec
from ..errors import MalformedItem, PayloadMissing, RequestError
from ..requests import Key
from ..table import TYPE
from ..values.attributes import AttributeMap, AttributeValue
from ..values.hooks import Hooks
from ..values.payload_forms import Form, form_in, value_of
from . import payloads
from .payloads import Pointer
from .trouble import UNREADABLE, UNSTORABLE, key_in, malformed


@frozen(eq=False)
class PayloadCodec:
    """Packs the payload fields of items of one class, and opens them.

    Attributes:
        spec: the entity.
        hooks: field -> how its values are written and read.
    """

    spec: EntitySpec
    hooks: Mapping[str, Hooks]

    @cached_property
    def can_leave(self) -> bool:
        """Whether any of them may leave its item."""
        return any(each.split for each in self.spec.payloads.values())

    def packed(self, item: AttributeMap) -> AttributeMap:
        """An item whose payloads are as the item holds them where they fit: values or forms.

        Raises:
            RequestError: one holds half of a surrogate pair, or is larger than a payload may be.
        """
        return {**item, **{name: self._packed(name, item[name]) for name in self._names_in(item)}}

    def leaving(self, item: AttributeMap) -> dict[str, Form]:
        """The forms that a packed item is too small for, by field."""
        try:
            return payloads.leaving(item, self.spec.payloads)
        except UnicodeEncodeError:
            return {}  # of a text elsewhere in the item, which its size check names

    def is_leaving(self, name: str, value: AttributeValue) -> bool:
        """Whether the value of an attribute leaves its item, whatever else is in it."""
        storing = self.spec.payloads.get(name)
        if storing is None or not storing.split:
            return False
        return value_bytes(value) > payloads.inline_bytes(self.spec.payloads, name)

    def opened(self, item: Mapping[str, AttributeValue]) -> Mapping[str, Any]:
        """An item whose payloads are attribute values, or `Undecoded` until they are touched.

        Raises:
            MalformedItem: a form that is decoded at once is damaged.
        """
        forms = [name for name in self._names_in(item) if "B" in item[name]]
        if not forms:
            return item
        return {**item, **{name: self._held(name, item) for name in forms}}

    def plain(self, item: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
        """An item whose payloads are attribute values, except those that left it.

        Raises:
            MalformedItem: a form is damaged.
        """
        forms = [n for n in self._names_in(item) if "B" in item[n] and not Pointer.of(item[n])]
        return {**item, **{name: self._plain(name, item) for name in forms}}

    def value(self, name: str, item: Mapping[str, AttributeValue]) -> Any:
        """The value of one field of an item.

        Raises:
            MalformedItem: its form is damaged, or does not fit the class.
            PayloadMissing: the item holds a pointer.
        """
        plain = item[name] if "B" not in item[name] else self._plain(name, item)
        try:
            return self.hooks[name].decode(plain)
        except UNREADABLE as error:
            known = {each: item[each] for each in ("PK", "SK", TYPE) if each in item}
            raise malformed(self.spec, {**known, name: plain}, error) from error

    def _names_in(self, item: Mapping[str, Any]) -> list[str]:
        return [name for name in self.spec.payloads if name in item]

    def _packed(self, name: str, value: AttributeValue) -> AttributeValue:
        try:
            return payloads.packed(value, self.spec.payloads[name])
        except UNSTORABLE as error:
            raise RequestError(f"{self.spec}.{name} cannot be stored: {error}") from error

    def _held(self, name: str, item: Mapping[str, AttributeValue]) -> Any:
        kept = {each: item[each] for each in ("PK", "SK", name) if each in item}
        if self.spec.payloads[name].lazy or Pointer.of(item[name]):
            return Undecoded(partial(self.value, name, kept))
        return self._plain(name, item)

    def _plain(self, name: str, item: Mapping[str, AttributeValue]) -> AttributeValue:
        """The attribute value of a form."""
        if (pointer := Pointer.of(item[name])) is not None:
            where = f"{self.spec}.{name} of {Key.of(item)}" if "PK" in item else str(self.spec)
            advice = "It was not fetched with its item; read the entity again."
            raise PayloadMissing(where, pointer, advice)
        try:
            return value_of(form_in(item[name]))
        except ValueError as error:
            raise MalformedItem(self.spec.name, f"$.{name}", str(error), key_in(item)) from error
