"""Requests that are sent together: a few at a time, and none of them is of use without the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from ..errors import ConditionFailed, PartialFailure
from ..requests import Request, Steps, Together

R = TypeVar("R")

IN_FLIGHT = 10  # requests of one operation at a time


def read_together(requests: Sequence[Request[R]]) -> Steps[Sequence[R]]:
    """Pages of several requests, read at the same time.

    Raises:
        DynastoreError: the first failure; one page is no use without the others.
    """
    if len(requests) == 1:
        return [(yield from requests[0])]
    try:
        return (yield from Together(requests))
    except PartialFailure as failure:
        raise failure.failed[min(failure.failed)] from failure


def send_all(requests: Iterable[Request[Any]]) -> Steps[None]:
    """Send requests a few at a time; those sent are not kept."""
    left: Iterator[Request[Any]] = iter(requests)
    while some := list(islice(left, IN_FLIGHT)):
        yield from read_together(some)


def send_where_they_hold(requests: Iterable[Request[Any]]) -> Steps[None]:
    """`send_all`, passing over those whose conditions do not hold.

    Raises:
        DynastoreError: the first failure for another reason.
    """
    left: Iterator[Request[Any]] = iter(requests)
    while some := list(islice(left, IN_FLIGHT)):
        try:
            yield from some[0] if len(some) == 1 else Together(some)
        except ConditionFailed:
            continue
        except PartialFailure as failure:
            errors = [each for _, each in sorted(failure.failed.items())]
            for error in (each for each in errors if not isinstance(each, ConditionFailed)):
                raise error from failure
