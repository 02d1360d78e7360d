"""What users of Agno's own DynamoDB storage meet today, and must not meet here: memories."""

from __future__ import annotations

import pytest
from agno.db.schemas.memory import UserMemory

from dynastore import Store
from dynastore.agents import Memory, agent_schema
from dynastore.integrations.agno import DynastoreDb
from dynastore.testing import recorded

from ..engines import ADAPTER_PAIRS
from .made import BEGAN

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


def memory(number=0, user_id="ann", text="drinks tea", **more):
    more = {"created_at": BEGAN + 60 * number, "topics": ["food"], **more}
    return UserMemory(memory=text, memory_id=f"m{number}", user_id=user_id, **more)


def ids(found):
    return [each.memory_id for each in found]


def test_deleting_memories_of_a_user_leaves_those_of_others(db):
    db.upsert_memories([memory(0, "ann"), memory(1, "bob"), memory(2, None)])
    db.delete_user_memory("m1", user_id="ann")
    db.delete_user_memories(["m0", "m1", "m2", "m9"], user_id="ann")
    assert ids(db.get_user_memories(sort_by="memory_id", sort_order="asc")) == ["m1", "m2"]
    db.delete_user_memories(["m1", "m2"])
    assert db.get_user_memories() == []


def test_nobody_writes_the_memory_of_another_user(db, open_db):
    db.upsert_user_memory(memory(user_id="ann", text="hers"))
    for other in (db, open_db()):
        other.upsert_user_memory(memory(user_id="bob", text="his"))
        other.upsert_memories([memory(user_id="bob", text="his")])
    assert db.get_user_memory("m0", user_id="ann").memory == "hers"
    assert open_db().get_user_memory("m0", user_id="cid") is None


def test_what_was_saved_is_found_at_once(db, open_db):
    for number in range(3):
        db.upsert_user_memory(memory(number))
        other = open_db().unsettled
        assert ids(other.get_user_memories(user_id="ann")) == [f"m{n}" for n in range(number + 1)]
        assert other.get_all_memory_topics(user_id="ann") == ["food"]
        assert other.get_user_memory_stats(user_id="ann")[0][0]["total_memories"] == number + 1


def test_topics_are_searched_exactly_and_texts_in_capitals_or_not(db):
    db.upsert_user_memory(memory(0, topics=["food and drink"], text="Likes É and TEA"))
    db.upsert_user_memory(memory(1, topics=["food", "work"], text="tea at work"))
    for user in ("ann", None):
        assert ids(db.get_user_memories(user_id=user, topics=["food"])) == ["m1"]
        assert ids(db.get_user_memories(user_id=user, topics=["food", "drink"])) == []
        assert len(db.get_user_memories(user_id=user, search_content="tea")) == 2
        assert ids(db.get_user_memories(user_id=user, search_content="é")) == ["m0"]
        assert db.get_user_memories(user_id=user, search_content="%") == []


def test_limits_pages_and_orders_are_honoured(db):
    db.upsert_memories([memory(number) for number in range(7)])
    for user in ("ann", None):

        def page(user=user, **options):
            rows, total = db.get_user_memories(user_id=user, deserialize=False, **options)
            assert total == 7
            return [int(each["memory_id"][1:]) for each in rows]

        assert page(limit=3) == [0, 1, 2]
        assert page(limit=3, page=2, sort_by="created_at", sort_order="desc") == [3, 2, 1]
        assert page(limit=3, page=3, sort_by="created_at", sort_order="asc") == [6]
        assert page(limit=3, page=4) == []
        with pytest.raises(ValueError, match="without `limit`"):
            db.get_user_memories(user_id=user, page=2)


def test_a_change_keeps_the_beginning_and_clears_what_is_left_out(db, open_db):
    db.upsert_user_memory(memory(input="I like tea", feedback="good", agent_id="a1"))
    for other in (db, open_db()):
        changed = UserMemory(memory="no tea", memory_id="m0", user_id="ann")
        row = other.upsert_user_memory(changed, deserialize=False)
        assert (row["created_at"], row["topics"], row["agent_id"]) == (BEGAN, None, None)
        assert (row["memory"], row["input"], row["feedback"]) == ("no tea", None, None)
        assert row["updated_at"] > BEGAN
        assert other.get_user_memories(user_id="ann", deserialize=False) == ([row], 1)
        assert other.get_user_memories(deserialize=False) == ([row], 1)


def test_what_is_known_of_nobody_is_no_users(db):
    db.upsert_user_memory(memory(0, None))
    db.upsert_user_memory(memory(0, "ann"))
    assert len(db.get_user_memories()) == 2
    assert ids(db.get_user_memories(user_id="ann")) == ["m0"]
    assert [each["user_id"] for each in db.get_user_memory_stats()[0]] == ["ann"]
    db.delete_user_memory("m0", user_id="ann")
    assert db.get_user_memory("m0").user_id is None


@pytest.mark.parametrize("user", ["", "\0", "\0\0"])
def test_an_empty_user_id_is_not_that_of_nobody(db, user):
    for number, each in enumerate((None, "", "\0", "\0\0")):
        db.upsert_user_memory(memory(number, each))
    (found,) = db.get_user_memories(user_id=user)
    assert (found.memory_id, found.user_id) == (f"m{1 + len(user)}", user)
    assert db.get_user_memory_stats(user_id=user)[0][0]["user_id"] == user
    assert db.get_user_memory_stats()[1] == 3
    db.delete_user_memory("m0", user_id=user)
    assert db.get_user_memory("m0").user_id is None


def test_statistics_are_of_each_user_the_last_first(db):
    db.upsert_memories([memory(number) for number in range(3)])
    for number, user in enumerate(("bob", "cid")):
        at = BEGAN + 7_200 * number
        db.upsert_memories([memory(9, user, updated_at=at)], preserve_updated_at=True)
    stats, total = db.get_user_memory_stats(limit=2, page=2)
    assert total == 3
    assert stats == [{"user_id": "bob", "total_memories": 1, "last_memory_updated_at": BEGAN}]


def test_a_memory_is_of_any_size_and_gone_with_all_of_it(open_db, open_store):
    db, store = open_db(), open_store(agent_schema())
    large = "".join(f"{number:x} " for number in range(300_000))
    for number, text in enumerate((large, "half of a pair: \ud800", "é")):
        db.upsert_user_memory(memory(number, text=text, input=text))
        found = open_db().get_user_memory(f"m{number}", user_id="ann")
        assert (found.memory, found.input) == (text, text)
    db.clear_memories()
    assert open_db().get_user_memories(user_id="ann") == []
    assert store.query(Memory, user_id="ann").count() == 0


def test_another_process_may_delete_what_this_one_knows(db, open_db):
    db.upsert_user_memory(memory())
    open_db().delete_user_memory("m0", user_id="ann")
    assert db.get_user_memory("m0") is None
    db.upsert_user_memory(memory(text="again"))
    open_db().delete_user_memory("m0", user_id="ann")
    assert db.upsert_user_memory(memory(text="anew")).memory == "anew"


def test_clearing_reads_and_deletes_page_after_page():
    db = DynastoreDb(Store.connect("sqlite://", agent_schema()))
    users = [f"user {number} ".ljust(900, "-") for number in range(500)]  # long: a page has fewer
    for first in range(0, 1_000, 500):
        db.upsert_memories([memory(first + number, user) for number, user in enumerate(users)])
    with recorded(db.store) as sent:
        db.clear_memories()
    assert db.get_user_memories() == []
    kinds = [type(each.request).__name__ for each in sent]
    assert kinds[0] == "Query"
    assert "Query" in kinds[2:]
    assert kinds.count("BatchWriteItem") <= 45
