"""What is sent again, and how long is waited before."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dynastore.clients.retries import NO_RETRIES, RetryPolicy, retried, retried_async
from dynastore.clients.wire import Unreached
from dynastore.errors import (
    AccessDenied,
    ConditionFailed,
    ServiceError,
    TableNotFound,
    Throttled,
    Unavailable,
)
from dynastore.requests import GetItem, Key, PutItem, UpdateItem
from dynastore.terms import Absent

READ = GetItem("t", Key("a", "b"))
PUT = PutItem("t", {"PK": {"S": "a"}, "SK": {"S": "b"}})
CREATE = PutItem("t", {"PK": {"S": "a"}, "SK": {"S": "b"}}, (("PK", Absent()),))
UPDATE = UpdateItem("t", Key("a", "b"), {})

AT_ONCE = RetryPolicy(attempts=4, base_seconds=0.0)


class Sender:
    """Fails with the given errors in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent = 0

    def once(self) -> str:
        self.sent += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def once_async(self) -> str:
        return self.once()


def error(kind: type[ServiceError]) -> ServiceError:
    return kind("Code", "message")


def repeats(request, kind):
    return AT_ONCE.wait_before(2, error(kind), request) is not None


@pytest.mark.parametrize("kind", [Throttled, Unreached])
@pytest.mark.parametrize("request_", [READ, PUT, CREATE, UPDATE])
def test_what_was_not_carried_out_is_always_sent_again(request_, kind):
    assert repeats(request_, kind)


def test_what_may_have_been_carried_out_is_sent_again_only_if_that_changes_nothing():
    assert repeats(READ, Unavailable)
    assert repeats(PUT, Unavailable)
    assert not repeats(CREATE, Unavailable)
    assert not repeats(UPDATE, Unavailable)


@pytest.mark.parametrize("kind", [AccessDenied, TableNotFound, ServiceError])
def test_what_would_fail_again_is_not_sent_again(kind):
    assert not repeats(READ, kind)


def test_waits_double_up_to_the_cap():
    policy = RetryPolicy(attempts=6, base_seconds=0.1, cap_seconds=0.5, random=lambda: 1.0)
    waits = [policy.wait_before(attempt, error(Throttled), READ) for attempt in range(2, 8)]
    assert waits == [0.1, 0.2, 0.4, 0.5, 0.5, None]


def test_each_wait_is_a_random_part_of_the_longest():
    parts = iter([0.0, 0.25, 1.0])
    policy = RetryPolicy(base_seconds=1.0, random=lambda: next(parts))
    assert [policy.wait_before(2, error(Throttled), READ) for _ in range(3)] == [0.0, 0.25, 1.0]


def test_waits_differ_without_being_asked_to():
    policy = RetryPolicy()
    waits = [policy.wait_before(6, error(Throttled), READ) for _ in range(5)]
    assert all(one != other for one, other in pairwise(waits))


def test_a_request_is_sent_until_it_is_answered():
    sender = Sender(error(Throttled), error(Unavailable))
    assert retried(sender.once, READ, AT_ONCE) == "answer"
    assert sender.sent == 3


def test_the_last_error_is_raised_when_attempts_run_out():
    errors = [error(Throttled) for _ in range(4)]
    with pytest.raises(Throttled) as raised:
        retried(Sender(*errors).once, READ, AT_ONCE)
    assert raised.value is errors[-1]


def test_a_conflict_is_raised_at_once():
    sender = Sender(ConditionFailed(Key("a", "b")))
    with pytest.raises(ConditionFailed):
        retried(sender.once, CREATE, AT_ONCE)
    assert sender.sent == 1


def test_without_retries_a_request_is_sent_once():
    sender = Sender(error(Throttled))
    with pytest.raises(Throttled):
        retried(sender.once, READ, NO_RETRIES)
    assert sender.sent == 1


async def test_the_loop_retries_alike():
    sender = Sender(error(Throttled), error(Unavailable))
    assert await retried_async(sender.once_async, READ, AT_ONCE) == "answer"
    with pytest.raises(Unavailable):
        await retried_async(Sender(error(Unavailable)).once_async, UPDATE, AT_ONCE)
