"""Attempts: writes being carried out, each with what is known of its stored item so far.

What a write sends may depend on what is stored: index attributes on fields that it does not name,
guards on the values that it replaces. An attempt takes that from the entity at hand, from a guess
or from a read, and guards the write with it. If the guard fails, the stored item comes back with
the failure, so that trying again costs no read.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol, TypeVar, cast

from attrs import evolve

from ...codec.codec import Codec
from ...entities.kept_fields import UNWRITTEN
from ...entities.spec import Ref, entity_class
from ...errors import (
    AlreadyExists,
    ConditionFailed,
    ConflictError,
    DynastoreError,
    RevisionConflict,
)
from ...requests import Action, ConditionCheck, DeleteItem, Key, PutItem, Steps
from ...schema.schema import Schema
from ...terms import Absent, Conditions, Equal
from ...values.attributes import AttributeMap
from ...writes import Check, Create, Delete, Put, Update
from ..conditions import as_absent, conditions_of, time_of, unexpired, visible
from ..known import ABSENT, NOTHING, Known
from ..payloads import delete_parts, fetched, write_leaving
from .evolving import newer, not_newer, not_older
from .guards import Guarding, guarding

E = TypeVar("E")


class Attempt(Protocol):
    """One write being carried out.

    Attributes:
        schema: where it is.
        codec: of the entity.
        key: of its item.
        needs: fields of the stored item that have to be read first, and are not known yet.
    """

    schema: Schema
    codec: Codec
    key: Key

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of the stored item."""
        ...

    def learn(self, item: AttributeMap | None, /) -> None:
        """Take notice of the stored item, None where there is none."""
        ...

    def action(self) -> Action:
        """What is done to the item, by what is known."""
        ...

    def guarding(self) -> list[Guarding]:
        """What is done to guards of unique values, by what is known."""
        ...

    def conflict(self, failure: ConditionFailed) -> DynastoreError | None:
        """The error for a failed condition of `action`; None where something was learnt from it."""
        ...

    def begun(self) -> Steps[None]:
        """Write what the item will refer to, as far as that is not done; before each try."""
        ...

    def finished(self, item: AttributeMap | None, /) -> Steps[Any]:
        """What the caller gets, once what the item does not refer to any more is deleted.

        Args:
            item: what the request answered; None if it was a transaction, which answers no item.
        """
        ...


class PutAttempt:
    """A put or create."""

    needs: tuple[str, ...] = ()

    def __init__(self, schema: Schema, write: Put[Any] | Create[Any], now: dt.datetime) -> None:
        """Check it; nothing is sent.

        Args:
            schema: where to.
            write: what is written.
            now: the time, for timestamps and expiry.

        Raises:
            RequestError: it is wrong.
        """
        entity = write.entity
        self.codec = schema.codec(entity_class(entity))
        self._now = time_of(self.codec, now)
        self.schema = schema
        self._creates = isinstance(write, Create)
        self._entity = entity
        self._written = _stamped(self.codec, entity, now)
        self._encoded = self.codec.encode_split(self._written, schema.prefix)
        self._item = self._encoded.item
        self.key = self._encoded.key
        self._asked: Conditions = ()
        if not isinstance(write, Create):
            asked = conditions_of(self.codec, write.when)
            self._asked = asked + revision_guard(self.codec, entity) + not_newer(self.codec)
            self._asked += not_older(self.codec) if asked else ()
        self._known = self._guess()

    def learn(self, item: AttributeMap | None) -> None:
        """Take notice of the stored item."""
        seen = visible(item, self._now)
        self._known = Known.of_item(self.codec, seen, unique_fields(self.codec))

    def action(self) -> Action:
        """The put."""
        conditions = as_absent(self._asked + self._known.guard, self._now)
        returns_old = self.codec.payloads.can_leave and not self._creates
        return PutItem(self.schema.table.name, self._item, conditions, returns_old)

    def guarding(self) -> list[Guarding]:
        """Guards of values that it changes."""
        if not self.codec.spec.uniques:
            return []
        after = {name: getattr(self._written, name) for name in unique_fields(self.codec)}
        return guarding(self.codec, self.key, self.schema.prefix, self._known.values, after)

    def conflict(self, failure: ConditionFailed) -> DynastoreError | None:
        """The error, unless only the guess of what is stored was wrong."""
        stored: Any = failure.stored
        if self._creates:
            spec = self.codec.spec
            values = {name: getattr(self._entity, name) for name in spec.primary.fields}
            return AlreadyExists(self.key, spec.cls.__name__, values)
        before, guard = self._known, self._known.guard
        if self.codec.spec.uniques:
            self.learn(stored)
        if before is not self._known and guard != self._known.guard:
            return None
        return conflict_of(self.codec, self.key, failure, self._entity, self._now)

    def begun(self) -> Steps[None]:
        """Write the payloads that leave it."""
        if self._item is self._encoded.item and self._encoded.leaving:
            self._item = yield from write_leaving(self.schema, self._encoded)

    def finished(self, item: AttributeMap | None) -> Steps[Any]:
        """The entity as stored."""
        yield from delete_parts(self.schema, item, self._item)
        return self._written

    def _guess(self) -> Known:
        """What is stored, most likely: nothing, or something with the same unique values."""
        if self._creates:
            return ABSENT
        if not self.codec.spec.uniques:
            return NOTHING
        version = self.codec.spec.version
        if version is not None and not getattr(self._entity, version):
            return ABSENT
        return Known.of_entity(self.codec, self._entity, unique_fields(self.codec))


class DeleteAttempt:
    """A delete."""

    def __init__(self, schema: Schema, write: Delete[Any], now: dt.datetime) -> None:
        """Check it; nothing is sent."""
        self.codec, self.key = located(schema, write.target)
        self._now = time_of(self.codec, now)
        self.schema = schema
        self._target = write.target
        self._asked = conditions_of(self.codec, write.when)
        self._asked += not_older(self.codec) if self._asked else ()
        if not isinstance(write.target, Ref):
            self._asked += revision_guard(self.codec, write.target)
        self.needs = _telling_fields(self.codec)
        self._names = self.needs
        self._known = NOTHING
        self._stored: AttributeMap | None = None

    def learn(self, item: AttributeMap | None) -> None:
        """Take notice of the stored item."""
        self.needs = ()
        self._stored = visible(item, self._now)
        self._known = Known.of_item(self.codec, self._stored, self._names)

    def action(self) -> Action:
        """The delete."""
        conditions = as_absent(self._asked + self._known.guard, self._now)
        return DeleteItem(self.schema.table.name, self.key, conditions)

    def guarding(self) -> list[Guarding]:
        """Guards of all its values."""
        return guarding(self.codec, self.key, self.schema.prefix, self._known.values, None)

    def conflict(self, failure: ConditionFailed) -> DynastoreError | None:
        """The error, unless the item changed since it was read."""
        guard = self._known.guard
        if self.codec.spec.uniques:
            self.learn(failure.stored)  # type: ignore[arg-type]
        if guard != self._known.guard:
            return None
        return conflict_of(self.codec, self.key, failure, self._target, self._now)

    def begun(self) -> Steps[None]:
        """Nothing is written."""
        yield from ()

    def finished(self, item: AttributeMap | None) -> Steps[Any]:
        """The entity as it was stored; a transaction does not answer it, so as it was read."""
        old = self._stored if item is None else item
        if old is None:
            return None
        found = yield from fetched(self.schema, old)
        yield from delete_parts(self.schema, old)
        seen = visible(found, self._now)
        return None if seen is None else self.codec.decode(seen)


class CheckAttempt:
    """A check, which writes nothing."""

    needs: tuple[str, ...] = ()

    def __init__(self, schema: Schema, write: Check[Any], now: dt.datetime) -> None:
        """Check its terms; nothing is sent."""
        self.codec, self.key = located(schema, write.target)
        self._now = time_of(self.codec, now)
        self.schema = schema
        self._target = write.target
        self._asked = asked_of(self.codec, write, self._now)

    def learn(self, _: AttributeMap | None) -> None:
        """Nothing depends on the stored item."""

    def action(self) -> Action:
        """The check."""
        return ConditionCheck(self.schema.table.name, self.key, self._asked)

    def guarding(self) -> list[Guarding]:
        """None: nothing is written."""
        return []

    def conflict(self, failure: ConditionFailed) -> DynastoreError | None:
        """The error."""
        return conflict_of(self.codec, self.key, failure, self._target, self._now)

    def begun(self) -> Steps[None]:
        """Nothing is written."""
        yield from ()

    def finished(self, _: AttributeMap | None) -> Steps[None]:
        """Nothing."""
        yield from ()


def located(schema: Schema, target: object) -> tuple[Codec, Key]:
    """The codec and the primary key of an entity or a ref."""
    if isinstance(target, Ref):
        codec = schema.codec(target.cls)
        return codec, codec.key(dict(target.values), schema.prefix)
    codec = schema.codec(entity_class(target))
    values = {name: getattr(target, name) for name in codec.spec.primary.fields}
    return codec, codec.key(values, schema.prefix)


def asked_of(codec: Codec, write: Update[Any] | Check[Any], now: dt.datetime | None) -> Conditions:
    """What the stored entity has to be for a write: there, as ``when`` says, and not written since.

    Args:
        codec: of the entity.
        write: the write.
        now: the time, or None where no item can expire.

    Raises:
        RequestError: ``when`` is wrong.
    """
    asked: Conditions = (codec.is_of,)
    if now is not None:
        asked += unexpired(now)
    if write.when is not None:
        asked += conditions_of(codec, write.when)
    if codec.spec.evolution.schema is not None:
        asked += not_older(codec)
        asked += not_newer(codec) if isinstance(write, Update) else ()
    if codec.spec.version is not None and not isinstance(write.target, Ref):
        asked += revision_guard(codec, write.target)
    return asked


def revision_guard(codec: Codec, entity: object) -> Conditions:
    """What holds while nobody else wrote the entity; nothing without a `version()`."""
    name = codec.spec.version
    if name is None:
        return ()
    revision = getattr(entity, name)
    # Absent, and not NEW: items from before the class had a version() have none either.
    return ((name, Equal(codec.value(name, revision)) if revision else Absent()),)


def unique_fields(codec: Codec) -> tuple[str, ...]:
    """Fields that guards of unique values depend on; none without constraints."""
    spec = codec.spec
    if not spec.uniques:
        return ()
    names = dict.fromkeys(name for each in spec.uniques for name in each.fields)
    if spec.expires is not None:
        names[spec.expires] = None
    return tuple(names)


def _telling_fields(codec: Codec) -> tuple[str, ...]:
    """Fields that tell, of an entity with unique values, whether it is still as it was read.

    A transaction answers no item, so what a delete gives back is what was read before.
    """
    spec = codec.spec
    if not spec.uniques:
        return ()
    if spec.version is not None:
        return (*unique_fields(codec), spec.version)
    return tuple(name for name in spec.types if name not in spec.payloads)


def conflict_of(
    codec: Codec, key: Key, failure: ConditionFailed, target: object, now: dt.datetime | None
) -> ConflictError:
    """The error for a failed condition, with the stored entity decoded; one that expired is none."""
    item = visible(cast("AttributeMap | None", failure.stored), now)
    if error := newer(codec, key, item):
        return error
    stored = None if item is None else codec.decode(item)
    name = codec.spec.version
    if name is not None and not isinstance(target, Ref):
        expected = getattr(target, name)
        found = None if stored is None else getattr(stored, name)
        if (found or 0) != expected:
            return RevisionConflict(key, expected=expected, stored=found)
    return ConditionFailed(key, stored)


def _stamped(codec: Codec, entity: E, now: dt.datetime) -> E:
    """The entity as it will be stored: with its next revision and its timestamps."""
    spec = codec.spec
    changes: dict[str, Any] = {}
    if spec.version is not None:
        changes[spec.version] = getattr(entity, spec.version) + 1
    if spec.created is not None and getattr(entity, spec.created) == UNWRITTEN:
        changes[spec.created] = now
    if spec.updated is not None:
        changes[spec.updated] = now
    stored: Any = entity
    written: E = evolve(stored, **changes) if changes else entity
    return written
