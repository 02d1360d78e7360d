"""Conditions of calls, as conditions of requests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..codec import Codec
from ..hooks import EMPTY_SET
from ..planner import checked_tests
from ..terms import Absent, BeginsWith, Conditions, Equal, Predicate, mapped


def conditions_of(codec: Codec, where: Mapping[str, Any]) -> Conditions:
    """What fields must be, as what attributes must be.

    Args:
        codec: of the entity.
        where: field -> a literal or a predicate.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be compared, not like this, or not with this value.
    """
    tests = checked_tests(codec.spec, where)
    return tuple((name, _encoded(codec, name, test)) for name, test in tests.items())


def _encoded(codec: Codec, name: str, test: Predicate) -> Predicate:
    if isinstance(test, BeginsWith):
        return BeginsWith({"S": test.text})
    encoded = mapped(test, partial(codec.value, name))
    return Absent() if encoded == Equal(EMPTY_SET) and codec.is_set(name) else encoded
