"""Calls of AWS's control planes: CloudFormation, and whatever tells what is deployed.

They are few and slow, and none is on the data path, so botocore parses and retries them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import AccessDenied, DynastoreError, ServiceError, Throttled, Unavailable
from .sessions import (
    BOTOCORE_ERRORS,
    connect,
    endpoint_of,
    new_session,
    refusal_of,
    unsent_or_unanswered,
)
from .wire import FAILURES, NO_PERMISSION, THROTTLING, Endpoint, Refusal, identity_advice

if TYPE_CHECKING:
    import boto3

ATTEMPTS = 8  # CloudFormation and IAM take few calls a second, and say so
READ_SECONDS = 30.0


class ControlPlane:
    """Clients of AWS's services with the same credentials; each is made when it is first called."""

    def __init__(
        self,
        session: boto3.Session | None = None,
        *,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Nothing is sent.

        Args:
            session: a boto3 session, or None for one of environment and profile.
            region_name: such as ``eu-west-1``, instead of the session's.
            endpoint_url: another server than AWS's, for all services.

        Raises:
            AccessDenied: there is no such profile.
        """
        self._session = session or new_session()
        self._region = region_name
        self._url = endpoint_url
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region that calls go to.

        Raises:
            RequestError: there is none.
        """
        return str(self._client("cloudformation").meta.region_name)

    def url(self, service: str) -> str:
        """Where calls of a service go.

        Raises:
            RequestError: there is no region.
        """
        return str(self._client(service).meta.endpoint_url).rstrip("/")

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a call.

        Args:
            service: boto3's name of it, such as ``cloudformation``.
            operation: boto3's name of it, such as ``describe_stacks``.
            parameters: under AWS's names.

        Raises:
            RequestError: there is no region, or botocore refuses a parameter.
            ServiceError: the service refused, or did not answer.
        """
        from botocore.parsers import ResponseParserError

        client = self._client(service)
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except BOTOCORE_ERRORS as error:
            name = client.meta.method_to_api_mapping[operation]
            raise _told(error, f"{service}:{name}", endpoint_of(client)) from error
        except (ResponseParserError, KeyError) as error:  # the latter of XML that is another's
            raise Unavailable(
                "UnreadableAnswer",
                f"{endpoint_of(client)} answered, and not as {service} does: is a proxy, or a page to log in "
                "at, between here and AWS?",
            ) from error
        return answer

    def found(
        self, service: str, operation: str, absent: frozenset[str], **parameters: Any
    ) -> dict[str, Any] | None:
        """The answer to a call; None where its code says that there is no such thing.

        Args:
            service: boto3's name of it.
            operation: boto3's name of it.
            absent: codes that say so.
            parameters: under AWS's names.

        Raises:
            ServiceError: the service refused for another reason, or did not answer.
        """
        try:
            return self.call(service, operation, **parameters)
        except ServiceError as error:
            if error.code in absent:
                return None
            raise

    def listed(
        self, service: str, operation: str, members: str, **parameters: Any
    ) -> Iterator[Any]:
        """The members of all pages of an answer.

        Args:
            service: boto3's name of it.
            operation: boto3's name of it.
            members: where an answer has them, such as ``StackEvents``.
            parameters: under AWS's names.

        Raises:
            ServiceError: the service refused, or did not answer.
        """
        more: Mapping[str, Any] = {}
        while True:
            answer = self.call(service, operation, **parameters, **more)
            yield from answer.get(members) or ()
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def close(self) -> None:
        """Give back connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            config = Config(
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                parameter_validation=True,
            )
            self._clients[service] = connect(
                self._session,
                service,
                region_name=self._region,
                endpoint_url=self._url,
                config=config,
            )
        return self._clients[service]


def _told(error: Exception, action: str, endpoint: Endpoint) -> DynastoreError:
    """Our error for one of botocore's.

    Args:
        error: that one.
        action: as IAM names it, nearly always: ``cloudformation:CreateChangeSet``.
        endpoint: where the call went.
    """
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return unsent_or_unanswered(error, endpoint)
    refusal = refusal_of(error)
    kind, message = _kind(refusal, action, endpoint)
    return kind(refusal.code, message, request_id=refusal.request_id)


def _kind(refusal: Refusal, action: str, endpoint: Endpoint) -> tuple[type[ServiceError], str]:
    code, message = refusal.code, refusal.message
    if code in THROTTLING:
        return Throttled, message
    if code in FAILURES or refusal.status >= 500:
        return Unavailable, f"{endpoint} failed: {message}"
    if code in NO_PERMISSION:
        return AccessDenied, f"{message.rstrip('.')}. Allow {action}."
    if advice := identity_advice(code):
        return AccessDenied, f"{message.rstrip('.')}. {advice}"
    return ServiceError, message
