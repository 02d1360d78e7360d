"""Keeping learnings: one is made once, and then what is known changes, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...changes import inside
from ...entities.spec import ref
from ...errors import AlreadyExists, ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, get_many, read_all
from ...operations.writing.writes import ATTEMPTS, write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Update
from .entities import LISTED, Learning
from .summaries import UPDATED_AT, LearningSummary, learning_of, stored_summary, summary_of

Sought = Callable[[LearningSummary], bool]
"""Tells whether a learning is one of those that are asked for."""


def keep(schema: Schema, summary: LearningSummary, content: bytes) -> Steps[None]:
    """Change what is known, or make the learning: one request where it is there, two where not.

    Args:
        schema: where to.
        summary: of a new one. One that is there stays what it is, and is updated now.
        content: what is known.
    """
    for _ in range(ATTEMPTS):
        if (yield from change(schema, summary.learning_id, content, summary.updated_at)):
            return
        try:
            yield from write(schema, Create(learning_of(summary, content)))
        except AlreadyExists:
            continue  # another writer was faster: now there is something to change
        return
    key = schema.codec(Learning).key({"learning_id": summary.learning_id}, schema.prefix)
    raise ConditionFailed(key)


def change(schema: Schema, learning_id: str, content: bytes, now: int) -> Steps[bool]:
    """Change what is known, if the learning is there; whether it is. One request."""
    target = ref(Learning, learning_id=learning_id)
    try:
        yield from write(schema, Update(target, content=content, outline=inside({UPDATED_AT: now})))
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise
        return False
    return True


def delete(schema: Schema, learning_id: str) -> Steps[bool]:
    """Delete a learning; whether there was one. One request."""
    gone = yield from write(schema, Delete(ref(Learning, learning_id=learning_id)))
    return gone is not None


def delete_owned(schema: Schema, user_id: str, learning_type: str | None = None) -> Steps[int]:
    """Delete the learnings of a user, or those of a type: a request each, sent together.

    They are found by an index, which may lag by a second; whose one is, is a condition of its delete.

    Returns:
        How many were deleted.
    """
    where = {"user_id": user_id}
    when = where if learning_type is None else {**where, "learning_type": learning_type}
    found = yield from summaries(schema, when)
    gone = yield from all_of(_delete_if(schema, each.learning_id, when) for each in found)
    return sum(gone)


def _delete_if(schema: Schema, learning_id: str, when: Mapping[str, Any]) -> Steps[bool]:
    try:
        gone = yield from write(schema, Delete(ref(Learning, learning_id=learning_id), when))
    except ConditionFailed:
        return False
    return gone is not None


def summaries(schema: Schema, where: Mapping[str, Any]) -> Steps[list[LearningSummary]]:
    """Learnings by their index entries: one request for each 1 MB of these. It may lag by a second.

    Args:
        schema: where they are.
        where: field -> what it must be: ``user_id``, ``learning_type`` or ``session_id``.
    """
    found = yield from read_all(schema, schema.plan(Learning, where, (), Ask(selected=LISTED)))
    return [summary_of(each) for each in found]


def learning_by_id(schema: Schema, learning_id: str) -> Steps[Learning | None]:
    """A learning as it is now: one request."""
    return (yield from get(schema, Learning, {"learning_id": learning_id}, consistent=True))


def whole(
    schema: Schema, chosen: Sequence[LearningSummary], sought: Sought
) -> Steps[list[Learning]]:
    """Learnings with what is known, as they are now: one request for each 100.

    Returns:
        In the given order those that are there, and are still asked for.
    """
    refs = [ref(Learning, learning_id=each.learning_id) for each in chosen]
    found = yield from get_many(schema, refs, consistent=True)
    return [each for each in found if each is not None and sought(stored_summary(each))]
