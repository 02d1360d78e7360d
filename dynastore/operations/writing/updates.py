"""Changing some fields of an entity, so that no index entry is ever stale.

Whatever index attributes a change touches are written in the same request. Where one of them needs
a field whose value is not known (a sibling in the same template, a number that is incremented),
that field is taken from the entity at hand or read first, and the write is guarded with it: it
takes place only while the field still has that value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from attrs import evolve

from ...changes import Change, IfMissing, Path, SetTo, Unset, increment
from ...codec.codec import Codec, expiry
from ...entities.index_slots import IndexSlot
from ...entities.spec import Ref
from ...errors import ConditionFailed, DynastoreError, RequestError
from ...expressions.changing import changer
from ...expressions.matching import matcher
from ...requests import GetItem, Steps, UpdateItem
from ...schema.schema import Schema
from ...table import TTL
from ...terms import Conditions
from ...values.attributes import AttributeMap
from ...values.wire_values import kept_item
from ...writes import Update
from ..conditions import time_of, visible
from ..known import NOTHING, Known
from ..payloads import fetched
from .attempts import asked_of, conflict_of, located, unique_fields
from .checked import Checked, set_to
from .evolving import newer
from .guards import Guarding, guarding
from .parts import Part
from .updated_payloads import NO_PAYLOADS, NoPayloads, UpdatedPayloads


class UpdateAttempt:
    """An update being carried out; see `attempts.Attempt`."""

    def __init__(self, schema: Schema, write: Update[Any], now: dt.datetime) -> None:
        """Check it; nothing is sent.

        Args:
            schema: where it is.
            write: what is changed.
            now: the time, for timestamps and expiry.

        Raises:
            RequestError: a field cannot be changed, or not like this.
        """
        self.codec, self.key = located(schema, write.target)
        self.schema = schema
        self._target = write.target
        self._now = time_of(self.codec, now)
        self._asked = asked_of(self.codec, write, self._now)
        self._changes = checked_changes(self.codec, write.changes, now)
        self._names = needed_fields(self.codec, self._changes)
        self._payloads = self._outside()
        staying = self._payloads.staying
        at_hand = self._names and not staying and not isinstance(write.target, Ref)
        self._known = Known.of_entity(self.codec, write.target, self._names) if at_hand else NOTHING
        self.needs = () if at_hand else (*self._names, *staying)
        self._stored: AttributeMap | None = None
        self._sent: UpdateItem | None = None

    def learn(self, item: AttributeMap | None) -> None:
        """Take notice of the stored item.

        Raises:
            ConditionFailed: there is none, or one that is expired.
            NewerSchema: newer code wrote it.
        """
        seen = visible(item, self._now)
        if seen is None:
            raise ConditionFailed(self.key)
        if error := newer(self.codec, self.key, seen):
            raise error
        self.needs = ()
        self._stored = seen
        self._known = Known.of_item(self.codec, seen, self._names)
        self._payloads.learn(seen)

    def action(self) -> UpdateItem:
        """The update, with all index attributes that it touches."""
        # Nearly always nothing is known, and nothing depends on it.
        after = self._after() if self._known.values or self.codec.secondary else {}
        changes: dict[str | Path, Change] = {}
        for name, change in self._changes.items():
            if name in after and not change.tells:
                changes[name] = set_to(change.part, after[name])
            else:
                change.add_to(changes, name)
        for slot in self.codec.secondary:
            changes |= self._index_changes(slot, after)
        if (expires := self._expires()) is not None:
            changes[TTL] = expires
        conditions = self._asked + self._guard
        for name, change in self._changes.items():
            conditions += change.room(name)
        table, returns = self.schema.table.name, self._payloads.returns
        changes |= self._payloads.changes
        self._sent = UpdateItem(table, self.key, changes, conditions, returns)
        return self._sent

    def guarding(self) -> list[Guarding]:
        """Guards of values that it changes."""
        if not self.codec.spec.uniques or self._changes.keys().isdisjoint(
            unique_fields(self.codec)
        ):
            return []
        before = {**self._identity(), **(self._known.values or {})}
        return guarding(self.codec, self.key, self.schema.prefix, before, self._after())

    def conflict(self, failure: ConditionFailed) -> DynastoreError | None:
        """The error, unless only a needed field had another value than known."""
        stored = visible(cast("AttributeMap | None", failure.stored), self._now)
        if stored is not None and not newer(self.codec, self.key, stored):
            guard = self._guard
            self.learn(stored)
            if guard != self._guard:
                return None
            if too_long := self._overflow(stored):
                return too_long
        return conflict_of(self.codec, self.key, failure, self._target, self._now)

    def begun(self) -> Steps[None]:
        """Write the parts of payloads that it sets, and let those that stay last with the item."""
        if self.codec.payloads.can_leave:
            yield from self._payloads.begun(self._expires())

    def finished(self, item: AttributeMap | None) -> Steps[Any]:
        """The entity as it is now; where it is gone right after, as what is known tells."""
        if item is not None and not self.schema.payloads:  # without, it is the item as it is now
            return self.codec.decode(item)
        old, new = yield from self._around(item)
        yield from self._payloads.finished(old, new)
        if new is None:
            return self._told()
        return self.codec.decode((yield from fetched(self.schema, new)))

    def _around(
        self, answer: AttributeMap | None
    ) -> Steps[tuple[AttributeMap | None, AttributeMap | None]]:
        """The item before the update, as far as that is known, and after it."""
        if answer is None or self._sent is None:  # a transaction, which answers no item
            table = self.schema.table.name
            return self._stored, (yield from GetItem(table, self.key, consistent=True))
        if self._sent.returns == "ALL_NEW":
            return None, answer
        return answer, changer(self._sent.changes)(kept_item(answer))

    @property
    def _guard(self) -> Conditions:
        """What holds while everything that is known is so."""
        return self._known.guard + self._payloads.guard

    def _outside(self) -> UpdatedPayloads | NoPayloads:
        if not self.codec.payloads.can_leave:
            return NO_PAYLOADS
        spec = self.codec.spec
        changes = {
            name: self._changes[name].sent for name in spec.payloads if name in self._changes
        }
        ends = spec.expires in self._changes
        return UpdatedPayloads(self.schema, self.codec, self.key, changes, ends=ends)

    def _told(self) -> Any:
        """The entity as it must be after the update, apart from what others change meanwhile."""
        item = self._stored
        before: Any = self._target if item is None else self.codec.decode(item)
        new = {}
        for name, change in self._changes.items():
            value = getattr(before, name)
            stored = value is not None if item is None else name in item
            new[name] = change.applied(value, stored=stored)
        return evolve(before, **new)

    def _overflow(self, stored: AttributeMap) -> RequestError | None:
        """The error for a duration that has no room for its increment."""
        for name, change in self._changes.items():
            if not matcher(change.room(name))(stored):
                return change.overflow(self.codec.decode_fields(stored, (name,))[name])
        return None

    def _expires(self) -> SetTo | Unset | None:
        """What becomes of the item's TTL; None if nothing does."""
        name = self.codec.spec.expires
        if name is None or name not in self._changes:
            return None
        return _expiry_change(self._after()[name])

    def _identity(self) -> dict[str, Any]:
        if isinstance(self._target, Ref):
            return dict(self._target.values)
        return {name: getattr(self._target, name) for name in self.codec.spec.primary.fields}

    def _after(self) -> dict[str, Any]:
        """Values of fields once the update is done, as far as they are known."""
        known = self._known.values or {}
        after = {**self._identity(), **known}
        for name, change in self._changes.items():
            if change.tells:
                after[name] = change.applied(None, stored=True)
            elif name in known:
                stored = name not in self._known.unstored
                after[name] = change.applied(known[name], stored=stored)
        return after

    def _index_changes(self, slot: IndexSlot, after: Mapping[str, Any]) -> dict[str | Path, Change]:
        """The attributes of an index that depend on a changed field."""
        found: dict[str | Path, Change] = {}
        prefix = self.schema.prefix
        for at, (attribute, fields) in enumerate(_attribute_fields(slot).items()):
            if self._changes.keys().isdisjoint(fields):
                continue
            text = slot.hash_text(after, prefix) if at == 0 else slot.range_text(at - 1, after)
            found[attribute] = Unset() if text is None else SetTo({"S": text})
        return found


def checked_changes(
    codec: Codec, changes: Mapping[str, Any], now: dt.datetime
) -> dict[str, Checked]:
    """The changes that a call asks for, and those that every write makes.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be changed, or not like this.
    """
    spec = codec.spec
    spec.check_fields(changes)
    if not changes:
        raise RequestError(f"an update of {spec} changes no field; name at least one")
    primary, kept = spec.primary.fields, (spec.version, spec.created, spec.updated)
    for name in changes:
        if name in primary:
            raise RequestError(
                f"{spec}.{name} is part of the primary key; use move(), which writes the entity "
                "under its new key and deletes the old one"
            )
        if name in kept:
            raise RequestError(f"{spec}.{name} is kept by the store itself; leave it out")
    checked = {n: Checked.of(Part.of_field(codec, n), value) for n, value in changes.items()}
    for name in spec.payloads:
        if name in checked:
            checked[name] = _packed(codec, name, checked[name])
    return checked | _kept_by_itself(codec, now)


def _packed(codec: Codec, name: str, change: Checked) -> Checked:
    """The change of a payload, as its item holds it where it fits."""
    match change.sent:
        case SetTo(value) | IfMissing(value):
            packed = codec.payloads.packed({name: value})[name]
            return evolve(change, sent=evolve(change.sent, value=packed))
        case Unset():
            return change
    if codec.spec.payloads[name].is_native:
        return change
    raise RequestError(
        f"{change.part.label} may be stored compressed or in parts, which DynamoDB cannot change in "
        "place: set the whole value, or declare payload(compress_over=None, split=False)"
    )


def _kept_by_itself(codec: Codec, now: dt.datetime) -> dict[str, Checked]:
    spec = codec.spec
    found: dict[str, Checked] = {}
    if spec.version is not None:
        found[spec.version] = Checked.of(Part.of_field(codec, spec.version), increment(1))
    if spec.updated is not None:
        found[spec.updated] = Checked.of(Part.of_field(codec, spec.updated), now)
    return found


def needed_fields(codec: Codec, changes: Mapping[str, Checked]) -> tuple[str, ...]:
    """Fields whose stored values index attributes and guards depend on, and nothing else tells."""
    unsure = [
        name
        for name, change in changes.items()
        if isinstance(change.asked, IfMissing) and _may_meet_none(codec, name, change)
    ]
    if not codec.secondary and codec.spec.expires is None and not codec.spec.uniques:
        return tuple(unsure)
    told = {name for name, change in changes.items() if change.tells}
    told |= set(codec.spec.primary.fields)
    wanted: dict[str, None] = {}
    for slot in codec.secondary:
        for fields in _attribute_fields(slot).values():
            if not changes.keys().isdisjoint(fields):
                wanted |= dict.fromkeys(fields)
    if codec.spec.expires is not None and codec.spec.expires in changes:
        wanted[codec.spec.expires] = None
    needed = [name for name in wanted if name not in told]
    needed += unsure
    uniques = unique_fields(codec)
    if not changes.keys().isdisjoint(uniques):  # guards are of the old values too
        needed += [name for name in uniques if name not in codec.spec.primary.fields]
    return tuple(dict.fromkeys(needed))


def _may_meet_none(codec: Codec, name: str, change: Checked) -> bool:
    """Of a change that sets what is missing, whether None may be stored, a value to DynamoDB."""
    return (
        change.part.default is not None
        and "NULL" in change.part.hooks.kinds
        and name not in codec.spec.payloads
    )


def _attribute_fields(slot: IndexSlot) -> dict[str, tuple[str, ...]]:
    """Key attribute of an index -> the fields it depends on."""
    templates = zip(slot.index.ranges, slot.ranges, strict=True)
    ranges = {name: () if template is None else template.fields for name, template in templates}
    return {
        slot.index.hash: (*slot.pattern.hash.fields, *slot.pattern.when),
        **ranges,
    }


def _expiry_change(moment: Any) -> SetTo | Unset:
    return Unset() if moment is None else SetTo(expiry(moment))
