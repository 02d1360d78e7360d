"""Changes of Lambda events, and batches of which a part fails."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from typing import Any

import pytest

from dynastore import Schema, changes_of, entity, field, key, ref, take_batch
from dynastore.errors import MalformedItem, RequestError

TTL_SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@entity("note")
class Note:
    user_id: str
    note_id: str
    text: str = ""
    data: bytes = b""
    tags: set[str] = field(factory=set)

    primary = key("USER#{user_id}", "NOTE#{note_id}")


@entity("tag")
class Tag:
    user_id: str
    name: str

    primary = key("USER#{user_id}", "TAG#{name}")


SCHEMA = Schema([Note, Tag])
KEYS = {"PK": {"S": "USER#ann"}, "SK": {"S": "NOTE#n1"}}


def image(text: str = "tea", **more: Any) -> dict[str, Any]:
    fields = {"user_id": {"S": "ann"}, "note_id": {"S": "n1"}, "text": {"S": text}}
    return {**KEYS, "TYPE": {"S": "note"}, **fields, **more}


def record(name: str, sequence: int, old: Any = None, new: Any = None, **more: Any) -> Any:
    """A record as Lambda hands it to a function."""
    images = {"OldImage": old, "NewImage": new}
    known = new or old or image()
    return {
        "eventID": f"c81e728d9d4c2f636f067f89cc14862c{sequence}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1479499740.0,
            "Keys": {"PK": known["PK"], "SK": known["SK"]},
            **{name: value for name, value in images.items() if value is not None},
            "SequenceNumber": str(sequence),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/notes/stream/2026-11-21",
        **more,
    }


def created(sequence: int, text: str = "tea") -> Any:
    return record("INSERT", sequence, new=image(text))


def event(*records: Any) -> dict[str, Any]:
    return {"Records": list(records)}


def test_each_kind_of_change_is_told():
    changes = list(
        changes_of(
            event(
                created(100000000000000000001),
                record("MODIFY", 100000000000000000002, image("tea"), image("green tea")),
                record("REMOVE", 100000000000000000003, image("green tea")),
                record("REMOVE", 100000000000000000004, image(), userIdentity=TTL_SERVICE),
            ),
            SCHEMA,
        )
    )
    tea = Note(user_id="ann", note_id="n1", text="tea")
    green = Note(user_id="ann", note_id="n1", text="green tea")
    assert [(each.kind, each.old, each.new) for each in changes] == [
        ("created", None, tea),
        ("updated", tea, green),
        ("deleted", green, None),
        ("expired", tea, None),
    ]
    first = changes[0]
    assert first.key == ref(Note, user_id="ann", note_id="n1")
    assert (first.cls, first.sequence) == (Note, 100000000000000000001)
    assert first.at == dt.datetime(2016, 11, 18, 20, 9, tzinfo=dt.UTC)


def test_somebody_who_deletes_is_not_taken_for_the_expiry():
    person = {"type": "AssumedRole", "principalId": "dynamodb.amazonaws.com"}
    [change] = changes_of(event(record("REMOVE", 1, image(), userIdentity=person)), SCHEMA)
    assert change.kind == "deleted"


def test_the_api_writes_the_identity_with_capitals():
    identity = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    [change] = changes_of(event(record("REMOVE", 1, image(), userIdentity=identity)), SCHEMA)
    assert change.kind == "expired"


def test_bytes_and_sets_come_as_json_has_them():
    data = {"B": base64.b64encode(b"\x00\xff").decode()}
    new = image(data=data, tags={"SS": ["hot", "green"]})
    [change] = changes_of(event(record("INSERT", 1, new=new)), SCHEMA)
    assert change.new.data == b"\x00\xff"
    assert change.new.tags == {"hot", "green"}


def test_only_the_classes_and_the_scope_asked_for_are_seen():
    tag = {"PK": {"S": "USER#ann"}, "SK": {"S": "TAG#t"}, "TYPE": {"S": "tag"}}
    tag |= {"user_id": {"S": "ann"}, "name": {"S": "t"}}
    scoped = image() | {"PK": {"S": "@qa#USER#ann"}}
    part = image() | {"TYPE": {"S": "~part"}}
    records = [record("INSERT", at, new=new) for at, new in enumerate([image(), tag, scoped, part])]
    assert [each.cls for each in changes_of(event(*records), SCHEMA)] == [Note, Tag]
    assert [each.cls for each in changes_of(event(*records), SCHEMA, Tag)] == [Tag]
    assert [each.sequence for each in changes_of(event(*records), SCHEMA.scoped("qa"))] == [2]


def test_a_stream_of_keys_only_is_refused():
    with pytest.raises(RequestError, match="NEW_AND_OLD_IMAGES"):
        list(changes_of(event(record("MODIFY", 1)), SCHEMA))


def test_an_image_that_does_not_fit_is_told_when_its_turn_comes():
    wrong = record("INSERT", 2, new=image() | {"text": {"N": "1"}})
    changes = changes_of(event(created(1), wrong), SCHEMA)
    assert next(changes).sequence == 1
    with pytest.raises(MalformedItem):
        next(changes)


class TestBatches:
    """Part of a batch fails: Lambda delivers from the lowest sequence number reported."""

    def test_all_taken_reports_nothing(self):
        texts = []
        answer = take_batch(
            event(created(1, "a"), created(2, "b")),
            SCHEMA,
            lambda each: texts.append(each.new.text),
        )
        assert answer == {"batchItemFailures": []}
        assert texts == ["a", "b"]

    def test_the_first_that_fails_ends_the_batch(self, caplog):
        seen = []

        def take(change: Any) -> None:
            seen.append(change.sequence)
            if change.sequence == 2:
                raise ConnectionError("the index is down")

        answer = take_batch(event(*map(created, range(1, 5))), SCHEMA, take)
        assert seen == [1, 2]
        assert identifiers(answer) == ["2", "3", "4"]
        [logged] = caplog.records
        assert logged.levelno == logging.ERROR
        assert "the index is down" in caplog.text

    def test_records_out_of_order_are_none_of_them_passed_over(self):
        """Whatever is not taken is at or behind the lowest that is reported."""
        order = [5, 1, 7, 2, 6, 3]
        for failing in order:
            took = []

            def take(change: Any, failing: int = failing, took: list[int] = took) -> None:
                if change.sequence == failing:
                    raise ValueError
                took.append(change.sequence)

            answer = take_batch(event(*map(created, order)), SCHEMA, take)
            lowest = min(map(int, identifiers(answer)))
            assert all(each >= lowest for each in order if each not in took)

    def test_an_image_that_does_not_fit_is_reported(self):
        wrong = record("INSERT", 2, new=image() | {"text": {"N": "1"}})
        answer = take_batch(event(created(1), wrong), SCHEMA, lambda change: None)
        assert identifiers(answer) == ["2"]

    def test_a_consumer_that_keeps_the_last_sequence_takes_duplicates_once(self):
        """What docs/how-to/changes.md advises."""
        state: dict[Any, tuple[int, str]] = {}

        def take(change: Any) -> None:
            last, _ = state.get(change.key, (-1, ""))
            if change.sequence > last:
                state[change.key] = change.sequence, change.new.text

        batch = [created(1, "a"), created(2, "b"), created(3, "c")]
        for records in (batch[:2], batch, batch[1:], batch[:1]):
            take_batch(event(*records), SCHEMA, take)
        assert [*state.values()] == [(3, "c")]

    def test_records_of_others_are_passed_over(self):
        part = record("INSERT", 1, new=image() | {"TYPE": {"S": "~part"}})
        assert take_batch(event(part), SCHEMA, pytest.fail) == {"batchItemFailures": []}


def identifiers(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]
