"""Law 12 for streams: however records are delivered, a consumer ends with what is stored.

Lambda delivers each shard for itself, again what it was not told to be taken, and what it was told
of too. A consumer that goes by key and sequence comes to the same end as one that saw each once.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from dynastore import Change, Ref, Schema, changes_of, entity, key, ref, take_batch

SHARDS = 3
FIRST = 111_100_000_000_000_000_001  # a sequence number as they are


@entity("note")
class Note:
    """What is followed."""

    number: int
    text: str

    primary = key("NOTE#{number}", "~")


SCHEMA = Schema([Note])

Record = dict[str, Any]
Version = tuple[int, str | None]
"""The sequence number of a change, and the text after it."""


@frozen
class Written:
    """What was written, as its stream tells it.

    Attributes:
        shards: records in order; all of one note are in one of them.
        versions: of each note in order.
    """

    shards: list[list[Record]] = field(factory=lambda: [[] for _ in range(SHARDS)])
    versions: dict[Ref[Note], list[Version]] = field(factory=dict)

    @property
    def newest(self) -> dict[Ref[Note], Version]:
        """What a consumer has to know in the end."""
        return {each: versions[-1] for each, versions in self.versions.items()}

    def write(self, sequence: int, number: int, text: str | None) -> None:
        """Write or delete a note."""
        versions = self.versions.setdefault(ref(Note, number=number), [])
        old, new = _image(number, versions[-1][1] if versions else None), _image(number, text)
        if old == new:
            return
        versions.append((sequence, text))
        self.shards[number % SHARDS].append(_record(sequence, old, new))


def _image(number: int, text: str | None) -> Any:
    return None if text is None else SCHEMA.codec(Note).encode(Note(number=number, text=text), "")


def _record(sequence: int, old: Any, new: Any) -> Record:
    event = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    known = new or old
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": f"{sequence:032x}",
        "eventName": event,
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_262_400.0,
            "Keys": {"PK": known["PK"], "SK": known["SK"]},
            "SequenceNumber": str(sequence),
            **{name: image for name, image in images.items() if image is not None},
        },
    }


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Some writes, each with a sequence number above all before."""
    found, sequence = Written(), FIRST
    for number, text in draw(
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=30)
    ):
        sequence += draw(st.sampled_from([1, 2, 10**20]))
        found.write(sequence, number, text)
    return Written(found.shards, {each: some for each, some in found.versions.items() if some})


@define
class Consumer:
    """Keeps the newest version of each note, and fails where it is told to.

    Attributes:
        written: what it follows.
        state: what it keeps.
        fails_at: the change of a batch that it fails at, and whether that is taken first.
    """

    written: Written
    state: dict[Ref[Note], Version] = field(factory=dict)
    fails_at: tuple[int, bool] | None = None
    _seen: list[Change[Note]] = field(factory=list)

    def begin(self, fails_at: tuple[int, bool] | None) -> None:
        """A batch begins."""
        self._seen, self.fails_at = [], fails_at

    def take(self, change: Change[Note]) -> None:
        """Take a change, unless it knows a newer one."""
        before = [each.sequence for each in self._seen if each.key == change.key]
        assert all(each < change.sequence for each in before), "out of order in its shard"
        self._seen.append(change)
        fails = self.fails_at is not None and len(self._seen) > self.fails_at[0]
        if fails and self.fails_at and not self.fails_at[1]:
            raise ConnectionError("the index is down")
        self._keep(change)
        if fails:
            raise ConnectionError("taken, and killed before it was told")

    def _keep(self, change: Change[Note]) -> None:
        version = change.sequence, change.new and change.new.text
        assert version in self.written.versions[change.key]
        self.state[change.key] = max(version, self.state.get(change.key, (0, None)))


def delivered(consumer: Consumer, shard: list[Record], start: int, count: int) -> int:
    """Deliver a batch as Lambda does; the place from which it delivers next."""
    batch = shard[start : start + count]
    answer = take_batch({"Records": batch}, SCHEMA, consumer.take)
    left = {int(each["itemIdentifier"]) for each in answer["batchItemFailures"]}
    sequences = [int(each["dynamodb"]["SequenceNumber"]) for each in shard]
    return sequences.index(min(left)) if left else start + len(batch)


@settings(max_examples=2 * settings.default.max_examples)
@given(written(), st.data())
def test_whatever_lambda_delivers_again_or_late_the_consumer_ends_with_what_is_stored(some, data):
    consumer, places = Consumer(some), [0] * SHARDS
    for _ in range(data.draw(st.integers(0, 12), "batches")):
        at = data.draw(st.integers(0, SHARDS - 1), "shard")
        again = data.draw(st.integers(0, places[at]), "delivered again")
        consumer.begin(data.draw(st.none() | st.tuples(st.integers(0, 4), st.booleans())))
        end = delivered(consumer, some.shards[at], places[at] - again, 5)
        places[at] = max(places[at], end)
        for each, version in consumer.state.items():
            assert version in some.versions[each]
    for at, shard in enumerate(some.shards):
        consumer.begin(None)
        assert delivered(consumer, shard, places[at], len(shard)) == len(shard)
    assert consumer.state == some.newest


@given(written(), st.data())
def test_records_in_any_order_and_any_number_of_times_come_to_the_same_end(some, data):
    records = [each for shard in some.shards for each in shard]
    twice = data.draw(st.lists(st.sampled_from(records))) if records else []
    state: dict[Ref[Note], Version] = {}
    for change in changes_of({"Records": data.draw(st.permutations(records + twice))}, SCHEMA):
        version = change.sequence, change.new and change.new.text
        if change.sequence > state.get(change.key, (0, None))[0]:
            state[change.key] = version
    assert state == some.newest


@given(written(), st.data())
def test_the_changes_of_an_event_are_in_the_order_of_each_shard(some, data):
    left = [list(shard) for shard in some.shards]
    records = []
    while any(left):
        shard = data.draw(st.sampled_from([each for each in left if each]))
        records.append(shard.pop(0))
    found: dict[Ref[Note], list[Version]] = {}
    for change in changes_of({"Records": records}, SCHEMA):
        version = change.sequence, change.new and change.new.text
        found.setdefault(change.key, []).append(version)
        assert (change.old is None) == (change.kind == "created")
    assert found == some.versions
