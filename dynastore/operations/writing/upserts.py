"""Upserts: changing an entity, which is made first if there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
from attrs import NOTHING

from ...changes import IfMissing
from ...codec.codec import Codec
from ...entities.kept_fields import UNWRITTEN
from ...entities.spec import Ref
from ...errors import AlreadyExists, ConditionFailed, NotUnique, RequestError
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Update
from .checked import Checked
from .updates import checked_changes
from .writes import ATTEMPTS, write

E = TypeVar("E")


def upsert(schema: Schema, target: Ref[E], changes: Mapping[str, Any]) -> Steps[E]:
    """Change some fields of an entity, or make it: of its defaults, with the changes.

    One request where it exists, two where it does not.

    Args:
        schema: where it is.
        target: a ref.
        changes: field -> a literal or a change; every field without a default is among them.

    Returns:
        The entity as it is stored now.

    Raises:
        NotUnique: a value that must be unique is another entity's.
        RequestError: a field has neither a default nor a change, or cannot be changed like this.
    """
    if not isinstance(target, Ref):
        raise RequestError("upsert() takes a ref: upsert(ref(Session, ...), visits=increment(1))")
    new: E = _made(schema.codec(target.cls), target, changes)
    update: Update[E] = Update(target, **changes)
    for _ in range(ATTEMPTS):
        try:
            changed: E = yield from write(schema, update)
        except ConditionFailed as failure:
            if failure.stored is not None:
                raise
        else:
            return changed
        try:
            created: E = yield from write(schema, Create(new))
        except NotUnique:
            raise
        except AlreadyExists:
            continue  # another writer was faster: now there is something to change
        else:
            return created
    raise ConditionFailed(schema.codec(target.cls).key(dict(target.values), schema.prefix))


def _made(codec: Codec, target: Ref[E], changes: Mapping[str, Any]) -> E:
    """The entity that the changes make where there is none."""
    values = dict(target.values)
    for name, change in checked_changes(codec, changes, UNWRITTEN).items():
        if name in changes:
            values[name] = change.applied(_unstored(change), stored=False)
    if missing := [
        field.name
        for field in attrs.fields(codec.spec.cls)
        if field.name not in values and field.default is NOTHING
    ]:
        raise RequestError(
            f"{codec.spec} has no default for {' and '.join(missing)}; an upsert has to say it, "
            f"such as {missing[0]}=if_missing(...)"
        )
    made: E = codec.spec.cls(**values)
    return made


def _unstored(change: Checked) -> Any:
    """What a change starts from where nothing is stored; only some ask for it."""
    if change.tells or isinstance(change.asked, IfMissing):
        return None
    default = change.part.unstored
    return None if default is NOTHING else default
