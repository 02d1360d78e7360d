"""A call with a deadline: nothing begins after it, and its error says what may have happened."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

from dynastore import AsyncStore, Schema, Store, entity, gsi, key, ref
from dynastore.clients.awaiting import run_async
from dynastore.clients.base import run
from dynastore.clients.boto import BotoClient
from dynastore.clients.deadlines import Deadline
from dynastore.clients.observing import Exchange
from dynastore.clients.retries import Attempts, RetryBudget, RetryPolicy, retried
from dynastore.errors import (
    ConditionFailed,
    DeadlineExceeded,
    PartialFailure,
    RequestError,
    Throttled,
    Unavailable,
)
from dynastore.requests import GetItem, Key, PutItem, Steps, Together, UpdateItem, Wait
from dynastore.terms import Absent

from .faulty import FaultyServer, Reply, error, ok

ANN = Key("USER#ann", "NOTE")
READ = GetItem("notes", ANN)
PUT = PutItem("notes", ANN.attributes)
CREATE = PutItem("notes", ANN.attributes, (("PK", Absent()),))
UPDATE = UpdateItem("notes", ANN, {})
SECONDS = 0.2
ONCE = Config(read_timeout=5, retries={"total_max_attempts": 1})
LATE_SECONDS = 0.4  # that a call may be over its time, on a machine that is busy


@entity("note")
class Note:
    """A note."""

    user_id: str
    text: str = ""

    primary = key("USER#{user_id}", "NOTE")
    by_text = gsi(1, "TEXT#{text}", "{user_id}")


SCHEMA = Schema([Note]).named("notes")


class Clock:
    """A clock that is set by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Answering:
    """A client whose requests each take some seconds of a clock, and may end with an error."""

    overlaps = False

    def __init__(self, clock: Clock, seconds: float, *errors: Exception | None) -> None:
        self.observers: list[Any] = []
        self.clock = clock
        self.seconds = seconds
        self.errors = list(errors)
        self.sent: list[Any] = []

    def send(self, request: Any, /, *, deadline: Deadline | None = None) -> Any:
        assert deadline is not None
        self.sent.append(request)
        self.clock.seconds += self.seconds
        if self.errors and (failed := self.errors.pop(0)):
            raise failed

    def close(self) -> None:
        """Nothing to close."""


class AnsweringAsync(Answering):
    """The same, awaited."""

    async def send(self, request: Any, /, *, deadline: Deadline | None = None) -> Any:
        return super().send(request, deadline=deadline)


def each(*asked: Any) -> Steps[None]:
    for one in asked:
        yield from one


def clocked(seconds: float) -> tuple[Clock, Deadline]:
    clock = Clock()
    return clock, Deadline(seconds, clock)


def unanswered(*, may_have_happened: bool) -> Unavailable:
    failed = Unavailable("Code", "message")
    failed.may_have_happened = may_have_happened
    return failed


def test_no_request_is_sent_after_the_deadline():
    clock, deadline = clocked(1.0)
    client = Answering(clock, 0.6)
    with pytest.raises(DeadlineExceeded) as late:
        run(each(READ, READ, READ), client, deadline=deadline)
    assert len(client.sent) == 2
    assert not late.value.may_have_happened
    assert str(late.value) == (
        "DeadlineExceeded: the call's 1 s were over before GetItem was sent; "
        "other requests of the call were answered before"
    )


async def test_nor_by_the_loop():
    clock, deadline = clocked(1.0)
    client = AnsweringAsync(clock, 0.6)
    with pytest.raises(DeadlineExceeded):
        await run_async(each(READ, READ, READ), client, deadline=deadline)
    assert len(client.sent) == 2


def test_a_call_that_wrote_something_before_says_so():
    clock, deadline = clocked(1.0)
    with pytest.raises(DeadlineExceeded) as late:
        run(each(PUT, READ), Answering(clock, 1.0), deadline=deadline)
    assert late.value.may_have_happened
    assert "may or may not have happened" in str(late.value)


@pytest.mark.parametrize("happened", [True, False])
def test_a_request_that_fails_when_the_time_is_over_ends_the_call_with_what_it_left_open(happened):
    clock, deadline = clocked(1.0)
    failed = unanswered(may_have_happened=happened)
    with pytest.raises(DeadlineExceeded, match="before UpdateItem was answered") as late:
        run(each(UPDATE), Answering(clock, 2.0, failed), deadline=deadline)
    assert late.value.may_have_happened is happened
    assert late.value.__cause__ is failed


@pytest.mark.parametrize(
    ("seconds", "failed"),
    [(0.5, Unavailable("Code", "message")), (2.0, ConditionFailed(ANN))],
)
def test_another_failure_stays_what_it_is(seconds, failed):
    clock, deadline = clocked(1.0)
    with pytest.raises(type(failed)) as raised:
        run(each(UPDATE), Answering(clock, seconds, failed), deadline=deadline)
    assert raised.value is failed


def test_an_answer_that_comes_too_late_is_an_answer():
    clock, deadline = clocked(1.0)
    run(each(PUT), Answering(clock, 2.0), deadline=deadline)


def test_a_wait_that_would_pass_the_deadline_does_not_begin():
    _, deadline = clocked(1.0)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="before a wait of 30 s had ended"):
        run(each(Wait(30.0)), Answering(Clock(), 0.0), deadline=deadline)
    assert time.monotonic() - began < 1.0


async def test_nor_on_the_loop():
    _, deadline = clocked(1.0)
    with pytest.raises(DeadlineExceeded):
        await run_async(each(Wait(30.0)), AnsweringAsync(Clock(), 0.0), deadline=deadline)


def test_of_a_together_it_tells_what_was_done_and_what_was_not():
    clock, deadline = clocked(1.0)
    with pytest.raises(PartialFailure) as partly:
        run(each(Together([PUT, PUT, PUT])), Answering(clock, 0.6), deadline=deadline)
    assert sorted(partly.value.done) == [0, 1]
    assert isinstance(partly.value.failed[2], DeadlineExceeded)


def test_no_attempt_begins_whose_wait_would_pass_the_deadline():
    clock, deadline = clocked(1.0)
    policy = RetryPolicy(base_seconds=0.4, random=lambda: 1.0)
    failures = [unanswered(may_have_happened=False), Throttled("Code", "message")]

    def once() -> None:
        clock.seconds += 0.4
        raise failures.pop(0)

    attempts = Attempts(PUT, Exchange((), PUT), policy, RetryBudget(), deadline)
    with pytest.raises(DeadlineExceeded, match="before PutItem could be sent again") as late:
        retried(once, attempts)
    assert isinstance(late.value.__cause__, Throttled)
    assert late.value.may_have_happened  # by the first attempt


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), True, "1", None, dt.timedelta(0)])
def test_no_time_at_all_is_refused(seconds):
    with pytest.raises(RequestError, match="a call takes more than 0 seconds"):
        Store.connect("sqlite://", SCHEMA).with_deadline(seconds)


def test_a_deadline_may_be_a_timedelta():
    with Store.connect("sqlite://", SCHEMA) as store:
        slow = store.with_deadline(dt.timedelta(minutes=1, milliseconds=500))
        assert slow._options == store.with_deadline(60.5)._options


def test_a_store_with_a_deadline_is_a_store_of_the_same_table():
    with Store.connect("sqlite://", SCHEMA) as store:
        store.with_deadline(60).put(Note(user_id="ann", text="tea"))
        patient = store.with_deadline(60).consistent()
        assert patient.get(Note, user_id="ann") == Note(user_id="ann", text="tea")
        assert [note.text for note in patient.query(Note, user_id="ann")] == ["tea"]


async def test_so_is_an_async_store():
    async with AsyncStore.connect("sqlite://", SCHEMA) as store:
        await store.with_deadline(60).put(Note(user_id="ann"))
        assert await store.with_deadline(60).get(Note, user_id="ann")


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert SECONDS * 0.5 < time.monotonic() - began < SECONDS + LATE_SECONDS


@pytest.fixture
def slow() -> Iterator[FaultyServer]:
    """A server that answers each request after a second."""
    with FaultyServer(Reply(after_seconds=1.0)) as server:
        yield server


def update(store: Any) -> Any:
    return store.update(ref(Note, user_id="ann"), text="tea")


def test_boto3_waits_for_an_answer_no_longer_than_that(slow):
    store = Store.connect("notes", SCHEMA, endpoint_url=slow.url).with_deadline(SECONDS)
    with in_time(), pytest.raises(DeadlineExceeded) as late:
        update(store)
    assert late.value.may_have_happened
    with in_time(), pytest.raises(DeadlineExceeded) as late:
        store.get(Note, user_id="ann")
    assert not late.value.may_have_happened
    assert len(slow.asked) == 2
    store.close()


def test_a_client_handed_in_does_too_and_keeps_its_own_time_out_for_others(slow):
    made = boto3.client("dynamodb", endpoint_url=slow.url, config=ONCE)
    store = Store.connect("notes", SCHEMA, client=made).with_deadline(SECONDS)
    with in_time(), pytest.raises(DeadlineExceeded):
        store.get(Note, user_id="ann")
    assert made.get_item(TableName="notes", Key=ANN.attributes)["ResponseMetadata"]
    assert BotoClient(made).send(READ) is None
    made.close()


async def test_the_async_client_does_too(slow):
    store = AsyncStore.connect("notes", SCHEMA, endpoint_url=slow.url).with_deadline(SECONDS)
    with in_time(), pytest.raises(DeadlineExceeded) as late:
        await update(store)
    assert late.value.may_have_happened
    with in_time(), pytest.raises(DeadlineExceeded) as late:
        await store.get(Note, user_id="ann")
    assert not late.value.may_have_happened
    await store.close()


def test_retries_stop_at_the_deadline():
    with FaultyServer(error("ThrottlingException")) as server:
        made = boto3.client("dynamodb", endpoint_url=server.url, config=ONCE)
        policy = RetryPolicy(attempts=1000, cap_seconds=0.05)
        store = Store(SCHEMA, BotoClient(made, policy, owned=True))
        with in_time(), pytest.raises(DeadlineExceeded):
            update(store.with_deadline(SECONDS))
        store.close()
    assert len(server.asked) > 1


def test_the_time_of_an_earlier_answer_is_not_given_again(slow):
    slow.answers = [ok(Item={"PK": {"S": ANN.pk}}), Reply(after_seconds=1.0)]
    store = Store.connect("notes", SCHEMA, endpoint_url=slow.url).with_deadline(SECONDS)
    with in_time(), pytest.raises(DeadlineExceeded, match="other requests of the call"):
        store.run(each(READ, READ))
    store.close()


def test_making_the_table_is_a_part_of_the_first_call(slow):
    store = Store.connect("notes", SCHEMA, endpoint_url=slow.url, create=True)
    with in_time(), pytest.raises(DeadlineExceeded, match="before CreateTable") as late:
        store.with_deadline(SECONDS).get(Note, user_id="ann")
    assert late.value.may_have_happened
    with in_time(), pytest.raises(DeadlineExceeded):
        store.with_deadline(SECONDS).get(Note, user_id="ann")
    assert [operation for operation, _, _ in slow.asked] == ["CreateTable"] * 2
    store.close()


def test_each_page_of_a_query_has_the_time_anew():
    item = SCHEMA.codec(Note).encode(Note(user_id="ann", text="tea"), "")
    last_key = SCHEMA.table.indexes[0].key_in(item)
    page = ok(Items=[item], Count=1, LastEvaluatedKey=last_key)
    answers = [Reply(200, page.body, page.headers, SECONDS / 2) for _ in range(4)]
    with FaultyServer(*answers, ok(Items=[], Count=0)) as server:
        store = Store.connect("notes", SCHEMA, endpoint_url=server.url)
        notes = store.with_deadline(2 * SECONDS).query(Note, text="tea")
        assert len(list(notes)) == 4
        server.answers = [*answers, *answers]
        with pytest.raises(DeadlineExceeded):
            notes.count()
        store.close()


@contextmanager
def locked(path: Any) -> Iterator[None]:
    """A file that another connection writes to."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_sqlite_waits_for_other_processes_no_longer_than_that(tmp_path):
    path = tmp_path / "agent.db"
    with Store.connect(f"sqlite:///{path}", SCHEMA) as store:
        store.put(Note(user_id="ann"))
        with locked(path):
            with in_time(), pytest.raises(DeadlineExceeded) as late:
                update(store.with_deadline(SECONDS))
            assert not late.value.may_have_happened
            assert store.with_deadline(SECONDS).get(Note, user_id="ann")
        assert update(store).text == "tea"


async def test_nor_does_it_when_awaited(tmp_path):
    path = tmp_path / "agent.db"
    async with AsyncStore.connect(f"sqlite:///{path}", SCHEMA) as store:
        await store.put(Note(user_id="ann"))
        with locked(path), in_time(), pytest.raises(DeadlineExceeded):
            await update(store.with_deadline(SECONDS))
        assert (await update(store)).text == "tea"


def test_sqlite_waits_for_other_threads_no_longer_than_that():
    with Store.connect("sqlite://", SCHEMA) as store:
        store.put(Note(user_id="ann"))
        with (
            store.client._writes,
            in_time(),
            pytest.raises(DeadlineExceeded, match="other threads"),
        ):
            update(store.with_deadline(SECONDS))
        assert update(store).text == "tea"
