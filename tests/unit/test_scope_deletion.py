"""Deleting a scope, with the test as its runner: what it waits for, and how often."""

from __future__ import annotations

import pytest

from dynastore import Schema, entity, gsi, key
from dynastore.errors import PartialFailure, Unavailable
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.operations.scopes.deleting import COUNTS, LAG, Left, delete_scope
from dynastore.operations.scopes.registry import Known
from dynastore.requests import Scan, Together, Wait
from dynastore.testing import lagging_store, memory_store

pytestmark = pytest.mark.scans


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


SCHEMA = Schema([Note])


def driven(store, on_wait=lambda wait: None, **options):
    """The result of deleting scope "qa", all waits, and all requests; it never sleeps."""
    waits, sent = [], []
    steps = delete_scope(store.schema.scoped("qa"), Known(), ScanOptions(**options))
    answer = None
    while True:
        try:
            asked = steps.send(answer)
        except StopIteration as stop:
            return stop.value, waits, sent
        answer = None
        if isinstance(asked, Wait):
            waits.append(asked)
            on_wait(asked)
            continue
        requests = asked.requests if isinstance(asked, Together) else [asked]
        sent += requests
        answers = [store.client.send(each) for each in requests]
        answer = answers if isinstance(asked, Together) else answers[0]


def furnished(store):
    for number in range(3):
        store.scope("qa").put(Note(name=f"n{number}"))
    return store


def index_scans(sent):
    return sum(isinstance(each, Scan) and each.index.number == 1 for each in sent)


def test_an_index_that_lags_is_waited_for_and_counted_again():
    with furnished(lagging_store(SCHEMA, writes=2)) as store:
        done, waits, sent = driven(store, lambda wait: store.client.catch_up())
        assert done.is_empty
        assert (waits, index_scans(sent)) == ([LAG], 2)


def test_an_index_that_never_shows_it_is_told_at_the_end():
    with furnished(lagging_store(SCHEMA, writes=2)) as store:
        done, waits, sent = driven(store)
        assert done.left == Left(entries=2)
        assert (len(waits), index_scans(sent)) == (COUNTS - 1, COUNTS)


def test_its_rate_is_of_reading_and_deleting_together():
    with furnished(memory_store(SCHEMA)) as store:
        done, waits, _ = driven(store, units_per_second=2.0)
        assert done.is_empty
        # Three notes, a unit in the table and one in the index each; and reading them before.
        assert sum(each.seconds for each in waits) >= 3 * 2 / 2


def test_deletions_go_25_in_a_request():
    with memory_store(SCHEMA) as store:
        store.scope("qa").put_many([Note(name=f"n{number}") for number in range(60)])
        _, _, sent = driven(store)
        batches = [len(each.actions) for each in sent if each.operation == "BatchWriteItem"]
        assert sorted(batches) == [10, 25, 25]


def test_a_batch_that_fails_ends_the_call_and_the_scope_stays_listed():
    with furnished(memory_store(SCHEMA)) as store:
        steps = delete_scope(store.schema.scoped("qa"), Known(), ScanOptions())
        page = store.client.send(next(steps))
        asked = steps.send(page)
        failure = Unavailable("ServiceUnavailable", "later")
        with pytest.raises(Unavailable, match="later"):
            steps.throw(PartialFailure({}, dict.fromkeys(range(len(asked.requests)), failure)))
        assert list(store.scopes()) == ["qa"]
