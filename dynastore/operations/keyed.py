"""Reading items by primary key: 100 a request, requests together, until none is left over."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DynastoreError, PartialFailure, Throttled
from ..requests import BATCH_KEYS, BatchGetItem, GetItem, Key, Steps, Together, Wait
from ..values.attributes import AttributeMap

BATCH_ROUNDS = 8  # of asking for what was left unprocessed; the last wait is up to 3.2 s
FIRST_WAIT_SECONDS = 0.05  # at most; doubled each round
BACKOFF = tuple(
    Wait(FIRST_WAIT_SECONDS * 2**done, jittered=True) for done in range(BATCH_ROUNDS - 1)
)


def read_items(
    table: str, keys: Sequence[Key], *, consistent: bool, batch: int = BATCH_KEYS
) -> Steps[dict[Key, AttributeMap | None]]:
    """The items of some keys, None where there is none; *batch* keys a request.

    Raises:
        DynastoreError: some could not be read; the first of their errors.
    """
    if len(keys) == 1:
        return {keys[0]: (yield from GetItem(table, keys[0], consistent))}
    found = yield from read_outcomes(table, keys, consistent=consistent, batch=batch)
    items: dict[Key, AttributeMap | None] = {}
    for key, outcome in found.items():
        if isinstance(outcome, DynastoreError):
            raise outcome
        items[key] = outcome
    return items


def read_outcomes(
    table: str, keys: Sequence[Key], *, consistent: bool, batch: int = BATCH_KEYS
) -> Steps[dict[Key, AttributeMap | DynastoreError | None]]:
    """What became of reading each key: its item, None where there is none, or an error."""
    found: dict[Key, AttributeMap | DynastoreError | None] = {}
    some = list(dict.fromkeys(keys))
    left = yield from _read_round(table, some, found, consistent=consistent, batch=batch)
    for wait in BACKOFF:
        if not left:
            return found
        yield from wait
        left = yield from _read_round(table, left, found, consistent=consistent, batch=batch)
    late = Throttled(
        "UnprocessedKeys", f"left unread in {BATCH_ROUNDS} rounds; the table is over its rate"
    )
    return found | dict.fromkeys(left, late)


def _read_round(
    table: str,
    keys: Sequence[Key],
    found: dict[Key, AttributeMap | DynastoreError | None],
    *,
    consistent: bool,
    batch: int,
) -> Steps[list[Key]]:
    """Read keys into *found*; those that the table left unprocessed come back."""
    chunks = [tuple(keys[at : at + batch]) for at in range(0, len(keys), batch)]
    requests = [BatchGetItem(table, chunk, consistent) for chunk in chunks]
    try:
        batches = dict(enumerate((yield from Together(requests))))
    except PartialFailure as failure:
        batches = failure.done
        for at, error in failure.failed.items():
            found |= dict.fromkeys(chunks[at], error)
    left = [key for each in batches.values() for key in each.unprocessed]
    for at, each in batches.items():
        found |= dict.fromkeys(chunks[at])
        found |= {Key.of(item): item for item in each.items}
    return left
