"""Learnings: what must hold on every engine."""

from __future__ import annotations

from random import Random

import pytest

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


def learn(db, learning_id="l1", kind="decision_log", content=None, **more):
    db.upsert_learning(learning_id, kind, content or {"said": learning_id}, **more)


def ids(rows):
    return [each["learning_id"] for each in rows]


def test_what_is_kept_of_a_user_is_there_on_the_next_turn(db):
    for turn in range(3):
        content = {"turn": turn}
        learn(db, "user_profile_ann", "user_profile", content, user_id="ann")
        learn(db, "session_context_s1", "session_context", content, session_id="s1")
        found = db.unsettled.get_learning("user_profile", user_id="ann")
        assert found == {"content": content}
        found = db.unsettled.get_learning("session_context", session_id="s1")
        assert found == {"content": content}


def test_what_a_learning_is_about_never_changes(db):
    learn(db, user_id="ann", agent_id="a1", metadata={"m": 1})
    before = db.get_learning_by_id("l1")
    learn(db, kind="user_memory", content={"new": True}, user_id="bob", agent_id="a2")
    after = db.get_learning_by_id("l1")
    assert (after["content"], after["metadata"]) == ({"new": True}, None)
    kept = ("learning_type", "user_id", "agent_id", "created_at")
    assert [after[name] for name in kept] == [before[name] for name in kept]


def test_every_filter_is_applied(db):
    learn(db, "l1", user_id="ann", namespace="user", entity_id="rome")
    learn(db, "l2", user_id="bob", namespace="user", entity_id="rome")
    learn(db, "l3", user_id="ann", namespace="global", entity_id="rome")
    learn(db, "l4", user_id="ann", namespace="user", entity_id="berlin")
    learn(db, "l5", namespace="user", entity_id="rome")
    mine = {"user_id": "ann", "namespace": "user", "entity_id": "rome"}
    assert ids(db.get_learnings(**mine)) == ["l1"]
    assert ids(db.search_learnings("l", **mine)) == ["l1"]
    assert ids(db.list_learnings(**mine)[0]) == ["l1"]
    assert sorted(ids(db.list_learnings(**mine, include_global=True)[0])) == ["l1", "l5"]
    assert db.search_learnings("l", workflow_id="w1") == []


def test_searches_find_texts_in_capitals_or_not_and_names_as_slugs(db):
    learn(db, "l1", content={"name": "Sarah Chen", "likes": "Café"})
    learn(db, "l2", content={"slug": "sarah_chen"})
    learn(db, "l3", content={"text": "100 percent"})
    assert ids(db.search_learnings("SARAH chen")) == ["l1", "l2"]
    assert ids(db.search_learnings("sarah-chen", limit=1)) == ["l1"]
    assert ids(db.search_learnings("CAFÉ")) == ["l1"]
    assert db.search_learnings("100%") == []
    assert db.search_learnings(" % ") == []


def test_deleting_a_users_learnings_leaves_those_of_others(db):
    for number in range(30):
        learn(db, f"l{number}", "user_memory" if number % 2 else "decision_log", user_id="ann")
    learn(db, "his", user_id="bob")
    learn(db, "nobodys")
    assert db.delete_user_learnings("ann", "user_memory") == 15
    assert db.delete_user_learnings("ann") == 15
    assert db.delete_user_learnings("ann") == 0
    assert ids(db.get_learnings()) == ["his", "nobodys"]


def test_an_index_entry_of_before_deletes_nothing_of_another_user(db, settled):
    learn(db, user_id="ann")
    settled()
    db.delete_learning("l1")
    learn(db, user_id="bob")
    db.unsettled.delete_user_learnings("ann")
    assert db.get_learning_by_id("l1")["user_id"] == "bob"
    assert ids(db.unsettled.get_learnings(user_id="ann")) == []


def test_an_update_makes_nothing(db):
    assert db.update_learning("l1", {"new": True}) is False
    assert db.get_learning_by_id("l1") is None
    learn(db)
    assert db.update_learning("l1", {"new": True}, {"m": 1}) is True
    found = db.get_learning_by_id("l1")
    assert (found["content"], found["metadata"]) == ({"new": True}, {"m": 1})
    assert db.delete_learning("l1") is True
    assert db.delete_learning("l1") is False


def test_contents_round_trip_at_any_size(db):
    noise = Random(1).randbytes(450_000).hex()  # does not fit an item, compressed or not
    content = {"noise": noise, "a": [1, 2.5, None, {"b": "é\ud800"}], "": True}
    learn(db, content=content)
    assert db.get_learning_by_id("l1")["content"] == content
    assert db.get_learnings()[0]["content"] == content
    assert ids(db.search_learnings(noise[-50:])) == ["l1"]


def test_totals_are_exact_and_pages_follow_each_other(db):
    for number in range(7):
        learn(db, f"l{number}", user_id="ann" if number < 5 else "bob")
    pages = [db.list_learnings(limit=3, page=page, sort_by="learning_id") for page in (1, 2, 3)]
    assert [ids(rows) for rows, _ in pages] == [["l6", "l5", "l4"], ["l3", "l2", "l1"], ["l0"]]
    assert {total for _, total in pages} == {7}
    rows, total = db.get_learnings_user_stats(limit=1, sort_by="user_id", sort_order="asc")
    assert (rows[0]["user_id"], total) == ("ann", 2)
    with pytest.raises(ValueError, match="without `limit`"):
        db.get_learnings_user_stats(page=2)


def test_racing_writers_make_one_learning(db, open_store):
    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).upsert_learning("l1", "decision_log", {"by": number}, user_id="ann")

    outcomes = at_once(open_store(agent_schema()), call, 20)
    assert [each for each in outcomes if each is not None] == []
    (found,) = db.get_learnings(user_id="ann")
    assert found["content"]["by"] in range(20)


def test_learnings_of_scopes_do_not_meet(open_db):
    one, other = open_db(scope="one"), open_db(scope="other")
    learn(one, "user_profile_ann", "user_profile", user_id="ann")
    assert other.get_learning("user_profile", user_id="ann") is None
    assert other.get_learnings() == []
