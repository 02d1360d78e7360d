"""A client of ours signs what botocore would, letter by letter, and leaves to it what is not usual."""

from __future__ import annotations

import datetime as dt
import io
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest
from attrs import field, frozen
from botocore import UNSIGNED
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.hooks import HierarchicalEmitter
from botocore.model import ServiceId
from botocore.signers import RequestSigner
from hypothesis import given
from hypothesis import strategies as st

from dynastore.clients.boto import BotoClient
from dynastore.clients.request_signing import keep_keys
from dynastore.clients.signing import JSON
from dynastore.requests import GetItem, Key

from .faulty import FaultyServer, error, ok
from .test_signing import KEYS, NOON, credentials, moments, urls, words

READ = GetItem("agent-state", Key("USER#ann", "SESSION#s1"))
URL = "https://dynamodb.eu-west-1.amazonaws.com/"
TARGET = "DynamoDB_20120810.GetItem"
USUAL = {"X-Amz-Target": TARGET, "Content-Type": JSON, "User-Agent": "dynastore"}


@frozen
class Asked:
    """A request, and when and with what it is signed."""

    url: str = URL
    headers: dict[str, str] = USUAL
    body: Any = b"{}"
    context: dict[str, Any] = field(factory=dict)
    keys: ReadOnlyCredentials = KEYS
    moment: dt.datetime = NOON
    method: str = "POST"
    params: dict[str, str] | None = None


class Rotating(Credentials):
    """Credentials that are others from one request to the next, as refreshed ones are."""

    now = ReadOnlyCredentials("", "", None)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self.now


class Signing:
    """botocore's signer of one client, with its events."""

    def __init__(self, region: str = "eu-west-1", *, ours: bool) -> None:
        self.events = HierarchicalEmitter()
        self.credentials = Rotating("", "")
        self.moment = NOON
        where = (ServiceId("DynamoDB"), region, "dynamodb", "v4")
        self.signer = RequestSigner(*where, self.credentials, self.events)
        if ours:
            keep_keys(SimpleNamespace(_request_signer=self.signer), lambda: self.moment)

    def signed(self, asked: Asked) -> tuple[list[tuple[str, str]], Any]:
        """The headers in their order, and the time that botocore keeps for itself."""
        self.credentials.now, self.moment = asked.keys, asked.moment
        request = AWSRequest(asked.method, asked.url, dict(asked.headers), asked.body, asked.params)
        request.context |= asked.context
        with mock.patch("botocore.auth.get_current_datetime", return_value=asked.moment):
            self.signer.handler("GetItem", request)
        return request.headers.items(), request.context.get("timestamp")


values = st.text("abcXYZ 0189._-", min_size=1, max_size=20)
further = st.dictionaries(
    st.sampled_from(["X-Amzn-Trace-Id", "x-extra", "amz-sdk-request", "Date", "Host"]), values
)
headers = st.builds(
    lambda target, kind, more: {**USUAL, "X-Amz-Target": target, "Content-Type": kind, **more},
    words.map("DynamoDB_20120810.{}".format) | values,
    st.just(JSON) | values,
    st.just({}) | further,
)
contexts = st.just({}) | st.builds(
    lambda place: {"signing": place},
    st.fixed_dictionaries({}, optional={"region": words, "signing_name": words}),
)


@given(words, st.lists(credentials, min_size=1, max_size=2), urls, moments, st.data())
def test_what_is_signed_is_what_botocore_signs(region, known, url, moment, data):
    theirs, ours = Signing(region, ours=False), Signing(region, ours=True)
    later = st.timedeltas(dt.timedelta(), dt.timedelta(days=1))
    asked = st.builds(
        Asked,
        st.just(url) | urls,
        st.just(USUAL) | headers,
        st.binary(),
        contexts,
        st.sampled_from(known),
        st.just(moment) | later.map(lambda passed: moment + passed),
    )
    for each in data.draw(st.lists(asked, min_size=1, max_size=5)):
        assert ours.signed(each) == theirs.signed(each)


def signed_by_botocore(signing: Signing, asked: Asked) -> bool:
    """Whether botocore was asked for a signature."""
    real = SigV4Auth.add_auth
    with mock.patch.object(SigV4Auth, "add_auth", autospec=True, side_effect=real) as theirs:
        signing.signed(asked)
    return theirs.called


def test_the_first_signature_of_a_key_is_botocores_and_the_others_are_ours():
    signing = Signing(ours=True)
    others = Asked(keys=ReadOnlyCredentials("AKIDOTHER", "other", "token"))
    another_day = Asked(moment=NOON + dt.timedelta(days=1))
    traced = Asked(headers={**USUAL, "X-Amzn-Trace-Id": "Root=1"}, moment=another_day.moment)
    asked = [Asked(), Asked(body=b"[]"), others, others, another_day, another_day, traced]
    by_botocore = [signed_by_botocore(signing, each) for each in asked]
    assert by_botocore == [True, False, True, False, True, False, False]


UNUSUAL = {
    "another header": Asked(headers={**USUAL, "x-extra": "1"}),
    "attempts that botocore counts": Asked(headers={**USUAL, "amz-sdk-request": "attempt=2"}),
    "no target": Asked(headers={"Content-Type": JSON}),
    "a target with blanks": Asked(headers={**USUAL, "X-Amz-Target": "two  blanks"}),
    "a target that ends with a blank": Asked(headers={**USUAL, "X-Amz-Target": "one "}),
    "another kind of content": Asked(headers={**USUAL, "Content-Type": "text/plain"}),
    "another method": Asked(method="GET"),
    "parameters": Asked(params={"a": "1"}),
    "a text": Asked(body="{}"),
    "a stream": Asked(body=io.BytesIO(b"{}")),
    "an unsigned body": Asked(context={"payload_signing_enabled": False}),
    "a checksum": Asked(context={"checksum": {"request_algorithm": {"in": "trailer"}}}),
}


@pytest.mark.parametrize("asked", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_is_not_usual_is_signed_by_botocore(asked):
    signing = Signing(ours=True)
    signing.signed(Asked())
    assert signed_by_botocore(signing, asked)
    assert signing.signed(asked) == Signing(ours=False).signed(asked)


def test_each_region_and_each_service_has_a_key_of_its_own():
    ours, theirs = Signing(ours=True), Signing(ours=False)
    for place in ({}, {"region": "us-east-1"}, {"signing_name": "other"}) * 2:
        asked = Asked(context={"signing": place})
        assert ours.signed(asked) == theirs.signed(asked)


def test_another_signer_of_the_scheme_signs_for_itself():
    class Runtime(SigV4Auth):
        def add_auth(self, request: Any) -> None:
            request.headers["Authorization"] = "theirs"

    signing = Signing(ours=True)
    signing.signed(Asked())
    with mock.patch.dict(AUTH_TYPE_MAPS, v4=Runtime):
        found, _ = signing.signed(Asked())
    assert ("Authorization", "theirs") in found


def test_hooks_of_others_choose_the_scheme_and_change_what_is_signed():
    signing = Signing(ours=True)
    signing.signed(Asked())

    def add(request: Any, **_: Any) -> None:
        request.headers["x-extra"] = "1"

    signing.events.register("before-sign.dynamodb", add)
    changed, _ = signing.signed(Asked())
    assert "x-extra" in dict(changed)["Authorization"]
    signing.events.register("choose-signer.dynamodb", lambda **_: UNSIGNED)
    unsigned, _ = signing.signed(Asked())
    assert "Authorization" not in dict(unsigned)


def test_a_header_that_comes_twice_is_signed_as_botocore_does():
    ours, theirs = Signing(ours=True), Signing(ours=False)

    def repeat(request: Any, **_: Any) -> None:
        request.headers.add_header("X-Amz-Target", "another")

    ours.signed(Asked())
    for each in (ours, theirs):
        each.events.register("before-sign.dynamodb", repeat)
    assert ours.signed(Asked()) == theirs.signed(Asked())


def test_without_credentials_botocore_says_so():
    signing = Signing(ours=True)
    signing.signed(Asked())
    signing.credentials.get_frozen_credentials = lambda: None
    with pytest.raises(NoCredentialsError):
        signing.signed(Asked())


def test_each_attempt_of_a_client_of_ours_is_signed():
    with FaultyServer(error("ThrottlingException"), ok(), ok()) as server:
        client = BotoClient.connect(endpoint_url=server.url)
        real = SigV4Auth.add_auth
        with mock.patch.object(SigV4Auth, "add_auth", autospec=True, side_effect=real) as theirs:
            client.send(READ)
            client.send(READ)
        client.close()
    assert theirs.call_count == 1
    assert len(server.asked) == 3
    assert all("authorization" in headers for _, headers, _ in server.asked)


def test_a_client_handed_in_is_signed_for_by_botocore():
    with FaultyServer(ok()) as server:
        made = boto3.client("dynamodb", endpoint_url=server.url)
        client = BotoClient(made)
        real = SigV4Auth.add_auth
        with mock.patch.object(SigV4Auth, "add_auth", autospec=True, side_effect=real) as theirs:
            client.send(READ)
            client.send(READ)
        made.close()
    assert theirs.call_count == 2


def test_neither_keys_nor_tokens_are_logged(caplog):
    signing = Signing(ours=True)
    asked = Asked(keys=ReadOnlyCredentials("AKIDEXAMPLE", "a secret", "a token"))
    signing.signed(asked)
    caplog.clear()
    with caplog.at_level(0):
        signing.signed(asked)
    assert "a token" not in caplog.text
    assert "a secret" not in repr(signing.signer.get_auth_instance)
