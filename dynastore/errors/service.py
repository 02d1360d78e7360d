"""What AWS refused or failed to do: to be tried again later, or for whoever runs the table."""

from __future__ import annotations

from typing import ClassVar

from .root import DynastoreError

UNKNOWN_OUTCOME = "The write may or may not have happened; read before you repeat it."


class ServiceError(DynastoreError):
    """AWS refused a request or failed to serve it.

    Attributes:
        code: the service's error code, such as ``ThrottlingException``.
        request_id: what AWS support asks for, or None.
        retryable: whether the same request may succeed later.
        may_have_happened: whether a write that ended so may have been carried out nevertheless.
            False for reads, and where the service said that it did nothing.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, code: str, message: str, *, request_id: str | None = None) -> None:
        self.code = code
        self.request_id = request_id
        self.may_have_happened = False
        super().__init__(f"{code}: {message}")

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text.rstrip('.')}. {UNKNOWN_OUTCOME}" if self.may_have_happened else text


class Throttled(ServiceError):
    """The table, an index or the account is over its rate. Nothing was written.

    Unless an attempt before was not answered: then `may_have_happened` is True.
    """

    retryable = True


class Unavailable(ServiceError):
    """No answer, or a failure at the service; `may_have_happened` tells what that leaves open."""

    retryable = True


class DeadlineExceeded(ServiceError):
    """A call's time was over before it was done; see `may_have_happened`.

    It is True too where the call has other requests, and one of them wrote something before.
    """

    retryable = True


class ScopeSealed(Unavailable):
    """A write waited for the end of the move of its scope, and was not sent.

    Attributes:
        scope: name of the outermost scope.
        mover: who is moving it.
    """

    def __init__(self, scope: str, mover: str, seconds: float) -> None:
        self.scope = scope
        self.mover = mover
        super().__init__(
            "ScopeSealed",
            f"scope {scope!r} is being moved by {mover!r}, and still was after {seconds:g} s; the "
            "write was not sent. Try again; if that mover is gone, go on with its move, or unseal it.",
        )


class AccessDenied(ServiceError):
    """No credentials, invalid ones, or ones that may not do this."""


class TableNotFound(ServiceError):
    """There is no such table in this region and account."""


class ChangesTrimmed(ServiceError):
    """Changes that a consumer has not seen are no longer kept: DynamoDB keeps them for 24 hours.

    Attributes:
        consumer: its name.
    """

    def __init__(self, consumer: str, reason: str) -> None:
        self.consumer = consumer
        super().__init__(
            "TrimmedDataAccessException",
            f"{consumer!r} may have missed changes: {reason}. Bring what it keeps up to date from "
            "the entities, then go on with changes(..., on_gap='oldest').",
        )
