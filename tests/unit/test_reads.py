"""Reading, with the test as the server: operations are generators that can be stepped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NewType

import pytest
from attrs import define, frozen
from attrs import field as attribute

from dynastore import Schema, entity, field, key, ref
from dynastore.errors import MalformedItem, PartialFailure, Throttled, UnknownType
from dynastore.operations.reading import reads
from dynastore.requests import Batch, BatchGetItem, GetItem, Key, QueryPage, Together, Wait


@entity("note")
class Note:
    """A note."""

    user_id: str
    note_id: str
    lines: list[int] = field(factory=list)

    primary = key("USER#{user_id}", "NOTE#{note_id}")


SCHEMA = Schema([Note])
CODEC = SCHEMA.codec(Note)


def note(number):
    return Note(user_id="ann", note_id=str(number), lines=[number])


def item(number):
    return CODEC.encode(note(number), "")


def refs(*numbers):
    return [ref(Note, user_id="ann", note_id=str(number)) for number in numbers]


def result(steps, answer):
    with pytest.raises(StopIteration) as stop:
        steps.send(answer)
    return stop.value.value


def test_a_get_is_one_request():
    steps = reads.get(SCHEMA, Note, {"user_id": "ann", "note_id": "1"})
    assert next(steps) == GetItem("dynastore", Key("USER#ann", "NOTE#1"))
    assert result(steps, item(1)) == note(1)


def test_what_a_batch_leaves_is_asked_for_again_after_a_wait():
    steps = reads.get_many(SCHEMA, refs(1, 2))
    first, second = Key("USER#ann", "NOTE#1"), Key("USER#ann", "NOTE#2")
    assert next(steps) == Together([BatchGetItem("dynastore", (first, second))])
    assert steps.send([Batch([item(2)], (first,))]) == Wait(0.05, jittered=True)
    assert steps.send(None) == Together([BatchGetItem("dynastore", (first,))])
    assert result(steps, [Batch([item(1)], ())]) == [note(1), note(2)]


def test_what_is_never_read_is_reported_by_ref():
    steps = reads.get_many(SCHEMA, refs(1, 2))
    left = (Key("USER#ann", "NOTE#1"),)
    next(steps)
    wait = steps.send([Batch([item(2)], left)])
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
        assert wait == Wait(seconds, jittered=True)
        steps.send(None)
        wait = steps.send([Batch([], left)])
    steps.send(None)
    with pytest.raises(PartialFailure) as failure:
        steps.send([Batch([], left)])
    (one, two) = refs(1, 2)
    assert failure.value.done == {two: note(2)}
    assert isinstance(failure.value.failed[one], Throttled)


def test_a_chunk_that_fails_leaves_the_others_answers():
    steps = reads.get_many(SCHEMA, refs(*range(101)))
    asked = next(steps)
    assert [len(each.keys) for each in asked.requests] == [100, 1]
    error = Throttled("ThrottlingException", "slow down")
    with pytest.raises(PartialFailure) as failure:
        steps.throw(PartialFailure({1: Batch([item(100)], ())}, {0: error}))
    assert failure.value.done == {refs(100)[0]: note(100)}
    assert len(failure.value.failed) == 100


def test_empty_pages_are_read_past():
    plan = SCHEMA.plan(Note, {"user_id": "ann"})
    steps = reads.read_page(SCHEMA, plan)
    next(steps)
    last = {"PK": {"S": "USER#ann"}, "SK": {"S": "NOTE#0"}}
    again = steps.send(QueryPage((), 0, last))
    assert again.start_key == last
    assert result(steps, QueryPage([item(1)], 1, None)).entities == [note(1)]


def test_a_stored_item_that_does_not_fit_says_where():
    broken = item(1) | {"lines": {"L": [{"N": "1"}, {"S": "two"}]}}
    with pytest.raises(MalformedItem, match="stored as S") as error:
        CODEC.decode(broken)
    assert error.value.path == "$.lines[1]"
    with pytest.raises(MalformedItem, match="missing") as error:
        CODEC.decode({name: value for name, value in item(1).items() if name != "note_id"})
    assert error.value.path == "$.note_id"


@frozen
class Text:
    """A part of a message."""

    words: list[str]


@frozen
class Call:
    """Another part of a message, with a field of the same name."""

    words: int


@define
class Loose:
    """A class with a field of no type."""

    anything = attribute()
    count = attribute(type=int)


Words = NewType("Words", list[str])


WORDS = {"L": [{"S": "a"}, {"N": "2"}]}


@pytest.mark.parametrize(
    ("kind", "stored", "path", "says"),
    [
        (Sequence[int], {"L": [{"N": "1"}, {"S": "x"}]}, "$.value[1]", "stored as S"),
        (Mapping[str, int], {"M": {"a": {"S": "x"}}}, "$.value.a", "stored as S"),
        (Words | int, WORDS, "$.value[1]", "stored as N"),
        (
            Call | Text,
            {"M": {"TYPE": {"S": "Text"}, "words": WORDS}},
            "$.value.words[1]",
            "stored as N",
        ),
        (
            Loose,
            {"M": {"anything": {"S": "x"}, "count": {"S": "y"}}},
            "$.value.count",
            "stored as S",
        ),
        (Text | Call, {"M": {"TYPE": {"S": "Old"}}}, "$.value", "its TYPE is 'Old', none of"),
    ],
)
def test_the_path_leads_to_the_innermost_part_that_does_not_fit(kind, stored, path, says):
    namespace = {"__annotations__": {"name": str, "value": kind}, "primary": key("X#{name}", "~")}
    thing = entity("thing")(type("Thing", (), namespace))
    with pytest.raises(MalformedItem, match=says) as error:
        Schema([thing]).codec(thing).decode(
            {"TYPE": {"S": "thing"}, "name": {"S": "n"}, "value": stored}
        )
    assert error.value.path == path


def test_an_item_of_another_type_is_refused():
    with pytest.raises(UnknownType, match="'memory'; known here: note"):
        SCHEMA.decode({"TYPE": {"S": "memory"}}, [Note])
