"""Signatures, with the service's time where the clock of this machine is wrong.

A signature says when it was made, and AWS refuses one of another time than its own. Its answer has
the right time in it, so the difference is learnt from a refusal, and the request is signed again.

botocore's signer takes as long as all else that we do for a request. Ours is for posts to DynamoDB
alone, whose headers are always the same ones, and makes a key once a day where botocore makes it for
each request. Both make the same signature, which is checked for the first one of each key.

No key is logged or shown. It is kept beside the credentials that it is of, and gives way to the next
one with the first request that is signed with others, or on another day.
"""

from __future__ import annotations

import datetime as dt
import hmac
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

from attrs import field, frozen
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest

from .posts import Post
from .wire import Refusal

JSON = "application/x-amz-json-1.0"
ALGORITHM = "AWS4-HMAC-SHA256"

# Sent, but not signed, as proxies change it. The checksum is that of the body as it is sent.
ENCODING = {"Accept-Encoding": "identity"}

# Codes that a wrong time is refused with, besides what else they mean; AWS SDKs' retry code.
WRONG_TIME = frozenset(
    {
        "AuthFailure",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
TOLERATED_SECONDS = 240.0  # AWS takes 5 minutes; a little less, since its Date is rounded and late


def time_text(moment: dt.datetime) -> str:
    """A time as signatures have it."""
    return _second_text(int(moment.timestamp()))


@lru_cache(1)  # a busy client signs many requests in the same second
def _second_text(second: int) -> str:
    return time.strftime(SIGV4_TIMESTAMP, time.gmtime(second))


class ServiceClock:
    """The service's time: this machine's, corrected by what refusals have taught.

    Attributes:
        ahead: how far the service is ahead of this machine.
    """

    def __init__(self) -> None:
        """This machine's clock is taken to be right."""
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        """The service's time, in UTC."""
        return dt.datetime.now(dt.UTC) + self.ahead

    def learns(self, refusal: Refusal, headers: Mapping[str, str]) -> bool:
        """Whether an answer refuses a signature for its time; if so, the right time is kept."""
        if refusal.code not in WRONG_TIME:
            return False
        told = _date_of(headers)
        if told is None or abs((told - self.now()).total_seconds()) < TOLERATED_SECONDS:
            return False  # the time is right: it is the key that is wrong
        self.ahead = told - dt.datetime.now(dt.UTC)
        return True


class Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no annotations
    """Signs a request as of the service's time."""

    def __init__(
        self, credentials: Any, region: str, clock: ServiceClock, service: str = "dynamodb"
    ) -> None:
        """Sign for a service.

        Args:
            credentials: botocore's; None raises its NoCredentialsError when a request is signed.
            region: AWS's name.
            clock: the service's.
            service: AWS's name.
        """
        super().__init__(credentials, service, region)
        self._clock = clock

    def _modify_request_before_signing(self, request: Any) -> None:
        # botocore has put this machine's time here just before.
        request.context["timestamp"] = time_text(self._clock.now())
        super()._modify_request_before_signing(request)


def signed_by_botocore(post: Post, signer: SigV4Auth) -> dict[str, str]:
    """The headers of any post, with what botocore signs it with.

    Raises:
        NoCredentialsError: the signer has none.
    """
    unsigned = AWSRequest(post.method, post.url, headers=dict(post.headers), data=post.body)
    signer.add_auth(unsigned)
    return {**unsigned.headers, **ENCODING}


@frozen
class DayKey:
    """What the posts of one day to one URL are signed with.

    Attributes:
        credentials: botocore's, frozen.
        date: the day in UTC, as in ``20260101``.
        scope: what the key is good for: day, region and service.
        secret: the key itself.
        head: of what is signed, up to the time.
        token: its part of what is signed, empty where the credentials have none.
        names: of the headers that are signed.
    """

    credentials: Any = field(repr=False)
    date: str
    scope: str
    secret: bytes = field(repr=False)
    head: str
    token: str = field(repr=False)
    names: str

    @classmethod
    def of(cls, signer: SigV4Auth, url: str, date: str, region: str, service: str) -> Self:
        """That of a URL, which botocore's signer reads."""
        plain = AWSRequest("POST", url)
        method, path, query, *_ = signer.canonical_request(plain).split("\n")
        host = signer.headers_to_sign(plain)["host"]
        credentials = signer.credentials
        secret = f"AWS4{credentials.secret_key}".encode()
        for each in (date, region, service, "aws4_request"):
            secret = hmac.digest(secret, each.encode(), "sha256")
        token = f"x-amz-security-token:{credentials.token}\n" if credentials.token else ""
        return cls(
            credentials,
            date,
            f"{date}/{region}/{service}/aws4_request",
            secret,
            f"{method}\n{path}\n{query}\ncontent-type:{JSON}\nhost:{host}\nx-amz-date:",
            token,
            f"content-type;host;x-amz-date;{token and 'x-amz-security-token;'}x-amz-target",
        )

    def headers(self, target: str, body: bytes, when: str) -> dict[str, str]:
        """The headers that a signature of a time of the day consists of, in botocore's order."""
        signed = {"X-Amz-Date": when}
        if self.token:
            signed["X-Amz-Security-Token"] = self.credentials.token
        signed["Authorization"] = (
            f"{ALGORITHM} Credential={self.credentials.access_key}/{self.scope}, "
            f"SignedHeaders={self.names}, Signature={self._signature(target, body, when)}"
        )
        return signed

    def _signature(self, target: str, body: bytes, when: str) -> str:
        canonical = (
            f"{self.head}{when}\n{self.token}x-amz-target:{target}\n\n"
            f"{self.names}\n{sha256(body).hexdigest()}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{when}\n{self.scope}\n{digest}"
        return hmac.digest(self.secret, text.encode(), "sha256").hex()


class KeptKeys:
    """The keys of one region and service, by the URL that is posted to; threads share them.

    A key whose first signature is not botocore's is not kept.
    """

    def __init__(self, region: str, service: str) -> None:
        """There are none.

        Args:
            region: AWS's name.
            service: AWS's name.
        """
        self._region = region
        self._service = service
        self._kept: dict[str, DayKey] = {}  # URL -> that of today

    def of(self, url: str, when: str, credentials: Any) -> DayKey | None:
        """The key of a time and of credentials, or None: botocore is to sign, and `learn` follows."""
        key = self._kept.get(url)
        if key is not None and key.date == when[:8] and key.credentials == credentials:
            return key
        return None

    def learn(
        self, signer: SigV4Auth, url: str, target: str, body: bytes, theirs: Mapping[str, str]
    ) -> None:
        """Keep the key of what botocore's signer has just signed, if it makes the same headers."""
        when = theirs["X-Amz-Date"]
        key = DayKey.of(signer, url, when[:8], self._region, self._service)
        ours = key.headers(target, body, when)
        if ours == {name: theirs[name] for name in ours}:
            self._kept[url] = key


class PostSigner:
    """Signs the posts of one client to DynamoDB, as botocore would."""

    def __init__(self, region: str, clock: ServiceClock, service: str = "dynamodb") -> None:
        """Sign for a service.

        Args:
            region: AWS's name.
            clock: the service's.
            service: AWS's name.
        """
        self._region = region
        self._clock = clock
        self._service = service
        self._keys = KeptKeys(region, service)

    def signed(self, post: Post, credentials: Any) -> dict[str, str]:
        """The headers of a post, its signature among them.

        Args:
            post: one whose headers are ``X-Amz-Target`` and ``Content-Type``, which is JSON's.
            credentials: botocore's, frozen, or None.

        Raises:
            NoCredentialsError: there are none.
        """
        when, target = time_text(self._clock.now()), post.headers["X-Amz-Target"]
        if (key := self._keys.of(post.url, when, credentials)) is not None:
            return {**post.headers, **key.headers(target, post.body, when), **ENCODING}
        signer = Signer(credentials, self._region, self._clock, self._service)
        theirs = signed_by_botocore(post, signer)
        self._keys.learn(signer, post.url, target, post.body, theirs)
        return theirs


def _date_of(headers: Mapping[str, str]) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(dt.UTC)
    except (KeyError, ValueError):  # a proxy's answer, perhaps
        return None
