"""The blocking client, over a boto3 DynamoDB client.

botocore signs, sends and reports errors. It does not read the answers: its walk over each value by
the service's model takes three quarters of the time of a Query, so we take the body of a successful
answer before it is parsed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from ..errors import RequestError
from ..requests import Request
from .base import POOL_WIDTH, Observer, answered
from .retries import NO_RETRIES, RetryPolicy, retried
from .sessions import (
    BOTOCORE_ERRORS,
    botocore_error,
    connect,
    endpoint_of,
    new_session,
    policy_for,
)
from .wire import Endpoint, response_of, units_of

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


@frozen
class Service:
    """A service that requests go to.

    Attributes:
        client: the boto3 client.
        endpoint: where it sends them.
        methods: its methods by AWS's names of operations.
    """

    client: Any
    endpoint: Endpoint
    methods: Mapping[str, Callable[..., Any]]

    @classmethod
    def of(cls, client: Any) -> Service:
        """The service of a boto3 client, whose answers are taken before they are parsed."""
        name = client.meta.service_model.service_id.hyphenize()
        # Last, so that hooks of others still see the body.
        client.meta.events.register_last(
            f"before-parse.{name}", _take_answer, unique_id="dynastore-take-answer"
        )
        names = client.meta.method_to_api_mapping
        methods = {operation: getattr(client, method) for method, operation in names.items()}
        return cls(client, endpoint_of(client), methods)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The response, from the body where there is one: a Stubber answers without."""
        _taking.on = True
        try:
            parsed: Mapping[str, Any] = self.methods[operation](**parameters)
        finally:
            _taking.on = False
            answer, _taking.answer = _taking.answer, None
        return parsed if answer is None else response_of(*answer, self.endpoint)


class BotoClient:
    """Sends requests through a boto3 DynamoDB client; several threads may share it.

    Attributes:
        observers: called after each answered request, in the thread that sent it.
    """

    overlaps = True

    def __init__(
        self,
        client: Any,
        policy: RetryPolicy = NO_RETRIES,
        *,
        owned: bool = False,
        other: Callable[[str], Any] | None = None,
    ) -> None:
        """Take a boto3 client as it is: its retries and connections stay its own, and ours are off.

        Args:
            client: of ``session.client("dynamodb")``. It may be used elsewhere at the same time,
                where its answers are what they always are.
            policy: retries besides the client's own.
            owned: whether `close` closes it.
            other: makes a client of another service, by boto3's name of it: streams are one.
        """
        self.observers: list[Observer] = []
        self._policy = policy
        self._owned = owned
        self._other = other
        self._services = {Request.service: Service.of(client)}
        self._making = threading.Lock()

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
        client_of = partial(
            connect,
            session or new_session(),
            region_name=region_name,
            endpoint_url=endpoint_url,
            config=config,
            width=POOL_WIDTH,
        )
        return cls(client_of("dynamodb"), policy_for(config), owned=True, other=client_of)

    def send(self, request: Request[R], /) -> R:
        """The response to *request*; raises what `Client.send` raises."""
        parameters = request.parameters()
        return retried(lambda: self._send_once(request, parameters), request, self._policy)

    def close(self) -> None:
        """Give back connections, except those of a client that was handed in."""
        if self._owned:
            for service in self._services.values():
                service.client.close()

    def _service(self, name: str) -> Service:
        """The service of a request; made when it is first asked.

        Raises:
            RequestError: the client was handed in, and is that of another service.
        """
        with self._making:
            if name not in self._services:
                if self._other is None:
                    raise RequestError(
                        f"client= is a DynamoDB client, and this needs one of {name}, with the same "
                        "credentials: connect with session= instead"
                    )
                self._services[name] = Service.of(self._other(name))
            return self._services[name]

    def _send_once(self, request: Request[R], parameters: Mapping[str, Any]) -> R:
        service = self._services.get(request.service) or self._service(request.service)
        try:
            response = service.call(request.operation, parameters)
        except BOTOCORE_ERRORS as error:
            raise botocore_error(error, request, service.endpoint) from error
        answered(self.observers, request, units_of(response))
        return request.read(response)
