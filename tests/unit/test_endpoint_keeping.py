"""Requests go where botocore would send them, though endpoints are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from attrs import evolve, frozen
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from hypothesis import given
from hypothesis import strategies as st

from dynastore.clients.endpoint_keeping import ENDPOINTS, keep_endpoints

SESSION = boto3.Session("AKID", "secret")
EVENT = "before-endpoint-resolution.dynamodb"
ARN = "arn:aws:dynamodb:eu-west-1:222222222222:table/notes"


@frozen
class Asked:
    """A request of botocore's client, whose account may be another each time."""

    method: str = "get_item"
    table: str = "notes"
    account: str | None = None
    more: bool = False  # whether botocore gets to know more than the table's name


class Sending:
    """A client that sends nothing, and tells where it would have sent it."""

    def __init__(self, *, kept: bool, **settings: Any) -> None:
        url, region = settings.pop("endpoint_url", None), settings.pop("region", "eu-west-1")
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, **settings)
        self.client = SESSION.client("dynamodb", region, endpoint_url=url, config=config)
        self.resolved = 0
        self.urls: list[str] = []
        self.client.meta.events.register("before-send.dynamodb", self._told)
        if kept:
            resolver = self.client._ruleset_resolver
            real = resolver._provider.resolve_endpoint
            resolver._provider = SimpleNamespace(resolve_endpoint=self._counted(real))
            keep_endpoints(self.client)

    def url(self, asked: Asked) -> Any:
        """Where a request goes, or why it does not."""
        credentials: Any = SESSION.get_credentials()
        credentials.account_id = asked.account
        more = {"ReturnConsumedCapacity": "TOTAL"} if asked.more else {}
        try:
            getattr(self.client, asked.method)(TableName=asked.table, **more)
        except BotoCoreError as error:
            return type(error), str(error)
        return self.urls.pop()

    def _told(self, request: Any, **_: Any) -> AWSResponse:
        self.urls.append(request.url)
        raw = SimpleNamespace(stream=lambda *_, **__: iter([b"{}"]))
        return AWSResponse(request.url, 200, {}, raw)

    def _counted(self, real: Any) -> Any:
        def resolve(**given: Any) -> Any:
            self.resolved += 1
            return real(**given)

        return resolve


settings = st.fixed_dictionaries(
    {"region": st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "local", "mars-1"])},
    optional={
        "use_fips_endpoint": st.booleans(),
        "use_dualstack_endpoint": st.booleans(),
        "account_id_endpoint_mode": st.sampled_from(["preferred", "disabled", "required"]),
        "endpoint_url": st.sampled_from(["http://localhost:8000", "https://db.example.com/a"]),
    },
)
requests = st.builds(
    Asked,
    st.sampled_from(["get_item", "put_item", "query", "scan", "update_item", "delete_item"]),
    st.sampled_from(["notes", "other.notes", ARN]),
    st.sampled_from([None, "111111111111", "333333333333"]),
    st.booleans(),
)


@given(settings, st.lists(requests, min_size=1, max_size=8))
def test_requests_go_where_botocore_sends_them(settings, asked):
    ours, theirs = Sending(kept=True, **settings), Sending(kept=False, **settings)
    for each in asked:
        assert ours.url(each) == theirs.url(each)


def test_an_endpoint_is_found_once_for_each_operation_and_account():
    sending = Sending(kept=True)
    own = Asked(account="111111111111")
    for each in (Asked(), own, Asked(), own, evolve(own, table="other"), Asked("query"), own):
        sending.url(each)
    assert sending.resolved == 3
    assert sending.url(own) == "https://111111111111.ddb.eu-west-1.amazonaws.com/"
    assert sending.url(Asked()) == "https://dynamodb.eu-west-1.amazonaws.com/"


@pytest.mark.parametrize("asked", [Asked(table=ARN), Asked(more=True)])
def test_where_more_is_told_botocore_finds_each(asked):
    sending = Sending(kept=True)
    for _ in range(3):
        sending.url(asked)
    assert sending.resolved == 3


def test_hooks_of_others_are_asked_each_time():
    sending, regions = Sending(kept=True), iter(["us-east-1", "eu-north-1", "us-east-1"])

    def move(builtins: Any, **_: Any) -> None:
        builtins["AWS::Region"] = next(regions)

    sending.client.meta.events.register(EVENT, move)
    found = [sending.url(Asked()).split(".")[1] for _ in range(3)]
    assert found == ["us-east-1", "eu-north-1", "us-east-1"]
    assert sending.resolved == 2


def test_what_cannot_be_found_is_refused_each_time():
    sending = Sending(kept=True, account_id_endpoint_mode="required")
    first, second = sending.url(Asked()), sending.url(Asked())
    assert first == second
    assert "AccountIdEndpointMode is required" in first[1]
    assert "111111111111" in sending.url(Asked(account="111111111111"))


def test_not_more_than_a_few_are_kept():
    sending = Sending(kept=True)
    for number in range(ENDPOINTS + 1):
        sending.url(Asked(account=f"{number:012}"))
    before = sending.resolved
    sending.url(Asked(account=f"{0:012}"))
    assert sending.resolved == before + 1
    assert len(sending.client._ruleset_resolver.construct_endpoint._kept) == 2


@pytest.mark.parametrize("resolver", [None, SimpleNamespace(), Credentials("a", "b")])
def test_another_botocore_is_left_as_it_is(resolver):
    client = SimpleNamespace(_ruleset_resolver=resolver)
    keep_endpoints(client)
    keep_endpoints(SimpleNamespace())
    assert not hasattr(resolver, "construct_endpoint")
