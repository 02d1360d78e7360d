"""Sending what an operation asks for to the table that its scope lives in by now.

In which table a scope lives without having been moved is in its schema, so operations know that
themselves. This is for scopes that were moved since, or are just being moved; see `locations`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, frozen

from ...codec.payload_objects import Owner
from ...errors import DynastoreError, PartialFailure, RequestError, ScopeSealed, UnknownPlace
from ...keys.addresses import place_in
from ...keys.templates import scope_prefix
from ...requests import (
    BatchWriteItem,
    ConditionCheck,
    Key,
    Now,
    PutItem,
    Request,
    Steps,
    Together,
    TransactWriteItems,
    Wait,
)
from ...requests.objects import ObjectRequest, PutObject
from ...schema.schema import Schema
from .locations import LEASE_SECONDS, SEALED_SECONDS, Location, read_location
from .registry import KNOWN_LIMIT, Known, is_write, outermost_key

T = TypeVar("T")

Asked: TypeAlias = "Request[Any] | Together[Any] | Wait | Now"
Seconds: TypeAlias = Callable[[], tuple[float, ...]]
"""Seconds by some clocks. What one of them counts as over is over."""

LOOK_AGAIN = Wait(0.5)  # while a scope is sealed, and something is to be written
WHOLE = {"Scan", "ListObjectsV2", "DescribeTable"}  # what goes by a table as a whole


@frozen
class _Lease:
    """A location that was read.

    Attributes:
        location: what it is.
        since: the time before it was read, by each clock.
    """

    location: Location
    since: tuple[float, ...]


class Leases:
    """The locations that this process has read and may still go by. Threads may share it."""

    def __init__(self, seconds: Seconds) -> None:
        """None is known.

        Args:
            seconds: the time by the clocks that leases go by.
        """
        self._seconds = seconds
        self._leases: dict[str, _Lease] = {}

    def of(self, shared: Schema, scope: str) -> Steps[Location]:
        """Where a scope lives: as it was read, or a read that is consistent."""
        now = self._seconds()
        found = self._leases.get(scope)
        if found is not None and _lasts(found, now):
            return found.location
        location = yield from read_location(shared, scope)
        self._keep(scope, _Lease(location, now))
        return location

    def _keep(self, scope: str, lease: _Lease) -> None:
        """Remember a location; that of a scope that is sealed is forgotten."""
        if lease.location.sealed:
            self._leases.pop(scope, None)
            return
        if len(self._leases) >= KNOWN_LIMIT:
            self._leases.clear()
        self._leases[scope] = lease


def routed(
    schema: Schema,
    leases: Leases,
    known: Known,
    steps: Steps[T],
    places: Collection[str] = (),
) -> Steps[T]:
    """An operation in a scope whose requests go to where the scope lives when they are sent.

    That is a consistent read of the entry more, each `LEASE_SECONDS` in which something is asked for.
    While the scope is sealed it is one for each request, and writes wait.

    Args:
        schema: of the scope, whose tables a placement has chosen.
        leases: where scopes were found to live.
        known: what is known to be registered; what is read says so, too.
        steps: the operation. It is told by ScopeSealed that a write was not sent, where it asked
            for it, by RequestError what has to know the right table beforehand, and by UnknownPlace
            that the scope lives at none of the places; then nothing is sent.
        places: the places that requests can be sent to, beside that of the shared table.
    """
    answer: Any = None
    failure: DynastoreError | None = None
    try:
        while True:
            asked = steps.send(answer) if failure is None else steps.throw(failure)
            answer, failure = None, None
            try:
                answer = yield from _sent(schema, leases, known, asked, places)
            except DynastoreError as error:
                failure = error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def _sent(
    schema: Schema, leases: Leases, known: Known, asked: Asked, places: Collection[str]
) -> Steps[Any]:
    if isinstance(asked, Wait | Now):
        return (yield asked)
    try:
        location = yield from _open(schema, leases, writes=is_write(asked))
        if location.registered:
            known.add(scope_prefix(schema.scopes[:1]))
        _check_known(location, schema, places)
        there = asked if _is_placed(location, schema) else _moved(asked, schema, location)
    except DynastoreError as error:
        if isinstance(asked, Together):
            raise PartialFailure({}, dict.fromkeys(range(len(asked.requests)), error)) from error
        raise
    return (yield there)


def _open(schema: Schema, leases: Leases, *, writes: bool) -> Steps[Location]:
    """Where the scope lives; once it is not sealed any more, if it is to be written to.

    Raises:
        ScopeSealed: that lasts too long.
    """
    shared, scope = schema.shared, schema.scopes[0]
    assert shared is not None, "only scopes of a placement are routed"
    location = yield from leases.of(shared, scope)
    if not writes:
        return location
    for _ in range(round(SEALED_SECONDS / LOOK_AGAIN.seconds)):
        if not location.sealed:
            return location
        yield from LOOK_AGAIN
        location = yield from leases.of(shared, scope)
    if location.mover is not None:
        raise ScopeSealed(scope, location.mover, SEALED_SECONDS)
    return location


def _check_known(location: Location, schema: Schema, places: Collection[str]) -> None:
    """Refuse what would be sent to a place that the store does not know.

    Raises:
        UnknownPlace: the scope lives there.
    """
    place = None if location.table is None else place_in(location.table)
    if place is not None and place not in places:
        raise UnknownPlace(place, [*places], schema.scopes[0])


def _is_placed(location: Location, schema: Schema) -> bool:
    """Whether a scope lives where its schema says."""
    table, bucket = schema.table.name, schema.table.bucket
    return location.table in (None, table) and location.bucket in (None, bucket)


def _moved(asked: Any, schema: Schema, location: Location) -> Any:
    """What is asked for, of the table and the bucket that the scope was moved to.

    Raises:
        RequestError: it is about a table as a whole.
    """
    match asked:
        case Together(requests):
            return Together([_moved(each, schema, location) for each in requests])
        case TransactWriteItems() | BatchWriteItem():
            actions = tuple(_moved(each, schema, location) for each in asked.actions)
            return evolve(asked, actions=actions)
    if not _is_of(asked, schema):
        return asked
    # The check of a transaction is no request of its own.
    if not isinstance(asked, ConditionCheck) and asked.operation in WHOLE:
        raise RequestError(
            f"scope {schema.scopes[0]!r} was moved from table {schema.table.name} to {location.table}, "
            "and this goes by the table as a whole: let the Placement say where the scope lives now"
        )
    if isinstance(asked, ObjectRequest):
        return _moved_object(asked, schema, location)
    return evolve(asked, table=location.table)


def _moved_object(asked: Any, schema: Schema, location: Location) -> Any:
    """What is asked of a bucket, of that which the scope was moved to; it says whose an object is."""
    moved = evolve(asked, bucket=location.bucket or asked.bucket)
    if not isinstance(asked, PutObject):
        return moved
    owner = Owner.of(asked.metadata)
    assert owner is not None, "what is put has one"
    if owner.table != schema.table.name:
        return moved
    return evolve(moved, metadata=evolve(owner, table=str(location.table)).metadata)


def _is_of(asked: Any, schema: Schema) -> bool:
    """Whether a request is about the table that the scope lived in; its entry stays where it is."""
    if isinstance(asked, ObjectRequest):
        return asked.bucket == schema.table.bucket
    if getattr(asked, "table", None) != schema.table.name:
        return False
    key = Key.of(asked.item) if isinstance(asked, PutItem) else getattr(asked, "key", None)
    return key != outermost_key(schema)


def _lasts(lease: _Lease, now: tuple[float, ...]) -> bool:
    """By all clocks: one stops while a machine sleeps, another may be set."""
    return all(0 <= at - since < LEASE_SECONDS for at, since in zip(now, lease.since, strict=True))
