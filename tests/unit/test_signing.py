"""Signatures of posts are botocore's, letter by letter; no engine of the tests checks them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from dynastore.clients.posts import Post
from dynastore.clients.signing import JSON, PostSigner, ServiceClock

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
KEYS = ReadOnlyCredentials("AKIDEXAMPLE", "secret", None)
OTHERS = ReadOnlyCredentials("AKIDOTHER", "other secret", "token")
URL = "https://dynamodb.eu-west-1.amazonaws.com/"

words = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789+/=-_", min_size=1, max_size=40)
any_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1)
credentials = st.builds(ReadOnlyCredentials, words, any_text, st.none() | words)
hosts = st.sampled_from(
    ["dynamodb.eu-west-1.amazonaws.com", "LocalHost", "127.0.0.1", "[::1]", "ddb.example.org"]
)
ports = st.sampled_from(["", ":80", ":443", ":8000"])
paths = st.sampled_from(["", "/", "/a/b/", "/a b/", "/%C3%A4/", "/a//./b/", "/~x/?b=1&a=2"])
urls = st.builds("{}://{}{}{}".format, st.sampled_from(["http", "https"]), hosts, ports, paths)
moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))


class Clock(ServiceClock):
    """One that stands still."""

    def __init__(self, moment: dt.datetime) -> None:
        super().__init__()
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


def post_to(url: str, target: str = "GetItem", body: bytes = b"{}") -> Post:
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{target}", "Content-Type": JSON}
    return Post(target, "POST", url, headers, body)


def by_botocore(
    post: Post, keys: ReadOnlyCredentials, region: str, moment: dt.datetime
) -> dict[str, str]:
    request = AWSRequest(post.method, post.url, headers=dict(post.headers), data=post.body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(keys, "dynamodb", region).add_auth(request)
    return {**request.headers, "Accept-Encoding": "identity"}


@contextmanager
def botocore_signs_nothing() -> Iterator[None]:
    with mock.patch.object(SigV4Auth, "add_auth", side_effect=AssertionError("it was asked")):
        yield


@given(credentials, urls, words, words, st.binary(), st.binary(), moments)
def test_signatures_are_those_of_botocore(keys, url, region, target, first, second, moment):
    clock = Clock(moment)
    signer = PostSigner(region, clock)
    signer.signed(post_to(url, body=first), keys)
    post = post_to(url, target, second)
    clock.moment = moment.replace(hour=23, minute=59, second=59)
    with botocore_signs_nothing():
        signed = signer.signed(post, keys)
    assert signed == by_botocore(post, keys, region, clock.moment)


def test_a_key_is_made_anew_for_other_credentials_another_day_and_another_url():
    clock = Clock(NOON)
    signer = PostSigner("eu-west-1", clock)
    for url, keys, moment in [
        (URL, KEYS, NOON),
        (URL, OTHERS, NOON),
        (URL, KEYS._replace(token="of a role"), NOON),
        (URL, KEYS, NOON + dt.timedelta(days=1)),
        ("http://localhost:8000/", KEYS, NOON),
    ]:
        clock.moment = moment
        for post in (post_to(url), post_to(url, "Query", b'{"Limit":1}')):
            theirs = by_botocore(post, keys, "eu-west-1", moment)
            assert signer.signed(post, keys) == theirs


@pytest.mark.parametrize("token", ["two  blanks", " one before"])
def test_what_is_signed_otherwise_by_botocore_is_signed_by_botocore(token):
    signer = PostSigner("eu-west-1", Clock(NOON))
    keys = KEYS._replace(token=token)
    for body in (b"{}", b"[]"):
        post = post_to(URL, body=body)
        assert signer.signed(post, keys) == by_botocore(post, keys, "eu-west-1", NOON)


def test_without_credentials_nothing_is_signed():
    with pytest.raises(NoCredentialsError):
        PostSigner("eu-west-1", Clock(NOON)).signed(post_to(URL), None)


def test_keys_are_not_shown():
    signer = PostSigner("eu-west-1", Clock(NOON))
    signer.signed(post_to(URL), OTHERS)
    (key,) = signer._keys._kept.values()
    assert "secret" not in repr(key)
    assert "token'" not in repr(key)
