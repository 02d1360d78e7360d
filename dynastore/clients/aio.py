"""The async client: no request occupies a thread."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from ..errors import RequestError
from ..requests import Request
from .deadlines import Deadline
from .observing import Exchange, Observer
from .retries import Attempts, RetryBudget, retried_async
from .sessions import (
    BOTOCORE_ERRORS,
    botocore_error,
    connect,
    new_session,
    policy_for,
)
from .wire import Endpoint, Refusal, check, error_of, response_of, units_of

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

    from .posting import Poster

R = TypeVar("R")

CONNECTIONS = 100  # aiohttp's own default; more requests at once wait for one of these


class AioClient:
    """Sends requests through aiohttp; tasks share it, and several event loops may use it in turn.

    Attributes:
        observers: told of each request, on the loop.
    """

    def __init__(
        self,
        session: boto3.Session | None = None,
        *,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> None:
        """Find credentials, region and endpoint as boto3 does, which may block. Nothing is sent.

        Args:
            session: a boto3 session, or None for one of environment and profile.
            region_name: such as ``eu-west-1``, instead of the session's.
            endpoint_url: another server than AWS's.
            config: time-outs, connections, proxies and the client certificate are taken from it.
                If it sets retries there are none: botocore's do not apply here.

        Raises:
            RequestError: aiohttp is not installed, there is no region, or a setting is wrong.
            AccessDenied: the profile or its credentials cannot be read.
        """
        self.observers: list[Observer] = []
        self._policy = policy_for(config)
        self._budget = RetryBudget()
        session = session or new_session()
        self._poster_of = partial(
            _poster,
            session,
            region_name=region_name,
            endpoint_url=endpoint_url,
            config=config,
        )
        self._posters = {Request.service: self._poster_of(Request.service)}

    async def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `Client.send` raises.

        A deadline cuts all the time that a post takes, that for a connection included. Only
        credentials that are due may take longer to be refreshed.
        """
        body = _body_of(request)
        with Exchange(self.observers, request) as exchange:
            attempts = Attempts(request, exchange, self._policy, self._budget, deadline)
            return await retried_async(lambda: self._send_once(attempts, body, request), attempts)

    async def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        for poster in self._posters.values():
            await poster.close()

    async def _send_once(self, attempts: Attempts, body: bytes, request: Request[R]) -> R:
        poster = self._posters.get(request.service)
        if poster is None:
            # Once, for a few milliseconds: botocore reads what it knows of a service.
            poster = self._posters.setdefault(request.service, self._poster_of(request.service))
        try:
            status, headers, answer = await poster.post(request.operation, body, attempts.deadline)
        except BOTOCORE_ERRORS as error:
            raise botocore_error(error, request, poster.endpoint) from error
        attempts.exchange.answer_bytes = len(answer)
        response = _response(request, status, headers, answer, poster.endpoint)
        attempts.exchange.units = units_of(response)
        return request.read(response)


def _response(
    request: Request[Any],
    status: int,
    headers: Mapping[str, str],
    answer: bytes,
    endpoint: Endpoint,
) -> dict[str, Any]:
    if status < 300:
        return response_of(answer, headers, endpoint)
    check(answer, headers, endpoint)
    raise error_of(Refusal.of(status, headers, answer), request, endpoint)


def _poster(session: boto3.Session, service: str, **settings: Any) -> Poster:
    client = connect(session, service, width=CONNECTIONS, **settings)
    try:
        from .posting import Poster
    except ImportError as error:
        raise RequestError('AsyncStore needs aiohttp: pip install "dynastore[aio]"') from error
    return Poster(session, client)


def _body_of(request: Request[Any]) -> bytes:
    try:
        return orjson.dumps(request.parameters(), default=_base64)
    except orjson.JSONEncodeError as error:
        raise RequestError(f"{request.operation} holds what JSON cannot: {error}") from error


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no part of an attribute value")
