"""Calls that are paused after some requests, as between two turns of a process that others overtake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynastore import Store
from dynastore.errors import DynastoreError
from dynastore.requests import Steps


def paused(store: Store, steps: Steps[Any], requests: int) -> Callable[[], Any] | None:
    """Carry out the first requests of a call.

    Args:
        store: where it goes to.
        steps: the call.
        requests: how many; those that are sent together count as one.

    Returns:
        What carries out the rest; None where there is none.
    """
    try:
        asked = next(steps)
        for _ in range(requests):
            asked = _answered(store, steps, asked)
    except StopIteration:
        return None
    return lambda: store.run(_rest(steps, asked))


def called(db: Any, name: str, *args: Any, **named: Any) -> Steps[Any]:
    """The requests of a call that a database would wait for."""
    steps: Steps[Any] = getattr(type(db), name).__wrapped__(db, *args, **named)
    return steps


def _answered(store: Store, steps: Steps[Any], asked: Any) -> Any:
    try:
        answer = store.run(_only(asked))
    except DynastoreError as error:
        return steps.throw(error)
    return steps.send(answer)


def _only(asked: Any) -> Steps[Any]:
    return (yield asked)


def _rest(steps: Steps[Any], asked: Any) -> Steps[Any]:
    while True:
        try:
            answer = yield asked
        except DynastoreError as error:
            follows, given = steps.throw, error
        else:
            follows, given = steps.send, answer
        try:
            asked = follows(given)
        except StopIteration as stopped:
            return stopped.value
