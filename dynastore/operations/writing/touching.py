"""Touching: an entity lives on, and nothing else of it changes."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from ...entities.spec import Ref
from ...errors import RequestError
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Update
from .attempts import located
from .expiry import lifetime_of
from .writes import write

E = TypeVar("E")


def touch(schema: Schema, target: E | Ref[E], *, lifetime: dt.timedelta | None = None) -> Steps[E]:
    """Let an entity expire a lifetime from now on, be that later or earlier than it would have.

    It is an `update` of the field that ``expires=`` names, so a `version()` counts it.

    Args:
        schema: where it is.
        target: the entity, whose revision must then be the stored one, or a ref.
        lifetime: instead of the one of its class.

    Returns:
        The entity as it is stored now.

    Raises:
        ConditionFailed: there is no such entity, or it is expired.
        RevisionConflict: somebody else wrote it since *target* was read.
        RequestError: it cannot expire, or there is no lifetime, of the class or in the call.
    """
    codec, _ = located(schema, target)
    lives = lifetime_of(codec, lifetime)
    if lives is None:
        raise RequestError(
            f"{codec.spec} has no lifetime of its own; give touch() one, or declare it: "
            '@entity(..., expires="expires_at", lifetime=timedelta(days=30))'
        )
    changes: dict[str, Any] = {str(codec.spec.expires): (yield from Now()) + lives}
    asked: Update[E] = Update(target, **changes)
    return (yield from write(schema, asked))
