"""What users of Agno's own DynamoDB storage meet today, and must not meet here: sessions and runs."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from agno.run.base import RunStatus
from attrs import evolve

from dynastore import Store
from dynastore.agents import Passage, Run, Session, agent_schema
from dynastore.agents.conversations.clearing import delete_session
from dynastore.agents.conversations.recent import Recent
from dynastore.agents.conversations.repeating import digest_of
from dynastore.agents.conversations.saving import save_many, save_run
from dynastore.errors import ConditionFailed, DynastoreError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.conversations.run_rows import run_of
from dynastore.integrations.agno.conversations.session_rows import header_of
from dynastore.integrations.agno.texts import json_bytes
from dynastore.requests import PutItem, Scan, TransactWriteItems

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN, contents, more_system, run, session

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def test_deleting_sessions_of_a_user_leaves_those_of_others_and_their_runs(db):
    for number, user in enumerate(("ann", "bob")):
        db.upsert_session(session(number, user))
        db.upsert_run(run(of=f"agent-{number}"), f"agent-{number}", user, 0)
    db.delete_sessions(["agent-0", "agent-1"], user_id="ann")
    assert db.delete_session("agent-1", user_id="ann") is False
    assert db.get_session("agent-0") is None
    assert contents(db.get_session("agent-1")) == ["hi"]


def test_a_session_is_another_users_to_write_and_nobody_elses(db, open_db):
    db.upsert_session(session(user_id="ann", name="hers"))
    for other in (db, open_db()):
        assert other.upsert_session(session(user_id="bob", name="his")) is None
        assert other.upsert_session(session(user_id=None, name="nobody's")) is None
        assert other.upsert_sessions([session(user_id="bob")]) == []
        assert other.rename_session("agent-0", None, "his", user_id="bob") is None
    assert db.get_session("agent-0").session_data["session_name"] == "hers"


def test_a_run_is_not_saved_into_another_users_session(db, open_db):
    db.upsert_session(session(user_id="ann"))
    db.upsert_run(run(said="hers"), "agent-0", "ann", 0)
    knows, knows_not = open_db(), open_db()
    assert knows.get_session("agent-0", user_id="bob") is None
    for other in (db, knows, knows_not):
        for number in range(2):  # one that is there, and a new one
            with pytest.raises(ConditionFailed, match="'agent-0' is another user's") as refused:
                other.upsert_run(run(number, said="his"), "agent-0", "bob", number)
            assert refused.value.stored.user_id == "ann"
    assert contents(open_db().get_session("agent-0")) == ["hers"]


def test_a_run_is_saved_into_ones_own_session_and_nobodys_and_by_nobody(db, open_db):
    db.upsert_session(session(user_id="ann"))
    db.upsert_session(session(1, user_id=None))
    for number, (of, user) in enumerate([(0, "ann"), (0, None), (1, "ann"), (1, None), (2, "bob")]):
        open_db().upsert_run(run(number, of=f"agent-{of}", said=user), f"agent-{of}", user, number)
    db.upsert_session(session(2, user_id="bob"))
    found = [contents(open_db().get_session(f"agent-{of}")) for of in range(3)]
    assert found == [["ann", None], ["ann", None], ["bob"]]


def test_a_session_that_is_given_to_another_user_takes_that_users_runs(db):
    db.upsert_session(session(user_id="ann"))
    assert db.reassign_session_owner("agent-0", previous_user_id="ann", user_id="bob")
    db.upsert_run(run(said="his"), "agent-0", "bob", 0)
    with pytest.raises(ConditionFailed):
        db.upsert_run(run(1, said="hers"), "agent-0", "ann", 1)
    assert contents(db.get_session("agent-0")) == ["his"]


def test_history_is_never_stale_on_the_next_turn(db, open_db):
    for number in range(5):
        db.upsert_session(session())
        db.upsert_run(run(number, said=number), "agent-0", "ann", number)
        assert contents(open_db().get_session("agent-0")) == [*range(number + 1)]


def test_session_data_round_trips(db):
    data = {"session_name": "Trip", "session_state": {"a": [1, 2.5, None, {"b": "é\ud800"}]}}
    db.upsert_session(session(session_data=data, metadata={"k": {"deep": True}}))
    for found in (
        db.get_session("agent-0", deserialize=False),
        db.get_sessions(deserialize=False)[0][0],
    ):
        assert found["session_data"] == data
        assert found["metadata"] == {"k": {"deep": True}}


def test_what_is_left_out_of_session_data_is_gone_and_none_clears(db):
    db.upsert_session(session(session_data={"a": 1, "session_name": "n"}, metadata={"m": 1}))
    db.upsert_session(session(session_data={"b": 2}))
    found = db.get_session("agent-0", deserialize=False)
    assert (found["session_data"], found["metadata"]) == ({"b": 2}, None)


def test_limits_pages_and_orders_are_honoured(db):
    db.upsert_sessions([session(number) for number in range(7)])
    db.upsert_session(session(2))  # now the one that was updated last

    def ids(**options):
        rows, total = db.get_sessions(deserialize=False, **options)
        assert total == 7
        return [int(each["session_id"].removeprefix("agent-")) for each in rows]

    assert ids(limit=3, sort_by="created_at", sort_order="asc") == [0, 1, 2]
    assert ids(limit=3, page=2, sort_by="created_at", sort_order="desc") == [3, 2, 1]
    assert ids(limit=3, page=3, sort_by="created_at", sort_order="desc") == [0]
    assert ids(limit=1, sort_by="updated_at", sort_order="desc") == [2]
    with pytest.raises(ValueError, match="without `limit`"):
        db.get_sessions(page=2)


def test_names_are_searched_in_capitals_or_not(db):
    for number, name in enumerate(("Trip to ROME", "budget", None)):
        db.upsert_session(session(number, name=name))
    found = db.get_sessions(session_name="rome", include_runs=False)
    assert [each.session_id for each in found] == ["agent-0"]


def test_every_filter_is_applied(db):
    db.upsert_session(session(0, "ann", component="a1"))
    db.upsert_session(session(1, "ann", component="a2"))
    db.upsert_session(session(2, "bob", component="a1"))
    db.upsert_session(session(0, "ann", kind="team", component="a1"))
    found = db.get_sessions(user_id="ann", component_id="a1", start_timestamp=BEGAN - 1)
    assert {each.session_id for each in found} == {"agent-0", "team-0"}


def test_an_index_entry_of_before_shows_no_session_of_another_user(db, settled):
    db.upsert_session(session(0, "ann"))
    settled()
    given = {"previous_user_id": "ann", "user_id": "bob"}
    assert db.reassign_session_owner("agent-0", **given) is True
    rows, _ = db.unsettled.get_sessions(user_id="ann", deserialize=False)
    assert rows == []


def test_a_session_is_of_any_size(db, open_db):
    large = "x" * 900_000 + "é"
    db.upsert_session(session(session_data={"session_state": {"text": large}}))
    db.upsert_run(run(said=large), "agent-0", "ann", 0)
    db.upsert_run(run(1, said="small"), "agent-0", "ann", 1)
    found = open_db().get_session("agent-0")
    assert found.session_data["session_state"]["text"] == large
    assert contents(found) == [large, "small"]


@pytest.mark.scans
def test_a_deleted_session_leaves_nothing(db, store):
    noise = Random(1).randbytes(450_000).hex()  # does not fit an item, compressed or not
    db.upsert_session(session())
    db.upsert_run(run(said=noise), "agent-0", "ann", 0)
    db.upsert_run(run(1), "agent-0", "ann", 1)
    assert store.run(_items(store)) > 4
    assert db.delete_session("agent-0") is True
    assert store.run(_items(store)) == 0


def _items(store):
    page = yield from Scan(store.schema.table.name)
    return len(page.items)


def test_50_racing_writers_lose_no_run(db, store):
    db.upsert_session(session())

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).upsert_run(run(number, said=number), "agent-0", "ann", number)

    outcomes = at_once(store, call, 50)
    assert [each for each in outcomes if isinstance(each, BaseException)] == []
    assert contents(db.get_session("agent-0")) == [*range(50)]


def test_only_one_of_racing_cancellations_wins(db, open_db):
    db.upsert_session(session())
    db.upsert_run(run(status=RunStatus.pending, said=None), "agent-0", "ann", 0)
    others = [open_db() for _ in range(3)]
    asked = {"session_id": "agent-0", "reason": "stale", "user_id": "ann"}
    won = [each.cancel_pending_run("agent-0-run-0", **asked) for each in (db, *others)]
    assert won == [True, False, False, False]
    found = db.get_run("agent-0-run-0", deserialize=False)
    assert (found["status"], found["run_data"]["content"]) == ("CANCELLED", "stale")


def test_a_session_with_an_active_run_keeps_its_owner(db):
    db.upsert_session(session())
    db.upsert_run(run(status=RunStatus.running), "agent-0", "ann", 0)
    given = {"previous_user_id": "ann", "user_id": "bob"}
    assert db.reassign_session_owner("agent-0", **given) is False
    db.upsert_run(run(), "agent-0", "ann", 0)
    assert db.reassign_session_owner("agent-0", **given) is True
    assert db.reassign_session_owner("agent-0", **given) is False
    assert db.get_session("agent-0", user_id="bob") is not None


def test_a_run_that_is_saved_again_keeps_its_place(db, open_db):
    db.upsert_session(session())
    for number in range(3):
        db.upsert_run(run(number, said=number), "agent-0", "ann", number)
    open_db().upsert_run(run(1, said="changed"), "agent-0", "ann", 99)
    assert contents(open_db().get_session("agent-0")) == [0, "changed", 2]


def test_runs_of_one_second_are_in_their_order(db):
    db.upsert_session(session())
    for number in (0, 1, 2, 10, 11):
        one = run(number, said=number, created_at=BEGAN)
        db.upsert_run(one, "agent-0", "ann", number)
    assert contents(db.get_session("agent-0")) == [0, 1, 2, 10, 11]
    assert contents(db.get_session("agent-0", runs_limit=2)) == [10, 11]


def test_the_last_runs_are_those_of_the_history(db):
    db.upsert_session(session())
    for number in range(12):
        status = RunStatus.error if number > 8 else RunStatus.completed
        parent = "agent-0-run-0" if number == 7 else None
        one = run(number, said=number, status=status, parent_run_id=parent)
        db.upsert_run(one, "agent-0", "ann", number)
    assert contents(db.get_session("agent-0", runs_limit=2)) == [6, 8]
    assert contents(db.get_session("agent-0", runs_limit=0)) == []


def test_a_run_may_be_saved_before_its_session(db, open_db):
    db.upsert_run(run(), "agent-0", "ann", 0)
    assert db.get_session("agent-0") is None
    db.upsert_session(session())
    assert contents(open_db().get_session("agent-0")) == ["hi"]


def test_runs_without_a_place_get_the_next(db, open_db):
    db.upsert_session(session())
    db.upsert_run({"run_id": "r1", "agent_id": "a1", "content": 1}, "agent-0")
    open_db().upsert_run({"run_id": "r2", "agent_id": "a1", "content": 2}, "agent-0")
    open_db().upsert_run({"run_id": "r1", "agent_id": "a1", "content": 3}, "agent-0")
    rows, total = db.get_runs(session_id="agent-0", deserialize=False)
    assert [(each["run_id"], each["run_index"]) for each in rows] == [("r1", 0), ("r2", 1)]
    assert (rows[0]["run_data"]["content"], total) == (3, 2)
    with pytest.raises(ValueError, match="run_id"):
        db.upsert_run({"content": 4}, "agent-0")


def test_a_rename_changes_nothing_else(db, open_db):
    db.upsert_session(session(name="old"))
    reader = open_db()
    reader.get_session("agent-0")
    db.upsert_session(session(session_data={"session_state": {"turn": 9}, "session_name": "old"}))
    renamed = reader.rename_session("agent-0", None, "new")
    assert renamed.session_data == {"session_state": {"turn": 9}, "session_name": "new"}


def test_scopes_do_not_meet(open_db):
    one, other = open_db(scope="one"), open_db(scope="other")
    one.upsert_session(session())
    assert other.get_session("agent-0") is None
    assert other.get_sessions() == []
    assert one.db.id != other.db.id


def test_versions_of_tables_are_kept(db):
    assert db.table_exists("agno_sessions") is True
    assert db.get_latest_schema_version("agno_sessions") == "3.0.0"
    db.upsert_schema_version("agno_sessions", "3.1.0")
    assert db.get_latest_schema_version("agno_sessions") == "3.1.0"


def test_a_system_message_is_kept_once_and_is_in_every_run(db, open_db, store):
    db.upsert_session(session())
    for number in range(4):
        db.upsert_run(run(number), "agent-0", "ann", number)
    expected = run(3).to_dict()["messages"]
    runs = store.query(Run, session_id="agent-0")
    assert len([each for each in runs if each.passage_at is not None]) == 3
    assert store.query(Passage, session_id="agent-0").count() == 1
    for other in (db, open_db()):
        messages = [
            other.get_session("agent-0", deserialize=False)["runs"][3]["messages"],
            other.get_session("agent-0", runs_limit=1, deserialize=False)["runs"][0]["messages"],
            other.get_run("agent-0-run-3", deserialize=False)["run_data"]["messages"],
            other.get_runs("agent-0", deserialize=False)[0][3]["run_data"]["messages"],
            other.get_runs(user_id="ann", deserialize=False)[0][3]["run_data"]["messages"],
        ]
        assert messages == [expected] * 5


def test_a_cancelled_run_keeps_its_system_message(db):
    db.upsert_session(session())
    for number in range(2):
        one = run(number, status=RunStatus.pending, said=None)
        db.upsert_run(one, "agent-0", "ann", number)
    asked = {"session_id": "agent-0", "reason": "stale", "user_id": "ann"}
    assert db.cancel_pending_run("agent-0-run-1", **asked) is True
    found = db.get_run("agent-0-run-1", deserialize=False)["run_data"]
    assert (found["content"], found["messages"]) == (
        "stale",
        run(1, said=None).to_dict()["messages"],
    )


def test_a_session_that_is_made_again_has_its_system_message(db, open_db):
    for number in range(2):
        db.upsert_session(session())
        db.upsert_run(run(number), "agent-0", "ann", number)
    open_db().delete_session("agent-0")
    for number in range(2):
        db.upsert_session(session())
        db.upsert_run(run(number), "agent-0", "ann", number)
    runs = open_db().get_session("agent-0", deserialize=False)["runs"]
    assert [each["messages"] for each in runs] == [run(n).to_dict()["messages"] for n in range(2)]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_run_that_two_sessions_were_given_is_deleted_of_both(db, open_db, is_known):
    for number in range(2):
        db.upsert_session(session(number))
        db.upsert_run(run(), f"agent-{number}", "ann", 0)
    assert (db if is_known else open_db()).delete_run("agent-0-run-0") is True
    assert [open_db().get_runs(session_id=f"agent-{number}") for number in range(2)] == [[], []]


def turn(db, number, found=None, **more):
    """A turn as Agno saves it."""
    db.upsert_session(found or session())
    db.upsert_run(run(number, said=number, **more), "agent-0", "ann", number)


def test_a_system_message_that_differs_by_turn_stays_in_its_run(db, open_db, store):
    for number in range(9):
        system = [{"role": "system", "content": f"It is {number}. " * 200}]
        db.upsert_session(session())
        for status in ("RUNNING", "COMPLETED"):
            made = {"run_id": f"r{number}", "agent_id": "a1", "status": status, "messages": system}
            made["created_at"] = BEGAN + number
            db.upsert_run(made, "agent-0", "ann", number)
    assert store.query(Passage, session_id="agent-0").count() == 0
    (last,) = open_db().get_session("agent-0", runs_limit=1, deserialize=False)["runs"]
    assert last["messages"][0]["content"].startswith("It is 8.")


def test_what_is_begun_anew_while_its_session_is_deleted_stays(db, open_db, store):
    for number in range(3):
        turn(db, number)
    stale = open_db()
    known = stale.get_session("agent-0")
    deleting = delete_session(store.schema, Recent(), "agent-0")
    request = deleting.send(None)
    while True:
        other = open_db()
        if (found := other.get_session("agent-0")) is None or 9 in contents(found):
            turn(other, 9)
            turn(other, 10)
        try:
            request = deleting.send(store.run(_sent(request)))
        except StopIteration:
            break
    turn(stale, 1, known)
    found = open_db().get_session("agent-0", deserialize=False)["runs"]
    assert [each["content"] for each in found] == [1, 9, 10]
    assert {each["messages"][0]["content"] for each in found} == {more_system("agent")}


def _sent(request):
    return (yield request)


@pytest.mark.scans
def test_a_delete_that_died_is_finished_by_the_owner_and_nobody_else_reads_the_rest(
    db, open_db, store
):
    for number in range(3):
        turn(db, number)
    store.delete(store.get(Session, session_id="agent-0"))
    open_db().upsert_session(session(user_id="bob"))
    assert contents(open_db().get_session("agent-0")) == []
    assert open_db().get_runs("agent-0") == []
    store.delete(store.get(Session, session_id="agent-0"))
    assert open_db().delete_session("agent-0", user_id="bob") is False
    assert open_db().delete_session("agent-0", user_id="ann") is True
    assert store.run(_items(store)) == 0


@pytest.mark.scans
def test_passages_of_runs_that_are_gone_go_with_the_session(db, open_db, store):
    for number in range(3):
        turn(db, number)
    for number in range(3):
        db.delete_run(f"agent-0-run-{number}")
    assert store.query(Passage, session_id="agent-0").count() == 1
    assert open_db().delete_session("agent-0", user_id="ann") is True
    assert store.run(_items(store)) == 0


def test_sessions_that_are_made_meanwhile_are_changed(db, open_db, store):
    headers = [header_of(session(number), dt.datetime.now(dt.UTC)) for number in range(2)]
    saving = save_many(store.schema, Recent(), headers)
    request, answer = saving.send(None), None
    while not isinstance(request, TransactWriteItems):
        answer = store.run(_sent(request))
        request = saving.send(answer)
    open_db().upsert_session(session(0))
    saving = _gone_on(saving, request)
    assert [each.session_id for each in store.run(saving)] == ["agent-0", "agent-1"]


def _gone_on(steps, request):
    """An operation from one of its requests on."""
    while True:
        try:
            answer = yield request
        except DynastoreError as error:
            request = steps.throw(error)
            continue
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            return stop.value


@pytest.mark.parametrize("name", ["half \ud800", "x" * 500_000])
def test_a_name_that_is_no_title_is_kept(db, open_db, name):
    db.upsert_session(session(name=name))
    assert open_db().get_session("agent-0").session_data["session_name"] == name
    db.upsert_session(session(name="short"))
    assert open_db().get_session("agent-0").session_data["session_name"] == "short"


def test_a_run_that_another_process_completed_elsewhere_is_not_cancelled(db, open_db):
    db.upsert_session(session())
    db.upsert_run(run(status=RunStatus.pending), "agent-0", "ann", 0)
    open_db().upsert_run(run(created_at=BEGAN + 5), "agent-0", "ann", 0)
    asked = {"session_id": "agent-0", "reason": "stale", "user_id": "ann"}
    reader = open_db()
    reader.get_session("agent-0")
    for each in (db, reader, open_db()):
        assert each.cancel_pending_run("agent-0-run-0", **asked) is False
    assert db.delete_run("agent-0-run-0") is True
    assert contents(open_db().get_session("agent-0")) == []


def test_a_session_of_another_framework_is_shown_without_data(db, store):
    db.upsert_session(session())
    began = dt.datetime.fromtimestamp(BEGAN, dt.UTC)
    store.put(Session(session_id="other", user_id="ann", content=b"\x80raw", created_at=began))
    rows, total = db.get_sessions(user_id="ann", deserialize=False)
    assert (total, {each["session_id"] for each in rows}) == (2, {"agent-0", "other"})
    assert db.get_session("other").session_data is None
    assert len(db.calculate_metrics()) == 1


def test_a_run_that_begins_again_elsewhere_is_still_one_run(db, open_db):
    db.upsert_session(session())
    for number in range(2):
        db.upsert_run(run(number, said=number), "agent-0", "ann", number)
    open_db().upsert_run(run(0, said="again", created_at=BEGAN + 99), "agent-0", "ann", 0)
    for other in (db, open_db()):
        assert contents(other.get_session("agent-0")) == ["again", 1]
        assert other.get_runs("agent-0", deserialize=False)[1] == 2
    assert open_db().get_run("agent-0-run-0").content == "again"
    open_db().delete_runs(["agent-0-run-0"])
    assert contents(open_db().get_session("agent-0")) == [1]


def test_the_last_runs_are_whole_where_one_began_several_times(db, open_db):
    db.upsert_session(session())
    db.upsert_run(run(0, said=0), "agent-0", "ann", 0)
    for number in range(5):
        again = run(1, said=number, created_at=BEGAN + 100 + number)
        open_db().upsert_run(again, "agent-0", "ann", 1)
    assert contents(open_db().get_session("agent-0", runs_limit=2)) == [0, 4]


def test_runs_of_a_user_are_as_they_were_saved_last(db, open_db):
    db.upsert_session(session())
    db.upsert_run(run(0, said="first"), "agent-0", "ann", 0)
    open_db().upsert_run(run(0, said="again", created_at=BEGAN + 99), "agent-0", "ann", 0)
    rows, total = open_db().get_runs(user_id="ann", deserialize=False)
    assert [(each["run_data"]["content"], each["created_at"]) for each in rows] == [
        ("again", BEGAN)
    ]
    assert total == 1


def test_runs_of_one_id_in_two_sessions_are_both_listed(db):
    for number in range(2):
        db.upsert_session(session(number))
        db.upsert_run(run(said=number), f"agent-{number}", "ann", 0)
    assert [each.content for each in db.get_runs(user_id="ann")] == [0, 1]


def test_a_run_after_those_that_were_there_before_its_session_has_its_own_passage(
    db, open_db, store
):
    for number in range(2):
        db.upsert_run(run(number), "agent-0", "ann", number)
    _cut(store)
    open_db().upsert_session(session())
    db = open_db()
    assert len(db.get_session("agent-0").runs) == 2
    for number in (2, 3):
        db.upsert_run(run(number), "agent-0", "ann", number)
    for number in range(4):
        found = open_db().get_run(f"agent-0-run-{number}", deserialize=False)["run_data"]
        assert found["messages"] == run(number).to_dict()["messages"]


def _cut(store):
    """Keep the system message of runs apart that have no session, as moving them in does."""
    text = json_bytes(more_system("agent"))[1:-1]
    store.put(Passage(session_id="agent-0", digest=digest_of(text), text=text))
    for each in [*store.query(Run, session_id="agent-0")]:
        at = each.content.find(text)
        rest = each.content.replace(text, b"")
        store.put(evolve(each, content=rest, passage=digest_of(text), passage_at=at))


def test_runs_that_two_processes_save_at_once_without_a_place_are_in_order_of_time(db, store):
    db.upsert_session(session())
    saving = []
    for number in (1, 0):
        new = run_of(run(number, said=number), "agent-0", "ann", None, dt.datetime.now(dt.UTC))[0]
        steps = save_run(store.schema, Recent(), new, dated=True)
        request = steps.send(None)
        while not isinstance(request, PutItem):
            request = steps.send(store.run(_sent(request)))
        saving.append(_gone_on(steps, request))
    for each in saving:
        store.run(each)
    rows, _ = db.get_runs("agent-0", deserialize=False)
    assert [(each["run_index"], each["run_data"]["content"]) for each in rows] == [(0, 0), (0, 1)]
    assert contents(db.get_session("agent-0", runs_limit=1)) == [1]
    db.upsert_run(run(2, said=2), "agent-0", "ann")
    assert contents(db.get_session("agent-0")) == [0, 1, 2]


def test_a_run_that_was_there_before_its_session_keeps_its_system_message(db, open_db):
    db.upsert_run(run(0, status=RunStatus.paused), "agent-0", "ann", 0)
    db.upsert_session(session())
    for number in (1, 2, 0):
        db.upsert_run(run(number), "agent-0", "ann", number)
    found = open_db().get_run("agent-0-run-0", deserialize=False)["run_data"]
    assert found == run(0).to_dict()
