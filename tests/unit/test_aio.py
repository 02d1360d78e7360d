"""The async client: over moto's server, and a server that fails on purpose."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from moto.server import ThreadedMotoServer

from dynastore.changes import Increment, SetTo
from dynastore.clients.aio import AioClient
from dynastore.clients.awaiting import run_async
from dynastore.clients.boto import BotoClient
from dynastore.clients.sessions import CONNECTIONS
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
    Steps,
    Together,
    UpdateItem,
)
from dynastore.requests.tables import CreateTable
from dynastore.table import PRIMARY, Index, Table
from dynastore.terms import Absent, Equal

from .faulty import FaultyServer, Reply, Reset, error, ok

ANN = Key("USER#ann", "SESSION#s1")
ITEM = {**ANN.attributes, "title": {"S": "Größe"}, "photo": {"B": b"\x00\xff"}}
ANSWERED = {**ITEM, "photo": {"B": "AP8="}}
READ = GetItem("agent-state", ANN)
CREATE = PutItem("agent-state", ITEM, (("PK", Absent()),))
SESSION = boto3.Session()  # one for most tests: each new one reads the service's model again
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a moto server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def client(moto: str) -> AsyncIterator[AioClient]:
    """A client of a moto account that has the table, and nothing in it."""
    client = AioClient(SESSION, endpoint_url=moto)
    try:
        await client.send(CreateTable(Table("agent-state", (Index(1),))))
    except ServiceError:
        await client.send(DeleteItem("agent-state", ANN))
    yield client
    await client.close()


async def test_what_is_put_comes_back_with_binary_as_base64_text(client):
    await client.send(PutItem("agent-state", ITEM))
    assert await client.send(READ) == ANSWERED


async def test_an_item_that_is_not_there_is_none(client):
    assert await client.send(READ) is None


async def test_each_kind_of_request_is_answered(client):
    await client.send(PutItem("agent-state", ITEM))
    changes = {"visits": Increment({"N": "1"}, {"N": "0"}), "title": SetTo({"S": "Trips"})}
    updated = await client.send(UpdateItem("agent-state", ANN, changes))
    assert updated["visits"] == {"N": "1"}
    page = await client.send(Query("agent-state", PRIMARY, (("PK", Equal({"S": ANN.pk})),)))
    assert (page.count, page.last_key, list(page.items)) == (1, None, [updated])
    batch = await client.send(BatchGetItem("agent-state", (ANN, Key("USER#ann", "none"))))
    assert (list(batch.items), batch.unprocessed) == ([updated], ())
    assert await client.send(DeleteItem("agent-state", ANN)) == updated


async def test_both_clients_store_the_same(client, moto):
    blocking = BotoClient.connect(endpoint_url=moto)
    blocking.send(PutItem("agent-state", ITEM))
    written = blocking.send(READ)
    await client.send(PutItem("agent-state", ITEM))
    assert await client.send(READ) == blocking.send(READ) == written
    blocking.close()


async def test_a_failed_condition_brings_the_stored_item(client):
    await client.send(PutItem("agent-state", ITEM))
    with pytest.raises(ConditionFailed) as failed:
        await client.send(CREATE)
    assert failed.value.key == ANN
    assert failed.value.stored == ANSWERED


async def test_a_failed_condition_on_nothing_brings_none(client):
    update = UpdateItem("agent-state", ANN, {}, (("title", Equal({"S": "x"})),))
    with pytest.raises(ConditionFailed) as failed:
        await client.send(update)
    assert failed.value.stored is None


async def test_a_missing_table_is_named_with_what_to_do(client, moto):
    with pytest.raises(TableNotFound) as missing:
        await client.send(GetItem("elsewhere", ANN))
    assert f"there is no table elsewhere at {moto} (region eu-west-1)" in str(missing.value)


async def test_what_dynamodb_refuses_is_a_request_error(client):
    await client.send(PutItem("agent-state", ITEM))
    with pytest.raises(RequestError, match="DynamoDB refused the request: "):
        await client.send(UpdateItem("agent-state", ANN, {"title": Increment({"N": "1"})}))


async def test_half_a_surrogate_pair_is_refused_before_it_is_sent(client):
    with pytest.raises(RequestError, match="surrogates"):
        await client.send(PutItem("agent-state", {**ITEM, "title": {"S": "\ud800"}}))


async def test_observers_learn_what_an_answered_request_took(client):
    sent: list[Any] = []
    client.observers.append(lambda request: sent.append)
    await client.send(PutItem("agent-state", ITEM))
    assert [(each.request.operation, each.units) for each in sent] == [("PutItem", 1.0)]


async def test_requests_of_a_together_overlap_without_threads():
    def reads() -> Steps[list[Any]]:
        return (yield from Together([READ] * 10))

    before = set(threading.enumerate())  # those of other tests among them
    with FaultyServer(Reply(200, b'{"Item": {}}', after_seconds=0.2)) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        await run_async(reads(), client)
        await client.close()
        assert server.most_at_once > 1
    new = set(threading.enumerate()) - before
    assert [each for each in new if each.name.startswith("asyncio")] == []


async def test_a_request_is_posted_as_botocore_would_post_it():
    with FaultyServer(ok()) as server:
        ours = AioClient(SESSION, endpoint_url=server.url)
        theirs = BotoClient.connect(endpoint_url=server.url)
        await ours.send(CREATE)
        await asyncio.to_thread(theirs.send, CREATE)
        await ours.close()
        theirs.close()
    (_, headers, body), (_, their_headers, their_body) = server.asked
    assert body == their_body
    for name in ("x-amz-target", "content-type", "accept-encoding", "host"):
        assert headers[name] == their_headers[name]
    signed = "/eu-west-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-ta"
    assert signed in headers["authorization"]
    assert signed in their_headers["authorization"]


async def test_a_failure_of_the_service_is_retried():
    with FaultyServer(error("InternalServerError", 500), ok(Item=ANSWERED)) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        assert await client.send(READ) == ANSWERED
        await client.close()
    assert len(server.asked) == 2


async def test_a_conditional_write_is_not_repeated_after_a_failure_of_the_service():
    with FaultyServer(error("InternalServerError", 500), ok()) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        with pytest.raises(Unavailable) as failed:
            await client.send(CREATE)
        await client.close()
    assert len(server.asked) == 1
    assert failed.value.code == "InternalServerError"
    assert failed.value.request_id == "ID42"
    assert failed.value.may_have_happened


def an_hour_ahead() -> dict[str, str]:
    return {"Date": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}


def signed_at(headers: dict[str, str]) -> datetime:
    return datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed"])
async def test_a_signature_refused_for_its_time_is_made_again_with_the_services_time(code):
    refused = error(code)
    refused.headers.update(an_hour_ahead())
    with FaultyServer(refused, ok(Item=ANSWERED)) as server:
        client = AioClient(SESSION, endpoint_url=server.url, config=ONCE)
        assert await client.send(READ) == ANSWERED
        await client.send(READ)
        await client.close()
    first, second, third = (signed_at(headers) for _, headers, _ in server.asked)
    assert timedelta(minutes=59) < second - first < timedelta(minutes=61)
    assert timedelta() <= third - second < timedelta(minutes=1)


async def test_a_time_that_is_still_refused_is_an_error():
    refused = error("InvalidSignatureException")
    refused.headers.update(an_hour_ahead())
    with FaultyServer(refused) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        with pytest.raises(AccessDenied, match="the clock"):
            await client.send(CREATE)
        await client.close()
    assert len(server.asked) == 2


async def test_a_wrong_key_is_not_taken_for_a_wrong_time():
    with FaultyServer(error("InvalidSignatureException")) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        with pytest.raises(AccessDenied):
            await client.send(READ)
        await client.close()
    assert len(server.asked) == 1


async def test_a_throttled_write_is_repeated():
    with FaultyServer(error("ProvisionedThroughputExceededException"), ok()) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        await client.send(CREATE)
        await client.close()
    assert len(server.asked) == 2


async def test_a_config_that_sets_retries_turns_ours_off():
    with FaultyServer(error("ThrottlingException")) as server:
        client = AioClient(SESSION, endpoint_url=server.url, config=ONCE)
        with pytest.raises(Throttled):
            await client.send(READ)
        await client.close()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Reply(503, b"<html>Service Unavailable</html>"),
        Reply(200, b"<html>Welcome to the hotel</html>"),
        Reply(200, b"[]"),
        Reply(200, b'{"Item": '),
        Reply(200, b"{}", {"x-amz-crc32": "1"}),
        Reply(400, b"{}", {"x-amz-crc32": "1"}),
        Reset(),
    ],
)
async def test_an_answer_that_is_none_of_dynamodbs_is_not_taken_for_one(answer):
    with FaultyServer(answer) as server:
        client = AioClient(SESSION, endpoint_url=server.url, config=ONCE)
        with pytest.raises(Unavailable, match=server.url) as failed:
            await client.send(READ)
        await client.close()
    assert not isinstance(failed.value, Unreached)


async def test_a_redirection_is_not_followed():
    with FaultyServer(Reply(302, b"", {"Location": "http://127.0.0.1:9/"})) as server:
        client = AioClient(SESSION, endpoint_url=server.url, config=ONCE)
        with pytest.raises(ServiceError, match="302"):
            await client.send(READ)
        await client.close()


async def test_a_server_that_is_too_slow_is_unavailable():
    with FaultyServer(Reply(after_seconds=0.4)) as server:
        client = AioClient(
            SESSION, endpoint_url=server.url, config=ONCE.merge(Config(read_timeout=0.05))
        )
        with pytest.raises(Unavailable) as slow:
            await client.send(READ)
        await client.close()
    assert slow.value.code == "SocketTimeoutError"
    assert not isinstance(slow.value, Unreached)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "dynamodb.invalid"])
async def test_an_endpoint_that_does_not_answer_is_named(host):
    client = AioClient(SESSION, endpoint_url=f"http://{host}", config=ONCE)
    with pytest.raises(Unreached) as unreached:
        await client.send(CREATE)
    assert f"no connection to http://{host} (region eu-west-1)" in str(unreached.value)
    assert "Check endpoint_url=, the region" in str(unreached.value)
    await client.close()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "Allow dynamodb:GetItem on table agent-state"),
        ("UnrecognizedClientException", "Check the credentials"),
        ("ExpiredTokenException", "Renew the credentials"),
    ],
)
async def test_what_aws_will_not_let_one_do_says_what_to_do(code, advice):
    with FaultyServer(error(code)) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        with pytest.raises(AccessDenied, match=advice) as denied:
            await client.send(READ)
        await client.close()
    assert denied.value.code == code
    assert len(server.asked) == 1


async def test_a_cancelled_send_is_cancelled_and_leaves_the_client_usable():
    with FaultyServer(Reply(after_seconds=0.3), ok(Item=ANSWERED)) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        sending = asyncio.ensure_future(client.send(READ))
        await asyncio.sleep(0.1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await client.send(READ) == ANSWERED
        await client.close()


def test_a_client_outlives_its_event_loop(moto):
    async def twice(client: AioClient) -> None:
        for _ in range(2):
            with pytest.raises(TableNotFound):
                await client.send(GetItem("elsewhere", ANN))

    async def thrice(client: AioClient) -> None:
        await twice(client)
        await client.close()

    client = AioClient(SESSION, endpoint_url=moto)
    with warnings.catch_warnings():
        # asyncio has no moment to close connections of ours in when a loop ends.
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(twice(client))
        asyncio.run(thrice(client))
        gc.collect()


def test_a_client_serves_loops_in_several_threads(moto):
    client = AioClient(SESSION, endpoint_url=moto)
    failures: list[BaseException] = []

    async def ask() -> None:
        for _ in range(5):
            with pytest.raises(TableNotFound):
                await client.send(GetItem("elsewhere", ANN))
        await client._posters["dynamodb"]._opened[asyncio.get_running_loop()].close()

    def loop() -> None:
        try:
            asyncio.run(ask())
        except BaseException as failure:  # noqa: BLE001 - the test thread asserts that there is none
            failures.append(failure)

    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


async def test_nothing_is_left_open_by_close(recwarn):
    with FaultyServer(ok()) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        await client.send(READ)
        await client.close()
        await client.close()
    del client
    gc.collect()
    assert [str(each.message) for each in recwarn] == []


async def test_settings_of_a_config_are_kept():
    config = Config(max_pool_connections=7, connect_timeout=2, read_timeout=4)
    client = AioClient(SESSION, config=config)
    session = await client._posters["dynamodb"]._here()
    assert session.connector.limit == 7
    assert (session.timeout.sock_connect, session.timeout.sock_read) == (2, 4)
    await client.close()


async def test_without_a_config_100_requests_go_at_once():
    client = AioClient()
    assert (await client._posters["dynamodb"]._here()).connector.limit == CONNECTIONS
    await client.close()


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
async def test_the_endpoint_may_come_from_the_environment(variable, monkeypatch):
    with FaultyServer(ok(Item=ANSWERED)) as server:
        monkeypatch.setenv(variable, server.url)
        client = AioClient()
        assert await client.send(READ) == ANSWERED
        await client.close()


async def test_a_proxy_of_the_environment_is_used(monkeypatch):
    with FaultyServer(ok(Item=ANSWERED)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = AioClient(SESSION, endpoint_url="http://dynamodb.example")
        assert await client.send(READ) == ANSWERED
        await client.close()
    assert proxy.asked[0][1]["host"] == "dynamodb.example"


async def test_a_certificate_authority_of_the_environment_is_trusted(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    client = AioClient()
    with pytest.raises(FileNotFoundError):
        await client.send(READ)
    await client.close()


async def test_due_credentials_are_refreshed_off_the_loop():
    threads: list[str] = []

    def fresh() -> dict[str, str]:
        threads.append(threading.current_thread().name)
        later = datetime.now(UTC) + timedelta(hours=1)
        return {
            "access_key": "FRESH",
            "secret_key": "secret",
            "token": "token",
            "expiry_time": later.isoformat(),
        }

    session = boto3.Session()
    past = datetime.now(UTC) - timedelta(hours=1)
    session._session._credentials = RefreshableCredentials(
        "STALE", "secret", "token", past, fresh, "test"
    )
    with FaultyServer(ok()) as server:
        client = AioClient(session, endpoint_url=server.url)
        await client.send(READ)
        await client.send(READ)
        await client.close()
    assert len(threads) == 1
    assert threads[0].startswith("asyncio")
    for _, headers, _ in server.asked:
        assert "Credential=FRESH/" in headers["authorization"]
        assert headers["x-amz-security-token"] == "token"


async def test_without_credentials_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = AioClient()
    with pytest.raises(AccessDenied, match="AWS_PROFILE or AWS_ACCESS_KEY_ID"):
        await client.send(READ)
    await client.close()


def test_without_a_region_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(RequestError, match=r"region_name=.*AWS_DEFAULT_REGION"):
        AioClient()


def test_without_aiohttp_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "dynastore.clients.posting", raising=False)
    with pytest.raises(RequestError, match=r'pip install "\.\[aio\]" in a clone'):
        AioClient()
