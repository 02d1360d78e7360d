"""Operations at the same time: rounds, answers and errors, with the test as the runner."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore.errors import ConditionFailed, PartialFailure, Throttled
from dynastore.operations.interleaved import interleaved
from dynastore.requests import GetItem, Key, Now, Together, Wait

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SLOW = Throttled("ThrottlingException", "slow down")


def get(number):
    return GetItem("t", Key("a", str(number)))


def reading(*numbers):
    """Reads items one after the other."""
    found = []
    for number in numbers:
        item = yield from get(number)
        found.append(item)
    return found


def result(steps, answer):
    with pytest.raises(StopIteration) as stop:
        steps.send(answer)
    return stop.value.value


def test_what_all_ask_for_next_is_sent_together():
    steps = interleaved([reading(1, 2), reading(3), reading(4, 5)])
    assert next(steps) == Together([get(1), get(3), get(4)])
    assert steps.send(["one", "three", "four"]) == Together([get(2), get(5)])
    assert result(steps, ["two", "five"]) == [["one", "two"], ["three"], ["four", "five"]]


def test_nothing_is_sent_for_no_operations():
    with pytest.raises(StopIteration) as stop:
        next(interleaved([]))
    assert stop.value.value == []


def test_an_operation_that_sends_nothing_has_its_result_too():
    steps = interleaved([reading(), reading(1)])
    assert next(steps) == Together([get(1)])
    assert result(steps, ["one"]) == [[], ["one"]]


def test_an_error_is_thrown_into_the_operation_whose_request_failed():
    def patient(number):
        try:
            return (yield from get(number))
        except Throttled:
            return (yield from get(-number))

    steps = interleaved([reading(1, 9), patient(2), reading(3), patient(4)])
    next(steps)
    failure = PartialFailure({2: "three", 3: "four"}, {0: SLOW, 1: SLOW})
    assert steps.throw(failure) == Together([get(-2)])
    assert result(steps, ["again"]) == [SLOW, "again", ["three"], "four"]


def test_a_together_gets_its_answers_or_its_own_partial_failure():
    def several(*numbers):
        try:
            return (yield from Together([get(number) for number in numbers]))
        except PartialFailure as failure:
            return failure.done, failure.failed

    steps = interleaved([several(1, 2), reading(3), several(4, 5)])
    assert next(steps) == Together([get(n) for n in (1, 2, 3, 4, 5)])
    failure = PartialFailure({0: "1", 1: "2", 2: "3", 4: "5"}, {3: SLOW})
    with pytest.raises(StopIteration) as stop:
        steps.throw(failure)
    assert stop.value.value == [["1", "2"], ["3"], ({1: "5"}, {0: SLOW})]


def test_all_wait_as_long_as_the_one_that_waits_longest():
    def waiting(wait, number):
        yield from wait
        return (yield from get(number))

    waits = [Wait(2.0), Wait(0.5, jittered=True), Wait(0.1, jittered=True)]
    steps = interleaved([*(waiting(each, at) for at, each in enumerate(waits)), reading(3)])
    assert next(steps) == Wait(2.0)
    assert steps.send(None) == Wait(0.5, jittered=True)
    assert steps.send(None) == Together([get(0), get(1), get(2), get(3)])


def test_the_time_is_asked_for_once():
    def dated():
        return (yield from Now())

    steps = interleaved([dated(), dated()])
    assert next(steps) == Now()
    assert result(steps, NOON) == [NOON, NOON]


def test_an_operation_may_fail_by_itself():
    def refusing():
        raise ConditionFailed(Key("a", "b"))
        yield

    steps = interleaved([refusing(), reading(1)])
    next(steps)
    failed, done = result(steps, ["one"])
    assert isinstance(failed, ConditionFailed)
    assert done == ["one"]


def test_all_operations_are_closed_when_the_whole_is():
    closed = []

    def watched(number):
        try:
            yield from get(number)
        finally:
            closed.append(number)

    steps = interleaved([watched(1), watched(2)])
    next(steps)
    steps.close()
    assert closed == [1, 2]


def test_a_bug_in_one_operation_ends_all():
    closed = []

    def broken():
        yield from get(1)
        raise ZeroDivisionError

    def watched():
        try:
            yield from reading(2, 3)
        finally:
            closed.append(True)

    steps = interleaved([broken(), watched()])
    next(steps)
    with pytest.raises(ZeroDivisionError):
        steps.send(["one", "two"])
    assert closed == [True]
