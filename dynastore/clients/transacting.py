"""Transactions of the embedded engine: all actions or none, and each token once.

A token is remembered for ten minutes with what it stood for, in the same file and the same SQLite
transaction as what was written.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from hashlib import sha256

import orjson
from attrs import frozen

from ..capacity import read_units
from ..errors import ConditionFailed, DynastoreError, RequestError, TokenUsed, TransactionCanceled
from ..requests import (
    ACTIONS,
    TOKEN_CHARACTERS,
    TRANSACTION_BYTES,
    ConditionCheck,
    Key,
    TransactGetItems,
    TransactWriteItems,
)
from ..values.attributes import AttributeMap
from .acting import Compiled, Effect
from .layout import check_key
from .metering import Image, refused, written

TOKEN_SECONDS = 600  # that a token is remembered; DynamoDB API reference, ClientRequestToken

_TOKENS = (
    "CREATE TABLE IF NOT EXISTS dynastore_tokens "
    "(token TEXT PRIMARY KEY, digest BLOB NOT NULL, at REAL NOT NULL)"
)


@frozen
class Canceled:
    """A transaction that was not carried out, and the capacity that took."""

    error: TransactionCanceled
    units: float


def carried_out(
    connection: sqlite3.Connection, request: TransactWriteItems, actions: Sequence[Compiled]
) -> float | Canceled:
    """Carry out a transaction inside an open one of SQLite; the write units that it took.

    Raises:
        RequestError: the items are over 4 MB together.
        TokenUsed: its token stood for another transaction.
    """
    digest = _digest(request)
    known = _digest_of(connection, request.token)
    if known is not None and known != digest:
        raise TokenUsed(request.token)
    outcomes = [_outcome(connection, action) for action in actions]
    if known is not None:  # it was carried out already, and is only acknowledged once more
        return sum(read_units(_size(each), consistent=True) for each in outcomes) * 2
    if any(isinstance(each, DynastoreError) for each in outcomes):
        return _canceled(outcomes)
    effects = [each for each in outcomes if isinstance(each, Effect)]
    if sum(map(_size, effects)) > TRANSACTION_BYTES:
        raise RequestError(f"a transaction has {TRANSACTION_BYTES:,} bytes of items at most")
    for effect, action in zip(effects, request.actions, strict=True):
        if not isinstance(action, ConditionCheck):
            effect.store(connection)
    _remember(connection, request.token, digest)
    return sum(map(_units, effects))


def check(request: TransactWriteItems | TransactGetItems) -> None:
    """Refuse a transaction that DynamoDB refuses, whatever is stored.

    Raises:
        RequestError: it has no action or over 100, an item twice, or a token that is too long.
    """
    keys: Sequence[Key] = request.keys
    if not 1 <= len(keys) <= ACTIONS:
        raise RequestError(f"a transaction is about 1 to {ACTIONS} items, not {len(keys)}")
    if len(set(keys)) < len(keys):
        raise RequestError("a transaction has the same item twice; make one action of the two")
    for key in keys:
        check_key(key)
    if isinstance(request, TransactWriteItems) and not (
        1 <= len(request.token) <= TOKEN_CHARACTERS
    ):
        raise RequestError(f"a token has 1 to {TOKEN_CHARACTERS} characters: {request.token!r}")


def read_together(images: Sequence[Image | None]) -> tuple[list[AttributeMap | None], float]:
    """What a TransactGetItems answers, and the read units: twice those of a consistent read.

    Raises:
        RequestError: the items are over 4 MB together.
    """
    sizes = [image.size if image else 0 for image in images]
    if sum(sizes) > TRANSACTION_BYTES:
        raise RequestError(f"a transaction reads {TRANSACTION_BYTES:,} bytes of items at most")
    units = 2 * sum(read_units(size, consistent=True) for size in sizes)
    return [image.item if image else None for image in images], units


def _outcome(connection: sqlite3.Connection, action: Compiled) -> Effect | DynastoreError:
    try:
        return action.effect(connection)
    except (ConditionFailed, RequestError) as error:
        return error


def _canceled(outcomes: Sequence[Effect | DynastoreError]) -> Canceled:
    reasons = [each if isinstance(each, DynastoreError) else None for each in outcomes]
    units = sum(2 * refused(_stored(each)) for each in outcomes)
    return Canceled(TransactionCanceled(reasons), units)


def _stored(outcome: Effect | DynastoreError) -> AttributeMap | None:
    if isinstance(outcome, Effect):
        return outcome.before.item if outcome.before else None
    stored: AttributeMap | None = getattr(outcome, "stored", None)
    return stored


def _size(outcome: Effect | DynastoreError) -> int:
    if not isinstance(outcome, Effect):
        return 0
    return max(image.size if image else 0 for image in (outcome.before, outcome.after))


def _units(effect: Effect) -> float:
    indexes = effect.layout.table.indexes
    table_alone = written((), effect.before, effect.after)
    return table_alone + written(indexes, effect.before, effect.after)


def _digest(request: TransactWriteItems) -> bytes:
    """What a request stands for, as AWS compares it."""
    actions = request.parameters()["TransactItems"]
    return sha256(orjson.dumps(actions, default=bytes.hex, option=orjson.OPT_SORT_KEYS)).digest()


def _digest_of(connection: sqlite3.Connection, token: str) -> bytes | None:
    connection.execute(_TOKENS)
    connection.execute("DELETE FROM dynastore_tokens WHERE at < ?", (time.time() - TOKEN_SECONDS,))
    sql = "SELECT digest FROM dynastore_tokens WHERE token = ?"
    row = connection.execute(sql, (token,)).fetchone()
    return row[0] if row else None


def _remember(connection: sqlite3.Connection, token: str, digest: bytes) -> None:
    connection.execute(
        "INSERT INTO dynastore_tokens VALUES (?, ?, ?)", (token, digest, time.time())
    )
