"""Moving an entity to another primary key, which no update can change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import evolve

from ...changes import Change
from ...codec.codec import Codec
from ...entities.spec import Ref
from ...errors import (
    ConditionFailed,
    DynastoreError,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
)
from ...requests import GetItem, Now, Steps
from ...schema.schema import Schema
from ...table import SCHEMA
from ...values.attributes import AttributeMap
from ...writes import Create, Delete
from ..conditions import time_of, visible
from ..known import unchanged
from ..payloads import delete_parts, whole_item
from .attempts import DeleteAttempt, PutAttempt, conflict_of, located
from .evolving import newer
from .writes import ATTEMPTS, carried_out

E = TypeVar("E")


def move(schema: Schema, target: E | Ref[E], changes: Mapping[str, Any]) -> Steps[E]:
    """Write an entity under another primary key and delete the old one, in one transaction.

    The stored entity is read first. If another writer changes it meanwhile, that is done again.

    Args:
        schema: where it is.
        target: the entity, whose revision must then be the stored one, or a ref.
        changes: field -> literal; at least one is part of the primary key.

    Returns:
        The entity as it is stored now.

    Raises:
        AlreadyExists: the new key is taken.
        RevisionConflict: somebody else wrote it since *target* was read.
        ConditionFailed: there is no such entity.
        NewerSchema: newer code wrote it.
        RequestError: the key stays the same, or a field is not given as a literal.
    """
    codec, key = located(schema, target)
    schema = schema.of(codec.spec.cls)
    _check(codec, changes)
    now = yield from Now()
    for _ in range(ATTEMPTS):
        found = yield from GetItem(schema.table.name, key, consistent=True)
        item = visible(found, time_of(codec, now))
        if item is None:
            raise ConditionFailed(key)
        found = yield from whole_item(schema, item)
        if found is None:
            raise ConditionFailed(key)
        if error := newer(codec, key, found):
            raise error
        made = PutAttempt(schema, Create(evolve(codec.decode(found), **changes)), now)
        if made.key == key:
            raise RequestError(f"{key} would stay where it is; use update()")
        gone = _Leaving(schema, Delete(target), now, item)
        try:
            yield from carried_out(schema, [made, gone], now)
        except TransactionCanceled as canceled:
            taken, changed = canceled.reasons
            if not gone.outrun:  # what became of the old entity comes first: the new one is of it
                raise changed or taken or canceled from canceled
        else:
            yield from delete_parts(schema, item)
            moved: E = yield from made.finished(None)
            return moved
    raise ConditionFailed(key)


class _Leaving(DeleteAttempt):
    """The delete of exactly what was read.

    Attributes:
        outrun: whether something else is stored now.
    """

    def __init__(
        self, schema: Schema, write: Delete[Any], now: dt.datetime, item: AttributeMap
    ) -> None:
        super().__init__(schema, write, now)
        self.learn(item)
        self._asked += unchanged(item, (*self.codec.spec.types, SCHEMA))
        self.outrun = False

    def conflict(self, failure: ConditionFailed) -> DynastoreError:
        """The error: what is written under the new key would be out of date."""
        error = conflict_of(self.codec, self.key, failure, self._target, self._now)
        self.outrun = failure.stored is not None and not isinstance(error, RevisionConflict)
        return error


def _check(codec: Codec, changes: Mapping[str, Any]) -> None:
    codec.spec.check_fields(changes)
    if {codec.spec.version, codec.spec.created, codec.spec.updated} & changes.keys():
        raise RequestError("revisions and timestamps are kept by the store itself; leave them out")
    for name, value in changes.items():
        if isinstance(value, Change):
            raise RequestError(f"move() takes literals, and {name} is {value}; update() it first")
    if not changes.keys() & {*codec.spec.primary.fields}:
        fields = ", ".join(codec.spec.primary.fields)
        raise RequestError(
            f"move() changes the primary key of {codec.spec}: {fields}; use update()"
        )
