"""Requests to S3, blocking and awaited: what is sent, and what answers become."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from dynastore.clients.aio import AioClient
from dynastore.clients.boto import BotoClient
from dynastore.clients.object_posting import ObjectPoster, ObjectSigner
from dynastore.clients.sessions import connect
from dynastore.clients.signing import ServiceClock
from dynastore.errors import AccessDenied, RequestError, ServiceError
from dynastore.requests.objects import (
    DeleteObject,
    GetObject,
    HeadObject,
    ListObjectsV2,
    ObjectsPage,
    PutObject,
    StoredObject,
)

from .faulty import FaultyServer, Reply, Reset

SESSION = boto3.Session()
DIGEST = sha256(b"data").digest()
PUT = PutObject("agent-payloads", "scope-a/b", b"data", DIGEST, {"pk": "USER#ann", "sk": "~"})
GET = GetObject("agent-payloads", "scope-a/b")
HEAD = HeadObject("agent-payloads", "scope-a/b")
DONE = Reply(200, b"")
LIST = ListObjectsV2("agent-payloads", "scope-a/", 2, "scope-a/a")


def refusal(code, status=400):
    body = f"<Error><Code>{code}</Code><Message>about {code}</Message></Error>"
    return Reply(status, body.encode(), {"x-amz-request-id": "ID42"})


@pytest.fixture(params=["blocking", "awaited"])
def send(request):
    """Sends one request to a server."""

    async def awaited(server, asked):
        client = AioClient(SESSION, endpoint_url=server.url)
        try:
            return await client.send(asked)
        finally:
            await client.close()

    def send(server, asked):
        if request.param == "awaited":
            return asyncio.run(awaited(server, asked))
        client = BotoClient.connect(SESSION, endpoint_url=server.url)
        try:
            return client.send(asked)
        finally:
            client.close()

    return send


def test_a_put_brings_the_digest_of_its_body_and_its_metadata(send):
    with FaultyServer(DONE) as server:
        assert send(server, PUT) is None
    ((operation, headers, body),) = server.asked
    assert (operation, body) == ("PUT /agent-payloads/scope-a/b", b"data")
    assert headers["x-amz-checksum-sha256"] == b64encode(DIGEST).decode()
    assert headers["x-amz-content-sha256"] == DIGEST.hex()
    assert (headers["x-amz-meta-pk"], headers["x-amz-meta-sk"]) == ("USER#ann", "~")
    assert "/s3/aws4_request" in headers["authorization"]


def test_a_large_body_is_sent_with_its_length(send):
    body = bytes(3_000_000)
    with FaultyServer(DONE) as server:
        send(server, PutObject("agent-payloads", "n", body, sha256(body).digest(), {}))
    ((_, headers, received),) = server.asked
    assert received == body
    assert "transfer-encoding" not in headers


def test_answers_are_read(send):
    listed = b"""<ListBucketResult><IsTruncated>true</IsTruncated>
        <Contents><Key>scope-a/b</Key><Size>4</Size></Contents></ListBucketResult>"""
    told = Reply(200, b"", {"x-amz-meta-pk": "USER#ann"})
    with FaultyServer(Reply(200, b"data"), told, Reply(200, listed), Reply(204, b"")) as server:
        assert send(server, GET) == b"data"
        assert send(server, HEAD) == {"pk": "USER#ann"}
        assert send(server, LIST) == ObjectsPage([StoredObject("scope-a/b", 4)], "scope-a/b")
        assert send(server, DeleteObject("agent-payloads", "scope-a/b")) is None
    operations = [operation for operation, _, _ in server.asked]
    assert [each.partition("?")[0] for each in operations] == [
        "GET /agent-payloads/scope-a/b",
        "HEAD /agent-payloads/scope-a/b",
        operations[2].partition("?")[0],
        "DELETE /agent-payloads/scope-a/b",
    ]
    assert {"list-type=2", "max-keys=2", "prefix=scope-a%2F", "start-after=scope-a%2Fa"} <= {
        *operations[2].partition("?")[2].split("&")
    }


@pytest.mark.parametrize(
    ("asked", "answer"), [(GET, refusal("NoSuchKey", 404)), (HEAD, Reply(404, b""))]
)
def test_an_object_that_is_not_there_is_none(send, asked, answer):
    with FaultyServer(answer) as server:
        assert send(server, asked) is None


@pytest.mark.parametrize(
    ("asked", "permission"),
    [
        (PUT, r"s3:PutObject on arn:aws:s3:::agent-payloads/\*"),
        (GET, r"s3:GetObject on arn:aws:s3:::agent-payloads/\*"),
        (LIST, "s3:ListBucket on arn:aws:s3:::agent-payloads,"),
    ],
)
def test_what_is_not_allowed_says_what_to_allow(send, asked, permission):
    with (
        FaultyServer(refusal("AccessDenied", 403)) as server,
        pytest.raises(AccessDenied, match=f"Allow {permission}") as denied,
    ):
        send(server, asked)
    assert denied.value.request_id == "ID42"


def test_a_head_that_is_not_allowed_says_so_without_a_body(send):
    with (
        FaultyServer(Reply(403, b"")) as server,
        pytest.raises(AccessDenied, match="Allow s3:GetObject"),
    ):
        send(server, HEAD)


def test_a_bucket_that_is_not_there_is_named(send):
    with (
        FaultyServer(refusal("NoSuchBucket", 404)) as server,
        pytest.raises(ServiceError, match="no bucket agent-payloads at http") as error,
    ):
        send(server, PUT)
    assert error.value.code == "NoSuchBucket"


@pytest.mark.parametrize(
    "first", [refusal("SlowDown", 503), refusal("InternalError", 500), Reset()]
)
def test_what_may_pass_is_sent_again(send, first):
    with FaultyServer(first, DONE) as server:
        assert send(server, PUT) is None
    assert len(server.asked) == 2


def test_an_answer_that_is_not_s3s_is_no_answer(send):
    with FaultyServer(Reply(200, b"<html>")) as server, pytest.raises(ServiceError):
        send(server, LIST)


async def test_a_wrong_clock_is_corrected_by_the_answer():
    right = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    skewed = refusal("RequestTimeTooSkewed", 403)
    late = Reply(403, skewed.body, {"Date": right})
    with FaultyServer(late, Reply(200, b"data")) as server:
        client = AioClient(SESSION, endpoint_url=server.url)
        assert await client.send(GET) == b"data"
        await client.close()
    assert len({headers["x-amz-date"][:11] for _, headers, _ in server.asked}) == 2


def test_a_client_that_was_handed_in_has_no_s3():
    client = BotoClient(SESSION.client("dynamodb"))
    with pytest.raises(RequestError, match="connect with session= instead"):
        client.send(GET)


def url_of(bucket, **settings):
    client = connect(SESSION, "s3", **settings)
    return ObjectPoster(SESSION, client).post_of(GetObject(bucket, "a/b")).url


def test_a_bucket_has_a_host_at_aws_and_a_path_elsewhere():
    assert url_of("payloads") == "https://payloads.s3.eu-west-1.amazonaws.com/a/b"
    assert url_of("pay.loads") == "https://s3.eu-west-1.amazonaws.com/pay.loads/a/b"
    assert url_of("payloads", endpoint_url="http://s3.example") == "http://s3.example/payloads/a/b"
    by_path = Config(s3={"addressing_style": "path"})
    assert url_of("payloads", config=by_path) == "https://s3.eu-west-1.amazonaws.com/payloads/a/b"


def test_signatures_are_botocores(monkeypatch):
    """No engine of the tests checks them."""
    client = connect(SESSION, "s3")
    poster = ObjectPoster(SESSION, client)
    credentials = SESSION.get_credentials()
    for asked in (PUT, GET, LIST):
        post = poster.post_of(asked)
        ours, theirs = (
            AWSRequest(post.method, post.url, headers=dict(post.headers), data=post.body)
            for _ in range(2)
        )
        moment = datetime.now(UTC)
        clock = ServiceClock()
        monkeypatch.setattr(clock, "now", lambda at=moment: at)
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda at=moment: at)
        ObjectSigner(credentials, "eu-west-1", clock, "s3").add_auth(ours)
        S3SigV4Auth(credentials, "s3", "eu-west-1").add_auth(theirs)
        assert ours.headers["Authorization"] == theirs.headers["Authorization"]
