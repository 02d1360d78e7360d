"""Errors of boto3 clients that other code calls, told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import ServiceError, TableNotFound, Throttled, Unavailable
from .sessions import NO_IDENTITY, no_identity
from .wire import THROTTLING


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raise what a boto3 client raises as an error of ours.

    Raises:
        AccessDenied: there are no credentials.
        TableNotFound: there is no such table, or it is no longer there.
        Throttled: it is over its rate.
        Unavailable: it could not be reached, or did not answer.
        ServiceError: the service refused.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(error.response) from error
    except NO_IDENTITY as error:
        raise no_identity(error) from error
    except BotoCoreError as error:
        raise Unavailable(type(error).__name__, str(error)) from error


def _refused(response: Any) -> ServiceError:
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    kinds = {"ResourceNotFoundException": TableNotFound, **dict.fromkeys(THROTTLING, Throttled)}
    request_id = response.get("ResponseMetadata", {}).get("RequestId")
    return kinds.get(code, ServiceError)(code, message, request_id=request_id)
