"""The endpoints of a boto3 client of our own making: found once for all requests that go to one.

botocore finds the endpoint of each request by rules that AWS ships, from nine parameters. What they
are made of is asked for as ever: the settings, the account of the credentials, and what hooks on
``before-endpoint-resolution`` make of them. Where that is as it was, so is the endpoint.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from typing import Any

ENDPOINTS = 64  # kept by a client, which nearly always has one for each operation


def keep_endpoints(client: Any) -> None:
    """Have a boto3 client keep the endpoints of requests of which it gets to know the table's name alone.

    Where botocore has no resolver by this name, nothing changes.

    Args:
        client: one of DynamoDB that nobody else has.
    """
    resolver: Any = getattr(client, "_ruleset_resolver", None)
    if hasattr(resolver, "construct_endpoint") and hasattr(resolver, "_get_customized_builtins"):
        resolver.construct_endpoint = _KeptEndpoints(resolver)


class _Asked(threading.local):
    """What hooks have made of the settings for the request that this thread is at, or None."""

    builtins: Mapping[str, Any] | None = None


class _KeptEndpoints:
    """What botocore asks for an endpoint."""

    def __init__(self, resolver: Any) -> None:
        """None is kept.

        Args:
            resolver: botocore's.
        """
        self._find = resolver.construct_endpoint
        self._ask = resolver._get_customized_builtins  # noqa: SLF001 - see decision 0045
        resolver._get_customized_builtins = self._builtins  # noqa: SLF001
        self._asked = _Asked()
        self._kept: dict[Hashable, Any] = {}

    def __call__(
        self,
        operation_model: Any,
        call_args: Mapping[str, Any] | None,
        request_context: dict[str, Any] | None,
    ) -> Any:
        """The endpoint of a request.

        Args:
            operation_model: what is asked.
            call_args: what botocore knows of the parameters.
            request_context: of the request.
        """
        asked = operation_model, call_args, request_context
        if call_args is None or not _is_of_one_table(call_args):
            return self._find(*asked)
        builtins = self._ask(*asked)
        values = (each() if callable(each) else each for each in builtins.values())
        key = operation_model.name, *values
        endpoint = self._kept.get(key)
        if endpoint is None:
            if len(self._kept) >= ENDPOINTS:
                self._kept.clear()
            endpoint = self._kept[key] = self._found(asked, builtins)
        return endpoint

    def _found(self, asked: tuple[Any, ...], builtins: Mapping[str, Any]) -> Any:
        """What botocore finds with these settings, for which hooks are not asked again."""
        self._asked.builtins = builtins
        try:
            return self._find(*asked)
        finally:
            self._asked.builtins = None

    def _builtins(self, *asked: Any) -> Any:
        """What botocore goes by when it finds an endpoint."""
        builtins = self._asked.builtins
        return self._ask(*asked) if builtins is None else builtins


def _is_of_one_table(call_args: Mapping[str, Any]) -> bool:
    """Whether parameters are the name of a table, and no ARN, which has an account in it."""
    return call_args.keys() == {"TableName"} and ":" not in call_args["TableName"]
