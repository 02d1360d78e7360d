"""When what is written expires."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from attrs import evolve

from ..codec import Codec
from ..errors import RequestError
from ..lifetimes import refusal

E = TypeVar("E")


def dated(
    codec: Codec, entity: E, now: dt.datetime | None, lifetime: dt.timedelta | None = None
) -> E:
    """An entity as a whole write stores it: with the time at which it expires.

    Args:
        codec: of the entity.
        entity: what is written.
        now: the time, or None where the entity cannot expire.
        lifetime: from now on, whatever the entity says. Without it an entity that says nothing
            gets the lifetime of its class, if there is one.

    Raises:
        RequestError: the entity cannot expire, or the lifetime is none.
    """
    lives = lifetime_of(codec, lifetime)
    name = codec.spec.expires
    if name is None or now is None or lives is None:
        return entity
    if lifetime is None and getattr(entity, name) is not None:
        return entity
    written: Any = entity
    ends: E = evolve(written, **{name: now + lives})
    return ends


def lifetime_of(codec: Codec, given: dt.timedelta | None) -> dt.timedelta | None:
    """The lifetime that a call gives, or else that of the class, which may have none.

    Raises:
        RequestError: one is given, and is none; or the entity cannot expire.
    """
    if given is None:
        return codec.spec.lifetime
    if codec.spec.expires is None:
        raise RequestError(
            f"{codec.spec} does not expire, so it takes no lifetime; name the datetime field that "
            'says when in @entity(..., expires="expires_at")'
        )
    if why := refusal(given):
        raise RequestError(f"{codec.spec}: lifetime= {why}")
    return given
