"""The blocking client: over moto, a Stubber, and a server that fails on purpose."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from dynastore.changes import Increment, SetTo
from dynastore.clients.base import POOL_WIDTH
from dynastore.clients.boto import BotoClient
from dynastore.clients.retries import RetryPolicy
from dynastore.clients.wire import Unreached
from dynastore.errors import (
    AccessDenied,
    ConditionFailed,
    RequestError,
    ServiceError,
    TableNotFound,
    Throttled,
    Unavailable,
)
from dynastore.requests import (
    BatchGetItem,
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    Query,
    Scan,
    UpdateItem,
)
from dynastore.requests.streams import DescribeStream
from dynastore.requests.tables import CreateTable
from dynastore.table import PRIMARY, Index, Table
from dynastore.terms import Absent, Equal

from .faulty import FaultyServer, Reply, Reset, error, ok

TABLE = Table("agent-state", (Index(1),))
ANN = Key("USER#ann", "SESSION#s1")
ITEM = {**ANN.attributes, "title": {"S": "Trip"}, "photo": {"B": b"\x00\xff"}}
ANSWERED = {**ITEM, "photo": {"B": "AP8="}}
READ = GetItem("agent-state", ANN)
CREATE = PutItem("agent-state", ITEM, (("PK", Absent()),))
AT_ONCE = RetryPolicy(base_seconds=0.0)


@pytest.fixture
def aws() -> Iterator[Any]:
    """A boto3 client of a moto account that has the table."""
    with mock_aws():
        client = boto3.client("dynamodb")
        BotoClient(client).send(CreateTable(TABLE))
        yield client


def over(server: FaultyServer, policy: RetryPolicy = AT_ONCE, **settings: Any) -> BotoClient:
    """A client of the server that retries at once."""
    config = Config(retries={"total_max_attempts": 1}, **settings)
    made = boto3.client("dynamodb", endpoint_url=server.url, config=config)
    return BotoClient(made, policy, owned=True)


def test_what_is_put_comes_back_with_binary_as_base64_text(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))
    assert client.send(READ) == ANSWERED


def test_an_item_that_is_not_there_is_none(aws):
    assert BotoClient(aws).send(READ) is None


def test_each_kind_of_request_is_answered(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))
    changes = {"visits": Increment({"N": "1"}, {"N": "0"}), "title": SetTo({"S": "Trips"})}
    assert client.send(UpdateItem("agent-state", ANN, changes))["visits"] == {"N": "1"}
    page = client.send(Query("agent-state", PRIMARY, (("PK", Equal({"S": ANN.pk})),)))
    assert (page.count, page.last_key) == (1, None)
    batch = client.send(BatchGetItem("agent-state", (ANN, Key("USER#ann", "none"))))
    assert (list(batch.items), batch.unprocessed) == (list(page.items), ())
    assert client.send(DeleteItem("agent-state", ANN)) == page.items[0]


def test_a_failed_condition_brings_the_stored_item(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))
    with pytest.raises(ConditionFailed) as failed:
        client.send(CREATE)
    assert failed.value.key == ANN
    assert failed.value.stored == ITEM


def test_a_failed_condition_on_nothing_brings_none(aws):
    update = UpdateItem("agent-state", ANN, {}, (("title", Equal({"S": "x"})),))
    with pytest.raises(ConditionFailed) as failed:
        BotoClient(aws).send(update)
    assert failed.value.stored is None
    assert failed.value.key == ANN


def test_a_missing_table_is_named_with_what_to_do(aws):
    with pytest.raises(TableNotFound) as missing:
        BotoClient(aws).send(GetItem("elsewhere", ANN))
    message = str(missing.value)
    assert "there is no table elsewhere" in message
    assert "https://dynamodb.eu-west-1.amazonaws.com (region eu-west-1)" in message
    assert "create_table()" in message


def test_what_dynamodb_refuses_is_a_request_error(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))
    with pytest.raises(RequestError, match="DynamoDB refused the request: "):
        client.send(UpdateItem("agent-state", ANN, {"title": Increment({"N": "1"})}))


def test_observers_learn_how_each_request_ended(aws):
    client, sent = BotoClient(aws), []
    client.observers.append(lambda request: sent.append)
    client.send(PutItem("agent-state", ITEM))
    with pytest.raises(ConditionFailed) as failed:
        client.send(CREATE)
    put, create = sent
    assert (put.request.operation, put.units, put.error) == ("PutItem", 1.0, None)
    assert (create.request, create.units, create.error) == (CREATE, 0.0, failed.value)
    assert put.answer_bytes > 0
    assert 0 < put.seconds < 10


def test_calls_of_others_on_a_client_handed_in_are_answered_as_ever(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))

    def theirs(_: int) -> Any:
        return aws.get_item(TableName="agent-state", Key=ANN.attributes)["Item"]

    def ours(_: int) -> Any:
        return client.send(READ)

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, each) for each in range(40) for call in (theirs, ours)]
        answers = [call.result() for call in calls]
    assert answers == [ITEM, ANSWERED] * 40


def test_a_call_of_others_after_one_of_ours_that_failed_is_answered_as_ever(aws):
    client = BotoClient(aws)
    client.send(PutItem("agent-state", ITEM))
    with pytest.raises(ConditionFailed):
        client.send(CREATE)
    assert aws.get_item(TableName="agent-state", Key=ANN.attributes)["Item"] == ITEM


def test_two_clients_may_share_a_boto3_client(aws):
    one, other = BotoClient(aws), BotoClient(aws)
    one.send(PutItem("agent-state", ITEM))
    assert one.send(READ) == other.send(READ) == ANSWERED


def test_hooks_of_others_still_see_the_body(aws):
    bodies = []
    client = BotoClient(aws)
    aws.meta.events.register(
        "before-parse.dynamodb", lambda response_dict, **_: bodies.append(response_dict["body"])
    )
    client.send(READ)
    assert b"ConsumedCapacity" in bodies[0]


def test_a_stubber_answers_without_a_body():
    made = boto3.client("dynamodb")
    client, units = BotoClient(made), []
    client.observers.append(lambda request: lambda sent: units.append(sent.units))
    capacity = {"TableName": "agent-state", "CapacityUnits": 0.5}
    with Stubber(made) as stubber:
        stubber.add_response("get_item", {"Item": ITEM, "ConsumedCapacity": capacity})
        stubber.add_client_error("get_item", "ThrottlingException")
        assert client.send(READ) == ITEM
        with pytest.raises(Throttled):
            client.send(READ)
    assert units == [0.5, 0.0]


def test_a_failure_of_the_service_is_retried():
    with FaultyServer(error("InternalServerError", 500), ok(Item=ANSWERED)) as server:
        client = over(server)
        assert client.send(READ) == ANSWERED
        client.close()
    assert len(server.asked) == 2


def test_a_conditional_write_is_not_repeated_after_a_failure_of_the_service():
    with FaultyServer(error("InternalServerError", 500), ok()) as server:
        client = over(server)
        with pytest.raises(Unavailable) as failed:
            client.send(CREATE)
        client.close()
    assert len(server.asked) == 1
    assert failed.value.code == "InternalServerError"
    assert failed.value.request_id == "ID42"
    assert failed.value.may_have_happened


def test_a_throttled_write_is_repeated():
    with FaultyServer(error("ProvisionedThroughputExceededException"), ok()) as server:
        client = over(server)
        client.send(CREATE)
        client.close()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Reply(503, b"<html>Service Unavailable</html>"),
        Reply(200, b"<html>Welcome to the hotel</html>"),
        Reply(200, b"[]"),
        Reply(200, b'{"Item": '),
        Reply(200, b"{}", {"x-amz-crc32": "1"}),
        Reset(),
    ],
)
def test_an_answer_that_is_none_of_dynamodbs_is_not_taken_for_one(answer):
    with FaultyServer(answer) as server:
        client = over(server, RetryPolicy(attempts=2, base_seconds=0.0))
        with pytest.raises(Unavailable, match=server.url):
            client.send(READ)
        client.close()
    assert len(server.asked) == 2


def test_a_damaged_answer_is_asked_for_again():
    with FaultyServer(Reply(200, b"{}", {"x-amz-crc32": "1"}), ok(Item=ANSWERED)) as server:
        client = over(server)
        assert client.send(READ) == ANSWERED
        client.close()


def test_a_damaged_answer_is_not_taken_where_botocore_would_take_it():
    # Its standard mode checks only while it has attempts left.
    with FaultyServer(Reply(200, b"{}", {"x-amz-crc32": "1"})) as server:
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        made = boto3.client("dynamodb", endpoint_url=server.url, config=config)
        with pytest.raises(Unavailable, match="damaged"):
            BotoClient(made).send(READ)
        made.close()


def test_a_server_that_is_too_slow_is_unavailable():
    with FaultyServer(Reply(after_seconds=0.4)) as server:
        client = over(server, RetryPolicy(attempts=1), read_timeout=0.05)
        with pytest.raises(Unavailable) as slow:
            client.send(READ)
        client.close()
    assert slow.value.code == "ReadTimeoutError"
    assert not isinstance(slow.value, Unreached)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_an_endpoint_that_nothing_listens_on_is_named():
    url = f"http://127.0.0.1:{free_port()}"
    client = BotoClient(boto3.client("dynamodb", endpoint_url=url, config=once()))
    with pytest.raises(Unreached) as unreached:
        client.send(CREATE)
    assert f"no connection to {url} (region eu-west-1)" in str(unreached.value)
    assert "Check endpoint_url=, the region" in str(unreached.value)


def once() -> Config:
    """botocore without retries."""
    return Config(retries={"total_max_attempts": 1})


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "Allow dynamodb:GetItem on table agent-state"),
        ("UnrecognizedClientException", "Check the credentials"),
        ("InvalidSignatureException", "the clock"),
        ("ExpiredTokenException", "Renew the credentials"),
    ],
)
def test_what_aws_will_not_let_one_do_says_what_to_do(code, advice):
    with FaultyServer(error(code)) as server:
        client = over(server)
        with pytest.raises(AccessDenied, match=advice) as denied:
            client.send(READ)
        client.close()
    assert denied.value.code == code
    assert len(server.asked) == 1


def test_an_error_that_nobody_knows_is_a_service_error():
    with FaultyServer(error("BrandNewException")) as server:
        client = over(server)
        with pytest.raises(ServiceError, match="BrandNewException: about BrandNewException"):
            client.send(READ)
        client.close()


def test_botocores_error_stays_chained():
    with FaultyServer(error("ValidationException")) as server:
        client = over(server)
        with pytest.raises(RequestError) as refused:
            client.send(READ)
        client.close()
    assert type(refused.value.__cause__).__name__ == "ClientError"


def test_a_client_handed_in_keeps_its_own_retries():
    with FaultyServer(error("ThrottlingException")) as server:
        config = Config(retries={"total_max_attempts": 2})
        made = boto3.client("dynamodb", endpoint_url=server.url, config=config)
        with pytest.raises(Throttled):
            BotoClient(made).send(READ)
        made.close()
    assert len(server.asked) == 2


def test_a_config_that_sets_retries_turns_ours_off():
    with FaultyServer(error("ThrottlingException")) as server:
        config = Config(retries={"total_max_attempts": 2})
        client = BotoClient.connect(endpoint_url=server.url, config=config)
        with pytest.raises(Throttled):
            client.send(READ)
        client.close()
    assert len(server.asked) == 2


def test_a_client_of_ours_retries_by_itself():
    with FaultyServer(error("ThrottlingException"), ok(Item=ANSWERED)) as server:
        client = BotoClient.connect(endpoint_url=server.url, config=Config(read_timeout=5))
        assert client.send(READ) == ANSWERED
        client.close()
    assert len(server.asked) == 2


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_damaged_refusal_is_asked_for_again(mode, monkeypatch):
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    damaged = Reply(400, error("ValidationException").body, {"x-amz-crc32": "1"})
    with FaultyServer(damaged, ok(Item=ANSWERED)) as server:
        client = BotoClient.connect(endpoint_url=server.url)
        assert client.send(READ) == ANSWERED
        client.close()


@pytest.mark.parametrize(
    ("config", "tells"), [(None, False), (Config(retries={"total_max_attempts": 2}), True)]
)
def test_attempts_of_botocore_are_told_of_only_where_it_makes_some(config, tells):
    with FaultyServer(ok(Item=ANSWERED)) as server:
        client = BotoClient.connect(endpoint_url=server.url, config=config)
        client.send(READ)
        client.close()
    assert ("amz-sdk-request" in server.asked[0][1]) == tells


def test_a_client_of_ours_has_connections_for_all_threads_of_the_pool():
    client = BotoClient.connect()
    assert client._services["dynamodb"].client.meta.config.max_pool_connections >= POOL_WIDTH
    client.close()


def test_a_config_keeps_what_it_sets():
    client = BotoClient.connect(config=Config(max_pool_connections=50, connect_timeout=1))
    settings = client._services["dynamodb"].client.meta.config
    assert (settings.max_pool_connections, settings.connect_timeout) == (50, 1)
    client.close()


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_the_endpoint_may_come_from_the_environment(variable, monkeypatch):
    with FaultyServer(ok(Item=ANSWERED)) as server:
        monkeypatch.setenv(variable, server.url)
        client = BotoClient.connect()
        assert client.send(READ) == ANSWERED
        client.close()


def test_the_name_of_an_application_is_sent_along(monkeypatch):
    with FaultyServer(ok()) as server:
        monkeypatch.setenv("AWS_SDK_UA_APP_ID", "assistant")
        client = BotoClient.connect(endpoint_url=server.url)
        client.send(READ)
        client.close()
    assert "app/assistant" in server.asked[0][1]["user-agent"]


def test_without_credentials_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = BotoClient.connect()
    with pytest.raises(AccessDenied, match="AWS_PROFILE or AWS_ACCESS_KEY_ID"):
        client.send(READ)
    client.close()


def test_half_of_the_credentials_are_none(monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessDenied, match="AWS_SECRET_ACCESS_KEY"):
        BotoClient.connect()


def test_without_a_region_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(RequestError, match=r"region_name=.*AWS_DEFAULT_REGION"):
        BotoClient.connect()


def test_a_profile_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AccessDenied, match="nobody"):
        BotoClient.connect()


def test_an_endpoint_that_is_no_url_is_refused():
    with pytest.raises(RequestError, match="localhost"):
        BotoClient.connect(endpoint_url="localhost:8000")


def test_what_botocore_refuses_is_a_request_error(aws):
    with pytest.raises(RequestError, match="botocore refused the request"):
        BotoClient(aws).send(GetItem("agent-state", Key(42, "SESSION#s1")))


def test_a_client_that_was_handed_in_has_no_streams(aws):
    with pytest.raises(RequestError, match="session="):
        BotoClient(aws).send(DescribeStream("arn:aws:dynamodb:us-east-1:1:table/t/stream/now"))


def test_streams_get_a_client_of_the_same_place(aws):
    client = BotoClient.connect(endpoint_url="http://127.0.0.1:9")
    assert client._service("dynamodbstreams").endpoint == client._service("dynamodb").endpoint


REQUESTS = [
    READ,
    CREATE,
    UpdateItem("agent-state", ANN, {"photo": SetTo({"B": b"\x01"})}),
    DeleteItem("agent-state", ANN),
    Query("agent-state", PRIMARY, (("PK", Equal({"S": ANN.pk})),)),
    Scan("agent-state"),
]


@pytest.mark.scans
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.operation)
def test_what_we_write_of_a_request_is_what_botocore_would(request_):
    answer = ok(Items=[], Count=0, ScannedCount=0, ConsumedCapacity={"CapacityUnits": 1.0})
    with FaultyServer(answer) as server:
        for writes in (False, True):
            config = Config(parameter_validation=False)
            made = boto3.client("dynamodb", endpoint_url=server.url, config=config)
            BotoClient(made, writes=writes).send(request_)
        by_botocore, by_us = (body for _, _, body in server.asked)
    assert by_us == by_botocore


def connected(server: FaultyServer, **settings: Any) -> BotoClient:
    """A client of our own making."""
    return BotoClient.connect(endpoint_url=server.url, config=Config(**settings))


def test_hooks_of_others_see_what_is_sent():
    seen: list[Any] = []
    with FaultyServer(ok()) as server:
        client = connected(server)
        events = client._services["dynamodb"].client.meta.events
        events.register("before-call.dynamodb", lambda params, **_: seen.append(params["body"]))
        client.send(READ)
        client.close()
        (_, _, body) = server.asked[0]
    assert [type(each) for each in seen] == [bytes]
    assert json.loads(seen[0]) == body


def test_where_botocore_is_to_check_parameters_it_writes_them():
    with FaultyServer(ok()) as server:
        client = connected(server, parameter_validation=True)
        client.send(READ)
        with pytest.raises(RequestError, match="Parameter validation failed"):
            client.send(GetItem("agent-state", Key(42, "SESSION#s1")))
        client.close()
        assert len(server.asked) == 1


def test_what_json_has_no_place_for_is_refused_before_anything_is_sent():
    with FaultyServer(ok()) as server:
        client = connected(server)
        with pytest.raises(RequestError, match="PutItem holds what JSON cannot"):
            client.send(PutItem("agent-state", {**ITEM, "odd": {"S": object()}}))
        client.close()
        assert server.asked == []
