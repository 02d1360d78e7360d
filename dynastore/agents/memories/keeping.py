"""Remembering: what is known of users, saved, found and forgotten.

Whose a memory is, is a part of its key: nobody writes or deletes another user's. Those of a user are
read from the table itself, so that nothing that was saved is missed; those of all users by an index,
which may lag by a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve

from ...codec.payloads import INLINE_BYTES
from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, get_many, opened, read_all
from ...operations.writing.batches import delete_many, put_many
from ...operations.writing.writes import ATTEMPTS, write
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Update
from ..kept import Kept
from .entities import LISTED, Memory

Owners: TypeAlias = Kept[str, str]
"""Memory id -> whose it was when this process read or wrote it last.

A memory that is new is created, one that is there is changed: a request each, if the guess is right,
and one more if it is not.
"""


def memories_of(schema: Schema, user_id: str) -> Steps[list[Memory]]:
    """What is known of a user, by id: one request for each 1 MB."""
    plan = schema.plan(Memory, {"user_id": user_id}, (), Ask(consistent=True))
    return (yield from read_all(schema, plan))


def slim_memories(schema: Schema, user_id: str | None = None) -> Steps[list[Memory]]:
    """Memories without their texts and contents: one request for each 1 MB.

    Args:
        schema: where they are.
        user_id: of whom; of all users without, in the order in which they were learned, some 3,000
            a request.
    """
    where = {} if user_id is None else {"user_id": user_id}
    ask = Ask(selected=LISTED, consistent=user_id is not None)
    found = yield from read_all(schema, schema.plan(Memory, where, (), ask))
    return [Memory(**each, text="") for each in found]


def whole_memories(schema: Schema, slim: Sequence[Memory]) -> Steps[list[Memory]]:
    """Memories with their texts and contents, 100 a request; those that are gone are left out."""
    found = yield from get_many(schema, [*map(_ref, slim)], consistent=True)
    return [each for each in found if each is not None]


def load_memory(
    schema: Schema, owners: Owners, memory_id: str, user_id: str | None = None
) -> Steps[Memory | None]:
    """A memory by its id: one request, or two, the first on an index.

    Args:
        schema: where it is.
        owners: then remembers whose it is.
        memory_id: its id.
        user_id: of whom it must be. Without, one request where this process knows whose it is; of
            several users' with that id the first one's.
    """
    owner = owners.get(memory_id) if user_id is None else user_id
    if owner is not None:
        key = {"user_id": owner, "memory_id": memory_id}
        memory = yield from get(schema, Memory, key, consistent=True)
        if memory is not None:
            owners.keep(memory_id, owner)
            return memory
    if user_id is not None:
        return None
    found = yield from _by_id(schema, memory_id)
    for each in found[:1]:
        owners.keep(memory_id, each.user_id)
    return found[0] if found else None


def save_memory(schema: Schema, owners: Owners, memory: Memory) -> Steps[Memory]:
    """Save a memory: one request, if what this process knows of it is so.

    Args:
        schema: where to.
        owners: whether it is there already; then remembers that it is.
        memory: as it is when it is new. Of one that is there already the beginning stays, and it was
            changed now.

    Returns:
        The memory as it is stored.
    """
    now = yield from Now()
    new: Any = memory.outline
    changes = {
        "text": memory.text,
        "content": memory.content,
        "outline": evolve(new, changed_at=now),
    }
    update: Update[Memory] = Update(_ref(memory), **changes)
    for _ in range(ATTEMPTS):
        if owners.get(memory.memory_id) == memory.user_id:
            try:
                return (yield from write(schema, update))
            except ConditionFailed as failure:
                if failure.stored is not None:
                    raise
                owners.forget(memory.memory_id)
        try:
            created = yield from write(schema, Create(memory))
        except AlreadyExists:
            owners.keep(memory.memory_id, memory.user_id)
        else:
            owners.keep(memory.memory_id, memory.user_id)
            return created
    raise ConditionFailed(schema.codec(Memory).key(dict(_ref(memory).values), schema.prefix))


def save_memories(
    schema: Schema, owners: Owners, memories: Sequence[Memory]
) -> Steps[list[Memory]]:
    """Save many memories: a request that reads 100, and four that write them.

    It is no transaction. Of one that another process makes at the same moment the later beginning
    may stay.

    Args:
        schema: where to.
        owners: then remembers that they are there.
        memories: as they become. Of those that are there already the beginnings stay; of one that
            comes twice the first beginning, and the rest of the last one.

    Returns:
        The memories as they are stored, each once.

    Raises:
        PartialFailure: some were not saved; ``done`` and ``failed`` are by ref.
    """
    refs = [*dict.fromkeys(map(_ref, memories))]
    found = yield from get_many(schema, refs, consistent=True)
    stored: dict[Ref[Memory], Any] = dict(zip(refs, found, strict=True))
    for each in memories:
        before, new = stored[_ref(each)], each
        stored[_ref(each)] = new if before is None else _since(new, before)
    saved = [*stored.values()]
    yield from put_many(schema, saved)
    for each in saved:
        owners.keep(each.memory_id, each.user_id)
    return saved


def delete_memories(
    schema: Schema, owners: Owners, memory_ids: Iterable[str], user_id: str | None = None
) -> Steps[None]:
    """Delete memories: a request each, sent together; those that are not there are no error.

    Args:
        schema: where they are.
        owners: then forgets them.
        memory_ids: their ids.
        user_id: of whom they must be. Without, those that any user has under such an id: they are
            looked for first, two requests each.
    """
    ids = [*dict.fromkeys(memory_ids)]
    if user_id is None:
        places = yield from all_of(_places(schema, owners, each) for each in ids)
        refs = [each for some in places for each in some]
    else:
        refs = [_of({"user_id": user_id, "memory_id": each}) for each in ids]
    yield from all_of(write(schema, Delete(each)) for each in refs)
    for each in ids:
        owners.forget(each)


def clear_memories(schema: Schema, owners: Owners) -> Steps[None]:
    """Delete all memories: some 3,000 at a time, 25 a request. No more of them are kept in memory.

    They are found by an index, which may lag: one that was saved in the last second may stay.
    """
    ask = Ask(selected=("user_id", "memory_id", "outline"))
    reader = yield from opened(schema, schema.plan(Memory, {}, (), ask))
    more = True
    while more:
        page = yield from reader.page(None)
        yield from _delete(schema, page.entities)
        more = page.cursor is not None
    owners.clear()


def _delete(schema: Schema, entries: Sequence[Mapping[str, Any]]) -> Steps[None]:
    """Delete memories. What may be in parts goes by itself: a batch leaves the parts behind."""
    refs = {_of(each): each["outline"].content_bytes > INLINE_BYTES for each in entries}
    large = [each for each, is_large in refs.items() if is_large]
    yield from all_of(write(schema, Delete(each)) for each in large)
    yield from delete_many(schema, [each for each, is_large in refs.items() if not is_large])


def _by_id(schema: Schema, memory_id: str) -> Steps[list[Memory]]:
    """The memories that an index has under an id, by user: two requests."""
    found = yield from read_all(schema, schema.plan(Memory, {"memory_id": memory_id}))
    return sorted(found, key=lambda each: each.user_id)


def _places(schema: Schema, owners: Owners, memory_id: str) -> Steps[list[Ref[Any]]]:
    """Where memories of an id are: those that an index has, and the one that this process knows."""
    found: list[Ref[Any]] = [*map(_ref, (yield from _by_id(schema, memory_id)))]
    owner = owners.get(memory_id)
    known = [] if owner is None else [_of({"user_id": owner, "memory_id": memory_id})]
    return [*dict.fromkeys(found + known)]


def _of(entry: Mapping[str, Any]) -> Ref[Any]:
    return ref(Memory, user_id=entry["user_id"], memory_id=entry["memory_id"])


def _since(new: Any, before: Memory) -> Memory:
    changed: Memory = evolve(new, created_at=before.created_at)
    return changed


def _ref(memory: Memory) -> Ref[Memory]:
    return ref(Memory, user_id=memory.user_id, memory_id=memory.memory_id)
