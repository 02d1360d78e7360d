"""Writing whole entities: put, create, delete."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar, cast

from attrs import evolve

from ..attributes import AttributeMap
from ..codec import Codec
from ..entity import Ref
from ..errors import AlreadyExists, ConditionFailed, ConflictError, RevisionConflict
from ..requests import DeleteItem, Key, PutItem, Steps
from ..schema import Schema
from ..terms import Absent, Conditions, Equal, When
from .conditions import as_absent, conditions_of, moment, visible
from .expiry import dated
from .reads import key_of

E = TypeVar("E")

NEW: Conditions = (("PK", Absent()),)


def put(
    schema: Schema, entity: E, *, when: When | None = None, lifetime: dt.timedelta | None = None
) -> Steps[E]:
    """Write a whole entity, replacing what is stored under its key.

    Args:
        schema: where to.
        entity: what to write.
        when: field -> what it must be in the stored entity, or `any_of` and the like.
        lifetime: from now on until it expires, whatever it says itself. Without it an entity that
            does not say when it expires gets the lifetime of its class, if there is one.

    Returns:
        The entity as stored: with the time at which it expires, and its next revision, where it has
        a `version()`.

    Raises:
        RevisionConflict: somebody else wrote it since *entity* was read.
        ConditionFailed: *when* does not hold, or there is no stored entity for it to hold of.
        RequestError: a value cannot be stored, or the lifetime is none.
    """
    codec = schema.codec(type(entity))
    now = yield from moment(codec)
    entity = dated(codec, entity, now, lifetime)
    conditions = conditions_of(codec, when) + revision_guard(codec, entity)
    return (yield from _write(schema, codec, entity, conditions, now))


def create(schema: Schema, entity: E, *, lifetime: dt.timedelta | None = None) -> Steps[E]:
    """Write an entity where none is stored, or one that is expired.

    Args:
        schema: where to.
        entity: what to write.
        lifetime: as that of `put`.

    Returns:
        The entity as stored.

    Raises:
        AlreadyExists: its key is taken.
    """
    codec = schema.codec(type(entity))
    now = yield from moment(codec)
    entity = dated(codec, entity, now, lifetime)
    try:
        return (yield from _write(schema, codec, entity, NEW, now))
    except (ConditionFailed, RevisionConflict) as conflict:
        raise AlreadyExists(conflict.key) from conflict


def delete(schema: Schema, target: E | Ref[E], *, when: When | None = None) -> Steps[E | None]:
    """Remove an entity.

    Args:
        schema: where from.
        target: the entity, whose revision must then be the stored one, or a ref.
        when: field -> what it must be in the stored entity, or `any_of` and the like.

    Returns:
        The entity as it was stored, or None if there was none, or one that is expired.

    Raises:
        RevisionConflict: somebody else wrote it since *target* was read.
        ConditionFailed: *when* does not hold, or there is no stored entity for it to hold of.
    """
    codec, key = located(schema, target)
    guard = () if isinstance(target, Ref) else revision_guard(codec, target)
    now = yield from moment(codec)
    conditions = as_absent(conditions_of(codec, when) + guard, now)
    try:
        old = visible((yield from DeleteItem(schema.table.name, key, conditions)), now)
    except ConditionFailed as failure:
        raise conflict_of(codec, key, failure, target, now) from failure
    if old is None:
        return None
    deleted: E = codec.decode(old)
    return deleted


def located(schema: Schema, target: object) -> tuple[Codec, Key]:
    """The codec and the primary key of an entity or a ref."""
    if isinstance(target, Ref):
        return schema.codec(target.cls), key_of(schema, target)
    codec = schema.codec(type(target))
    values = {name: getattr(target, name) for name in codec.spec.primary.fields}
    return codec, codec.key(values, schema.prefix)


def revision_guard(codec: Codec, entity: object) -> Conditions:
    """What holds while nobody else wrote the entity; nothing without a `version()`."""
    name = codec.spec.version
    if name is None:
        return ()
    revision = getattr(entity, name)
    # Absent, and not NEW: items from before the class had a version() have none either.
    return ((name, Equal(codec.value(name, revision)) if revision else Absent()),)


def conflict_of(
    codec: Codec, key: Key, failure: ConditionFailed, target: object, now: dt.datetime | None
) -> ConflictError:
    """The error for a failed condition, with the stored entity decoded; one that expired is none."""
    item = visible(cast("AttributeMap | None", failure.stored), now)
    stored = None if item is None else codec.decode(item)
    name = codec.spec.version
    if name is not None and not isinstance(target, Ref):
        expected = getattr(target, name)
        found = None if stored is None else getattr(stored, name)
        if (found or 0) != expected:
            return RevisionConflict(key, expected=expected, stored=found)
    return ConditionFailed(key, stored)


def _write(
    schema: Schema, codec: Codec, entity: E, conditions: Conditions, now: dt.datetime | None
) -> Steps[E]:
    written = _next_revision(codec, entity)
    item: AttributeMap = codec.encode(written, schema.prefix)
    try:
        yield from PutItem(schema.table.name, item, as_absent(conditions, now))
    except ConditionFailed as failure:
        raise conflict_of(codec, Key.of(item), failure, entity, now) from failure
    return written


def _next_revision(codec: Codec, entity: E) -> E:
    name = codec.spec.version
    if name is None:
        return entity
    stored: Any = entity
    written: E = evolve(stored, **{name: getattr(entity, name) + 1})
    return written
