"""Writing and deleting many entities: 25 a request where that is possible, requests together.

Each entity is written by the operation that writes one, and many of these run at the same time.
What they ask for in a round is then packed: plain puts and deletes into batches. Anything else,
such as the conditional write of an entity with a `version()`, is sent as it is.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import (
    AsyncIterable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeAlias, TypeGuard, TypeVar

from ...entities.spec import Ref, shown_briefly
from ...errors import (
    ConflictError,
    DataError,
    DynastoreError,
    NotSent,
    PartialFailure,
    RequestError,
    Throttled,
    shown,
)
from ...requests import (
    BATCH_WRITE_BYTES,
    BATCH_WRITES,
    BatchWriteItem,
    DeleteItem,
    Key,
    Now,
    PlainWrite,
    PutItem,
    Request,
    Steps,
    key_of,
    sent_bytes,
)
from ...schema.schema import Schema
from ...writes import Delete, Put
from ..interleaved import interleaved
from ..keyed import BACKOFF, BATCH_ROUNDS
from . import writes
from .attempts import located

E = TypeVar("E")
T = TypeVar("T")

# Ten requests are in flight at a time; as many again take the places of those answered early.
WINDOW = 20 * BATCH_WRITES

Duplicates: TypeAlias = Literal["last", "refuse"]
"""What becomes of a key that is given twice."""

Progress: TypeAlias = Callable[[int, int | None], object]
"""Called with how many were written so far, and how many there are, where that is known."""

Operation: TypeAlias = Callable[[Any], Steps[Any]]
Outcomes: TypeAlias = dict[Key, Any]
"""Key -> the result of its operation, or the error that ended it."""


def put_many(
    schema: Schema,
    entities: Iterable[E],
    *,
    lifetime: dt.timedelta | None = None,
    duplicates: Duplicates = "last",
    progress: Progress | None = None,
) -> Steps[list[E] | int]:
    """Write many whole entities, replacing what is stored under their keys.

    It is no transaction: each entity is written for itself, as `put` writes it, but 25 in a
    request, and up to 10 requests at a time. An entity with a `version()` takes a request of its
    own.

    A collection is checked before anything is sent. It and what becomes of it are kept in memory;
    its items are not. An iterator is read and written 500 entities at a time, and nothing is kept
    of them. The call ends with the first 500 of which some failed; the same iterator can then be
    given to another call, which goes on behind them.

    Args:
        schema: where to.
        entities: of any classes of the schema.
        lifetime: from now on until they expire, as that of `put`; all classes must expire then.
        duplicates: a key that comes twice: ``last`` writes the last of them, ``refuse`` is an
            error, and for a collection only.
        progress: called after each 500 or fewer, with how many are written.

    Returns:
        Of a collection the entities as stored, in order; of a key that came twice the last one at
        each of its places. Of an iterator how many there were.

    Raises:
        RequestError: an entity cannot be stored, or a key came twice. Of a collection nothing was
            written; of an iterator all that was read at least 500 before.
        PartialFailure: some were not written. ``done`` (ref -> entity as stored) and ``failed``
            (ref -> error) are those of the whole collection, or the last 500 of an iterator, before
            which all were written. After a failure that is not about one entity nothing more is
            begun; the rest of a collection has failed with NotSent. What failed with Unavailable
            may have been written.
    """
    operation = partial(_put, schema, lifetime)
    _check(entities, duplicates, progress)
    if not isinstance(entities, Collection):
        return (yield from _stream(schema, entities, operation, progress))
    keys = _keys(schema, entities)
    stored = yield from _whole(schema, entities, keys, operation, duplicates, progress)
    return [stored[key] for key in keys]


def delete_many(
    schema: Schema,
    targets: Iterable[Any],
    *,
    duplicates: Duplicates = "last",
    progress: Progress | None = None,
) -> Steps[int]:
    """Remove many entities; those that are not there are no error. It works as `put_many` does.

    Args:
        schema: where from.
        targets: entities or refs. An entity with a `version()` has to be the stored one; a ref
            removes whatever is stored.
        duplicates: as of `put_many`.
        progress: as of `put_many`.

    Returns:
        How many were given. A batch does not answer which of them were there.

    Raises:
        RequestError: a target is none, or a key came twice; as of `put_many`.
        PartialFailure: some were not deleted; as of `put_many`, but ``done`` is ref -> None.
    """
    operation = partial(_delete, schema)
    _check(targets, duplicates, progress)
    if not isinstance(targets, Collection):
        return (yield from _stream(schema, targets, operation, progress))
    keys = _keys(schema, targets)
    yield from _whole(schema, targets, keys, operation, duplicates, progress)
    return len(keys)


def delete_keys(table: str, keys: Iterable[Key]) -> Steps[None]:
    """Remove items by key, whatever they are: 25 a request, up to 10 requests at a time.

    Raises:
        DynastoreError: the first that could not be deleted; others were.
    """
    yield from write_plainly(DeleteItem(table, key, returns_old=False) for key in keys)


def write_plainly(writes: Iterable[PlainWrite]) -> Steps[None]:
    """Put and delete items as they are: 25 a request, up to 10 requests at a time.

    Args:
        writes: without conditions, of one table; keys must differ.

    Raises:
        DynastoreError: the first that could not be written; others were.
    """
    for window in _windows(writes):
        for outcome in (yield from _packed(window)):
            if isinstance(outcome, DynastoreError):
                raise outcome


def _put(schema: Schema, lifetime: dt.timedelta | None, entity: E) -> Steps[E]:
    return (yield from writes.write(schema, Put(entity, lifetime=lifetime)))


def _delete(schema: Schema, target: Any) -> Steps[None]:
    try:
        yield from writes.write(schema, Delete(target))
    except DataError as error:
        if not error.written:
            raise
        # What was deleted cannot be read, and nobody asked for it.


def _check(targets: object, duplicates: str, progress: Progress | None) -> None:
    if isinstance(targets, AsyncIterable):
        raise RequestError(
            "an async iterator cannot be read between the requests of a call; give a list of what it "
            "gives, such as [each async for each in many()], some thousands at a time"
        )
    if not isinstance(targets, Iterable):
        raise RequestError(
            f"{shown_briefly(targets)} is no list of entities; write [...] around it"
        )
    if duplicates not in {"last", "refuse"}:
        raise RequestError(f"duplicates are 'last' or 'refuse', not {shown(duplicates)}")
    if duplicates == "refuse" and not isinstance(targets, Collection):
        raise RequestError(
            "an iterator is written while it is read, so a key that comes twice cannot be refused "
            "beforehand; give a list, or leave duplicates= out"
        )
    if progress is not None and not callable(progress):
        raise RequestError(
            "progress= is called with how many are written, and how many there are; it is a "
            f"function of two arguments, not {shown(progress)}"
        )


def _whole(
    schema: Schema,
    targets: Collection[Any],
    keys: Sequence[Key],
    operation: Operation,
    duplicates: Duplicates,
    progress: Progress | None,
) -> Steps[Outcomes]:
    """Write or delete a collection; the result of each key's operation."""
    given = Counter(keys)
    if duplicates == "refuse" and len(given) < len(keys):
        twice, times = given.most_common(1)[0]
        raise RequestError(f"{twice} is given {times} times; give each key once")
    wanted = dict(zip(keys, targets, strict=True))
    for target in wanted.values():
        yield from _try_out(operation(target))
    outcomes: Outcomes = {}
    written = 0
    fatal: DynastoreError | None = None
    for window in _windows(wanted.items()):
        if fatal is not None:
            outcomes |= dict.fromkeys(dict(window), NotSent(fatal))
            continue
        found = yield from _window(dict(window), operation)
        outcomes |= found
        failed = _failed(found)
        fatal = next(filter(_is_fatal, failed.values()), None)
        written += sum(given[key] for key in found if key not in failed)
        if progress is not None:
            progress(written, len(keys))
    _report(schema, wanted, outcomes)
    return outcomes


def _stream(
    schema: Schema, targets: Iterable[Any], operation: Operation, progress: Progress | None
) -> Steps[int]:
    """Write or delete what an iterator gives, as it is read; how many there were."""
    written = 0
    for window in _windows(targets):
        wanted = dict(zip(_keys(schema, window), window, strict=True))
        outcomes = yield from _window(wanted, operation)
        _report(schema, wanted, outcomes)
        written += len(window)
        if progress is not None:
            progress(written, None)
    return written


def _windows(targets: Iterable[T]) -> Iterator[list[T]]:
    """What is written at the same time. The next begin when all of them ended, so the last wins."""
    rest = iter(targets)
    while window := list(islice(rest, WINDOW)):
        yield window


def _window(wanted: Mapping[Key, Any], operation: Operation) -> Steps[Outcomes]:
    outcomes = yield from interleaved(map(operation, wanted.values()), _packed)
    return dict(zip(wanted, outcomes, strict=True))


def _packed(requests: Sequence[Request[Any]]) -> Steps[list[Any]]:
    """What became of each request, where plain writes are sent in batches; they answer nothing."""
    plain = [each for each in requests if _is_plain(each)]
    tables = dict.fromkeys(each.table for each in plain)
    batches = [batch for table in tables for batch in _batches(plain, table)]
    others = [each for each in requests if not _is_plain(each)]
    sending: list[Steps[Any]] = [*map(_batch, batches), *map(iter, others)]
    answers: list[Any] = yield from interleaved(sending)
    failed = {key: error for batch in answers[: len(batches)] for key, error in batch.items()}
    rest = iter(answers[len(batches) :])
    return [failed.get(key_of(each)) if _is_plain(each) else next(rest) for each in requests]


def _batch(batch: Sequence[PlainWrite]) -> Steps[dict[Key, DynastoreError]]:
    """Send one batch until the table has taken all of it; the keys that were not written, and why."""
    left = tuple(batch)
    try:
        left = yield from BatchWriteItem(left)
        for wait in BACKOFF:
            if not left:
                return {}
            yield from wait
            left = yield from BatchWriteItem(left)
    except DynastoreError as error:
        return dict.fromkeys(map(key_of, left), error)
    late = Throttled(
        "UnprocessedItems", f"left unwritten in {BATCH_ROUNDS} rounds; the table is over its rate"
    )
    return dict.fromkeys(map(key_of, left), late)


def _batches(plain: Iterable[PlainWrite], table: str) -> list[list[PlainWrite]]:
    """Writes to a table as one request holds them each."""
    batches: list[list[PlainWrite]] = []
    room = 0
    for write in plain:
        if write.table != table:
            continue
        size = sent_bytes(write)
        if not batches or len(batches[-1]) == BATCH_WRITES or size > room:
            batches.append([])
            room = BATCH_WRITE_BYTES
        batches[-1].append(write)
        room -= size
    return batches


def _is_plain(request: Request[Any]) -> TypeGuard[PlainWrite]:
    return isinstance(request, PutItem | DeleteItem) and not request.conditions


def _try_out(steps: Steps[Any]) -> Steps[None]:
    """Let an operation come to its first request, which is not sent: it is checked by then."""
    asked = next(steps)
    while isinstance(asked, Now):
        asked = steps.send((yield from asked))
    steps.close()


def _keys(schema: Schema, targets: Iterable[Any]) -> list[Key]:
    return [located(schema, each)[1] for each in targets]


def _failed(outcomes: Outcomes) -> dict[Key, DynastoreError]:
    return {key: each for key, each in outcomes.items() if isinstance(each, DynastoreError)}


def _is_fatal(error: DynastoreError) -> bool:
    """Whether others may meet it too; a conflict, or what is malformed, is about one entity."""
    return not isinstance(error, ConflictError | DataError)


def _report(schema: Schema, wanted: Mapping[Key, Any], outcomes: Outcomes) -> None:
    """Raise a PartialFailure by ref, if anything failed."""
    failed = _failed(outcomes)
    if failed:
        refs = {key: _ref(schema, wanted[key]) for key in outcomes}
        done = {refs[key]: each for key, each in outcomes.items() if key not in failed}
        raise PartialFailure(done, {refs[key]: error for key, error in failed.items()})


def _ref(schema: Schema, target: Any) -> Ref[Any]:
    if isinstance(target, Ref):
        return target
    fields = dict.fromkeys(schema.codec(type(target)).spec.primary.fields)
    return Ref(type(target), tuple((name, getattr(target, name)) for name in fields))
