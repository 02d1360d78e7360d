"""Settling entries: fetching whole items where an index is slim, and checking at the client.

What DynamoDB filters is settled when it arrives. The rest is left to the client: what DynamoDB
cannot say, what the index does not carry, and what an earlier access path finds already. An item
that is fetched after its index entry may have changed meanwhile, so it is checked as a whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from attrs import evolve, frozen

from ...codec.codec import Codec
from ...expressions.matching import matcher
from ...keys.templates import prefix_of, scopes_of
from ...planner.plan import AccessPath, Plan
from ...requests import Key, Steps
from ...schema.schema import Schema
from ...table import TYPE
from ...values.attributes import AttributeMap, AttributeValue
from ..conditions import encoded, unexpired
from ..keyed import read_items
from ..payloads import whole

Matches = Callable[[Mapping[str, AttributeValue]], bool]

E = TypeVar("E")


@frozen
class InScope(Generic[E]):
    """What was found across scopes.

    Attributes:
        scope: name of the scope that it is in.
        entity: the entity, or its selected fields.
    """

    scope: str
    entity: E


@frozen
class Entry:
    """What was read of one item.

    Attributes:
        path: place of the access path in the plan.
        item: the item, or what its index carries of it.
        whole: whether it was fetched by key.
    """

    path: int
    item: AttributeMap
    whole: bool = False


@frozen(slots=False)
class Settler:
    """Settles the entries of one plan.

    Attributes:
        schema: where they are.
        plan: what is read.
        now: the time, or None where no item can expire.
    """

    schema: Schema
    plan: Plan
    now: dt.datetime | None

    @cached_property
    def early(self) -> tuple[bool, ...]:
        """Of each path: whether whole items are needed to tell which are asked for, and sort them."""
        return tuple(map(self._is_early, self.plan.paths))

    @property
    def checks(self) -> bool:
        """Whether the client has to tell which of the entries are asked for."""
        return self.filters or any(path.expiry_at == "client" for path in self.plan.paths)

    @property
    def filters(self) -> bool:
        """Whether few may be asked for. Of those that expire most are live, as a rule."""
        return any(map(self._asks, self.plan.paths))

    @cached_property
    def is_direct(self) -> bool:
        """Whether items are entities as they are: nothing is checked, fetched or upcast."""
        codecs = map(self.schema.codec, self.plan.classes)
        whole_ones = not any(path.hydrated for path in self.plan.paths)
        in_items = not any(codec.spec.payloads for codec in codecs)
        return whole_ones and in_items and not self.checks and not self._evolves

    def decoded(self, items: Iterable[AttributeMap]) -> list[Any]:
        """The entities of items, where that `is_direct`; none is kept beside its entity."""
        if self._plain is not None:
            return self._plain.decode_each(items)
        return [self._decoded(item) for item in items]

    @cached_property
    def _plain(self) -> Codec | None:
        """The codec where its entities are what the call gives back."""
        (cls, *others), plan = self.plan.classes, self.plan
        plain = not others and plan.selected is None and not plan.across_scopes
        return self.schema.codec(cls) if plain else None

    def settled(self, entries: Sequence[Entry]) -> Steps[list[Entry]]:
        """Those asked for. Entries of slim indexes stay slim where that is enough to tell."""
        fetched = yield from self._fetched([e for e in entries if self.early[e.path]])
        some = [fetched.get(id(entry), entry) for entry in entries]
        current = yield from self._current([each for each in some if each is not None])
        return [each for each in current if self._is_asked(each)]

    def _current(self, entries: Sequence[Entry]) -> Steps[list[Entry]]:
        """Entries of items that older code wrote, as their class has its fields today."""
        if not self._evolves:
            return list(entries)
        told = [each for each in entries if each.whole or not self.plan.paths[each.path].hydrated]
        items = yield from whole(self.schema, [each.item for each in told])
        current = {
            id(entry): evolve(entry, item=self.schema.current(found.item))
            for entry, found in zip(told, items, strict=True)
            if found.item is not None
        }
        return [current.get(id(entry), entry) for entry in entries]

    @cached_property
    def _evolves(self) -> bool:
        return any(self.schema.codec(cls).spec.evolution.upcasters for cls in self.plan.classes)

    def entities(self, entries: Sequence[Entry]) -> Steps[list[Any]]:
        """The entities of settled entries; without those that changed since, and are not asked for."""
        slim = [e for e in entries if self.plan.paths[e.path].hydrated and not e.whole]
        fetched = yield from self._fetched(slim)
        some = [fetched.get(id(entry), entry) for entry in entries]
        kept = [e for e in some if e is not None and (not fetched or self._is_asked(e))]
        items = yield from whole(self.schema, [each.item for each in kept], self.plan.selected)
        return [
            self._decoded(found.item)
            for entry, found in zip(kept, items, strict=True)
            if found.item is not None
            and (not found.again or self._is_asked(Entry(entry.path, found.item, whole=True)))
        ]

    def _fetched(self, entries: Sequence[Entry]) -> Steps[dict[int, Entry | None]]:
        """The whole items of entries, by the entry's id; None where there is none any more."""
        if not entries:
            return {}
        keys = [Key.of(entry.item) for entry in entries]
        items = yield from read_items(self.schema.table.name, keys, consistent=False)
        return {
            id(entry): Entry(entry.path, item, whole=True) if item is not None else None
            for entry, key in zip(entries, keys, strict=True)
            for item in [items[key]]
        }

    def _is_asked(self, entry: Entry) -> bool:
        path = self.plan.paths[entry.path]
        checking = self._whole if entry.whole else self._checking
        if path.hydrated and not entry.whole:
            return True  # nothing can be told yet
        if path.tags and entry.whole and entry.item[TYPE]["S"] not in path.tags:
            return False
        if not checking[entry.path](entry.item):
            return False
        return not any(holds(entry.item) for holds in self._excluded[entry.path])

    @cached_property
    def _checking(self) -> list[Matches]:
        """Of each path: what the client checks."""
        return [
            self._matcher(path.checks, expires=path.expiry_at == "client")
            for path in self.plan.paths
        ]

    @cached_property
    def _whole(self) -> list[Matches]:
        """Of each path: what tells of a whole item whether it is asked for."""
        return [
            self._matcher(path.conditions, expires=path.expiry_at is not None)
            for path in self.plan.paths
        ]

    @cached_property
    def _excluded(self) -> list[list[Matches]]:
        """Of each path: what earlier ones find."""
        return [[self._matcher(each) for each in path.unless] for path in self.plan.paths]

    def _matcher(self, conditions: Any, *, expires: bool = False) -> Matches:
        asked = encoded(self.schema.codec(self.plan.classes[0]), conditions)
        return matcher(asked + unexpired(self.now) if expires else asked)

    def _is_early(self, path: AccessPath) -> bool:
        return path.hydrated and (self._asks(path) or path.expiry_at == "client")

    def _asks(self, path: AccessPath) -> bool:
        """Whether the client tells which items are asked for, or sorts them by whole ones."""
        if path.checks or path.unless:
            return True
        unsorted = self.plan.ordering == "memory" and not path.index.carries(self.plan.order)
        keys_only = not path.index.fields
        return path.hydrated and (unsorted or bool(path.tags and keys_only))

    @cached_property
    def _decoded(self) -> Callable[[AttributeMap], Any]:
        """What makes of an item what the call gives back."""
        entity = self._entity
        if not self.plan.across_scopes:
            return entity
        return lambda item: InScope(scopes_of(prefix_of(Key.of(item).pk))[-1], entity(item))

    @property
    def _entity(self) -> Callable[[AttributeMap], Any]:
        classes, selected = self.plan.classes, self.plan.selected
        codec = self.schema.codec(classes[0])
        if selected is not None:
            return lambda item: codec.decode_fields(item, selected)
        if len(classes) == 1:
            return codec.decode
        return lambda item: self.schema.decode(item, classes)
