"""Signed HTTP posts to DynamoDB, on aiohttp; `object_posting` has those to S3.

boto3 finds credentials, region and endpoint, and botocore signs; neither of them sends anything.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import aiohttp
from botocore.credentials import RefreshableCredentials
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from yarl import URL

from ..requests import Request, SearchVectors
from .bodies import body_of
from .deadlines import Deadline
from .posts import Post, Reply
from .sessions import endpoint_of, search_url, setting
from .signing import JSON, PostSigner, ServiceClock
from .wire import Refusal, check, response_of, unanswered, unreached

if TYPE_CHECKING:
    import boto3

SENT_BYTES = 1024 * 1024  # at a time; aiohttp warns of more


class Poster:
    """Posts to one endpoint. It keeps connections for each event loop that uses it.

    Attributes:
        endpoint: where to.
    """

    def __init__(self, session: boto3.Session, client: Any) -> None:
        """Go where *client*, a boto3 client of *session*, would go, with its settings."""
        self._session = session
        self.endpoint = endpoint_of(client)
        self._url = f"{self.endpoint.url.rstrip('/')}/"
        self._scheme = self._url.partition(":")[0]
        self._config = client.meta.config
        self._clock = ServiceClock()
        self._signer = PostSigner(self.endpoint.region, self._clock)
        self._client = client
        self._target = client.meta.service_model.metadata.get("targetPrefix")  # S3 has none
        self._opened: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    def post_of(self, request: Request[Any]) -> Post:
        """What a request is sent as.

        Raises:
            RequestError: it holds what JSON cannot.
        """
        headers = {
            "X-Amz-Target": f"{self._target}.{request.operation}",
            "Content-Type": JSON,
        }
        body = body_of(request, request.parameters())
        url = self._search_url if isinstance(request, SearchVectors) else self._url
        return Post(request.operation, "POST", url, headers, body)

    def response(self, _: Request[Any], answer: Reply, /) -> Mapping[str, Any]:
        """What a success holds, under AWS's names.

        Raises:
            Unavailable: it is damaged, or not DynamoDB's.
        """
        return response_of(answer.body, answer.headers, self.endpoint)

    def refusal(self, answer: Reply) -> Refusal:
        """What an answer says that is no success.

        Raises:
            Unavailable: it is damaged.
        """
        check(answer.body, answer.headers, self.endpoint)
        return Refusal.of(answer.status, answer.headers, answer.body)

    async def send(self, post: Post, deadline: Deadline | None = None) -> Reply:
        """The answer to one post.

        A post whose signature is refused for its time was not carried out; it is signed anew with
        the time that the service told, and sent once more.

        Raises:
            Unavailable: there was no connection, or no complete answer.
            BotoCoreError: there are no credentials.
            ClientError: the credentials could not be refreshed.
        """
        answer = await self._posted(post, deadline)
        if answer.status >= 400 and self._clock.learns(self.refusal(answer), answer.headers):
            return await self._posted(post, deadline)
        return answer

    async def close(self) -> None:
        """Give back all connections."""
        opened, self._opened = self._opened, {}
        for loop, session in opened.items():
            await _close(session, loop)

    async def _posted(self, post: Post, deadline: Deadline | None) -> Reply:
        headers = self._signed(post, await self._credentials())
        here = await self._here()
        limits: dict[str, Any] = {}
        if deadline is not None:
            deadline.allow(f"{post.operation} was sent")
            limits["timeout"] = self._timeout(deadline.left)
        try:
            answer = await here.request(
                post.method,
                URL(post.url, encoded=True),
                data=_data(post.body),
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,
                **limits,
            )
            # Read to its end, or with an error, an answer gives its connection back.
            return Reply(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise unreached(error, self.endpoint) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unanswered(error, self.endpoint) from error

    def _signed(self, post: Post, credentials: Any) -> Mapping[str, str]:
        """The headers of a post, its signature (SigV4) among them."""
        return self._signer.signed(post, credentials)

    async def _credentials(self) -> Any:
        """The session's credentials; a due refresh asks a service, so it gets a thread."""
        credentials = self._session.get_credentials()
        if credentials is None:
            return None  # the signer has the error for it
        if isinstance(credentials, RefreshableCredentials) and credentials.refresh_needed():
            return await asyncio.to_thread(credentials.get_frozen_credentials)
        return credentials.get_frozen_credentials()

    async def _here(self) -> aiohttp.ClientSession:
        """The connections of the running loop; those of loops that have ended are closed."""
        loop = asyncio.get_running_loop()
        if loop not in self._opened:
            for ended in [each for each in self._opened if each.is_closed()]:
                await _close(self._opened.pop(ended), ended)
            self._opened[loop] = self._open()
        return self._opened[loop]

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._config.max_pool_connections,
                ssl=self._tls if self._scheme == "https" else True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout(),
        )

    def _timeout(self, seconds: float | None = None) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=seconds,
            sock_connect=self._config.connect_timeout,
            sock_read=self._config.read_timeout,
        )

    @cached_property
    def _search_url(self) -> str:
        return search_url(self._client)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """TLS with the authorities that boto3 trusts: of AWS_CA_BUNDLE, the profile or certifi."""
        bundle = setting(self._session, "ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        context = ssl.create_default_context(cafile=get_cert_path(bundle or True))
        certificate = self._config.client_cert  # a path, or those of certificate and key
        if certificate:
            paths = (certificate,) if isinstance(certificate, str) else certificate
            context.load_cert_chain(*paths)
        return context

    @cached_property
    def _proxy(self) -> str | None:
        """The proxy that boto3 would take: the Config's, or HTTPS_PROXY unless NO_PROXY forbids.

        aiohttp's ``trust_env`` is not used: it would read ~/.netrc in a thread for each post.
        """
        proxies = self._config.proxies
        if proxies is None:
            proxies = get_environ_proxies(self._url)
        proxy: str | None = proxies.get(self._scheme)
        return proxy


async def _close(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> None:
    """Close a session, on the loop it belongs to unless that has ended."""
    if loop.is_closed() or loop is asyncio.get_running_loop():
        await session.close()
    else:
        asyncio.run_coroutine_threadsafe(session.close(), loop)


def _data(body: bytes) -> aiohttp.BytesPayload | AsyncIterator[memoryview] | None:
    """What aiohttp is given of a body: it sends a large one in one go, while nothing else runs."""
    if len(body) > SENT_BYTES:
        return _windows(memoryview(body))
    return aiohttp.BytesPayload(body) if body else None  # of bytes, aiohttp would look for the kind


async def _windows(body: memoryview) -> AsyncIterator[memoryview]:
    for at in range(0, len(body), SENT_BYTES):
        yield body[at : at + SENT_BYTES]
