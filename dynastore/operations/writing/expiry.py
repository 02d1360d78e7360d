"""When what is written expires."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from attrs import evolve

from ...codec.codec import Codec
from ...entities.lifetimes import refusal
from ...entities.spec import entity_class
from ...errors import RequestError
from ...schema.schema import Schema
from ...writes import Create, Put

W = TypeVar("W", bound=Create[Any] | Put[Any])


def dated(schema: Schema, write: W, now: dt.datetime) -> W:
    """A write of a whole entity, which then says when it expires.

    Args:
        schema: where to.
        write: what is written, and the lifetime it is given.
        now: the time.

    Raises:
        RequestError: the entity cannot expire, or the lifetime is none.
    """
    codec = schema.codec(entity_class(write.entity))
    lives = lifetime_of(codec, write.lifetime)
    name = codec.spec.expires
    if name is None or lives is None:
        return write
    if write.lifetime is None and getattr(write.entity, name) is not None:
        return write
    return evolve(write, entity=evolve(write.entity, **{name: now + lives}))


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
