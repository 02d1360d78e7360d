"""Following a stream whose shards split, end and are trimmed: the operations, stepped by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from attrs import evolve

from dynastore import Schema, entity, key
from dynastore.clients.base import run
from dynastore.errors import (
    ChangesTrimmed,
    ConditionFailed,
    ConsumerBusy,
    RequestError,
    ServiceError,
    Unavailable,
)
from dynastore.operations.following.follower import Follower, FollowOptions
from dynastore.requests import GetItem, Key, PutItem, Request
from dynastore.requests.streams import (
    DescribeStream,
    GetRecords,
    GetShardIterator,
    RecordsPage,
    Shard,
    StreamDescription,
    StreamRecord,
)
from dynastore.requests.tables import CreateTable, DescribeTable, TableDescription
from dynastore.testing import memory_store
from dynastore.values.attributes import AttributeMap

START = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/dynastore/stream/2026-11-21T12:00:00.000"


@entity("note")
class Note:
    name: str
    value: int

    primary = key("NOTE#{name}", "NOTE#")


SCHEMA = Schema([Note])


class ShardedStream:
    """A client that answers with a stream whose shards a test makes; items are in SQLite.

    An iterator is ``shard:place``, the place being that of a record among all the shard ever had.
    """

    overlaps = False

    def __init__(self) -> None:
        self.observers: list[Any] = []
        self.items = memory_store(SCHEMA).client
        self.stream: str | None = ARN
        self.enabled = self.images = True
        self.shards: dict[str, Shard] = {}
        self.records: dict[str, list[StreamRecord]] = {}
        self.trimmed: dict[str, int] = {}
        self.expired: set[str] = set()
        self.now = START
        self.sent: list[Request[Any]] = []
        self.faults: list[Exception] = []

    def clock(self) -> dt.datetime:
        return self.now

    def open(self, name: str, parent: str | None = None) -> None:
        self.shards[name] = Shard(name, parent)
        self.records[name] = []

    def split(self, name: str, *children: str) -> None:
        """Close a shard; others continue it."""
        self.shards[name] = evolve(self.shards[name], closed=True)
        for child in children:
            self.open(child, name)

    def write(self, shard: str, *values: int, name: str = "a") -> None:
        for value in values:
            number = sum(map(len, self.records.values())) + 1
            item = SCHEMA.codec(Note).encode(Note(name=name, value=value), "")
            record = StreamRecord(
                f"id{number}", f"{number:021}", "INSERT", Key.of(item), None, item, self.now
            )
            self.records[shard].append(record)

    def trim(self, shard: str, count: int) -> None:
        self.trimmed[shard] = self.trimmed.get(shard, 0) + count

    def forget(self, shard: str) -> None:
        """The shard is no longer listed."""
        del self.shards[shard]

    def send(self, request: Request[Any], /) -> Any:
        self.sent.append(request)
        match request:
            case DescribeTable():
                return TableDescription(True, {}, {}, self.stream)
            case DescribeStream(after=after):
                return self._described(after)
            case GetShardIterator():
                return self._iterator(request)
            case GetRecords(iterator=iterator):
                return self._page(iterator)
            case PutItem() if self.faults:
                self.items.send(request)
                raise self.faults.pop()
            case _:
                return self.items.send(request)

    def close(self) -> None:
        self.items.close()

    def _described(self, after: str | None) -> StreamDescription:
        """Two shards a page."""
        names = list(self.shards)
        start = 0 if after is None else names.index(after) + 1
        page = names[start : start + 2]
        last = page[-1] if start + 2 < len(names) else None
        shards = tuple(self.shards[name] for name in page)
        return StreamDescription(self.enabled, self.images, shards, last)

    def _iterator(self, request: GetShardIterator) -> str:
        records = self.records[request.shard]
        trimmed = self.trimmed.get(request.shard, 0)
        places = {"TRIM_HORIZON": trimmed, "LATEST": len(records)}
        if request.start in places:
            return f"{request.shard}:{places[request.start]}"
        [place] = [at for at, each in enumerate(records) if each.sequence == request.sequence]
        if place < trimmed:
            raise ServiceError("TrimmedDataAccessException", "trimmed")
        return f"{request.shard}:{place + 1}"

    def _page(self, iterator: str) -> RecordsPage:
        """Three records a page."""
        if iterator in self.expired:
            self.expired.remove(iterator)
            raise ServiceError("ExpiredIteratorException", "expired")
        shard, place = iterator.split(":")
        start = int(place)
        if start < self.trimmed.get(shard, 0):
            raise ServiceError("TrimmedDataAccessException", "trimmed")
        page = self.records[shard][start : start + 3]
        end = start + len(page)
        over = self.shards[shard].closed and end == len(self.records[shard])
        return RecordsPage(page, None if over else f"{shard}:{end}")


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = ShardedStream()
    client.items.send(CreateTable(SCHEMA.table))
    client.open("root")
    return client


def follower(**options: Any) -> Follower:
    return Follower(SCHEMA, [Note], FollowOptions(**{"follow": False, **options}))


def values(client: ShardedStream, following: Follower | None = None, **options: Any) -> list[int]:
    """The values of all changes there are; the consumer is closed in the end."""
    following = following or follower(**options)
    found = []
    try:
        while (change := run(following.next(), client, client.clock)) is not None:
            found.append(change.new.value)
    finally:
        run(following.close(), client, client.clock)
    return found


def taken(client: ShardedStream, following: Follower, count: int) -> list[int]:
    """The values of the next changes; the last is not taken yet."""
    return [run(following.next(), client, client.clock).new.value for _ in range(count)]


def test_a_parent_is_read_to_its_end_before_its_children(client):
    client.write("root", 1, 2, 3, 4)
    client.split("root", "left", "right")
    client.write("left", 5, 6)
    client.split("left", "leaf")
    client.write("leaf", 7)
    assert values(client, start="oldest") == [1, 2, 3, 4, 5, 6, 7]


def test_children_that_come_while_following_are_read(client):
    following = follower(start="oldest")
    client.write("root", 1)
    assert taken(client, following, 1) == [1]
    client.split("root", "left", "right")
    client.write("left", 2)
    client.write("right", 3)
    assert sorted(values(client, following)) == [2, 3]


def test_a_shard_that_was_split_between_two_runs_is_finished_first(client):
    client.write("root", 1, 2, 3, 4, 5)
    following = follower(start="oldest")
    assert taken(client, following, 3) == [1, 2, 3]
    run(following.close(), client, client.clock)
    client.split("root", "left")
    client.write("left", 6)
    assert values(client) == [3, 4, 5, 6]
    client.write("left", 7)
    client.split("left", "leaf")
    client.forget("root")
    client.write("leaf", 8)
    assert values(client) == [7, 8]
    assert values(client) == []


def test_a_child_that_is_listed_later_than_its_brother_is_read_too(client):
    client.write("root", 1)
    client.split("root", "left")
    client.write("left", 2)
    assert values(client, start="oldest") == [1, 2]
    client.open("right", "root")
    client.write("right", 3)
    client.write("left", 4)
    assert sorted(values(client)) == [3, 4]


def test_a_new_consumer_begins_after_the_newest_record_of_each_shard(client):
    client.write("root", 1)
    client.split("root", "left", "right")
    client.write("left", 2)
    client.write("right", 3)
    assert values(client) == []
    client.write("right", 4)
    assert values(client) == [4]


def test_what_was_written_after_a_quiet_start_is_not_lost_when_iterators_expire(client):
    assert values(client) == []
    client.now += dt.timedelta(hours=2)
    client.write("root", 1, 2)
    client.expired.add("root:0")
    assert values(client) == [1, 2]


def test_an_expired_iterator_is_renewed_at_the_position(client):
    client.write("root", 1, 2, 3, 4, 5)
    client.expired.add("root:3")
    following = follower(start="oldest")
    assert taken(client, following, 3) == [1, 2, 3]
    assert values(client, following) == [4, 5]


def test_more_shards_than_are_read_at_once_are_all_read(client):
    for number in range(25):
        client.open(f"other{number}")
        client.write(f"other{number}", number)
    assert sorted(values(client, start="oldest")) == list(range(25))


class TestGaps:
    """Changes that are no longer kept: told, or passed over where that was asked for."""

    def test_a_position_that_was_trimmed_is_told(self, client):
        client.write("root", 1, 2)
        assert values(client, start="oldest") == [1, 2]
        client.write("root", 3, 4)
        client.trim("root", 3)
        for _ in range(2):
            with pytest.raises(ChangesTrimmed) as trimmed:
                values(client)
        assert trimmed.value.consumer == "default"
        assert values(client, on_gap="oldest") == [4]
        assert values(client) == []

    def test_a_shard_that_is_no_longer_listed_is_told(self, client):
        client.write("root", 1)
        assert values(client, start="oldest") == [1]
        client.split("root", "left")
        client.write("left", 2)
        client.forget("root")
        for _ in range(2):
            with pytest.raises(ChangesTrimmed, match="root"):
                values(client)
        assert values(client, on_gap="oldest") == [2]
        assert values(client) == []

    def test_a_whole_generation_that_is_gone_is_told(self, client):
        client.write("root", 1)
        client.split("root")
        assert values(client, start="oldest") == [1]
        client.split("root", "left")
        client.split("left", "leaf")
        client.forget("root")
        client.forget("left")
        with pytest.raises(ChangesTrimmed, match="left"):
            values(client)

    def test_another_stream_of_the_table_is_told(self, client):
        client.write("root", 1)
        assert values(client, start="oldest") == [1]
        client.stream = ARN.replace("12:00", "13:00")
        for _ in range(2):
            with pytest.raises(ChangesTrimmed, match="another stream"):
                values(client)

    def test_a_consumer_that_saw_nothing_for_a_day_is_told(self, client):
        assert values(client) == []
        client.now += dt.timedelta(hours=25)
        for _ in range(2):
            client.expired.add("root:0")
            with pytest.raises(ChangesTrimmed):
                values(client)
        client.write("root", 1)
        client.expired.add("root:0")
        assert values(client, on_gap="oldest") == [1]

    def test_what_is_trimmed_while_following_is_told(self, client):
        client.write("root", 1, 2, 3, 4, 5, 6)
        following = follower(start="oldest")
        assert taken(client, following, 3) == [1, 2, 3]
        client.trim("root", 5)
        with pytest.raises(ChangesTrimmed):
            values(client, following)
        assert values(client, on_gap="oldest") == [6]

    def test_a_following_that_may_pass_over_gaps_goes_on_at_the_oldest(self, client):
        client.write("root", 1, 2, 3, 4, 5, 6)
        following = follower(start="oldest", on_gap="oldest")
        assert taken(client, following, 3) == [1, 2, 3]
        client.trim("root", 5)
        assert values(client, following) == [6]


class TestLease:
    """One process at a time, until its lease ends."""

    def test_a_killed_process_keeps_its_place_until_its_lease_ends(self, client):
        client.write("root", 1, 2)
        assert taken(client, follower(start="oldest", lease_seconds=60), 1) == [1]
        with pytest.raises(ConsumerBusy) as busy:
            values(client)
        assert busy.value.until == START + dt.timedelta(seconds=60)
        client.now += dt.timedelta(seconds=60)
        assert values(client) == [1, 2]

    def test_one_that_waits_takes_over_when_the_lease_ends(self, client, monkeypatch):
        client.write("root", 1)
        assert taken(client, follower(start="oldest"), 1) == [1]
        waited = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            client.now += dt.timedelta(seconds=seconds)

        monkeypatch.setattr("time.sleep", sleep)
        assert taken(client, follower(follow=True), 1) == [1]
        assert sum(waited) == 60.0

    def test_the_lease_is_renewed_while_changes_are_taken(self, client):
        client.write("root", *range(10))
        following = follower(start="oldest", lease_seconds=60)
        for value in range(10):
            assert taken(client, following, 1) == [value]
            client.now += dt.timedelta(seconds=59)
            with pytest.raises(ConsumerBusy):
                values(client)

    def test_one_that_was_replaced_writes_nothing(self, client):
        client.write("root", 1, 2, 3)
        slow = follower(start="oldest")
        assert taken(client, slow, 1) == [1]
        client.now += dt.timedelta(seconds=61)
        fast = follower()
        assert taken(client, fast, 3) == [1, 2, 3]
        with pytest.raises(ConsumerBusy):
            run(slow.next(), client, client.clock)
        assert values(client, fast) == []
        assert values(client) == []

    def test_a_write_of_the_position_whose_answer_was_lost_is_known_again(self, client):
        client.write("root", 1, 2, 3)
        following = follower(start="oldest", save_every=1)
        assert taken(client, following, 1) == [1]
        client.faults.append(Unavailable("Timeout", "no answer"))
        with pytest.raises(Unavailable):
            run(following.next(), client, client.clock)
        assert values(client, following) == [2, 3]


def positions_written(client: ShardedStream) -> list[AttributeMap]:
    return [each.item["shards"]["M"] for each in client.sent if isinstance(each, PutItem)]


def test_the_position_is_written_after_some_changes_or_some_time(client):
    client.write("root", *range(6))
    following = follower(start="oldest", save_every=2)
    client.sent.clear()
    for _ in range(4):
        taken(client, following, 1)
    begun = len(positions_written(client)) - 1  # the first ones were written while it began
    assert positions_written(client)[-1] == {"root": {"S": client.records["root"][1].sequence}}
    client.now += dt.timedelta(seconds=10)
    taken(client, following, 1)
    assert len(positions_written(client)) == begun + 2
    assert positions_written(client)[-1] == {"root": {"S": client.records["root"][3].sequence}}


def test_a_change_that_was_handed_out_and_not_taken_is_never_behind_the_position(client):
    client.write("root", 1, 2, 3)
    following = follower(start="oldest", save_every=1)
    for number in range(3):
        taken(client, following, 1)
        run(following.close(), client, client.clock)
        left = client.records["root"][number:]
        assert values(client, name=f"other {number}", start="oldest") == [1, 2, 3]
        assert taken(client, following, 1) == [left[0].new and int(left[0].new["value"]["N"])]


def test_a_table_without_a_stream_is_refused(client):
    client.stream = None
    with pytest.raises(RequestError, match="NEW_AND_OLD_IMAGES"):
        values(client)


def test_a_stream_without_images_is_refused_and_its_consumer_left_free(client):
    client.images = False
    with pytest.raises(RequestError, match="NEW_AND_OLD_IMAGES"):
        values(client)
    client.images = True
    assert values(client) == []


def test_a_stream_that_is_disabled_is_read_to_its_end_and_told(client):
    client.write("root", 1)
    client.enabled = False
    client.split("root")
    following = follower(start="oldest")
    assert taken(client, following, 1) == [1]
    with pytest.raises(RequestError, match="disabled"):
        values(client, following)


def test_a_consumer_that_another_made_at_the_same_moment_is_waited_for(client):
    """Both found none; the one that was slower sees the other's lease."""
    request = GetItem(SCHEMA.table.name, Key("@#consumer#default", "~"), consistent=True)
    fast, slow = follower(), follower(follow=True)
    steps = slow.next()
    asked = next(steps)
    while asked != request:
        asked = steps.send(run(iter_of(asked), client, client.clock))
    taken_by_fast = run(fast.next(), client, client.clock)
    assert taken_by_fast is None
    asked = steps.send(None)
    assert isinstance(asked, PutItem)
    with pytest.raises(ConditionFailed) as failed:
        client.send(asked)
    assert "Wait" in repr(steps.throw(failed.value))


def iter_of(asked: Any) -> Any:
    return (yield asked)
