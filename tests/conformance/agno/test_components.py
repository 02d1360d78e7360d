"""Components: versions that nobody overwrites, and links that never lead to what is gone."""

from __future__ import annotations

import pytest
from agno.agent import Agent
from agno.db.base import (
    ComponentArchivedError,
    ComponentCycleError,
    ComponentDependencyError,
    ComponentType,
    ComponentVersionConflictError,
)
from agno.team import Team

from dynastore.agents import ComponentConfig, ComponentUse, agent_schema
from dynastore.errors import RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.texts import moment
from dynastore.testing import memory_store

from .. import drivers
from .made import BEGAN
from .paused import called, paused

AGENT, TEAM = ComponentType.AGENT, ComponentType.TEAM


@pytest.fixture
def db(open_db):
    found = open_db()
    if isinstance(found.db, AsyncDynastoreDb):
        pytest.skip("Agno's awaited databases have no components")
    return found


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def link(child, *, kind="member", version=1, position=0, **more):
    """A link to a version of another component."""
    return {
        "link_kind": kind,
        "link_key": f"{kind}-{child}",
        "child_component_id": child,
        "child_version": version,
        "position": position,
        **more,
    }


def agent(db, component_id="a", stage="published", **more):
    """An agent with one version."""
    return db.create_component_with_config(
        component_id, AGENT, component_id.upper(), {"id": component_id}, stage=stage, **more
    )


def team(db, component_id="t", members=("a",), stage="published"):
    """A team with one version, of agents or teams."""
    links = [link(each, position=at) for at, each in enumerate(members)]
    return db.create_component_with_config(
        component_id, TEAM, component_id.upper(), {"id": component_id}, stage=stage, links=links
    )


def versions(db, component_id="a", **more):
    return [each["version"] for each in db.list_configs(component_id, **more)]


def test_a_component_and_its_config_are_there_together_at_once(db, open_db):
    made, config = agent(db, metadata={"é": "\ud800"}, label="stable", notes="first")
    other = open_db().unsettled
    assert other.get_component("a") == made
    assert other.get_current_config("a") == config
    assert other.get_config("a", label="stable") == config
    assert config["config"] == {"id": "a"}
    assert made["current_version"] == 1


def test_an_id_is_taken_once(db):
    agent(db, user_id="ann")
    with pytest.raises(ValueError, match="not available"):
        agent(db, user_id="bob")
    db.delete_component("a")
    with pytest.raises(ValueError, match="not available"):
        team(db, "a", ())
    assert db.get_component("a", include_deleted=True)["user_id"] == "ann"


def test_a_config_of_any_size_comes_back(db):
    agent(db)
    large = {"prompt": "é".join(str(each) for each in range(150_000))}
    db.upsert_config("a", large, stage="published")
    assert db.get_current_config("a")["config"] == large
    assert db.get_config("a", version=1)["config"] == {"id": "a"}


def test_a_published_version_never_changes_and_a_draft_does(db):
    agent(db)
    with pytest.raises(ValueError, match="published"):
        db.upsert_config("a", {"id": "b"}, version=1)
    db.upsert_config("a", {"name": "New"})
    assert db.get_component("a")["name"] == "A"
    db.upsert_config("a", version=2, stage="published")
    assert db.get_component("a")["name"] == "New"
    assert db.get_current_config("a")["version"] == 2


def test_a_number_is_never_used_again(db):
    agent(db)
    for _ in range(2):
        db.upsert_config("a", {})
    assert db.delete_config("a", 3) is True
    assert db.upsert_config("a", {})["version"] == 4
    assert versions(db) == [4, 2, 1]
    assert versions(db, include_deleted=True) == [4, 3, 2, 1]
    assert db.get_config("a", version=3) is None
    assert db.get_config("a", version=3, include_deleted=True)["stage"] == "_deleted"


def test_more_than_nine_versions_are_listed_newest_first(db):
    agent(db)
    for number in range(2, 13):
        db.upsert_config("a", {"number": number})
    assert versions(db) == [*range(12, 0, -1)]
    assert db.get_latest_config("a")["config"] == {"number": 12}
    found = db.list_configs("a", include_config=True)
    assert [each["config"].get("number", 1) for each in found] == [*range(12, 0, -1)]


def test_only_a_published_version_can_be_the_current_one(db):
    agent(db)
    db.upsert_config("a", {})
    with pytest.raises(ValueError, match="draft"):
        db.set_current_version("a", 2)
    with pytest.raises(ValueError, match="missing"):
        db.upsert_component("a", current_version=9)
    assert db.set_current_version("a", 9) is False
    assert db.set_current_version("a", 1, user_id="ann") is False
    with pytest.raises(ComponentVersionConflictError):
        db.set_current_version("a", 1, expected_current_version=0)
    assert db.set_current_version("a", 1, expected_current_version=1) is True


def test_what_others_refer_to_is_found_without_an_index_and_stays(db):
    agent(db)
    team(db)
    now = db.unsettled
    assert [each["parent_component_id"] for each in now.get_dependents("a")] == ["t"]
    with pytest.raises(ComponentDependencyError, match="by t"):
        now.delete_component("a")
    assert now.delete_component("t") is True
    assert now.delete_component("a") is True
    with pytest.raises(ComponentDependencyError, match="archived"):
        now.restore_component("t")
    assert now.restore_component("a") is True
    assert now.restore_component("t") is True


def test_a_draft_that_another_component_refers_to_stays(db):
    agent(db, stage="draft")
    db.upsert_config("a", {})
    team(db, stage="draft")
    with pytest.raises(ComponentDependencyError, match="by t"):
        db.delete_config("a", 1)
    db.upsert_config("t", version=1, links=[])
    assert db.get_dependents("a") == []
    assert db.delete_config("a", 1) is True


def test_a_team_is_published_with_published_members_only(db):
    agent(db, stage="draft")
    with pytest.raises(ComponentDependencyError, match="draft"):
        team(db)
    assert db.get_component("t") is None
    team(db, stage="draft")
    with pytest.raises(ComponentDependencyError, match="draft"):
        db.upsert_config("t", version=1, stage="published")
    db.upsert_config("a", version=1, stage="published")
    assert db.upsert_config("t", version=1, stage="published")["stage"] == "published"


def test_links_never_lead_back(db):
    agent(db)
    team(db, "t", ("a",))
    team(db, "u", ("t",))
    for child in ("u", "t", "a"):
        with pytest.raises(ComponentCycleError):
            db.upsert_config("a", {}, links=[link(child)])


def test_links_to_what_is_archived_are_refused(db):
    agent(db)
    db.delete_component("a")
    with pytest.raises(ComponentArchivedError):
        team(db, stage="draft")
    with pytest.raises(ComponentArchivedError):
        db.upsert_config("a", {})


def test_links_that_lack_a_column_or_are_alike_are_refused(db):
    agent(db)
    lacking = {"link_kind": "member", "child_component_id": "b", "child_version": 1, "position": 0}
    with pytest.raises(RequestError, match="link_key"):
        db.upsert_config("a", {}, links=[lacking])
    with pytest.raises(RequestError, match="two links"):
        db.upsert_config("a", {}, links=[link("b"), link("b", position=1)])
    with pytest.raises(ValueError, match="child_version"):
        db.upsert_config("a", {}, links=[link("b", version=None)])


def test_more_links_than_one_transaction_holds_are_refused(db):
    members = [f"by code {number}" for number in range(99)]
    with pytest.raises(RequestError, match="100"):
        team(db, "t", members, stage="draft")
    assert db.get_component("t") is None
    team(db, "t", members[:98], stage="draft")
    assert len(db.get_links("t", 1)) == 98


def test_a_component_that_is_deleted_for_good_leaves_nothing(db, store):
    agent(db)
    team(db)
    team(db, "u", ("t",))
    with pytest.raises(ComponentDependencyError):
        db.delete_component("t", hard_delete=True)
    assert db.delete_component("t", hard_delete=True, require_no_dependents=False) is True
    assert db.get_component("t", include_deleted=True) is None
    assert db.get_links("u", 1) == []
    assert db.get_dependents("a") == []
    for cls in (ComponentConfig, ComponentUse):
        assert [*store.query(cls, component_id="t")] == []
    assert team(db)[0]["current_version"] == 1


@pytest.mark.parametrize("requests", range(1, 20))
def test_a_component_whose_deletion_broke_off_is_never_taken_up_again(requests):
    db = DynastoreDb(memory_store())
    agent(db)
    team(db)
    team(db, "above", members=("t",))
    asked = {"hard_delete": True, "require_no_dependents": False}
    is_done = paused(db.store, called(db, "delete_component", "t", **asked), requests) is None
    found = db.get_component("t", include_deleted=True)
    if found is None:
        assert is_done
        return
    if found["deleted_at"] is None:
        assert db.get_config("t")["config"] == {"id": "t"}
        return
    with pytest.raises(ComponentArchivedError, match="hard_delete=True"):
        db.restore_component("t")
    with pytest.raises(ComponentArchivedError, match="hard_delete=True"):
        db.upsert_config("t", {"id": "another"}, stage="published")
    assert db.delete_component("t", **asked) is True
    assert db.get_component("t", include_deleted=True) is None
    assert db.get_links("above", 1) == []
    assert team(db)[1]["version"] == 1


def test_a_graph_holds_what_a_version_is_made_of(db):
    for each in ("a", "b"):
        agent(db, each)
    team(db, "t", ("a", "b"))
    team(db, "u", ("b", "t", "by code"), stage="draft")
    graph = db.load_component_graph("u", version=1)
    inner = {each["link"]["child_component_id"]: each["graph"] for each in graph["children"]}
    assert [*inner] == ["b", "t", "by code"]
    assert inner["by code"] is None
    assert [each["graph"]["config"]["config"] for each in inner["t"]["children"]] == [
        {"id": "a"},
        {"id": "b"},
    ]
    assert graph["resolved_versions"] == {"u": 1, "b": 1, "t": 1, "a": 1, "by code": 1}
    assert db.load_component_graph("u") is None  # it has no current version


def test_a_graph_begins_with_the_version_of_a_label(db):
    agent(db, label="stable")
    db.upsert_config("a", {"id": "next"}, stage="published", label="next")
    assert db.load_component_graph("a", label="stable")["config"]["version"] == 1
    assert db.load_component_graph("a", label="unknown") is None


def test_a_list_is_of_what_a_user_may_see(db):
    agent(db, "hers", stage="draft", user_id="ann")
    agent(db, "his", stage="draft", user_id="bob")
    agent(db, "live", user_id="bob")
    agent(db, "shared", stage="draft")
    found, total = db.list_components(user_id="ann")
    assert {each["component_id"] for each in found} == {"hers", "live", "shared"}
    assert total == 3
    assert db.get_component("his", user_id="ann") is None
    db.delete_component("live")
    assert db.list_components(user_id="ann", include_deleted=True)[1] == 2
    assert db.delete_component("his", user_id="ann") is False
    with pytest.raises(ValueError, match="not found"):
        db.upsert_config("his", {}, user_id="ann")


def test_a_list_begins_with_the_newest_and_is_given_by_pages(db, open_db):
    for second, ids in enumerate(("bd", "ac")):
        then = open_db(clock=lambda second=second: moment(BEGAN + second + 0.5))
        for each in ids:
            agent(then, each)
    pages = [db.list_components(limit=3, offset=at) for at in (0, 3, 6)]
    assert [[each["component_id"] for each in rows] for rows, _ in pages] == [
        ["a", "c", "b"],
        ["d"],
        [],
    ]
    assert {total for _, total in pages} == {4}
    found, total = db.list_components(name="C", exclude_component_ids={"a"})
    assert ([each["created_at"] for each in found], total) == ([BEGAN + 1], 1)


def scheduled(db, name, **more):
    """A schedule that is enabled."""
    return db.create_schedule(
        {
            "id": name,
            "name": name,
            "endpoint": "/agents/a/runs/",
            "cron_expr": "* * * * *",
            "next_run_at": BEGAN,
            "created_at": BEGAN,
            **more,
        }
    )


@pytest.mark.parametrize("hard_delete", [False, True])
def test_schedules_of_what_is_deleted_are_disabled(db, hard_delete):
    agent(db)
    scheduled(db, "s0")
    scheduled(db, "s1", endpoint="/agents/b/runs")
    told = {}
    assert db.delete_component("a", hard_delete, cascade_stats=told) is True
    assert told == {"schedules_disabled": 1}
    assert db.get_schedule("s0")["disabled_reason"] == "target_archived:agent:a"
    assert db.get_schedule("s1")["enabled"] is True
    told.clear()
    assert db.delete_component("a", hard_delete, cascade_stats=told) is False
    assert told == {}


def test_agents_and_teams_that_are_saved_are_loaded_again(db):
    Team(id="desk", name="Desk", members=[Agent(id="writer", name="Writer")]).save(db=db.db)
    found = Team.load(id="desk", db=db.db)
    assert (found.name, [each.name for each in found.members]) == ("Desk", ["Writer"])


def test_an_awaited_database_says_at_once_that_it_has_none():
    db = AsyncDynastoreDb(memory_store().awaited())
    with pytest.raises(NotImplementedError, match="async"):
        db.get_component("a")


racing = pytest.mark.fault(
    "moto",
    reason="checks and writes in two steps, between which threads interfere",
    strict=False,
)


def at_once(store, call, times):
    """What calls on a database each came to that were made at the same moment."""
    return drivers.at_once(store, lambda store, number: call(DynastoreDb(store), number), times)


@racing
def test_each_of_racing_writers_adds_a_version_of_its_own(db, store):
    agent(db)
    found = at_once(store, lambda db, number: db.upsert_config("a", {"by": number}), 8)
    assert sorted(each["version"] for each in found) == [*range(2, 10)]
    stored = {each["version"]: each["config"] for each in db.list_configs("a", True)}
    for number, each in enumerate(found):
        assert stored[each["version"]] == {"by": number}


@racing
def test_one_of_racing_publishers_that_saw_the_same_version_wins(db, store):
    agent(db)

    def publish(db, number):
        seen = {"expected_current_version": 1, "stage": "published"}
        return db.upsert_config("a", {"by": number}, **seen)

    found = at_once(store, publish, 4)
    won = [each for each in found if isinstance(each, dict)]
    lost = [each for each in found if isinstance(each, ComponentVersionConflictError)]
    assert (len(won), len(lost)) == (1, 3)
    assert db.get_current_config("a") == won[0]
    assert versions(db) == [2, 1]


@racing
def test_one_of_racing_writers_takes_an_id(db, store):
    found = at_once(store, lambda db, number: agent(db, description=str(number)), 4)
    won = [each for each in found if not isinstance(each, BaseException)]
    assert [type(each) for each in found].count(ValueError) == 3
    assert db.get_component("a") == won[0][0]


@racing
def test_a_member_is_archived_or_gets_a_team_but_not_both(db, store):
    for each in ("a0", "a1", "a2"):
        agent(db, each)

        def call(db, number, member=each):
            if number:
                return db.delete_component(member)
            return team(db, f"t-{member}", (member,))

        found = at_once(store, call, 2)
        refused = [isinstance(each, ValueError) for each in found]
        assert refused.count(True) == 1, found
        assert db.get_component(each) is None or db.get_component(f"t-{each}") is not None
