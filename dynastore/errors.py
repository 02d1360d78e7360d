"""Errors, grouped by who has to act.

DynastoreError
|-- ModelError            a declaration is wrong; at import      fix the entity or the schema
|-- RequestError          a call is wrong; nothing was written   fix the call
|   |-- NoAccessPattern
|   |-- UnknownField
|   |-- ItemTooLarge
|   `-- InvalidCursor
|-- ConflictError         the stored state disagrees             re-read and decide
|   |-- AlreadyExists
|   |   `-- NotUnique
|   |-- ConditionFailed
|   |-- RevisionConflict
|   |-- NewerSchema
|   |-- TransactionCanceled
|   |-- TokenUsed
|   |-- TableMismatch
|   |-- ConsumerMismatch
|   `-- ConsumerBusy
|-- PartialFailure        some of many were done                 look at .done and .failed
|-- NotSent               one of many, after another failed      call again with these
|-- DataError             a stored item is unreadable            repair or migrate it
|   |-- UnknownType
|   |-- MalformedItem
|   `-- PayloadMissing
`-- ServiceError          AWS refused or failed                  retry, or fix access
    |-- Throttled, Unavailable, DeadlineExceeded      (retryable)
    `-- AccessDenied, TableNotFound, ChangesTrimmed   (not)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from json import dumps
from typing import Any, ClassVar

UNKNOWN_OUTCOME = "The write may or may not have happened; read before you repeat it."
SHOWN_CHARACTERS = 200  # of a value in a message; a field may hold 400 KB


def shown(value: object) -> str:
    """A value as a message shows it: its repr, shortened."""
    try:
        text = repr(value)
    except ValueError:  # an int of more than 4,300 digits has none
        return f"an {type(value).__name__} of too many digits"
    except RecursionError:
        return f"{type(value).__name__}(…), nested too deeply to be shown"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


class DynastoreError(Exception):
    """Base of everything this package raises on purpose.

    It can be copied and pickled, as it is where work is spread over processes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # By default a class is called with .args, the message, in place of what it takes.
        return _made_again, (type(self), self.args), vars(self)


def _made_again(cls: type[DynastoreError], args: tuple[Any, ...]) -> DynastoreError:
    return cls.__new__(cls, *args)


class ModelError(DynastoreError):
    """An entity, schema or table declaration is wrong. Raised while modules are imported."""


class RequestError(DynastoreError):
    """A call is wrong. Nothing was written; the message says what to change."""


class NoAccessPattern(RequestError):
    """No key or index serves these filters, and a scan is never chosen silently.

    Attributes:
        entity: name of the entity asked for.
        missing: access pattern name -> the fields it would still need, by equality.
        nearest: name of the pattern that lacks least; the first declared of several.
        declaration: a line of code that would serve the query, or None.
    """

    def __init__(
        self, entity: str, missing: Mapping[str, Sequence[str]], declaration: str | None = None
    ) -> None:
        self.entity = entity
        self.declaration = declaration
        self.missing = {name: tuple(fields) for name, fields in missing.items()}
        self.nearest = min(self.missing, key=lambda name: len(self.missing[name]))
        needs = "; ".join(f"{name} needs {', '.join(f)}" for name, f in self.missing.items())
        super().__init__(
            f"no access pattern of {entity} serves this query: {needs}. "
            f"Give {' and '.join(self.missing[self.nearest])} by equality, "
            f"or declare {declaration or 'a gsi() that starts with the fields you have'}"
        )


class UnknownField(RequestError):
    """A keyword names no field of the entity.

    Attributes:
        entity: name of the entity.
        name: the keyword that was given.
        suggestion: the closest field name, or None.
    """

    def __init__(self, entity: str, name: str, fields: Sequence[str]) -> None:
        self.entity = entity
        self.name = name
        self.suggestion = next(iter(get_close_matches(name, fields, n=1)), None)
        hint = (
            f"Did you mean {self.suggestion}?"
            if self.suggestion
            else f"It has {', '.join(fields)}."
        )
        super().__init__(f"{entity} has no field {name}. {hint}")


class ItemTooLarge(RequestError):
    """An item would pass DynamoDB's 400 KB.

    Attributes:
        key: the item's primary key, as text.
        size_bytes: its size as stored, attribute names included; None where DynamoDB refused to
            update it, which does not say how large it would be.
        limit_bytes: what an item holds.
    """

    def __init__(self, key: object, *, size_bytes: int | None, limit_bytes: int) -> None:
        self.key = key
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
        size = "would be too large" if size_bytes is None else f"is {size_bytes:,} bytes"
        super().__init__(
            f"{key} {size}; items hold {limit_bytes:,}. "
            "Declare what grows with payload(), which splits it, or keep it in items of its own."
        )


class InvalidCursor(RequestError):
    """A cursor is damaged, or belongs to another query or scope."""


class ConflictError(DynastoreError):
    """The stored state is not what the write expected."""


class AlreadyExists(ConflictError):
    """A create found its key taken.

    Attributes:
        key: the primary key, as text.
    """

    def __init__(self, key: object) -> None:
        self.key = key
        super().__init__(f"{key} exists already. Use put() to replace it, or another key.")


class NotUnique(AlreadyExists):
    """A value that must be unique is another entity's.

    Attributes:
        key: the primary key of the entity that has it, as text.
        entity: name of the entity class.
        fields: those that are unique together.
    """

    def __init__(self, key: object, *, entity: str, fields: Sequence[str]) -> None:
        self.key = key
        self.entity = entity
        self.fields = tuple(fields)
        DynastoreError.__init__(
            self,
            f"{' and '.join(fields)} of {entity} must be unique, and {key} has the same. "
            "Use another value, or change that one first.",
        )


class ConditionFailed(ConflictError):
    """A condition on a write did not hold.

    Attributes:
        key: the primary key, as text.
        stored: the entity as it is stored, or None if there is none.
    """

    def __init__(self, key: object, stored: object | None = None) -> None:
        self.key = key
        self.stored = stored
        state = (
            "there is none" if stored is None else f"stored is {type(stored).__name__}, see .stored"
        )
        super().__init__(f"the condition on {key} did not hold: {state}. Read it again and decide.")


class RevisionConflict(ConflictError):
    """Somebody else wrote the entity since it was read.

    Attributes:
        key: the primary key, as text.
        expected: the revision the caller's entity has.
        stored: the revision that is stored, or None if the entity is gone.
    """

    def __init__(self, key: object, *, expected: int, stored: int | None) -> None:
        self.key = key
        self.expected = expected
        self.stored = stored
        found = "it is gone" if stored is None else f"revision {stored} is stored"
        super().__init__(
            f"{key} was expected at revision {expected}; {found}. Read it again and redo the change."
        )


class NewerSchema(ConflictError):
    """Newer code wrote the stored item, and has fields in it that this code would lose.

    Attributes:
        key: the primary key, as text.
        stored: number of the schema that the item is of.
        known: number of the schema that this code has.
    """

    def __init__(self, key: object, *, stored: int, known: int) -> None:
        self.key = key
        self.stored = stored
        self.known = known
        super().__init__(
            f"{key} is of schema {stored}, and this code knows schema {known}: replacing it would "
            "lose what is new. Change single fields with update(), or deploy the newer code."
        )


class TransactionCanceled(ConflictError):
    """A transaction did nothing, because some of its writes could not be done.

    Attributes:
        reasons: for each write, in order: the error that it would have raised by itself, or None
            where it was not the cause.
    """

    def __init__(self, reasons: Sequence[DynastoreError | None]) -> None:
        self.reasons = tuple(reasons)
        causes = [(at, each) for at, each in enumerate(self.reasons) if each is not None]
        at, first = causes[0]
        super().__init__(
            f"nothing was written: {len(causes)} of {len(self.reasons)} writes could not be done; "
            f"number {at}: {first}"
        )


class TokenUsed(ConflictError):
    """A transaction with this token was sent before, with other writes. Nothing was written now.

    Other writes are also the same ones, where what is written depends on the time (`updated`,
    `created`, a lifetime, an expiry) or on what is stored (index attributes of several fields,
    unique values). So to whoever repeats a call because its answer was lost this says: most likely
    the first call was carried out; and nothing was done twice.

    Attributes:
        token: the token.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(
            f"a transaction with the token {token!r} was sent within the last ten minutes, with "
            "other writes, or with the same by another time or other stored values; nothing was "
            "written now. Read whether that one was carried out. If it was not, or was another, "
            "use a new token."
        )


class TableMismatch(ConflictError):
    """A table exists whose keys or indexes do not fit the schema.

    Attributes:
        table: its name.
        differences: one sentence each.
        additions: for each index that is missing, the parameters of the UpdateTable that adds it.
    """

    def __init__(
        self, table: str, differences: Sequence[str], additions: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.table = table
        self.differences = tuple(differences)
        self.additions = tuple(additions)
        ways = [f"aws dynamodb update-table --cli-input-json '{dumps(each)}'" for each in additions]
        adding = (
            f"Add what is missing, one index after the other: {'; '.join(ways)}; then run `dynastore "
            "reindex`, since items that are stored already may lack its attributes. "
        )
        super().__init__(
            f"table {table} does not fit the schema: {'; '.join(self.differences)}. "
            f"{adding if ways else ''}"
            f"{'Or use' if ways else 'Use'} another table, or change the schema to fit this one."
        )


class ConsumerMismatch(ConflictError):
    """A consumer of changes is asked for other classes than it followed so far.

    It has passed over the changes of all others, so they would be lost without a word.

    Attributes:
        consumer: its name.
        followed: type tags of the classes that it followed.
        asked: type tags of those that it is asked for.
    """

    def __init__(self, consumer: str, *, followed: Sequence[str], asked: Sequence[str]) -> None:
        self.consumer = consumer
        self.followed = tuple(followed)
        self.asked = tuple(asked)
        super().__init__(
            f"{consumer!r} follows the changes of {', '.join(followed)}, not of {', '.join(asked)}: "
            "what it passed over would be lost. Give each purpose a name of its own, "
            "changes(..., name='search'); or, to follow these under this name from the oldest "
            "changes kept, so that some come again, changes(..., on_gap='oldest')."
        )


class ConsumerBusy(ConflictError):
    """Another process reads the changes for the same consumer.

    Attributes:
        consumer: its name.
        until: when the other's lease ends unless it goes on reading; it may be over.
    """

    def __init__(self, consumer: str, until: dt.datetime) -> None:
        self.consumer = consumer
        self.until = until
        super().__init__(
            f"another reads the changes as {consumer!r}, at least until {until:%H:%M:%S} UTC. Give "
            "what has to see all changes too a name of its own, or try again later."
        )


class PartialFailure(DynastoreError):
    """An operation on many did some and failed on others.

    Attributes:
        done: key or request -> its result, for all that succeeded.
        failed: key or request -> its error.
    """

    def __init__(self, done: Mapping[Any, Any], failed: Mapping[Any, DynastoreError]) -> None:
        self.done = dict(done)
        self.failed = dict(failed)
        first = next(iter(self.failed.values()))
        super().__init__(
            f"{len(self.failed)} of {len(self.done) + len(self.failed)} failed, the first with: {first}"
        )


class NotSent(DynastoreError):
    """One of many that was not begun, because another failed before. Nothing of it was written.

    Attributes:
        reason: the failure after which nothing more was begun.
    """

    def __init__(self, reason: DynastoreError) -> None:
        self.reason = reason
        super().__init__(f"not sent, for another write of the call failed before: {reason}")


class DataError(DynastoreError):
    """A stored item cannot be read as an entity of this schema."""


class UnknownType(DataError):
    """A stored item has a type tag that no entity asked for has.

    Attributes:
        tag: the tag, or None if the item has none.
    """

    def __init__(self, tag: str | None, known: Sequence[str]) -> None:
        self.tag = tag
        super().__init__(
            f"an item is of type {tag!r}; known here: {', '.join(known)}. Add its entity to the call."
        )


class MalformedItem(DataError):
    """A stored item does not fit its class.

    Attributes:
        entity: name of the entity.
        path: where in the item, such as ``$.runs[3].tokens``.
        reason: what is wrong there.
        key: its primary key; None where only some of its fields were read.
    """

    def __init__(self, entity: str, path: str, reason: str, key: object | None = None) -> None:
        self.entity = entity
        self.path = path
        self.reason = reason
        self.key = key
        which = f"a stored {entity}" if key is None else f"the stored {entity} {key}"
        super().__init__(f"{which} does not fit its class at {path}: {reason}")


class PayloadMissing(DataError):
    """An item refers to a payload of which parts are missing.

    Attributes:
        pointer: what the item holds in place of the value.
    """

    def __init__(self, where: str, pointer: object, advice: str) -> None:
        self.pointer = pointer
        super().__init__(f"{where}: the payload {pointer} cannot be read. {advice}")


class ServiceError(DynastoreError):
    """AWS refused a request or failed to serve it.

    Attributes:
        code: the service's error code, such as ``ThrottlingException``.
        request_id: what AWS support asks for, or None.
        retryable: whether the same request may succeed later.
        may_have_happened: whether a write that ended so may have been carried out nevertheless.
            False for reads, and where the service said that it did nothing.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, code: str, message: str, *, request_id: str | None = None) -> None:
        self.code = code
        self.request_id = request_id
        self.may_have_happened = False
        super().__init__(f"{code}: {message}")

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text.rstrip('.')}. {UNKNOWN_OUTCOME}" if self.may_have_happened else text


class Throttled(ServiceError):
    """The table, an index or the account is over its rate. Nothing was written.

    Unless an attempt before was not answered: then `may_have_happened` is True.
    """

    retryable = True


class Unavailable(ServiceError):
    """No answer, or a failure at the service; `may_have_happened` tells what that leaves open."""

    retryable = True


class DeadlineExceeded(ServiceError):
    """A call's time was over before it was done; see `may_have_happened`.

    It is True too where the call has other requests, and one of them wrote something before.
    """

    retryable = True


class AccessDenied(ServiceError):
    """No credentials, invalid ones, or ones that may not do this."""


class TableNotFound(ServiceError):
    """There is no such table in this region and account."""


class ChangesTrimmed(ServiceError):
    """Changes that a consumer has not seen are no longer kept: DynamoDB keeps them for 24 hours.

    Attributes:
        consumer: its name.
    """

    def __init__(self, consumer: str, reason: str) -> None:
        self.consumer = consumer
        super().__init__(
            "TrimmedDataAccessException",
            f"{consumer!r} may have missed changes: {reason}. Bring what it keeps up to date from "
            "the entities, then go on with changes(..., on_gap='oldest').",
        )
