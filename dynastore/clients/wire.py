"""What DynamoDB answers -> responses, capacity and our errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from zlib import crc32

import orjson
from attrs import frozen

from ..capacity import LIMIT_BYTES
from ..errors import (
    AccessDenied,
    ConditionFailed,
    DynastoreError,
    ItemTooLarge,
    RequestError,
    ServiceError,
    TableNotFound,
    Throttled,
    TokenUsed,
    TransactionCanceled,
    Unavailable,
)
from ..requests import Key, PutItem, Request, TransactGetItems, TransactWriteItems, UpdateItem
from ..requests.objects import ObjectRequest
from ..table import Table

LARGE_BYTES = 16 * 1024  # of an answer whose items are parsed one by one; `benchmarks micro`

# Codes: DynamoDB Developer Guide, "Error handling", and botocore's retry and credential code.
THROTTLING = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # Not a rate, but as harmless: another writer holds the item, and nothing was written.
        "ReplicatedWriteConflictException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
FAILURES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
REFUSALS = frozenset(
    {
        "RequestEntityTooLarge",
        "SerializationException",
        "UnknownOperationException",
        "ValidationException",
    }
)
# Messages of a ValidationException and of a transaction's ValidationError, which have no codes of
# their own. The second is in the API reference of TransactWriteItems; moto has both.
TOO_LARGE = frozenset(
    {
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    }
)
# The others are those of requests about backups; DynamoDB API reference
NO_TABLE = frozenset(
    {"ResourceNotFoundException", "SourceTableNotFoundException", "TableNotFoundException"}
)
# 403 without a code is S3's answer to a HEAD, which has no body.
NO_PERMISSION = frozenset({"403", "AccessDenied", "AccessDeniedException", "NotAuthorized"})
# S3 API reference, "Error responses"
ELSEWHERE = frozenset({"301", "AuthorizationHeaderMalformed", "PermanentRedirect"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
NO_IDENTITY = frozenset(
    {
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignature",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class Unreached(Unavailable):
    """No connection was made, so nothing was sent and nothing was written."""


@frozen
class Endpoint:
    """Where requests go.

    Attributes:
        url: such as ``https://dynamodb.eu-west-1.amazonaws.com``.
        region: AWS's name of the region that requests are signed for.
    """

    url: str
    region: str

    def __str__(self) -> str:
        return f"{self.url} (region {self.region})"

    @property
    def is_regional(self) -> bool:
        """Whether it is AWS's own of the region, which the region tells."""
        return (
            re.match(rf"https://dynamodb(-fips)?\.{re.escape(self.region)}\.", self.url) is not None
        )


@frozen
class Refusal:
    """An answer that is no success.

    Attributes:
        status: of HTTP.
        code: AWS's, without its namespace: ``ValidationException``; the status where there is none.
        message: AWS's, for people.
        request_id: AWS's, or None.
        item: the stored item that failed a condition, or None.
        reasons: why a transaction was canceled (CancellationReasons): one for each action, with a
            Code, and maybe a Message and an Item.
    """

    status: int
    code: str
    message: str
    request_id: str | None = None
    item: Mapping[str, Any] | None = None
    reasons: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """The refusal that an HTTP answer holds; what is not DynamoDB's keeps its status."""
        error = _error_body(body)
        code = str(error.get("__type", status)).partition(":")[0].rpartition("#")[2]
        message = error.get("message", error.get("Message", "no message"))
        request_id = headers.get("x-amzn-requestid")
        item, reasons = error.get("Item"), error.get("CancellationReasons") or ()
        return cls(status, code, str(message), request_id, item, reasons)


def _error_body(body: bytes) -> dict[str, Any]:
    try:
        error = orjson.loads(body)
    except orjson.JSONDecodeError:  # a proxy's page, or a load balancer's
        return {}
    return error if isinstance(error, dict) else {}


def response_of(body: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> dict[str, Any]:
    """The response that the body of a successful answer holds; B values stay base64 text.

    Raises:
        Unavailable: the body is damaged, or not DynamoDB's.
    """
    check(body, headers, endpoint)
    try:
        response = _large(body, endpoint) if len(body) > LARGE_BYTES else orjson.loads(body)
    except ValueError as error:
        raise unreadable(endpoint) from error
    if not isinstance(response, dict):
        raise unreadable(endpoint)
    return response


def _large(body: bytes, endpoint: Endpoint) -> Any:
    from .large_pages import parsed  # its import is for programs that have large pages

    return parsed(body, partial(unreadable, endpoint))


def unreadable(endpoint: Endpoint, service: str = "DynamoDB") -> Unavailable:
    """The error for an answer that is not of the service."""
    message = f"the answer of {endpoint} is not {service}'s. Check endpoint_url= and proxies."
    return Unavailable("UnreadableResponse", message)


def check(body: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> None:
    """See that a body arrived as DynamoDB sent it.

    Raises:
        Unavailable: the body differs from its checksum, ``x-amz-crc32``.
    """
    expected = headers.get("x-amz-crc32")
    if expected is None or str(crc32(body)) == expected:
        return
    # The checksum is that of the compressed body, if it was compressed; it is unpacked by now.
    if "content-encoding" not in headers:
        raise Unavailable("ChecksumMismatch", f"an answer of {endpoint} was damaged on its way")


def units_of(response: Mapping[str, Any]) -> float:
    """The capacity units that a response says it took, of all tables; 0.0 if it says nothing."""
    consumed = response.get("ConsumedCapacity") or ()
    if isinstance(consumed, dict):
        return float(consumed.get("CapacityUnits", 0.0))
    return float(sum(table.get("CapacityUnits", 0.0) for table in consumed))


def error_of(refusal: Refusal, request: Request[Any], endpoint: Endpoint) -> DynastoreError:
    """The error for a refusal, by its code and status.

    By the text of its message only where that gives a RequestError of a narrower kind.
    """
    match refusal.code:
        case "ConditionalCheckFailedException":
            return ConditionFailed(_key_of(request), refusal.item or None)
        case "TransactionCanceledException" if len(refusal.reasons) == len(_keys_of(request)):
            return _canceled(refusal, _keys_of(request))
        case "IdempotentParameterMismatchException" if isinstance(request, TransactWriteItems):
            return TokenUsed(request.token)
        case "ValidationException" if _is_too_large(refusal.message) and _is_single(request):
            return _too_large(_key_of(request))
        case code if code in REFUSALS:
            return RequestError(f"DynamoDB refused the request: {refusal.message}")
    kind, message = _service_error(refusal, request, endpoint)
    return kind(refusal.code, message, request_id=refusal.request_id)


def _canceled(refusal: Refusal, keys: Sequence[Key]) -> DynastoreError:
    """Why a transaction was canceled; Throttled where all that it met was others at work."""
    reasons = [_reason(each, key) for each, key in zip(refusal.reasons, keys, strict=True)]
    causes = [reason for reason in reasons if reason is not None]
    late = next((each for each in causes if isinstance(each, Throttled)), None)
    if late is not None and all(isinstance(each, Throttled) for each in causes):
        return late
    return TransactionCanceled(reasons)


def _reason(reason: Mapping[str, Any], key: Key) -> DynastoreError | None:
    code, message = reason.get("Code") or "None", reason.get("Message") or "no message"
    match code:
        case "None":
            return None
        case "ConditionalCheckFailed":
            return ConditionFailed(key, reason.get("Item") or None)
        case "ValidationError" if _is_too_large(message):
            return _too_large(key)
        case "ValidationError":
            return RequestError(f"DynamoDB refused what should happen to {key}: {message}")
        case "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded":
            return Throttled(code, f"{message} ({key})")
    return ServiceError(code, f"{message} ({key})")


def _is_too_large(message: str) -> bool:
    return message.rstrip(".") in TOO_LARGE


def _too_large(key: object) -> ItemTooLarge:
    return ItemTooLarge(key, size_bytes=None, limit_bytes=LIMIT_BYTES)


def _service_error(
    refusal: Refusal, request: Request[Any], endpoint: Endpoint
) -> tuple[type[ServiceError], str]:
    code, message = refusal.code, refusal.message
    if code in NO_TABLE:
        return TableNotFound, _no_table(request, endpoint)
    if isinstance(request, ObjectRequest) and (advice := _bucket_advice(code, request, endpoint)):
        return ServiceError, advice
    if code in THROTTLING:
        return Throttled, message
    if code in FAILURES or refusal.status >= 500:
        return Unavailable, f"{endpoint} failed: {message}"
    if advice := _access_advice(code, request):
        return AccessDenied, f"{message.rstrip('.')}. {advice}"
    return ServiceError, message


def unreached(error: Exception, endpoint: Endpoint) -> Unreached:
    """The error for a connection that was not made."""
    message = f"no connection to {endpoint}: {error}. Check endpoint_url=, the region, the network."
    return Unreached(type(error).__name__, message)


def unanswered(error: Exception, endpoint: Endpoint) -> Unavailable:
    """The error for a request that may have been sent, but was not answered as a whole."""
    return Unavailable(type(error).__name__, f"{endpoint} gave no complete answer. {error}".strip())


def _access_advice(code: str, request: Request[Any]) -> str | None:
    if code in NO_PERMISSION and isinstance(request, ObjectRequest):
        return (
            f"Allow {request.permission} on {request.resource}, and s3:ListBucket on the bucket: "
            "without that S3 does not tell what is missing from what is forbidden."
        )
    if code in NO_PERMISSION:
        return f"Allow dynamodb:{request.operation} on table {table_of(request)}."
    return identity_advice(code)


def identity_advice(code: str) -> str | None:
    """What to do about credentials that a service does not take; None where they are not the cause."""
    if code in EXPIRED:
        return "Renew the credentials, or sign in again."
    if code in NO_IDENTITY:
        return "Check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, session=) and the clock."
    return None


def _bucket_advice(code: str, request: ObjectRequest[Any], endpoint: Endpoint) -> str | None:
    if code == "NoSuchBucket":
        return (
            f"there is no bucket {request.bucket} at {endpoint}. Make it with `aws s3 mb "
            f"s3://{request.bucket}`, or correct Table(bucket=...)"
        )
    if code in ELSEWHERE:
        return f"bucket {request.bucket} is not in {endpoint}; use one of the table's region"
    return None


def _no_table(request: Request[Any], endpoint: Endpoint) -> str:
    return (
        f"there is no table {table_of(request)} at {endpoint}. Make it with create_table(), "
        "an adapter's setup() or create=True, or check its name, the region and the account."
    )


def _keys_of(request: Request[Any]) -> Sequence[Key]:
    """What a transaction is about, in the order of its reasons."""
    return request.keys if isinstance(request, TransactWriteItems | TransactGetItems) else ()


def table_of(request: Request[Any]) -> str:
    """Name of a request's table, of several the first; empty where it has none."""
    asked = request.actions[0] if isinstance(request, TransactWriteItems) else request
    table = getattr(asked, "table", "")
    return table.name if isinstance(table, Table) else str(table)


def _is_single(request: Request[Any]) -> bool:
    return isinstance(request, PutItem | UpdateItem)


def _key_of(request: Request[Any]) -> object:
    if isinstance(request, PutItem):
        return Key.of(request.item)
    return getattr(request, "key", request.operation)
