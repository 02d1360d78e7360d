"""The signatures of a boto3 client of our own making: with keys that are kept, where that is the same.

botocore decides how a request is signed: its events, those that others hook into, its credentials and
their refreshing are all asked as ever. Only the signature itself is made by us, if it is SigV4 of a
request that looks as those to DynamoDB always do; any other one is made by botocore.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SigV4Auth

from ..clock import Clock, utc_now
from .signing import JSON, KeptKeys, time_text

SIGNED = frozenset({"content-type", "x-amz-target"})  # and those that signing adds
UNSIGNED = frozenset(SIGNED_HEADERS_BLACKLIST)  # User-Agent, and what Lambda traces calls by


def keep_keys(client: Any, clock: Clock = utc_now) -> None:
    """Have the requests of a boto3 client signed with keys that are kept.

    Where botocore has no signer by this name, nothing changes.

    Args:
        client: one that nobody else has.
        clock: botocore's.
    """
    signer = getattr(client, "_request_signer", None)
    if signer is not None:
        signer.get_auth_instance = partial(_auth, signer.get_auth_instance, clock, {})


def _auth(
    theirs: Callable[..., Any],
    clock: Clock,
    kept: dict[tuple[str, str], KeptKeys],
    signing_name: str,
    region_name: str,
    *args: Any,
    **more: Any,
) -> Any:
    """What botocore is to sign a request with."""
    auth = theirs(signing_name, region_name, *args, **more)
    if type(auth) is not SigV4Auth:  # another scheme, or the AWS Common Runtime's
        return auth
    place = region_name, signing_name
    keys = kept.get(place) or kept.setdefault(place, KeptKeys(*place))
    return _KeptKeyAuth(auth, keys, clock)


class _KeptKeyAuth:
    """Signs one request as botocore's signer would."""

    __slots__ = ("_clock", "_keys", "_theirs")

    def __init__(self, theirs: SigV4Auth, keys: KeptKeys, clock: Clock) -> None:
        self._theirs = theirs
        self._keys = keys
        self._clock = clock

    def add_auth(self, request: Any) -> None:
        """Add the headers of the signature, which botocore calls so.

        Raises:
            NoCredentialsError: there are none.
        """
        target = _target_of(request)
        if target is None:
            self._theirs.add_auth(request)
            return
        when = time_text(self._clock())
        key = self._keys.of(request.url, when, self._theirs.credentials)
        if key is None:
            self._theirs.add_auth(request)
            self._keys.learn(self._theirs, request.url, target, request.data, request.headers)
            return
        request.context["timestamp"] = when
        for name, value in key.headers(target, request.data, when).items():
            request.headers[name] = value


def _target_of(request: Any) -> str | None:
    """What a request asks for; None if it has anything in it that a key knows nothing of."""
    given = {name.lower(): value for name, value in request.headers.items()}
    if len(given) != len(request.headers) or given.keys() - UNSIGNED != SIGNED:
        return None
    target: str = given["x-amz-target"]
    usual = (
        given["content-type"] == JSON
        and target.split() == [target]  # of blanks, botocore signs some only
        and request.method == "POST"
        and type(request.data) is bytes
        and not request.params
        and not request.context.get("checksum")
        and request.context.get("payload_signing_enabled", True)
    )
    return target if usual else None
