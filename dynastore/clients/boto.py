"""The blocking client, over a boto3 DynamoDB client.

botocore signs, sends and reports errors. It does not read the answers: its walk over each value by
the service's model takes three quarters of the time of a Query, so we take the body of a successful
answer before it is parsed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..requests import Request
from .base import POOL_WIDTH, Observer, answered
from .retries import NO_RETRIES, Attempts, RetryBudget, RetryPolicy, retried
from .sessions import (
    BOTOCORE_ERRORS,
    botocore_error,
    connect,
    endpoint_of,
    new_session,
    policy_for,
)
from .wire import response_of, units_of

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

R = TypeVar("R")


class _Taking(threading.local):
    """Whether this thread is inside a call of ours, and the answer that was taken from botocore."""

    on = False
    answer: tuple[bytes, Mapping[str, str]] | None = None


_taking = _Taking()


def _take_answer(response_dict: dict[str, Any], **_: Any) -> None:
    """Keep the body of a successful answer, and leave botocore an empty one to parse."""
    if _taking.on and response_dict["status_code"] < 300:
        _taking.answer = response_dict["body"], response_dict["headers"]
        response_dict["body"] = b""


class BotoClient:
    """Sends requests through a boto3 DynamoDB client; several threads may share it.

    Attributes:
        observers: called after each answered request, in the thread that sent it.
    """

    overlaps = True

    def __init__(
        self, client: Any, policy: RetryPolicy = NO_RETRIES, *, owned: bool = False
    ) -> None:
        """Take a boto3 client as it is: its retries and connections stay its own, and ours are off.

        Args:
            client: of ``session.client("dynamodb")``. It may be used elsewhere at the same time,
                where its answers are what they always are.
            policy: retries besides the client's own.
            owned: whether `close` closes it.
        """
        self.observers: list[Observer] = []
        self._client = client
        self._policy = policy
        self._budget = RetryBudget()
        self._owned = owned
        self._endpoint = endpoint_of(client)
        self._methods = _methods(client)
        # Last, so that hooks of others still see the body.
        client.meta.events.register_last(
            "before-parse.dynamodb", _take_answer, unique_id="dynastore-take-answer"
        )

    @classmethod
    def connect(
        cls,
        session: boto3.Session | None = None,
        *,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> BotoClient:
        """A client of our own making. Credentials, region and endpoint are found as boto3 does.

        Args:
            session: a boto3 session, or None for one of environment and profile.
            region_name: such as ``eu-west-1``, instead of the session's.
            endpoint_url: another server than AWS's.
            config: what it sets is kept. If it sets retries, botocore retries and we do not.

        Raises:
            RequestError: there is no region, or a setting is wrong.
            AccessDenied: the profile or its credentials cannot be read.
        """
        client = connect(
            session or new_session(),
            region_name=region_name,
            endpoint_url=endpoint_url,
            config=config,
            width=POOL_WIDTH,
        )
        return cls(client, policy_for(config), owned=True)

    def send(self, request: Request[R], /) -> R:
        """The response to *request*; raises what `Client.send` raises."""
        parameters = request.parameters()
        attempts = Attempts(request, self._policy, self._budget)
        return retried(lambda: self._send_once(request, parameters), attempts)

    def close(self) -> None:
        """Give back connections, except those of a client that was handed in."""
        if self._owned:
            self._client.close()

    def _send_once(self, request: Request[R], parameters: Mapping[str, Any]) -> R:
        try:
            response = self._call(request.operation, parameters)
        except BOTOCORE_ERRORS as error:
            raise botocore_error(error, request, self._endpoint) from error
        answered(self.observers, request, units_of(response))
        return request.read(response)

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The response, from the body where there is one: a Stubber answers without."""
        _taking.on = True
        try:
            parsed: Mapping[str, Any] = self._methods[operation](**parameters)
        finally:
            _taking.on = False
            answer, _taking.answer = _taking.answer, None
        return parsed if answer is None else response_of(*answer, self._endpoint)


def _methods(client: Any) -> dict[str, Callable[..., Any]]:
    """The client's methods by AWS's names of operations."""
    names = client.meta.method_to_api_mapping
    return {operation: getattr(client, name) for name, operation in names.items()}
