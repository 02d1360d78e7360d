"""The payloads outside of an item that is updated: those that the update sets, and those that stay."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Literal

from ...changes import Change, Path, SetTo, Unset
from ...codec.codec import Codec
from ...requests import Key, Steps
from ...schema.schema import Schema
from ...table import TTL, TYPE
from ...terms import Conditions
from ...values.attributes import AttributeMap, AttributeValue
from ..lasting import lasting, same_parts
from ..payloads import delete_parts, write_changed


class NoPayloads:
    """Those of an entity whose items hold all that they have; see `UpdatedPayloads`."""

    staying: tuple[str, ...] = ()
    changes: Mapping[str | Path, Change] = {}
    guard: Conditions = ()
    returns: Literal["ALL_NEW", "ALL_OLD"] = "ALL_NEW"

    def learn(self, _: AttributeMap) -> None:
        """Nothing is outside of it."""

    def begun(self, _: SetTo | Unset | None) -> Steps[None]:
        """Nothing is written."""
        yield from ()

    def finished(self, _: AttributeMap | None, __: AttributeMap | None) -> Steps[None]:
        """Nothing is deleted."""
        yield from ()


NO_PAYLOADS = NoPayloads()


class UpdatedPayloads:
    """What an update writes before its item, and deletes after it.

    Attributes:
        staying: fields whose parts have to expire with the item from now on, so that what is
            stored of them has to be known.
        changes: what the update has to put in place of what it would; once `begun`.
    """

    def __init__(
        self, schema: Schema, codec: Codec, key: Key, changes: Mapping[str, Change], *, ends: bool
    ) -> None:
        """Nothing is written yet.

        Args:
            schema: where they are.
            codec: of the entity.
            key: of its item.
            changes: field -> what becomes of it; payloads as the item holds them where they fit.
            ends: whether the update may move the end of the item.
        """
        self._schema, self._codec, self._key = schema, codec, key
        self._set: dict[str, Change] = {}
        self.staying: tuple[str, ...] = ()
        if splitting := [name for name, each in codec.spec.payloads.items() if each.split]:
            self._set = {name: changes[name] for name in splitting if name in changes}
            told = {name for name, each in self._set.items() if isinstance(each, SetTo | Unset)}
            self.staying = tuple(name for name in splitting if ends and name not in told)
        self.changes: dict[str | Path, Change] = {}
        self._item: AttributeMap | None = None
        self._done: tuple[SetTo | Unset | None, Conditions] | None = None
        self._written: list[AttributeMap] = []

    def learn(self, item: AttributeMap) -> None:
        """Take notice of the stored item."""
        self._item = item

    @property
    def guard(self) -> Conditions:
        """What holds while the values that stay are in the parts that are known."""
        if self._item is None or not self.staying:
            return ()
        return same_parts(self._schema, self._item, self.staying)

    @property
    def returns(self) -> Literal["ALL_NEW", "ALL_OLD"]:
        """The item as it was, where it may refer to other parts then than afterwards."""
        return "ALL_OLD" if self._set or self.changes else "ALL_NEW"

    def begun(self, expires: SetTo | Unset | None) -> Steps[None]:
        """Write what the item will refer to, and let last what it refers to; once, by what is known.

        Args:
            expires: what becomes of the item's TTL; None if nothing does.
        """
        if self._done == (expires, self.guard):
            return
        changes = self._set if expires is None else {**self._set, TTL: expires}
        set_now = yield from write_changed(self._schema, self._codec, self._key, changes)
        self._note({name: change.value for name, change in set_now.items()})
        copies: AttributeMap = {}
        if self._item is not None and expires is not None:
            end = None if isinstance(expires, Unset) else expires.value
            copies = yield from lasting(self._schema, self._item, self.staying, end)
            self._note(copies)
        copied = ((name, SetTo(each)) for name, each in copies.items())
        self.changes = dict(chain(set_now.items(), copied))
        self._done = expires, self.guard

    def finished(self, old: AttributeMap | None, new: AttributeMap | None) -> Steps[None]:
        """Delete the parts that the item does not refer to.

        Args:
            old: the item as it was; None if that is not known.
            new: the item as it is now; None if it is gone.
        """
        for each in (old, *self._written):
            yield from delete_parts(self._schema, each, new)

    def _note(self, pointers: AttributeMap) -> None:
        tag: AttributeValue = {"S": self._codec.spec.tag}
        self._written.append({**self._key.attributes, TYPE: tag, **pointers})
