"""The async client: no request occupies a thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import RequestError
from ..requests import Request
from .awaiting import retried_async
from .deadlines import Deadline
from .observing import Exchange, Observer
from .retries import Attempts, RetryBudget
from .sessions import (
    BOTOCORE_ERRORS,
    botocore_error,
    connect,
    new_session,
    policy_for,
)
from .wire import Endpoint, error_of, units_of

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

    from .posting import Poster
    from .posts import Post

R = TypeVar("R")


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
        poster = self._poster(request.service)
        post = poster.post_of(request)
        with Exchange(self.observers, request) as exchange:
            attempts = Attempts(request, exchange, self._policy, self._budget, deadline)
            return await retried_async(
                lambda: _sent_once(poster, post, attempts, request), attempts
            )

    async def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        for poster in self._posters.values():
            await poster.close()

    @property
    def endpoint(self) -> Endpoint:
        """Where requests about tables go."""
        return self._posters[Request.service].endpoint

    def _poster(self, service: str) -> Poster:
        poster = self._posters.get(service)
        if poster is None:
            # Once, for a few milliseconds: botocore reads what it knows of a service.
            poster = self._posters.setdefault(service, self._poster_of(service))
        return poster


async def _sent_once(poster: Poster, post: Post, attempts: Attempts, request: Request[R]) -> R:
    try:
        answer = await poster.send(post, attempts.deadline)
    except BOTOCORE_ERRORS as error:
        raise botocore_error(error, request, poster.endpoint) from error
    attempts.exchange.answer_bytes = len(answer.body)
    if answer.status < 300:
        response = poster.response(request, answer)
        attempts.exchange.units = units_of(response)
        return request.read(response)
    refusal = poster.refusal(answer)
    if refusal.code in request.absent:
        return request.read({})
    raise error_of(refusal, request, poster.endpoint)


def _poster(session: boto3.Session, service: str, **settings: Any) -> Poster:
    client = connect(session, service, **settings)
    try:
        from .object_posting import ObjectPoster
        from .posting import Poster
    except ImportError as error:
        raise RequestError(
            'AsyncStore needs aiohttp: pip install ".[aio]" in a clone of dynastore'
        ) from error
    return (ObjectPoster if service == "s3" else Poster)(session, client)
