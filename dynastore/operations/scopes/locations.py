"""Where a scope lives, as its entry in the shared table says, and whether it is sealed.

The entry is the one that registers the outermost scope (`registry`). Attributes more are in it once
somebody has begun to move the scope::

    PK          SK  TYPE    TABLE              BUCKET   MOVER
    @qa#@#scope ~   ~scope                              7c1f…   sealed: 7c1f… moves it; it lives where it did
    @qa#@#scope ~   ~scope  agent-state.qa                      it was moved, and lives there
    @qa#@#scope ~   ~scope  us:agent-state.qa  us:loads         it lives at the place called us

A place is a name, which each store looks up in its placement: an entry holds no credentials. One whose
placement does not have it sends nothing.

All scopes inside of it live where it lives. An entry without TABLE says nothing: then the placement of
the store does. Where both say something, the entry is right.

What stores with a placement do, so what a mover may rely on:

- A store uses an entry that was not sealed for `LEASE_SECONDS` from before it was read. After that it
  sends nothing of the scope before it has read the entry again, consistently.
- It never remembers that a scope is sealed: as long as it is, the entry is read before each request.
  Reads go on where the scope lived. Writes wait, and are not sent; after `SEALED_SECONDS` they raise
  `ScopeSealed`.
- So once a seal is `LEASE_SECONDS` old, no write to the scope begins, and after `LONGEST_REQUEST_SECONDS`
  more none is under way: what is read then is complete. From then on, too, every request looks at the
  entry first, so that all stores see the next `settle` or `unseal` at once, reads as well as writes.
- A read that has just looked may still be under way where the scope lived. Delete nothing there within
  `LONGEST_REQUEST_SECONDS` of `settle`.
- Requests are sent to the other table as they are, so items there must be the same, byte for byte: with
  the prefix of the scope, and with the same attributes of the indexes. The entry itself stays in the shared
  table; entries of scopes inside of the scope are items as all others.
- Stores without a placement never look. They must not use a scope that is moved.

Seals do not end by themselves: a mover that was killed goes on under the same name, or somebody calls
`unseal` with it. All of these may be repeated by the same mover, whatever became of the call before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from attrs import evolve, frozen

from ...changes import Change, Path, SetTo, Unset
from ...errors import ConditionFailed, SealTaken
from ...requests import GetItem, Steps, UpdateItem
from ...schema.schema import Schema
from ...table import SCOPE, TYPE
from ...terms import Absent, Conditions, Equal
from ...values.attributes import AttributeMap
from .registry import Known, entry_key, register

TABLE = "TABLE"  # of an entry: the table that the scope lives in, by its address
BUCKET = "BUCKET"  # of an entry: the bucket of its payloads there, where that table has one
MOVER = "MOVER"  # of an entry: who has sealed it

LEASE_SECONDS = 5.0  # that an entry is used for, from before it was read
# The clients' six attempts, each with 3 s for a connection and 10 s for an answer, and their waits.
LONGEST_REQUEST_SECONDS = 80.0
SEALED_SECONDS = 120.0  # that a write waits for the end of a seal; more than the two above together
MOVE_LEASE_SECONDS = 120.0  # of who moves a scope; two thirds are as long as a request may take


@frozen
class Location:
    """What the entry of a scope says.

    Attributes:
        table: address of the table that the scope was moved to; None if it never was.
        mover: who is moving it; None if nobody is.
        registered: whether there is an entry.
        bucket: that of its payloads where it was moved to; None without one.
    """

    table: str | None = None
    mover: str | None = None
    registered: bool = True
    bucket: str | None = None

    @classmethod
    def of(cls, item: AttributeMap | None) -> Location:
        """What an item says, or that there is none."""
        if item is None:
            return cls(registered=False)
        table, mover, bucket = (
            item[name]["S"] if name in item else None for name in (TABLE, MOVER, BUCKET)
        )
        return cls(table, mover, bucket=bucket)

    @classmethod
    def found_by(cls, failure: ConditionFailed) -> Location:
        """What the entry says on which a condition did not hold."""
        return cls.of(cast("AttributeMap | None", failure.stored))

    @property
    def sealed(self) -> bool:
        """Whether writers have to wait."""
        return self.mover is not None


def read_location(shared: Schema, scope: str) -> Steps[Location]:
    """What the entry of a scope says now: one consistent read.

    Args:
        shared: the shared table, without a scope.
        scope: name of an outermost scope.
    """
    key = entry_key(shared.scoped(scope))
    return Location.of((yield from GetItem(shared.table.name, key, consistent=True)))


def seal(shared: Schema, scope: str, mover: str) -> Steps[Location]:
    """Let all writers of a scope wait; see above from when on they do.

    The scope is registered, if it is not: a write or two. It may be sealed by the same mover.

    Args:
        shared: the shared table, without a scope.
        scope: name of an outermost scope.
        mover: a name that no other mover has; a process that goes on where it stopped has the same.

    Returns:
        What the entry says now, with where the scope lives.

    Raises:
        SealTaken: another mover has it.
    """
    yield from register(shared.scoped(scope), Known())
    changes: dict[str | Path, Change] = {
        TYPE: SetTo({"S": SCOPE}),
        MOVER: SetTo({"S": mover}),
    }
    try:
        return (yield from _write(shared, scope, changes, ((MOVER, Absent()),)))
    except ConditionFailed as failure:
        found = Location.found_by(failure)
        if found.mover != mover:
            raise SealTaken(scope, mover, found.mover) from failure
        return found


def unseal(shared: Schema, scope: str, mover: str) -> Steps[Location]:
    """Let writers go on where the scope lived all the time: the move is given up.

    Raises:
        SealTaken: another mover has it.
    """
    before = yield from read_location(shared, scope)
    return (yield from _released(shared, scope, mover, before))


def settle(
    shared: Schema, scope: str, mover: str, table: str, bucket: str | None = None
) -> Steps[Location]:
    """Let the scope live in another table from now on, and writers go on there.

    Args:
        shared: the shared table, without a scope.
        scope: name of an outermost scope.
        mover: who has sealed it.
        table: address of the table that has all of the scope; the shared one too.
        bucket: that of its payloads there, if that table has one.

    Raises:
        SealTaken: the scope is sealed by another mover, or by nobody.
    """
    return (yield from _released(shared, scope, mover, Location(table, bucket=bucket)))


def _released(shared: Schema, scope: str, mover: str, wanted: Location) -> Steps[Location]:
    """The entry without its seal, and with the table that is wanted."""
    wanted = evolve(wanted, mover=None)
    changes: dict[str | Path, Change] = {MOVER: Unset(), BUCKET: Unset()}
    if wanted.table is not None:
        changes[TABLE] = SetTo({"S": wanted.table})
    if wanted.bucket is not None:
        changes[BUCKET] = SetTo({"S": wanted.bucket})
    try:
        return (yield from _write(shared, scope, changes, ((MOVER, Equal({"S": mover})),)))
    except ConditionFailed as failure:
        found = Location.found_by(failure)
        if found != wanted:
            raise SealTaken(scope, mover, found.mover) from failure
        return found  # an attempt before did it, and its answer was lost


def _write(
    shared: Schema, scope: str, changes: Mapping[str | Path, Change], conditions: Conditions
) -> Steps[Location]:
    key = entry_key(shared.scoped(scope))
    item = yield from UpdateItem(shared.table.name, key, {**changes}, conditions)
    return Location.of(item)
