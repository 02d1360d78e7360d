"""The blocking client, over a boto3 DynamoDB client.

botocore sends, reports errors and decides how requests are signed. It does not read the answers: its
walk over each value by the service's model takes three quarters of the time of a Query, so we take
the body of a successful answer before it is parsed. For the same reason it does not write requests
about items, unless the client was handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen
from botocore.exceptions import ClientError

from ..errors import RequestError
from ..requests import Request
from .bodies import body_of
from .deadlines import Deadline
from .observing import Exchange, Observer
from .retries import NO_RETRIES, Attempts, RetryBudget, RetryPolicy, retried
from .sessions import (
    BOTOCORE_ERRORS,
    botocore_error,
    checks_parameters,
    code_of,
    connect,
    endpoint_of,
    new_session,
    policy_for,
)
from .wire import Endpoint, check, response_of, units_of

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

R = TypeVar("R")

STREAMED_BYTES = 1024 * 1024  # of an object, read at a time
# Requests about items of one table. Others are rare, or botocore adds to what they ask.
OF_ITEMS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"})
SHORTEST_SECONDS = 0.001  # to wait for an answer; 0 would mean something else to a socket


class _Call:
    """A call of ours that botocore is inside.

    Attributes:
        deadline: until when it may last.
        body: what is sent, where botocore is not to write it.
        answer: the body of the answer, once there is one.
    """

    __slots__ = ("answer", "body", "deadline")

    def __init__(self, deadline: Deadline | None, body: bytes | None) -> None:
        self.deadline = deadline
        self.body = body
        self.answer: bytes | None = None


class _Inside(threading.local):
    """What this thread is inside; None outside of calls of ours, where hooks change nothing."""

    call: _Call | None = None


_inside = _Inside()


def _take_answer(response_dict: dict[str, Any], **_: Any) -> None:
    """Keep the body of an answer; of a successful one, leave botocore an empty one to parse."""
    if (call := _inside.call) is None:
        return
    call.answer = response_dict["body"]
    if response_dict["status_code"] < 300:
        response_dict["body"] = b""


def _give_body(params: dict[str, Any], **_: Any) -> None:
    """Put our body in the place of the one that botocore made of the table's name alone."""
    if (call := _inside.call) is not None and call.body is not None:
        params["body"] = call.body


def _limit_time(request: Any, **_: Any) -> None:
    """Have botocore wait for an answer no longer than the call may take."""
    if (call := _inside.call) is not None and (deadline := call.deadline) is not None:
        limit = request.context["client_config"].read_timeout
        left = max(deadline.left, SHORTEST_SECONDS)
        request.context["read_timeout"] = min(left, limit) if limit else left


def _read(stream: Any) -> bytearray:
    """All of a stream, in no more memory than it has bytes."""
    body = bytearray()
    for some in stream.iter_chunks(STREAMED_BYTES):
        body += some
    return body


@frozen
class Service:
    """A service that requests go to.

    Attributes:
        client: the boto3 client.
        endpoint: where it sends them.
        methods: its methods by AWS's names of operations.
        writes: whether requests that name their table are written by us.
    """

    client: Any
    endpoint: Endpoint
    methods: Mapping[str, Callable[..., Any]]
    writes: bool

    @classmethod
    def of(cls, client: Any, *, writes: bool = False) -> Service:
        """The service of a boto3 client, whose answers are taken before they are parsed.

        Except for those of S3.

        Args:
            client: the client.
            writes: whether requests are written by us, as far as they are DynamoDB's.
        """
        name = client.meta.service_model.service_id.hyphenize()
        if name != "s3":  # which answers in XML and headers, or in a stream
            # Last, so that hooks of others still see the body.
            client.meta.events.register_last(
                f"before-parse.{name}", _take_answer, unique_id="dynastore-take-answer"
            )
        writes = writes and name == "dynamodb"
        if writes:
            # First, so that hooks of others see what is sent.
            client.meta.events.register_first(
                f"before-call.{name}", _give_body, unique_id="dynastore-give-body"
            )
        client.meta.events.register(
            f"request-created.{name}", _limit_time, unique_id="dynastore-limit-time"
        )
        names = client.meta.method_to_api_mapping
        methods = {operation: getattr(client, method) for method, operation in names.items()}
        return cls(client, endpoint_of(client), methods, writes)

    def send(
        self, request: Request[Any], parameters: Mapping[str, Any], deadline: Deadline | None
    ) -> tuple[Mapping[str, Any], bytes | None]:
        """What botocore makes of the answer, and the body that was taken from it.

        A Stubber answers without. botocore writes the request only where it has to. The table's name
        may be part of the endpoint, so it gets to know that all the same.

        Raises:
            RequestError: it holds what JSON cannot, or botocore is older than the operation.
            Unavailable: what seems to be a refusal is damaged.
        """
        method = self.methods.get(request.operation)
        if method is None:
            raise RequestError(f"the installed boto3 has no {request.operation}; upgrade boto3")
        body, table = None, parameters.get("TableName")
        if self.writes and table is not None and request.operation in OF_ITEMS:
            body, parameters = body_of(request, parameters), {"TableName": table}
        call = _inside.call = _Call(deadline, body)
        try:
            parsed: Mapping[str, Any] = method(**parameters)
            if (stream := parsed.get("Body")) is not None:
                parsed = {**parsed, "Body": _read(stream)}
        except ClientError as error:
            if call.answer is not None:
                check(call.answer, headers_of(error.response), self.endpoint)
            raise
        finally:
            _inside.call = None
        return parsed, call.answer


def headers_of(parsed: Mapping[str, Any]) -> Mapping[str, str]:
    """The headers of an answer, in small letters, where botocore puts them."""
    headers: Mapping[str, str] = parsed["ResponseMetadata"]["HTTPHeaders"]
    return headers


class BotoClient:
    """Sends requests through a boto3 DynamoDB client; several threads may share it.

    Attributes:
        observers: told of each request, in the thread that called.
    """

    overlaps = True

    def __init__(
        self,
        client: Any,
        policy: RetryPolicy = NO_RETRIES,
        *,
        owned: bool = False,
        writes: bool = False,
        other: Callable[[str], Any] | None = None,
    ) -> None:
        """Take a boto3 client as it is: its retries and connections stay its own, and ours are off.

        Args:
            client: of ``session.client("dynamodb")``. It may be used elsewhere at the same time,
                where its answers are what they always are.
            policy: retries besides the client's own.
            owned: whether `close` closes it.
            writes: whether we write what it sends, of which it must not check the parameters then.
            other: makes a client of another service, by boto3's name of it: streams and S3.
        """
        self.observers: list[Observer] = []
        self._policy = policy
        self._budget = RetryBudget()
        self._owned = owned
        self._other = other
        self._services = {Request.service: Service.of(client, writes=writes)}
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
        )
        return cls(
            client_of("dynamodb"),
            policy_for(config),
            owned=True,
            writes=not checks_parameters(config),
            other=client_of,
        )

    def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `Client.send` raises.

        A deadline cuts the time that an answer may take to begin, and every pause within it, with
        botocore of August 2026 or later; before, read_timeout holds. Making a connection takes up
        to connect_timeout all the same: botocore has no setting for a single request.
        """
        parameters = request.parameters()
        with Exchange(self.observers, request) as exchange:
            attempts = Attempts(request, exchange, self._policy, self._budget, deadline)
            return retried(partial(self._send_once, attempts, parameters, request), attempts)

    def close(self) -> None:
        """Give back connections, except those of a client that was handed in."""
        if self._owned:
            for service in self._services.values():
                service.client.close()

    @property
    def endpoint(self) -> Endpoint:
        """Where requests about tables go."""
        return self._services[Request.service].endpoint

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

    def _send_once(
        self, attempts: Attempts, parameters: Mapping[str, Any], request: Request[R]
    ) -> R:
        service = self._services.get(request.service) or self._service(request.service)
        try:
            response, body = service.send(request, parameters, attempts.deadline)
        except BOTOCORE_ERRORS as error:
            if code_of(error) in request.absent:
                return request.read({})
            raise botocore_error(error, request, service.endpoint) from error
        if body is not None:
            attempts.exchange.answer_bytes = len(body)
            response = response_of(body, headers_of(response), service.endpoint)
        attempts.exchange.units = units_of(response)
        return request.read(response)
