"""Signatures, with the service's time where the clock of this machine is wrong.

A signature says when it was made, and AWS refuses one of another time than its own. Its answer has
the right time in it, so the difference is learnt from a refusal, and the request is signed again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth

from .wire import Refusal

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


def _date_of(headers: Mapping[str, str]) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(dt.UTC)
    except (KeyError, ValueError):  # a proxy's answer, perhaps
        return None
