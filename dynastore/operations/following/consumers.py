"""Consumers of a table's changes: who reads as one, until when, and how far it is.

A consumer is one item, so that its lease and all its positions are written at once, or not at all::

    PK                 SK  TYPE       classes   owner  until       revision  stream  saved  shards
    @#consumer#search  ~   ~consumer  ["note"]  8f3a…  2026-11-21… 17        arn:…   2026…  {"shard-1": …}

No scope has an empty name, so no key of an entity, and no scope's, begins as this one does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from ...errors import ConditionFailed, ConsumerBusy, ConsumerMismatch, RequestError
from ...keys.templates import CONSUMERS, HASH_BYTES, HEADER
from ...requests import GetItem, Key, Now, PutItem, Steps, Wait
from ...table import CONSUMER, TYPE
from ...terms import Absent, Conditions, Equal
from ...values.attributes import AttributeMap, AttributeValue

NEW: Conditions = (("PK", Absent()),)

STANDBY_SECONDS = 5.0  # between looks at the lease of another; it may end before its time


@frozen
class After:
    """What comes after a record was not taken yet."""

    sequence: str


@frozen
class Unread:
    """Nothing of the shard was taken.

    Attributes:
        iterator: where it goes on; None, or once it has expired, at the oldest record kept.
    """

    iterator: str | None = None


@frozen
class Finished:
    """All of the shard was taken, and it is closed."""


Position: TypeAlias = After | Unread | Finished


@frozen
class Consumer:
    """The item of a consumer.

    Attributes:
        key: its primary key.
        name: what it is called.
        classes: type tags of those whose changes it follows, sorted.
        owner: who reads as it; a name of its own for each reader.
        until: when its lease ends.
        revision: how often it was written; 0 before the first time.
        stream: the ARN of the stream that it reads; None before it does.
        since: changes from before this time are not wanted; None for all.
        saved: when the positions were written; None before they are.
        positions: shard -> how far it is.
        state: what its reader keeps beside, written with the positions; None for nothing.
    """

    key: Key
    name: str
    classes: tuple[str, ...]
    owner: str
    until: dt.datetime
    revision: int = 0
    stream: str | None = None
    since: dt.datetime | None = None
    saved: dt.datetime | None = None
    positions: Mapping[str, Position] = field(factory=dict, repr=False)
    state: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, name: str, item: AttributeMap) -> Consumer:
        """The consumer of an item."""
        return cls(
            key=Key.of(item),
            name=name,
            classes=tuple(each["S"] for each in item["classes"]["L"]),
            owner=item["owner"]["S"],
            until=dt.datetime.fromisoformat(item["until"]["S"]),
            revision=int(item["revision"]["N"]),
            stream=item["stream"]["S"] if "stream" in item else None,
            since=_moment(item.get("since")),
            saved=_moment(item.get("saved")),
            positions={shard: _position(value) for shard, value in item["shards"]["M"].items()},
            state=item["state"]["S"] if "state" in item else None,
        )

    @property
    def item(self) -> AttributeMap:
        """The item as it is written."""
        optional = {
            "stream": self.stream,
            "since": self.since and self.since.isoformat(),
            "saved": self.saved and self.saved.isoformat(),
            "state": self.state,
        }
        return {
            **self.key.attributes,
            TYPE: {"S": CONSUMER},
            "classes": {"L": [{"S": tag} for tag in self.classes]},
            "owner": {"S": self.owner},
            "until": {"S": self.until.isoformat()},
            "revision": {"N": str(self.revision)},
            "shards": {"M": {shard: _value(each) for shard, each in self.positions.items()}},
            **{name: {"S": value} for name, value in optional.items() if value is not None},
        }


def consumer_key(name: str, prefix: str) -> Key:
    """The primary key of a consumer in a scope.

    Raises:
        RequestError: the name is no text, empty or too long.
    """
    if not isinstance(name, str) or not name:
        raise RequestError(f"a consumer's name is a text of at least one character, not {name!r}")
    key = Key(f"{prefix}{CONSUMERS}{name}", HEADER, CONSUMER)
    if len(key.pk.encode()) > HASH_BYTES:
        raise RequestError(
            f"a consumer's name is part of a key of {HASH_BYTES:,} bytes; shorten it"
        )
    return key


def acquired(
    table: str, new: Consumer, *, lease: dt.timedelta, standby: bool, regardless: bool
) -> Steps[Consumer]:
    """The consumer, once *new*'s owner has its lease; with the classes that it followed so far.

    Args:
        table: where it is kept.
        new: what is written where there is no such consumer yet.
        lease: how long to have it; `saved` makes it last longer.
        standby: whether to wait while another has it.
        regardless: whether it may have followed other classes than *new* does.

    Raises:
        ConsumerMismatch: it followed other classes. Nothing was written.
        ConsumerBusy: another has it.
    """
    while True:
        now = yield from Now()
        item = yield from GetItem(table, new.key, consistent=True)
        found = new if item is None else Consumer.of(new.name, item)
        if found.classes != new.classes and not regardless:
            raise ConsumerMismatch(new.name, followed=found.classes, asked=new.classes)
        if found.owner == new.owner or found.until <= now:
            try:
                return (yield from saved(table, evolve(found, owner=new.owner, until=now + lease)))
            except ConsumerBusy:  # another was faster
                if not standby:
                    raise
        elif not standby:
            raise ConsumerBusy(new.name, found.until)
        left = (found.until - now).total_seconds()
        yield from Wait(min(max(left, 0.0), STANDBY_SECONDS))


def saved(table: str, consumer: Consumer) -> Steps[Consumer]:
    """Write a consumer over the revision that it was read or written at; the one written.

    Raises:
        ConsumerBusy: another has written it since, and so has its lease.
    """
    written = evolve(consumer, revision=consumer.revision + 1)
    seen: Conditions = (("revision", Equal({"N": str(consumer.revision)})),)
    try:
        yield from PutItem(table, written.item, seen if consumer.revision else NEW)
    except ConditionFailed as failure:
        stored: Any = failure.stored
        found = None if stored is None else Consumer.of(consumer.name, stored)
        if found is None or found.owner != consumer.owner:
            raise ConsumerBusy(consumer.name, (found or consumer).until) from failure
        # A write of ours that was carried out, though its answer was lost.
        return (yield from saved(table, evolve(consumer, revision=found.revision)))
    return written


def _moment(value: AttributeValue | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(value["S"])


def _position(value: AttributeValue) -> Position:
    match value:
        case {"S": sequence}:
            return After(sequence)
        case {"L": [{"S": iterator}]}:
            return Unread(iterator)
        case {"BOOL": True}:
            return Finished()
        case _:
            return Unread()


def _value(position: Position) -> AttributeValue:
    match position:
        case After(sequence):
            return {"S": sequence}
        case Unread(None):
            return {"NULL": True}
        case Unread(iterator):
            return {"L": [{"S": iterator}]}
        case Finished():
            return {"BOOL": True}
