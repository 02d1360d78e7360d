"""The codec: entity <-> item.

    Note(user_id="ann", note_id="n1", topic="tea", written_at=...)
    <-> {"PK": {"S": "USER#ann"}, "SK": {"S": "NOTE#n1"}, "TYPE": {"S": "note"},
         "GSI1H": {"S": "TOPIC#tea"}, "GSI1R1": {"S": "NOTE"}, "GSI1R2": {"S": "2026-…Z"}, …,
         "user_id": {"S": "ann"}, "note_id": {"S": "n1"}, "topic": {"S": "tea"}, …}

A payload field may be stored as a form, or be replaced by a pointer to its parts; see `payloads`.

Pure: no I/O, no clock. Range attributes of an index are written even while the item is not in the
index, so that it enters and leaves by its hash attribute alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import Any

from attrs import NOTHING, Factory, field, fields_dict, frozen

from ..entities.implication import DECIDABLE
from ..entities.index_slots import IndexSlot
from ..entities.patterns import AccessPattern
from ..entities.payload_fields import Undecoded
from ..entities.spec import EntitySpec
from ..errors import MalformedItem, ModelError, RequestError, UnknownType, shown
from ..requests import Key
from ..table import PRIMARY, SCHEMA, TTL, TYPE, Index
from ..terms import BeginsWith, Condition, Equal, Not, mapped
from ..values.attributes import NULL, AttributeMap, AttributeValue
from ..values.converter import FieldHooks, field_hooks, hooks_of
from ..values.hooks import EMPTY_SET, Hooks
from ..values.payload_forms import Form
from ..values.unparsed import Unparsed
from ..values.upcasting import upcast
from .payload_codec import PayloadCodec
from .payloads import PLACE
from .trouble import UNREADABLE, UNSTORABLE, checked_size, key_in, malformed, unstorable


@frozen
class Encoded:
    """An item, and what must be written before it.

    Attributes:
        key: the item's.
        item: without the fields that leave it.
        leaving: payload field -> its form, which is too large for the item.
    """

    key: Key
    item: AttributeMap
    leaving: Mapping[str, Form] = field(factory=dict)


@frozen(eq=False)
class Codec:
    """Turns entities of one class into items of one table and back.

    Attributes:
        spec: the entity.
        primary: where its primary key goes.
        secondary: where its other access patterns go.
        payloads: what turns its payload fields into forms and back.
    """

    spec: EntitySpec
    primary: IndexSlot
    secondary: tuple[IndexSlot, ...]
    hooks: Mapping[str, Hooks] = field(repr=False)
    fields: FieldHooks = field(repr=False)
    payloads: PayloadCodec = field(repr=False)
    key_fields: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, spec: EntitySpec, indexes: Mapping[int, Index]) -> Codec:
        """The codec of an entity on a table with these indexes, by number.

        Raises:
            ModelError: a field's values cannot be stored, or a pattern's index is missing.
        """
        if missing := [each for each in spec.secondary if each.number not in indexes]:
            where = f"{spec}.{missing[0].name}"
            raise ModelError(
                f"{where} is on index {missing[0].number}, which the table does not have"
            )
        try:
            hooks = {name: hooks_of(kind) for name, kind in spec.types.items()}
            fields = field_hooks(spec.cls, spec.types, lazy=spec.payloads)
        except TypeError as error:
            raise ModelError(f"{spec}: {error}") from error
        _check_when(spec, hooks)
        slots = tuple(IndexSlot.of(each, indexes[each.number]) for each in spec.secondary)
        used = {name for each in spec.patterns for name in (*each.fields, *each.when)}
        return cls(
            spec=spec,
            primary=IndexSlot.of(spec.primary, PRIMARY),
            secondary=slots,
            hooks=hooks,
            fields=fields,
            payloads=PayloadCodec(spec, hooks),
            key_fields=tuple(name for name in spec.types if name in used),
        )

    def slot(self, pattern: AccessPattern) -> IndexSlot:
        """Where one of the entity's access patterns goes."""
        return next(each for each in (self.primary, *self.secondary) if each.pattern == pattern)

    def key(self, values: Mapping[str, Any], prefix: str) -> Key:
        """The primary key of an entity.

        Args:
            values: a value for each field of the key.
            prefix: of the scope, or "".

        Raises:
            RequestError: a value is missing, empty, too long or of the wrong type.
        """
        self.spec.check_key(values)
        pk = self.primary.hash_text(values, prefix)
        assert pk is not None, "no key field is None"
        return Key(pk, self.primary.range_text(0, values), self.spec.tag)

    def encode(self, entity: Any, prefix: str) -> AttributeMap:
        """The item of an entity: its fields, its type tag, its keys and its expiry.

        Raises:
            RequestError: a value cannot be stored; the message names the field.
            ItemTooLarge: the item would pass 400 KB.
        """
        return checked_size(*self._packed_item(entity, prefix))

    def encode_split(self, entity: Any, prefix: str) -> Encoded:
        """The item of an entity, without the payloads that are too large for it; raises as `encode`."""
        key, item = self._packed_item(entity, prefix)
        if not self.spec.payloads:
            return Encoded(key, checked_size(key, item))
        leaving = self.payloads.leaving(item)
        return Encoded(key, checked_size(key, item | dict.fromkeys(leaving, PLACE)), leaving)

    def _packed_item(self, entity: Any, prefix: str) -> tuple[Key, AttributeMap]:
        key, item = self.implied(entity, prefix)
        try:
            fields = self.fields.encode(entity)
        except UNSTORABLE as error:
            raise unstorable(self.spec.name, self.hooks, vars_of(entity)) or error from error
        return key, item | (self.payloads.packed(fields) if self.spec.payloads else fields)

    def implied(self, entity: Any, prefix: str) -> tuple[Key, AttributeMap]:
        """The primary key of an entity, and the attributes that are ours: all but its fields.

        Raises:
            RequestError: a value cannot be part of a key, or is no expiry.
        """
        values = {name: getattr(entity, name) for name in self.key_fields}
        key = self.key(values, prefix)
        item: AttributeMap = {**key.attributes, TYPE: {"S": self.spec.tag}}
        for slot in self.secondary:
            item |= self._index_attributes(slot, values, prefix)
        if (
            self.spec.expires is not None
            and (moment := getattr(entity, self.spec.expires)) is not None
        ):
            item[TTL] = expiry(moment)
        if self.spec.evolution.schema is not None:
            item[SCHEMA] = {"N": str(self.spec.evolution.schema)}
        return key, item

    def _index_attributes(
        self, slot: IndexSlot, values: Mapping[str, Any], prefix: str
    ) -> AttributeMap:
        attributes = {
            name: {"S": slot.range_text(place, values)}
            for place, name in enumerate(slot.index.ranges)
        }
        if (text := slot.hash_text(values, prefix)) is not None:
            attributes[slot.index.hash] = {"S": text}
        return attributes

    def current(self, item: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
        """An item with the fields that the class has today; upcast, if older code wrote it.

        Payloads are given to upcasters where they are in the item, and not in parts.

        Raises:
            MalformedItem: it cannot be upcast.
        """
        evolution = self.spec.evolution
        if not evolution.is_old(item):
            return item
        try:
            return upcast(self.spec.name, evolution, dict(self.payloads.plain(item)))
        except (LookupError, *UNREADABLE) as error:
            reason = f"it is of schema {evolution.number_of(item)}: {error}"
            raise MalformedItem(self.spec.name, "$", reason, key_in(item)) from error

    def decode(self, item: Mapping[str, AttributeValue]) -> Any:
        """The entity of an item.

        Raises:
            UnknownType: the item has another type tag.
            MalformedItem: a field does not fit the class.
        """
        tag = item.get(TYPE, {}).get("S")
        if tag != self.spec.tag:
            raise UnknownType(tag, [self.spec.tag])
        if self.spec.evolution.upcasters:
            item = self.current(item)
        opened = self.payloads.opened(item) if self.spec.payloads else item
        try:
            return self.fields.decode(opened)
        except UNREADABLE as error:
            plain = {name: each for name, each in opened.items() if type(each) is not Undecoded}
            raise malformed(self.spec, plain, error) from error

    def decode_each(self, items: Iterable[AttributeMap]) -> list[Any]:
        """The entities of items; raises as `decode`. Of those of a large page none is kept."""
        if isinstance(items, Unparsed) and self._quick is not None:
            return items.decoded(*self._quick, self.decode)
        return [self.decode(item) for item in items]

    @cached_property
    def is_of(self) -> Condition:
        """What holds where an entity of the class is stored, and not where anything else is."""
        return TYPE, Equal({"S": self.spec.tag})

    @cached_property
    def _quick(self) -> tuple[Callable[[Any], Any], tuple[type[Exception], ...]] | None:
        """What decodes most items from their texts, and what it raises; None where nothing does."""
        if self.spec.payloads or self.spec.evolution.upcasters:
            return None
        from ..values.quick import UNFIT, quick_decoder  # for programs that have large pages

        decode = quick_decoder(self.spec.cls, self.hooks, self.spec.tag)
        return None if decode is None else (decode, UNFIT)

    def decode_fields(
        self, item: Mapping[str, AttributeValue], names: Sequence[str]
    ) -> dict[str, Any]:
        """Some fields of an entity, by name.

        Raises:
            MalformedItem: a field does not fit the class.
        """
        item = self.current(item)
        try:
            return {name: self._field(item, name) for name in names}
        except UNREADABLE as error:
            raise malformed(self.spec, item, error) from error

    def _field(self, item: Mapping[str, AttributeValue], name: str) -> Any:
        if name in item and name in self.spec.payloads:
            return self.payloads.value(name, item)
        if name in item:
            return self.hooks[name].decode(item[name])
        if self.is_set(name):
            return self.hooks[name].decode(EMPTY_SET)
        if not self.has_default(name):
            raise KeyError(name)
        return self.default(name)

    def value(self, name: str, value: Any) -> AttributeValue:
        """The attribute value of one field.

        Raises:
            RequestError: the value cannot be stored in this field.
        """
        try:
            return self.hooks[name].encode(value)
        except UNSTORABLE as error:
            raise RequestError(f"{self.spec}.{name} = {shown(value)}: {error}") from error

    def attribute(self, name: str, value: Any) -> AttributeValue | None:
        """The attribute of one field in an item; None where its value is stored by leaving it out.

        Raises:
            RequestError: the value cannot be stored in this field.
        """
        encoded = self.value(name, value)
        is_default = encoded == NULL and self.spec.default(name) is None
        left_out = encoded == EMPTY_SET if self.is_set(name) else is_default
        if left_out:
            return None
        return self.payloads.packed({name: encoded})[name]

    def has_default(self, name: str) -> bool:
        """Whether an item may lack a field."""
        return self.spec.default(name) is not NOTHING

    def is_set(self, name: str) -> bool:
        """Whether a field holds a set, of which the empty one is stored by leaving it out."""
        return self.hooks[name].is_set

    def default(self, name: str) -> Any:
        """What a field is while it is not stored.

        Raises:
            RequestError: the field has no default.
        """
        default: Any = self.spec.default(name)
        if default is NOTHING:
            raise RequestError(f"{self.spec}.{name} has no default, so it cannot be unset")
        if not isinstance(default, Factory):  # type: ignore[arg-type]
            return default
        if default.takes_self:
            raise RequestError(
                f"the default of {self.spec}.{name} depends on other fields; give it a value"
            )
        return default.factory()


def expiry(moment: Any) -> AttributeValue:
    """The TTL attribute of a point in time: epoch seconds, rounded up so that nothing goes early."""
    if moment.tzinfo is None:
        raise RequestError(
            f"the expiry {moment!r} has no time zone; use datetime.now(UTC) + timedelta(...)"
        )
    return {"N": str(ceil(moment.timestamp()))}


def vars_of(entity: Any) -> dict[str, Any]:
    """Field name -> value of an attrs object."""
    return {name: getattr(entity, name) for name in fields_dict(type(entity))}


def _check_when(spec: EntitySpec, hooks: Mapping[str, Hooks]) -> None:
    for pattern in spec.secondary:
        for name, test in pattern.when.items():
            plain = test.test if isinstance(test, Not) else test
            try:
                if not isinstance(plain, DECIDABLE):
                    raise TypeError("an index cannot depend on that; use a value or a range")
                if not isinstance(plain, BeginsWith):
                    mapped(plain, hooks[name].encode)
            except UNSTORABLE as error:
                raise ModelError(f"{spec}.{pattern.name}: when {name} {test}: {error}") from error
