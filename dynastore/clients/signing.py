"""Signatures, with the service's time where the clock of this machine is wrong.

A signature says when it was made, and AWS refuses one of another time than its own. Its answer has
the right time in it, so the difference is learnt from a refusal, and the request is signed again.

botocore's signer takes as long as all else that we do for a request. Ours is for posts to DynamoDB
alone, whose headers are always the same ones, and makes a key once a day where botocore makes it for
each request. Both make the same signature, which is checked for the first one of each key.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
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
        request.context["timestamp"] = self._clock.now().strftime(SIGV4_TIMESTAMP)
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
    def of(cls, signer: SigV4Auth, post: Post, date: str, region: str, service: str) -> Self:
        """That of a URL, which botocore's signer reads."""
        plain = AWSRequest(post.method, post.url)
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

    def headers(self, post: Post, time: str) -> dict[str, str]:
        """The headers of a post, signed at a time of the day."""
        signed = {**post.headers, "X-Amz-Date": time}
        if self.token:
            signed["X-Amz-Security-Token"] = self.credentials.token
        signed["Authorization"] = (
            f"{ALGORITHM} Credential={self.credentials.access_key}/{self.scope}, "
            f"SignedHeaders={self.names}, Signature={self._signature(post, time)}"
        )
        return signed | ENCODING

    def _signature(self, post: Post, time: str) -> str:
        canonical = (
            f"{self.head}{time}\n{self.token}x-amz-target:{post.headers['X-Amz-Target']}\n\n"
            f"{self.names}\n{sha256(post.body).hexdigest()}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{time}\n{self.scope}\n{digest}"
        return hmac.digest(self.secret, text.encode(), "sha256").hex()


class PostSigner:
    """Signs the posts of one client to DynamoDB, as botocore would.

    A key whose first signature is not botocore's is not used: botocore signs its posts.
    """

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
        self._keys: dict[str, DayKey] = {}  # URL -> that of today

    def signed(self, post: Post, credentials: Any) -> dict[str, str]:
        """The headers of a post, its signature among them.

        Args:
            post: one whose headers are ``X-Amz-Target`` and ``Content-Type``, which is JSON's.
            credentials: botocore's, frozen, or None.

        Raises:
            NoCredentialsError: there are none.
        """
        time = self._clock.now().strftime(SIGV4_TIMESTAMP)
        key = self._keys.get(post.url)
        if key is not None and key.date == time[:8] and key.credentials == credentials:
            return key.headers(post, time)
        return self._first(post, credentials)

    def _first(self, post: Post, credentials: Any) -> dict[str, str]:
        """Those of the first post of a key, which botocore signs, and the key is checked by."""
        signer = Signer(credentials, self._region, self._clock, self._service)
        theirs = signed_by_botocore(post, signer)
        time = theirs["X-Amz-Date"]
        key = DayKey.of(signer, post, time[:8], self._region, self._service)
        if key.headers(post, time) == theirs:
            self._keys[post.url] = key
        return theirs


def _date_of(headers: Mapping[str, str]) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(dt.UTC)
    except (KeyError, ValueError):  # a proxy's answer, perhaps
        return None
