"""Carrying out writes: one by itself, or several in a transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, TypeVar, overload

from attrs import frozen

from ...codec.codec import Codec
from ...entities.kept_fields import UNWRITTEN
from ...entities.spec import shown_briefly, spec_of
from ...errors import (
    ConditionFailed,
    ConflictError,
    DataError,
    DynastoreError,
    RequestError,
    TransactionCanceled,
    shown,
)
from ...keys.addresses import one_place
from ...requests import (
    TOKEN_CHARACTERS,
    Action,
    Key,
    Now,
    Request,
    Steps,
    TransactWriteItems,
    new_token,
)
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ...writes import Check, Create, Delete, Put, Update, Write, class_of
from ..keyed import read_items
from .attempts import Attempt, CheckAttempt, DeleteAttempt, PutAttempt
from .evolving import current, rewrite
from .expiry import dated
from .guards import Claim, Guarding, action, conflict, merged
from .limits import check_actions, check_keys
from .updates import UpdateAttempt

E = TypeVar("E")

ATTEMPTS = 100  # at a guarded write; each one lost means that another writer's went through


@overload
def write(schema: Schema, asked: Create[E] | Put[E] | Update[E]) -> Steps[E]: ...
@overload
def write(schema: Schema, asked: Delete[E]) -> Steps[E | None]: ...
def write(schema: Schema, asked: Create[E] | Put[E] | Update[E] | Delete[E]) -> Steps[Any]:
    """Carry out one write: one request, where nothing has to be read first and no guard is changed.

    Args:
        schema: where it is.
        asked: the write.

    Returns:
        Of `Create` and `Put` the entity as stored: with its next revision and its timestamps. Of
        `Update` the entity as it is stored now; where it is gone right after, as it must have
        been. Of `Delete` the entity as it was stored, or None.

    Raises:
        AlreadyExists: a create found its key taken.
        NotUnique: a value that must be unique is another entity's.
        RevisionConflict: somebody else wrote the entity since it was read.
        ConditionFailed: ``when`` does not hold, or there is no stored entity for it to hold of.
        DataError: the stored item cannot be read. Where nothing of it had to be known, an update or
            a delete was carried out nevertheless, and only its answer is missing: ``written``.
        RequestError: the write is wrong.
    """
    now = (yield from Now()) if spec_of(class_of(asked)).is_timed else UNWRITTEN
    attempt = attempt_of(schema, asked, now)
    try:
        if attempt.needs:
            yield from _learnt([attempt])
        answer = yield from carried_out(schema, [attempt], now)
    except TransactionCanceled as canceled:
        raise _only_reason(canceled) from canceled.__cause__
    try:
        return (yield from attempt.finished(answer))
    except DataError as error:
        done = "deleted" if isinstance(asked, Delete) else "updated"
        error.after(f"{attempt.key} was {done}")
        raise


def transact(
    schema: Schema, asked: Sequence[Write[Any]], *, token: str | None = None
) -> Steps[list[Any]]:
    """Carry out writes together: all of them, or none.

    Args:
        schema: where they are.
        asked: the writes, each about another entity; with the guards of unique values that they
            change, 100 actions and 4 MB of items at most.
        token: makes the transaction happen once, though it is asked for again within ten minutes
            with the same writes; if these depend on the time (timestamps, expiry) or on what is
            stored (index attributes of several fields, unique values), the repetition is refused
            instead, by TokenUsed. By default a new one, which covers the retries of this call.

    Returns:
        In the order of the writes: of `Create` and `Put` the entity as stored, of others None.

    Raises:
        TransactionCanceled: nothing was written; its reasons tell of each write why.
        TokenUsed: nothing was written now; a call before had the token, and may be carried out.
        RequestError: a write is wrong, there are too many, two are about one entity, or their tables
            are at several places.
    """
    _check_asked(asked, token)
    if schema.apart:
        one_place(schema.of(class_of(each)).table.name for each in asked)
    is_timed = any(spec_of(class_of(each)).is_timed for each in asked)
    now = (yield from Now()) if is_timed else UNWRITTEN
    attempts = [attempt_of(schema, each, now) for each in asked]
    check_keys([attempt.key for attempt in attempts], len(attempts))
    yield from _learnt(attempts)
    yield from carried_out(schema, attempts, now, _tokens(token))
    results: list[Any] = []
    for each, attempt in zip(asked, attempts, strict=True):
        made = isinstance(each, Create | Put)
        results.append((yield from attempt.finished(None)) if made else None)
    return results


def attempt_of(schema: Schema, asked: Write[Any], now: dt.datetime) -> Attempt:
    """The attempt at a write.

    Raises:
        RequestError: the write is wrong.
    """
    schema = schema.of(class_of(asked))
    match asked:
        case Create() | Put():
            return PutAttempt(schema, dated(schema, asked, now), now)
        case Update():
            return UpdateAttempt(schema, asked, now)
        case Delete():
            return DeleteAttempt(schema, asked, now)
    return CheckAttempt(schema, asked, now)


def carried_out(
    schema: Schema,
    attempts: Sequence[Attempt],
    now: dt.datetime,
    tokens: Iterator[str] | None = None,
) -> Steps[AttributeMap | None]:
    """Try some writes together until no guard of what is known fails; what the request answered.

    Args:
        schema: where they are.
        attempts: at the writes, with what they have to know.
        now: the time.
        tokens: of the tries; without them a single action is sent as a request of its own.

    Raises:
        TransactionCanceled: with a reason for each write.
        RequestError: there are too many actions, or two are about one item.
    """
    foreign: set[Key] = set()
    for _ in range(ATTEMPTS):
        for attempt in attempts:
            yield from attempt.begun()
        tried = _Try.of(attempts, foreign)
        token = None if tokens is None else next(tokens)
        try:
            request = tried.request(now, token)
            answer: AttributeMap | None = yield from request
        except (ConditionFailed, TransactionCanceled) as failure:
            if old := tried.old(failure):
                for codec, item in old:
                    yield from rewrite(schema.of(codec.spec.cls), codec, item)
                continue
            reasons, given_up = tried.reasons(failure)
            if any(reasons):
                raise TransactionCanceled(reasons) from failure
            foreign |= given_up
        else:
            return answer
    raise TransactionCanceled([ConditionFailed(attempt.key) for attempt in attempts])


@frozen
class _Try:
    """What is sent at once: the actions of some writes, then those of guards."""

    attempts: Sequence[Attempt]
    guards: Sequence[Guarding]

    @classmethod
    def of(cls, attempts: Sequence[Attempt], foreign: Iterable[Key]) -> _Try:
        """By what the attempts know. Guards that turned out to be another's are left alone."""
        changes = [change for attempt in attempts for change in attempt.guarding()]
        if not changes:
            return cls(attempts, ())
        guards = merged(changes)
        return cls(
            attempts,
            [each for each in guards if isinstance(each, Claim) or each.key not in foreign],
        )

    def request(self, now: dt.datetime, token: str | None) -> Request[Any]:
        """The request that carries it out."""
        actions: list[Action] = [attempt.action() for attempt in self.attempts]
        if len(actions) == 1 and not self.guards and token is None:
            (single,) = actions
            assert isinstance(single, Request), "a check is no write of its own"
            return single
        seconds = int(now.timestamp())
        tables = {attempt.key: attempt.schema.table.name for attempt in self.attempts}
        actions += [action(tables[each.owner], each, seconds) for each in self.guards]
        check_actions(actions, len(self.attempts))
        return TransactWriteItems(actions, token or new_token())

    def old(
        self, failure: ConditionFailed | TransactionCanceled
    ) -> list[tuple[Codec, AttributeMap]]:
        """Items of older schemas that stood in the way; they have to be rewritten first."""
        causes = failure.reasons if isinstance(failure, TransactionCanceled) else (failure,)
        return [
            (attempt.codec, cause.stored)
            for attempt, cause in zip(self.attempts, causes, strict=False)
            if isinstance(cause, ConditionFailed) and isinstance(cause.stored, dict)
            if attempt.codec.spec.evolution.is_old(cause.stored)
        ]

    def reasons(
        self, failure: ConditionFailed | TransactionCanceled
    ) -> tuple[list[DynastoreError | None], set[Key]]:
        """Of each write why it could not be done; and guards that are another's.

        None where a write was not the cause, or where it may succeed by what was learnt.
        """
        causes = failure.reasons if isinstance(failure, TransactionCanceled) else (failure,)
        count = len(self.attempts)
        reasons = [
            cause if cause is None else _reason(attempt, cause)
            for attempt, cause in zip(self.attempts, causes, strict=False)
        ]
        if any(cause and not reason for cause, reason in zip(causes, reasons, strict=False)):
            return reasons, set()  # guards go by what is stored, which is known only now
        foreign = set()
        places = {attempt.key: place for place, attempt in enumerate(self.attempts)}
        for guard, cause in zip(self.guards, causes[count:], strict=True):
            if cause is None:
                continue
            place, reason = places[guard.owner], conflict(guard, cause)
            if reason is None:
                foreign.add(guard.key)
            reasons[place] = reasons[place] or reason  # what the write itself met comes first
        return reasons, foreign


def _reason(attempt: Attempt, cause: DynastoreError) -> DynastoreError | None:
    if not isinstance(cause, ConditionFailed):
        return cause
    try:
        return attempt.conflict(cause)
    except DataError as error:  # the stored item cannot be read
        return error


def _only_reason(canceled: TransactionCanceled) -> DynastoreError:
    (reason,) = canceled.reasons
    assert reason is not None, "what is canceled has a reason"
    return reason


def _tokens(token: str | None) -> Iterator[str]:
    """The token of each try: the caller's, or a new one, since each try has other conditions.

    All tries have the caller's. Were it only the first's, a repetition whose first try goes through
    would not be known for one, and be carried out again.
    """
    return iter(new_token, None) if token is None else repeat(token)


def _learnt(attempts: Sequence[Attempt]) -> Steps[None]:
    """Read, all at once, what the attempts have to know.

    Raises:
        TransactionCanceled: what some of them are about is not there, or cannot be read.
    """
    asking = [attempt for attempt in attempts if attempt.needs]
    items: dict[Key, AttributeMap | None] = {}
    for table in dict.fromkeys(attempt.schema.table.name for attempt in asking):
        keys = [each.key for each in asking if each.schema.table.name == table]
        items |= yield from read_items(table, keys, consistent=True)
    for each in asking:
        items[each.key] = yield from current(each.schema, each.codec, items[each.key])
    reasons: list[DynastoreError | None] = []
    for attempt in attempts:
        try:
            if attempt.needs:
                attempt.learn(items[attempt.key])
        except (ConflictError, DataError) as error:
            reasons.append(error)
        else:
            reasons.append(None)
    if any(reasons):
        raise TransactionCanceled(reasons)


def _check_asked(asked: Sequence[Write[Any]], token: str | None) -> None:
    for each in asked:
        if not isinstance(each, Create | Put | Update | Delete | Check):
            raise RequestError(
                f"{shown_briefly(each)} is no write; transact(*writes) takes Create, Put, Update, "
                "Delete and Check, each by itself"
            )
    if not asked:
        raise RequestError("a transaction has at least one write")
    if token is None:
        return
    if not isinstance(token, str) or not 1 <= len(token) <= TOKEN_CHARACTERS:
        raise RequestError(f"a token has 1 to {TOKEN_CHARACTERS} characters, not {shown(token)}")
