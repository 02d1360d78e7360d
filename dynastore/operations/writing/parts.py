"""Parts: what one change is about, a field of an entity or something inside it."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, get_args, get_origin

import attrs
from attrs import NOTHING, Factory, frozen

from ...codec.codec import Codec
from ...codec.trouble import UNSTORABLE
from ...errors import RequestError, shown
from ...keys.text import is_choice, plain_type
from ...values.attributes import AttributeValue
from ...values.converter import DICTS, LISTS, hooks_of
from ...values.hooks import Hooks

PARTS = 1_024  # fields kept, those of the latest updates; a program changes few of all


@frozen(slots=False)
class Part:
    """A field, a field of a nested class, a value of a dict or an element of a list.

    Attributes:
        label: as a message names it: ``Session.settings.theme``.
        kind: its declared type.
        hooks: how its values are written and read.
        default: as attrs has it: `attrs.NOTHING` if something has to be stored.
        removable: whether it can go altogether: a value of a dict, an element of a list.
    """

    label: str
    kind: Any
    hooks: Hooks
    default: Any
    removable: bool = False

    @classmethod
    @lru_cache(PARTS)
    def of_field(cls, codec: Codec, name: str) -> Part:
        """A field of an entity."""
        default = codec.spec.default(name)
        return cls(f"{codec.spec}.{name}", codec.spec.types[name], codec.hooks[name], default)

    @cached_property
    def is_choice(self) -> bool:
        """Whether it is one of a few values."""
        return is_choice(self.kind)

    @property
    def unstored(self) -> Any:
        """What it is while nothing of it is stored; `attrs.NOTHING` if something has to be.

        Raises:
            RequestError: that depends on other fields.
        """
        if not isinstance(self.default, Factory):  # type: ignore[arg-type]
            return self.default
        if self.default.takes_self:
            raise RequestError(
                f"the default of {self.label} depends on other fields; give it a value"
            )
        return self.default.factory()

    def value(self, value: Any) -> AttributeValue:
        """The attribute value of a value.

        Raises:
            RequestError: the value cannot be stored here.
        """
        try:
            return self.hooks.encode(value)
        except UNSTORABLE as error:
            raise RequestError(f"{self.label} = {shown(value)}: {error}") from error

    def start(self, otherwise: AttributeValue) -> AttributeValue:
        """What a change starts from while nothing is stored."""
        made_anew = isinstance(self.default, Factory)  # type: ignore[arg-type]
        first = self._started() if made_anew else self._first
        return otherwise if first is None else first

    @cached_property
    def _first(self) -> AttributeValue | None:
        return self._started()

    def _started(self) -> AttributeValue | None:
        unstored = self.unstored
        return None if unstored is NOTHING or unstored is None else self.value(unstored)

    def inside(self, name: object) -> tuple[str | int, Part]:
        """What a name or a place leads to: how it is stored, and the part.

        Raises:
            RequestError: there is nothing of that name.
        """
        kind = plain_type(self.kind)
        origin = get_origin(kind) or kind
        if attrs.has(origin):
            return self._in_class(origin, name)
        if origin in LISTS:
            return self._in_list(kind, name)
        if origin in DICTS:
            return self._in_dict(kind, name)
        if origin in {Any, object}:
            return self._in_list(kind, name) if isinstance(name, int) else self._in_dict(kind, name)
        raise RequestError(f"{self.label} has no parts; change it as a whole")

    def _in_class(self, cls: type[Any], name: object) -> tuple[str, Part]:
        fields = attrs.fields_dict(cls)
        if not isinstance(name, str) or name not in fields:
            raise RequestError(
                f"{self.label} has no part {shown(name)}; it has {', '.join(fields)}"
            )
        kind = fields[name].type or Any
        return name, Part(f"{self.label}.{name}", kind, hooks_of(kind), fields[name].default)

    def _in_list(self, kind: Any, place: object) -> tuple[int, Part]:
        if type(place) is not int or place < 0:
            raise RequestError(f"{self.label} is a list; its places count from 0, not {place!r}")
        return place, self._element(place, next(iter(get_args(kind)), Any))

    def _in_dict(self, kind: Any, name: object) -> tuple[str, Part]:
        keys, values = get_args(kind) or (str, Any)
        try:
            ((_, text),) = hooks_of(keys).encode(name).items()
        except UNSTORABLE as error:
            raise RequestError(f"{self.label} has no key {shown(name)}: {error}") from error
        if not text:
            raise RequestError(f"{self.label}: a key is empty; DynamoDB has no empty names")
        return text, self._element(name, values)

    def _element(self, name: object, kind: Any) -> Part:
        label = f"{self.label}[{name!r}]"
        return Part(label, kind, hooks_of(kind), NOTHING, removable=True)
