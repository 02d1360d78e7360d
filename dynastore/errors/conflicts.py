"""What is stored is not what a write expected: the program has to read again, and decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from .root import DynastoreError


class ConflictError(DynastoreError):
    """The stored state is not what the write expected."""


class AlreadyExists(ConflictError):
    """A create found its key taken.

    Attributes:
        key: the primary key, as text.
        entity: name of the entity class, or None where that is not known.
        values: field -> value, of the fields that the key is made of.
    """

    def __init__(
        self, key: object, entity: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        self.key = key
        self.entity = entity
        self.values = dict(values or {})
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
        self.values = {}
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
        text = (
            f"the condition on {key} did not hold: stored is {type(stored).__name__}, see .stored"
        )
        super().__init__(
            f"{key} is not stored, or has expired. Make it with create() or upsert()."
            if stored is None
            else f"{text}. Read it again and decide."
        )


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
        if stored is not None and not expected:
            super().__init__(
                f"{key} is given as a new one, at revision 0, and revision {stored} is stored. "
                "Read it and change what you read, or give yours another key."
            )
            return
        found = "it is gone" if stored is None else f"revision {stored} is stored"
        super().__init__(
            f"{key} was expected at revision {expected}; {found}. Read it again and redo the change."
        )


class NewerSchema(ConflictError):
    """Newer code wrote the stored item, and this code would lose fields of it, or write stray ones.

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
            "lose what is new, and changing it may be lost on newer code. Deploy that here too."
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


class SealTaken(ConflictError):
    """A mover does not have the seal of the scope that it moves.

    Attributes:
        scope: name of the scope.
        mover: who wanted to seal it, or thought to have done so.
        holder: the mover that has the seal; None where nobody has.
    """

    def __init__(self, scope: str, mover: str, holder: str | None) -> None:
        self.scope = scope
        self.mover = mover
        self.holder = holder
        super().__init__(
            f"scope {scope!r} is not sealed by {mover!r}, nor by anybody else; begin again"
            if holder is None
            else f"scope {scope!r} is sealed by {holder!r}, not by {mover!r}. Let that one end its "
            "move; if it is gone, go on under its name."
        )


class UnroutedWrites(ConflictError):
    """Somebody writes to a scope that moves, and neither waits nor follows it to its new place.

    Attributes:
        scope: name of the scope.
        table: name of the table that it moves from, where the writes are.
        has_left: whether the scope lives in its new place already.
    """

    def __init__(self, scope: str, table: str, *, has_left: bool) -> None:
        self.scope = scope
        self.table = table
        self.has_left = has_left
        super().__init__(
            f"scope {scope!r} has left table {table}, and what is there now is not what it left. Stop "
            "who writes there by a store without a placement; look at what is there, which was not "
            "deleted; then call again with discard_late"
            if has_left
            else f"scope {scope!r} is sealed, and table {table} does not come to rest: somebody writes "
            "there by a store without a placement. Stop that one, and call again; nothing has moved yet"
        )
