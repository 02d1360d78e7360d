"""Several operations at the same time: what they ask for next is sent together.

Round after round each of them is stepped once. An operation needs to know nothing of the others:
it gets the answer to what it asked for, and an error is thrown into the one whose request failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, cast

from ..errors import DynastoreError, PartialFailure
from ..requests import Now, Request, Steps, Together, Wait

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")

Sending: TypeAlias = Callable[[Sequence[Request[Any]]], Steps[list[Any]]]
"""Sends some requests; gives back a response or a DynastoreError for each, in their order."""


class _Branch(Generic[T]):
    """One of the operations.

    Attributes:
        steps: the operation.
        asked: what it waits for; None once it ended.
        outcome: its result, or the error that ended it.
    """

    def __init__(self, steps: Steps[T]) -> None:
        """It runs as far as to what it asks for first."""
        self.steps = steps
        self.asked: Request[Any] | Together[Any] | Wait | Now | None = None
        self.outcome: T | DynastoreError | None = None
        self.go_on(None)

    def go_on(self, answer: Any) -> None:
        """Answer it; an error is thrown where it asked."""
        try:
            if isinstance(answer, DynastoreError):
                self.asked = self.steps.throw(answer)
            else:
                self.asked = self.steps.send(answer)
        except StopIteration as stop:
            self.asked, self.outcome = None, stop.value
        except DynastoreError as error:
            self.asked, self.outcome = None, error

    def requests(self) -> Sequence[Request[Any]]:
        """The requests that it waits for."""
        if isinstance(self.asked, Together):
            return self.asked.requests
        return [self.asked] if isinstance(self.asked, Request) else []

    def answer(self, outcomes: Sequence[Any]) -> None:
        """Give it what became of its requests."""
        if not isinstance(self.asked, Together):
            return self.go_on(outcomes[0])
        try:
            responses = self.asked.responses(outcomes)
        except PartialFailure as failure:
            return self.go_on(failure)
        return self.go_on(responses)


def outcomes_of(requests: Sequence[Request[Any]]) -> Steps[list[Any]]:
    """What became of each of some requests that are sent together: its response or its error."""
    try:
        return (yield from Together(requests))
    except PartialFailure as failure:
        outcomes = failure.done | failure.failed
        return [outcomes[at] for at in range(len(requests))]


def interleaved(
    operations: Iterable[Steps[T]], send: Sending = outcomes_of
) -> Steps[list[T | DynastoreError]]:
    """Run operations at the same time.

    Where some of them wait, none sends anything before the longest of their waits is over: what is
    over its rate for one of them is so for all.

    Args:
        operations: none of them yet stepped. All are begun at once.
        send: how the requests of a round are sent.

    Returns:
        Of each operation its result, or the error that ended it, in their order.
    """
    branches: list[_Branch[T]] = []
    try:
        branches += map(_Branch, operations)
        while active := [each for each in branches if each.asked is not None]:
            yield from _round(active, send)
    finally:
        for each in branches:
            each.steps.close()
    return [cast("T | DynastoreError", each.outcome) for each in branches]


def all_of(operations: Iterable[Steps[T]]) -> Steps[list[T]]:
    """Run operations at the same time, to their ends.

    Returns:
        Their results, in their order.

    Raises:
        DynastoreError: what ended the first of those that failed.
    """
    outcomes = yield from interleaved(operations)
    for each in outcomes:
        if isinstance(each, DynastoreError):
            raise each
    return cast("list[T]", outcomes)


def both(one: Steps[A], other: Steps[B]) -> Steps[tuple[A, B]]:
    """Run two operations at the same time; see `all_of`."""
    first, second = yield from all_of(cast("list[Steps[Any]]", [one, other]))
    return first, second


def _round(active: Sequence[_Branch[Any]], send: Sending) -> Steps[None]:
    """Answer those that ask for the time, else those that wait, else all."""
    if asking := [each for each in active if isinstance(each.asked, Now)]:
        now = yield from Now()
        for each in asking:
            each.go_on(now)
    elif waiting := [each for each in active if isinstance(each.asked, Wait)]:
        yield from _wait([each.asked for each in waiting if isinstance(each.asked, Wait)])
        for each in waiting:
            each.go_on(None)
    else:
        outcomes = iter((yield from send([one for each in active for one in each.requests()])))
        for each in active:
            each.answer([next(outcomes) for _ in each.requests()])


def _wait(waits: Sequence[Wait]) -> Steps[None]:
    """The longest wait; of those of a random length the longest too, which may turn out shorter."""
    for jittered in (False, True):
        some = [each.seconds for each in waits if each.jittered is jittered]
        if some:
            yield from Wait(max(some), jittered)
