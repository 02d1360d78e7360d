"""Ids of checkpoints that are used again: what was put under them before is never taken for what is new."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("langgraph.graph", reason="needs the extra dynastore[test]")

from langgraph.checkpoint.base import empty_checkpoint

from dynastore import ref
from dynastore.agents import Thread, agent_schema
from dynastore.errors import PayloadMissing, RequestError
from dynastore.testing import recorded

from .engines import ADAPTER_PAIRS
from .test_langgraph_rows import Calls, config

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LINES = [f"line {at} " * 30 for at in range(20)]


@pytest.fixture
def calls(open_store):
    return Calls(open_store(agent_schema()))


def put(calls, name, before=None, thread="t", *, changed=("log",), version="1", step=1, **values):
    """A checkpoint with a given id; its config."""
    versions = {each: f"{version}.{each in changed}" for each in values}
    checkpoint = empty_checkpoint() | {
        "id": name,
        "ts": "2026-01-01T00:00:00+00:00",
        "channel_values": values,
        "channel_versions": versions,
    }
    new = {each: versions[each] for each in changed}
    metadata = {"source": "loop", "step": step}
    return calls.put(config(thread, "", before), checkpoint, metadata, new)


def values(calls, name, thread="t"):
    return calls.get_tuple(config(thread, "", name)).checkpoint["channel_values"]


def test_a_checkpoint_that_is_put_again_changes_none_that_came_after_it(calls):
    put(calls, "a", log=LINES)
    put(calls, "b", "a", log=[*LINES, "b"], version="2")
    put(calls, "c", "b", log=[*LINES, "b", "c"], version="3")
    other = Calls(calls.store)
    put(other, "b", "a", log=["another"], version="4")
    put(other, "a", log="another", version="5")
    for reader in (calls, other, Calls(calls.store)):
        assert values(reader, "a") == {"log": "another"}
        assert values(reader, "b") == {"log": ["another"]}
        assert values(reader, "c") == {"log": [*LINES, "b", "c"]}
    put(calls, "d", "c", log=[*LINES, "b", "c", "d"], version="6")
    assert values(Calls(calls.store), "d") == {"log": [*LINES, "b", "c", "d"]}


def test_large_values_that_are_put_again_change_none_that_came_after(calls):
    put(calls, "a", log="x" * 300_000)
    put(calls, "b", "a", log="x" * 300_000, note="b", changed=("note",))
    put(Calls(calls.store), "a", log="y" * 300_000, version="2")
    assert values(calls, "a") == {"log": "y" * 300_000}
    assert values(calls, "b") == {"log": "x" * 300_000, "note": "b"}


def test_who_goes_on_from_what_was_put_again_since_goes_on_from_what_it_saw(calls):
    put(calls, "a", log=LINES)
    put(Calls(calls.store), "a", log=["another"], version="2")
    put(calls, "b", "a", log=[*LINES, "b"], version="3")
    assert values(Calls(calls.store), "b") == {"log": [*LINES, "b"]}


def test_a_checkpoint_that_is_put_again_as_it_was_is_left_alone(calls):
    """As after a request whose answer was lost."""
    put(calls, "a", log=LINES)
    put(calls, "b", "a", log=[*LINES, "b"], version="2")
    with recorded(calls.target) as sent:
        put(calls, "b", "a", log=[*LINES, "b"], version="2")
    assert [each.operation for each in sent] == ["PutItem", "GetItem"]
    assert sent[0].error is not None
    assert values(Calls(calls.store), "b") == {"log": [*LINES, "b"]}


def test_a_thread_begun_anew_under_the_same_ids_never_shows_what_was_before(calls):
    put(calls, "a", log=LINES)
    other = Calls(calls.store)
    other.delete_thread("t")
    put(other, "a", log=[*LINES[::-1]], version="2")
    put(calls, "b", "a", log=[*LINES, "b"], version="3")  # it has not heard of it
    reader = Calls(calls.store)
    with pytest.raises(PayloadMissing, match="which checkpoint a holds"):
        reader.get_tuple(config(checkpoint_id="b"))
    (found,) = reader.check("t").findings
    assert (
        str(found)
        == "checkpoint b cannot be read: channel 'log' needs a, which is another one since"
    )
    reader.repair("t")
    assert values(reader, None) == {"log": LINES[::-1]}


def test_a_thread_is_not_copied_over_another_one(calls):
    put(calls, "a", log=LINES)
    put(calls, "a", thread="same ids", log=["another"])
    put(calls, "z", thread="other ids", log=["another"])
    for other in ("same ids", "other ids"):
        with pytest.raises(RequestError, match=f"'{other}' is there, and has other checkpoints"):
            calls.copy_thread("t", other)
    assert values(calls, "a", "same ids") == {"log": ["another"]}
    assert values(calls, "z", "other ids") == {"log": ["another"]}


def test_a_copy_is_made_again_until_it_is_worked_on(calls):
    put(calls, "a", log=LINES)
    for _ in range(2):  # again after a failure
        calls.copy_thread("t", "copy")
    put(calls, "b", "a", log=[*LINES, "b"], version="2")
    calls.copy_thread("t", "copy")
    assert values(calls, "b", "copy") == {"log": [*LINES, "b"]}
    put(calls, "c", "b", thread="copy", log=LINES, version="3")
    with pytest.raises(RequestError, match="other checkpoints than thread 't': 1, such as c of"):
        calls.copy_thread("t", "copy")


def test_a_copy_keeps_its_header_and_no_other_owner_gets_it(calls):
    put(calls, "a", log=LINES)
    calls.copy_thread("t", "copy")
    calls.store.update(ref(Thread, thread_id="copy"), title="mine")
    calls.copy_thread("t", "copy")
    assert calls.store.get(Thread, thread_id="copy").title == "mine"
    calls.store.put(Thread(thread_id="left", user_id="bob", created_at=NOW))
    with pytest.raises(RequestError, match="'left' is there, and is not of the user"):
        calls.copy_thread("t", "left")


def test_what_is_no_thread_is_not_copied(calls):
    put(calls, "a", log=LINES)
    with pytest.raises(RequestError, match="there is no thread 'typo' to copy"):
        calls.copy_thread("typo", "copy")
    with pytest.raises(RequestError, match="'t' is no copy of itself"):
        calls.copy_thread("t", "t")


def test_a_chain_that_begins_at_a_later_id_is_not_read_link_by_link(calls):
    """As where the clock of one host is ahead of that of the next."""
    lines = [*LINES]
    put(calls, "b", log=lines)
    parent = "b"
    for at in range(9):
        lines.append(f"a{at}")
        put(calls, f"a{at}", parent, log=lines, version=f"{at + 2}")
        parent = f"a{at}"
    put(calls, "c", parent, log=lines, note="c", changed=("note",), version="10", step=2)
    reader = Calls(calls.store)
    with recorded(calls.target) as sent:
        found = list(reader.list(config("t"), filter={"step": 2}))
    assert found[0].checkpoint["channel_values"]["log"] == lines
    assert len(sent) <= 4
