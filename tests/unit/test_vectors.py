"""Vector indexes: what is sent to make and search one, and what the embedded engine answers."""

from __future__ import annotations

import math
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from botocore.validate import validate_parameters

from dynastore import Index, Schema, Store, Table, VectorIndex, entity, key
from dynastore.changes import SetTo
from dynastore.clients.aio import AioClient
from dynastore.clients.boto import BotoClient
from dynastore.clients.sessions import search_url
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import ModelError, RequestError, TableMismatch
from dynastore.operations.tables import create_table
from dynastore.requests import Key, Near, Nearest, PutItem, SearchVectors, UpdateItem
from dynastore.requests.tables import CreateTable, DescribeTable, vector_addition
from dynastore.testing import memory_store

from .faulty import FaultyServer, ok

INDEX = VectorIndex(2, fields=("title",))
TABLE = Table("agents", vectors=INDEX)
ASKED = SearchVectors("agents", INDEX, "USER#1", (0.6, -0.8), 3, ("PK", "SK", "title"))
ANSWER = {
    "SearchResults": [{"Item": {"PK": {"S": "USER#1"}, "title": {"S": "a"}}, "Score": 0.25}],
    "ConsumedCapacity": {"VectorSearchRequestBytes": 41714.0},
}
READ = Nearest([Near({"PK": {"S": "USER#1"}, "title": {"S": "a"}}, 0.25)], 41714.0)
DEFINITION = {
    "IndexName": "VECTORS",
    "VectorAttribute": {"AttributeName": "vector"},
    "SearchSchema": [{"AttributeName": "PK", "SearchSchemaElementType": "HASH"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["TYPE", "TTL", "title"]},
    "Dimensions": 2,
    "DistanceFunction": "COSINE",
}
DESCRIBED = {
    "TableStatus": "ACTIVE",
    "KeySchema": [
        {"AttributeName": "PK", "KeyType": "HASH"},
        {"AttributeName": "SK", "KeyType": "RANGE"},
    ],
    "VectorIndexes": [{**DEFINITION, "IndexStatus": "ACTIVE"}],
}


def numbers(*each: float) -> dict[str, Any]:
    return {"L": [{"N": repr(number)} for number in each]}


def item(place: str, vector: Any, pk: str = "USER#1", **more: Any) -> dict[str, Any]:
    return {"PK": {"S": pk}, "SK": {"S": place}, "vector": vector, **more}


def engine(index: VectorIndex = INDEX, path: str = ":memory:") -> SqliteClient:
    client = SqliteClient(path)
    client.send(CreateTable(Table("agents", vectors=index)))
    return client


def places(client: SqliteClient, request: SearchVectors) -> list[str]:
    return [near.item["SK"]["S"] for near in client.send(request).found]


# What is sent: botocore's model of AWS is the judge. tests/conformance/test_vectors.py has answers.


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateTable", CreateTable(TABLE).parameters()),
        ("UpdateTable", vector_addition("agents", INDEX)),
        ("SearchVectors", ASKED.parameters()),
        ("SearchVectors", SearchVectors("agents", INDEX, "USER#1", (1, 0), 100).parameters()),
    ],
)
def test_botocore_takes_the_parameters(operation, parameters):
    model = boto3.client("dynamodb").meta.service_model.operation_model(operation)
    validate_parameters(parameters, model.input_shape)


def test_a_table_is_created_with_its_vector_index():
    parameters = CreateTable(TABLE).parameters()
    assert parameters["VectorIndexes"] == [DEFINITION]
    assert parameters["BillingMode"] == "PAY_PER_REQUEST"
    assert {"AttributeName": "PK", "AttributeType": "S"} in parameters["AttributeDefinitions"]
    assert "VectorIndexes" not in CreateTable(Table("agents")).parameters()


def test_a_search_names_the_partition_by_equality():
    assert ASKED.parameters() == {
        "TableName": "agents",
        "IndexName": "VECTORS",
        "SearchVector": [{"N": "0.6"}, {"N": "-0.8"}],
        "TopK": 3,
        "SearchConditionExpression": "#0 = :0",
        "ProjectionExpression": "#0, #1, #2",
        "ExpressionAttributeNames": {"#0": "PK", "#1": "SK", "#2": "title"},
        "ExpressionAttributeValues": {":0": {"S": "USER#1"}},
        "ReturnConsumedCapacity": "TOTAL",
    }


def test_the_blocking_client_reads_an_answer():
    made = boto3.client("dynamodb")
    with Stubber(made) as stubber:
        stubber.add_response("search_vectors", ANSWER, ASKED.parameters())
        assert BotoClient(made).send(ASKED) == READ


def test_the_blocking_client_reads_an_answer_from_the_network():
    once = Config(retries={"total_max_attempts": 1})
    with FaultyServer(ok(**ANSWER)) as server:
        made = boto3.client("dynamodb", endpoint_url=server.url, config=once)
        assert BotoClient(made).send(ASKED) == READ


async def test_the_async_client_sends_the_same_and_reads_the_answer():
    with FaultyServer(ok(**ANSWER)) as server:
        client = AioClient(endpoint_url=server.url)
        assert await client.send(ASKED) == READ
        await client.close()
    ((_, headers, sent),) = server.asked
    assert sent == ASKED.parameters()
    assert {name.lower(): each for name, each in headers.items()}["x-amz-target"] == (
        "DynamoDB_20120810.SearchVectors"
    )


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("fips", [False, True])
def test_searches_go_where_botocore_sends_them(region, dual, fips):
    class Sent(Exception):
        """What stops it."""

    def stop(request, **_):
        raise Sent(request.url)

    config = Config(use_dualstack_endpoint=dual, use_fips_endpoint=fips)
    made = boto3.client("dynamodb", region_name=region, config=config)
    made.meta.events.register("before-send.dynamodb", stop)
    with pytest.raises(Sent) as sent:
        made.search_vectors(**ASKED.parameters())
    assert search_url(made) == str(sent.value)


def test_searches_go_to_a_server_that_is_not_of_aws_as_all_else_does():
    made = boto3.client("dynamodb", endpoint_url="http://localhost:8000")
    assert search_url(made) == "http://localhost:8000/"


def test_an_older_boto3_is_named_as_what_lacks_the_operation():
    made = boto3.client("dynamodb")
    del made.meta.method_to_api_mapping["search_vectors"]
    with pytest.raises(RequestError, match="upgrade boto3"):
        BotoClient(made).send(ASKED)


# What is refused before it is sent.


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimensions": 0},
        {"dimensions": 4_097},
        {"dimensions": True},
        {"distance": "cosine"},
        {"name": "v"},
        {"field": "PK"},
        {"field": "a-b"},
        {"fields": tuple(f"f{number}" for number in range(18))},
    ],
)
def test_a_vector_index_that_dynamodb_does_not_have_is_refused(wrong):
    with pytest.raises(ModelError):
        VectorIndex(**{"dimensions": 2, **wrong})


def test_two_indexes_of_one_name_are_refused():
    with pytest.raises(ModelError, match="GSI1"):
        Table("agents", (Index(1),), vectors=VectorIndex(2, name="GSI1"))


def test_a_field_that_is_no_list_cannot_be_that_of_the_vector_index():
    @entity("shape")
    class Shape:
        shape_id: str
        vector: str = ""

        primary = key("SHAPE#{shape_id}", "~")

    with pytest.raises(ModelError, match="no list of numbers"):
        Schema([Shape], TABLE)


@pytest.mark.parametrize(
    "vector", [(1.0,), (0.0, 0.0), (1e-60, 0.0), (1e60, 0.0), (math.inf, 0.0), (math.nan, 1.0)]
)
def test_a_search_with_a_wrong_vector_is_refused(vector):
    with pytest.raises(RequestError):
        SearchVectors("agents", INDEX, "USER#1", vector, 3)


@pytest.mark.parametrize("top", [0, 101])
def test_a_search_finds_1_to_100_items(top):
    with pytest.raises(RequestError, match="1 to 100"):
        SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), top)


# Checking a table.


def checking(described: dict[str, Any]) -> list[str]:
    """What create_table finds wrong with a table that AWS describes so."""
    steps = create_table(Schema([], TABLE))
    next(steps)
    steps.send(None)
    with pytest.raises(TableMismatch) as mismatch:
        steps.send(DescribeTable("agents").read({"Table": described}))
    return list(mismatch.value.differences)


def test_a_table_without_the_vector_index_does_not_fit_and_says_how_it_is_added():
    steps = create_table(Schema([], TABLE))
    next(steps)
    steps.send(None)
    described = {name: each for name, each in DESCRIBED.items() if name != "VectorIndexes"}
    with pytest.raises(TableMismatch, match="vector index VECTORS is missing") as mismatch:
        steps.send(DescribeTable("agents").read({"Table": described}))
    assert mismatch.value.additions == (vector_addition("agents", INDEX),)


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"Dimensions": 3}, "vector index VECTORS has Dimensions 3, not 2"),
        (
            {"DistanceFunction": "EUCLIDEAN"},
            "vector index VECTORS has DistanceFunction EUCLIDEAN, not COSINE",
        ),
        (
            {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["TYPE", "TTL"]}},
            "index VECTORS does not carry title",
        ),
    ],
)
def test_a_table_with_another_vector_index_does_not_fit(changed, difference):
    described = {**DESCRIBED, "VectorIndexes": [{**DESCRIBED["VectorIndexes"][0], **changed}]}
    assert checking(described) == [difference]


@pytest.mark.parametrize(
    "state", [{"IndexStatus": "CREATING"}, {"IndexStatus": "ACTIVE", "Backfilling": True}]
)
def test_a_table_is_waited_for_until_its_vector_index_can_be_searched(state):
    described = {**DESCRIBED, "VectorIndexes": [{**DEFINITION, **state}]}
    assert not DescribeTable("agents").read({"Table": described}).active
    assert DescribeTable("agents").read({"Table": DESCRIBED}).active


# The embedded engine.


def test_the_nearest_of_a_partition_are_found_and_no_others():
    client = engine()
    client.send(PutItem("agents", item("far", numbers(-1.0, 0.0))))
    client.send(PutItem("agents", item("near", numbers(0.5, 0.1))))
    client.send(PutItem("agents", item("alike", numbers(3.0, 0.0))))
    client.send(PutItem("agents", item("alike", numbers(1.0, 0.0), pk="USER#2")))
    found = client.send(SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2)).found
    assert [near.item["SK"]["S"] for near in found] == ["alike", "near"]
    assert [near.item["PK"]["S"] for near in found] == ["USER#1", "USER#1"]
    assert found[0].score == 0.0
    assert found[1].score == pytest.approx(1 - 0.5 / math.hypot(0.5, 0.1))


@pytest.mark.parametrize(
    ("distance", "expected", "score"),
    [("COSINE", "b", 0.0), ("EUCLIDEAN", "a", math.sqrt(0.02)), ("DOT_PRODUCT", "c", 9.0)],
)
def test_distances_are_those_of_dynamodb(distance, expected, score):
    index = VectorIndex(2, distance=distance)
    client = engine(index)
    vectors = {"a": (0.9, 0.1), "b": (5.0, 0.0), "c": (9.0, 9.0)}
    for place, vector in vectors.items():
        client.send(PutItem("agents", item(place, numbers(*vector))))
    (near,) = client.send(SearchVectors("agents", index, "USER#1", (1.0, 0.0), 1)).found
    assert near.item["SK"]["S"] == expected
    assert near.score == pytest.approx(score, abs=1e-7)


def test_items_without_a_vector_are_not_in_the_index():
    client = engine()
    client.send(PutItem("agents", {"PK": {"S": "USER#1"}, "SK": {"S": "a"}}))
    assert places(client, SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2)) == []


def test_a_search_returns_what_the_index_carries():
    client = engine()
    client.send(PutItem("agents", item("a", numbers(1, 0), title={"S": "A"}, body={"S": "B"})))
    whole = SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2)
    assert client.send(whole).found[0].item.keys() == {"PK", "SK", "title"}
    slim = SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2, ("title",))
    assert client.send(slim).found[0].item == {"title": {"S": "A"}}
    with pytest.raises(RequestError, match="does not project body"):
        client.send(SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2, ("body",)))


def test_a_search_costs_what_it_looks_at_and_returns():
    client = engine()
    for place in "abc":
        client.send(PutItem("agents", item(place, numbers(1, 0), title={"S": "12345"})))
    answer = client.send(SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 2, ("title",)))
    assert answer.searched_bytes == 3 * 2 * 4 + 2 * len("title12345")


@pytest.mark.parametrize(
    "vector",
    [
        numbers(1.0),
        numbers(0.0, 0.0),
        {"S": "1, 0"},
        {"NULL": True},
        {"L": [{"N": "1"}, {"S": "0"}]},
    ],
)
def test_a_write_whose_vector_does_not_fit_is_refused(vector):
    client = engine()
    with pytest.raises(RequestError):
        client.send(PutItem("agents", item("a", vector)))
    with pytest.raises(RequestError):
        client.send(UpdateItem("agents", Key("USER#1", "a"), {"vector": SetTo(vector)}))


def test_a_search_of_an_index_that_the_table_does_not_have_is_refused():
    client = engine()
    for index in (VectorIndex(2, name="OTHERS"), VectorIndex(2, distance="EUCLIDEAN")):
        with pytest.raises(RequestError, match="vector index"):
            client.send(SearchVectors("agents", index, "USER#1", (1.0, 0.0), 1))


def test_a_file_keeps_its_vector_index(tmp_path):
    path = str(tmp_path / "agent.db")
    first = engine(path=path)
    first.send(PutItem("agents", item("a", numbers(1, 0))))
    first.close()
    second = SqliteClient(path)
    assert places(second, SearchVectors("agents", INDEX, "USER#1", (1.0, 0.0), 1)) == ["a"]
    second.close()


def test_a_file_gets_the_vector_index_that_it_lacks_with_what_it_holds(tmp_path):
    @entity("note")
    class Note:
        note_id: str
        vector: list[float] | None = None

        primary = key("NOTES", "N#{note_id}")

    where = f"sqlite:///{tmp_path / 'agent.db'}"
    with Store.connect(where, Schema([Note], Table("agents"))) as before:
        before.put(Note(note_id="a", vector=[1.0, 0.0]))
        before.put(Note(note_id="b"))
        before.put(Note(note_id="c", vector=[1.0, 0.0, 0.0]))
        before.put(Note(note_id="d", vector=[0.0, 0.0]))
    with Store.connect(where, Schema([Note], TABLE)) as store:
        store.create_table()
        request = SearchVectors("agents", INDEX, "NOTES", (1.0, 0.0), 5)
        found = store.run(request_alone(request)).found
    assert [near.item["SK"]["S"] for near in found] == ["N#a"]


def request_alone(request: SearchVectors) -> Any:
    return (yield from request)


def test_an_entity_is_in_the_index_while_it_has_a_vector():
    @entity("note")
    class Note:
        note_id: str
        vector: list[float] | None = None

        primary = key("NOTES", "N#{note_id}")

    request = SearchVectors("agents", INDEX, "NOTES", (1.0, 0.0), 5)
    with memory_store(Schema([Note], TABLE)) as store:
        store.put(Note(note_id="a", vector=[1.0, 0.0]))
        assert len(store.run(request_alone(request)).found) == 1
        store.put(Note(note_id="a"))
        assert store.run(request_alone(request)).found == []


def test_the_partition_is_read_by_the_index_of_items_with_a_vector():
    client = engine()
    layout = client._layout("agents")
    with client._reads as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {layout.vectors}", ("USER#1",)).fetchall()
    assert "_vectors (PK=?)" in plan[0][-1]
