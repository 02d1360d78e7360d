"""Large pages: their items are parsed one by one, and are what they would be in a small page."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
import pytest

from dynastore.clients.wire import LARGE_BYTES, Endpoint, response_of
from dynastore.errors import Unavailable

HERE = Endpoint("https://dynamodb.eu-west-1.amazonaws.com", "eu-west-1")
ITEMS = [
    {"PK": {"S": f"USER#{number}"}, "text": {"S": 'a "}],{" and ' * 40}, "n": {"N": str(number)}}
    for number in range(100)
]
ANSWER = {"Count": 100, "Items": ITEMS, "LastEvaluatedKey": {"PK": {"S": "]"}}, "ScannedCount": 100}


def read(body: bytes) -> Any:
    return response_of(body, {"x-amz-crc32": str(zlib.crc32(body))}, HERE)


def test_the_items_of_a_large_page_are_what_was_sent():
    body = orjson.dumps(ANSWER)
    assert len(body) > LARGE_BYTES
    response = read(body)
    items = response["Items"]
    assert {**response, "Items": list(items)} == ANSWER
    assert (len(items), items[7], items[-1]) == (100, ITEMS[7], ITEMS[-1])
    assert list(items[3:5]) == ITEMS[3:5]


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        {**ANSWER, "ConsumedCapacity": {"TableName": "agent-state", "CapacityUnits": 6.5}},
        {name: ANSWER[name] for name in ("Items", "Count", "ScannedCount")},
        {"Items": ITEMS},
        {**ANSWER, "BrandNew": [1, {"a": None}]},
        {**ANSWER, "Count": None, "LastEvaluatedKey": None},
    ],
    ids=["another page follows", "units", "the last page", "no counts", "a new part", "nulls"],
)
def test_what_else_a_large_page_tells_is_kept(answer):
    response = read(orjson.dumps(answer))
    assert {**response, "Items": list(response["Items"])} == answer


def test_an_item_is_another_object_each_time_so_that_none_is_kept():
    items = read(orjson.dumps(ANSWER))["Items"]
    assert items[0] == items[0]
    assert items[0] is not items[0]


def test_a_large_answer_without_items_is_read_as_any_other():
    answer = {"Responses": {"agent-state": ITEMS}}
    assert read(orjson.dumps(answer)) == answer


@pytest.mark.parametrize(
    "body",
    [
        orjson.dumps(ITEMS),
        orjson.dumps(ANSWER)[:-1],
        orjson.dumps(ANSWER).replace(b"}}],", b"}},],"),
        orjson.dumps({**ANSWER, "Items": "x" * LARGE_BYTES}),
    ],
    ids=["a list", "cut off", "a comma too many", "items that are none"],
)
def test_a_large_answer_that_is_not_dynamodbs_is_refused(body):
    with pytest.raises(Unavailable, match="is not DynamoDB's"):
        read(body)


def test_an_item_with_a_broken_character_is_refused_when_it_is_read():
    items = read(orjson.dumps(ANSWER).replace(b"USER#7", b"USER#\xff"))["Items"]
    assert items[6] == ITEMS[6]
    with pytest.raises(Unavailable, match="is not DynamoDB's"):
        items[7]
