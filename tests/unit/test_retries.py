"""What is sent again, and how long is waited before."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dynastore.clients.awaiting import retried_async
from dynastore.clients.observing import Exchange
from dynastore.clients.retries import (
    BUDGET_TOKENS,
    FAILURE_TOKENS,
    NO_RETRIES,
    THROTTLED_TOKENS,
    Attempts,
    RetryBudget,
    RetryPolicy,
    retried,
)
from dynastore.clients.wire import Unreached
from dynastore.errors import (
    AccessDenied,
    ConditionFailed,
    ServiceError,
    TableNotFound,
    Throttled,
    Unavailable,
)
from dynastore.requests import GetItem, Key, PutItem, TransactWriteItems, UpdateItem
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


def attempts(request, policy=AT_ONCE, budget=None, deadline=None):
    return Attempts(request, Exchange((), request), policy, budget or RetryBudget(), deadline)


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
    assert repeats(TransactWriteItems((CREATE,)), Unavailable)  # its token makes it happen once
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
    assert retried(sender.once, attempts(READ)) == "answer"
    assert sender.sent == 3


def test_the_last_error_is_raised_when_attempts_run_out():
    errors = [error(Throttled) for _ in range(4)]
    with pytest.raises(Throttled) as raised:
        retried(Sender(*errors).once, attempts(READ))
    assert raised.value is errors[-1]


def test_a_conflict_is_raised_at_once():
    sender = Sender(ConditionFailed(Key("a", "b")))
    with pytest.raises(ConditionFailed):
        retried(sender.once, attempts(CREATE))
    assert sender.sent == 1


def test_without_retries_a_request_is_sent_once():
    sender = Sender(error(Throttled))
    with pytest.raises(Throttled):
        retried(sender.once, attempts(READ, NO_RETRIES))
    assert sender.sent == 1


async def test_the_loop_retries_alike():
    sender = Sender(error(Throttled), error(Unavailable))
    assert await retried_async(sender.once_async, attempts(READ)) == "answer"
    with pytest.raises(Unavailable):
        await retried_async(Sender(error(Unavailable)).once_async, attempts(UPDATE))


def test_an_outage_empties_the_budget_and_then_errors_are_raised_at_once():
    budget = RetryBudget(2 * FAILURE_TOKENS + 1)
    sender = Sender(*(error(Unavailable) for _ in range(9)))
    with pytest.raises(Unavailable) as raised:
        retried(sender.once, attempts(READ, budget=budget))
    assert sender.sent == 3
    assert "not retried: too many requests of this client fail" in raised.value.__notes__[0]
    with pytest.raises(Unavailable):
        retried(sender.once, attempts(READ, budget=budget))
    assert sender.sent == 4


def test_a_retry_that_is_answered_gives_back_what_it_took():
    budget = RetryBudget(FAILURE_TOKENS)
    for _ in range(3):
        retried(Sender(error(Unavailable)).once, attempts(READ, budget=budget))
    assert budget.take(FAILURE_TOKENS)


def test_answers_fill_the_budget_little_by_little_and_never_over_its_size():
    budget = RetryBudget(THROTTLED_TOKENS)
    assert budget.take(THROTTLED_TOKENS)
    for _ in range(THROTTLED_TOKENS - 1):
        retried(Sender().once, attempts(READ, budget=budget))
    assert not budget.take(THROTTLED_TOKENS)
    for _ in range(9):
        retried(Sender().once, attempts(READ, budget=budget))
    assert budget.take(THROTTLED_TOKENS)
    assert not budget.take(1)


def test_the_retries_of_one_request_never_empty_a_full_budget():
    assert RetryPolicy().attempts * FAILURE_TOKENS < BUDGET_TOKENS


@pytest.mark.parametrize("request_", [PUT, CREATE, UPDATE])
def test_a_write_without_an_answer_says_that_it_may_have_happened(request_):
    with pytest.raises(Unavailable) as raised:
        retried(Sender(error(Unavailable)).once, attempts(request_, NO_RETRIES))
    assert raised.value.may_have_happened
    assert str(raised.value).endswith("may or may not have happened; read before you repeat it.")


@pytest.mark.parametrize(
    ("request_", "kind"),
    [(READ, Unavailable), (UPDATE, Throttled), (UPDATE, Unreached), (UPDATE, AccessDenied)],
)
def test_what_did_not_happen_is_not_said_to_have_perhaps(request_, kind):
    with pytest.raises(kind) as raised:
        retried(Sender(error(kind)).once, attempts(request_, NO_RETRIES))
    assert not raised.value.may_have_happened
    assert str(raised.value) == "Code: message"


def test_an_attempt_that_left_it_open_is_not_forgotten_by_those_after_it():
    sender = Sender(error(Unavailable), *(error(Throttled) for _ in range(3)))
    with pytest.raises(Throttled) as raised:
        retried(sender.once, attempts(PUT))
    assert raised.value.may_have_happened
