"""The library: what one does with documents. Whose one is, is a condition of each write."""

from __future__ import annotations

from typing import Any, TypeAlias

from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, ConditionFailed
from ...operations.reading.reads import get
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Update
from ..kept import Kept
from .entities import Knowledge

Known: TypeAlias = Kept[str, bool]
"""Ids of documents that were there when this process read or wrote them last.

One that is new is created, one that is there is changed: a request each, if the guess is right, and
one more if it is not.
"""


def load(schema: Schema, known: Known, knowledge_id: str) -> Steps[Knowledge | None]:
    """A document as it is now: one request. This process then remembers whether it is there."""
    found = yield from get(schema, Knowledge, {"knowledge_id": knowledge_id}, consistent=True)
    if found is None:
        known.forget(knowledge_id)
    else:
        known.keep(knowledge_id, True)
    return found


def save(
    schema: Schema, known: Known, new: Knowledge, changes: dict[str, Any], user_id: str | None
) -> Steps[bool]:
    """Add a document, or change it: one request, if what this process knows of it is so.

    Args:
        schema: where to.
        known: whether it is there; then remembers that it is.
        new: as it is added where there is none.
        changes: field -> value, where it is there already.
        user_id: whose it must be then; anybody's without.

    Returns:
        Whether it was saved, and is not another user's.
    """
    target = _ref(new.knowledge_id)
    update = Update(target, when=_owned_by(user_id), **changes)
    for _ in range(ATTEMPTS):
        if known.get(new.knowledge_id):
            try:
                yield from write(schema, update)
            except ConditionFailed as failure:
                if failure.stored is not None:
                    return False
                known.forget(new.knowledge_id)
            else:
                return True
        is_new = yield from _created(schema, new)
        known.keep(new.knowledge_id, True)
        if is_new:
            return True
    raise ConditionFailed(schema.codec(Knowledge).key(dict(target.values), schema.prefix))


def delete(
    schema: Schema, known: Known, knowledge_id: str, user_id: str | None = None
) -> Steps[bool]:
    """Delete a document: one request.

    Args:
        schema: where it is.
        known: then forgets it.
        knowledge_id: its id.
        user_id: whose it must be; anybody's without.

    Returns:
        Whether there was one.
    """
    try:
        gone = yield from write(schema, Delete(_ref(knowledge_id), _owned_by(user_id)))
    except ConditionFailed:
        return False
    known.forget(knowledge_id)
    return gone is not None


def _created(schema: Schema, new: Knowledge) -> Steps[bool]:
    try:
        yield from write(schema, Create(new))
    except AlreadyExists:
        return False
    return True


def _ref(knowledge_id: str) -> Ref[Knowledge]:
    return ref(Knowledge, knowledge_id=knowledge_id)


def _owned_by(user_id: str | None) -> dict[str, str] | None:
    return None if user_id is None else {"user_id": user_id}
