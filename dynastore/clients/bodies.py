"""Requests -> the bodies that are sent of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from ..errors import RequestError
from ..requests import Request


def body_of(request: Request[Any], parameters: Mapping[str, Any]) -> bytes:
    """What is sent of a request, as DynamoDB takes it.

    Raises:
        RequestError: it holds what JSON cannot.
    """
    try:
        return orjson.dumps(parameters, default=_base64)
    except orjson.JSONEncodeError as error:
        raise RequestError(f"{request.operation} holds what JSON cannot: {error}") from error


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no part of an attribute value")
