"""A process dies between any two requests of archiving, or of bringing back: nothing is lost of it.

Of threads and of sessions alike; `test_thread_archive_crashes` and `test_session_archive_crashes` have
what differs.
"""

from __future__ import annotations

import pytest

from dynastore.agents import cold
from tests.archived import Sessions, Threads, a_client, a_clock, a_store  # noqa: F401 (fixtures)
from tests.cold import COLD, LATER
from tests.dying import answers, dying


@pytest.fixture(params=[Threads, Sessions])
def kind(request, monkeypatch):
    made = request.param()
    if request.param is Sessions:
        monkeypatch.setattr(cold, "TOGETHER", 3)  # its runs are few
    return made


def test_what_is_cold_leaves_the_table_and_comes_back_whole(store, clock, kind):
    kind.made(store)
    before, items, ids = kind.seen(store), kind.here(store), kind.listed(store)
    clock.now = LATER
    done = kind.archive(store)
    assert (done.seen, done.archived, done.items) == (1, 1, len(items))
    assert kind.here(store) == set()
    assert kind.listed(store) == ids
    assert kind.state(store) == "archived"  # a list does not bring one back
    assert kind.seen(store) == before
    assert (kind.here(store), kind.state(store)) == (items, "back")


@answers
def test_an_archiving_that_died_leaves_all_of_it_and_is_taken_up(
    store, client, clock, kind, loses_answer
):
    kind.made(store)
    before = kind.seen(store)
    clock.now = LATER
    states = [
        kind.state(store)
        for _ in dying(client, lambda: kind.archive(store), loses_answer=loses_answer)
    ]
    assert len(states) >= kind.archiving_requests
    assert {None, "leaving"} <= {*states}
    assert (kind.state(store), kind.here(store)) == ("archived", set())
    assert kind.seen(store) == before


@answers
def test_what_an_archiving_that_died_anywhere_left_can_be_read(
    store, client, clock, kind, loses_answer
):
    kind.made(store)
    before, newest, items = kind.seen(store), kind.newest(store), kind.here(store)
    clock.now = LATER
    for requests in range(100):
        died = client.dies(lambda: kind.archive(store), requests, loses_answer=loses_answer)
        assert kind.newest(store) == newest
        assert kind.seen(store) == before
        assert kind.here(store) == items
        if not died:
            break
        assert kind.state(store) in {None, "back"}
        clock.now += COLD.older_than * 2
    assert requests >= kind.archiving_requests


@answers
def test_a_return_that_died_leaves_all_of_it(store, client, clock, kind, loses_answer):
    kind.made(store)
    before, items = kind.seen(store), kind.here(store)
    clock.now = LATER
    kind.archive(store)
    states = [
        kind.state(store)
        for _ in dying(client, lambda: kind.restore(store), loses_answer=loses_answer)
    ]
    assert len(states) >= kind.returning_requests
    assert {*states} <= {"archived", "returning", "back"}
    assert kind.here(store) == items
    assert kind.seen(store) == before


def test_what_came_back_stays_until_it_is_cold_again(store, clock, kind):
    kind.made(store)
    clock.now = LATER
    kind.archive(store)
    kind.seen(store)
    assert kind.archive(store).archived == 0
    clock.now += COLD.older_than * 1.1
    assert kind.archive(store).archived == 1
