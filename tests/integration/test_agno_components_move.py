"""Components of another of Agno's databases move in: versions, links, archived or not, as they were."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from agno.db.base import ComponentType
from agno.db.in_memory import InMemoryDb
from sqlalchemy import text

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.components.entities import Component, ComponentUse
from dynastore.errors import ServiceError
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.moving import components
from dynastore.integrations.agno.moving.migration import Count, Migration
from dynastore.testing import recorded

from .old_agno import COMPONENTS, VERSIONS, fill_components, link, sqlite_db, talk

AGENT, TEAM = ComponentType.AGENT, ComponentType.TEAM
LATER = 4_000_000_000  # seconds since 1970


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def old(tmp_path):
    """A database with components that began at times of their own."""
    made = sqlite_db(tmp_path / "old.db")
    fill_components(made)
    for table, add in (("components", 1), ("component_configs", 20), ("component_links", 300)):
        change(made, f"UPDATE agno_{table} SET created_at = created_at - {add} - rowid")
    return made


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'new.db'}"


def change(old, statement):
    with old.Session() as opened, opened.begin():
        opened.execute(text(statement))


def moved(old, where, **options):
    return Migration(old, where, topics=["components"], **options).run()


def everything(db):
    """All that is told of components, archived or not; of configs and dependents by their ids."""
    rows, total = db.list_components(include_deleted=True, limit=100)
    ids = [each["component_id"] for each in rows]
    places = [(each, number) for each in ids for number in range(1, 6)]
    asked = {"include_config": True, "include_deleted": True}
    return {
        "components": (rows, total),
        "configs": {each: db.list_configs(each, **asked) for each in ids},
        "current": {each: db.get_current_config(each) for each in ids},
        "links": {place: db.get_links(*place) for place in places},
        "dependents": {each: sorted(map(str, db.get_dependents(each))) for each in ids},
        "graphs": {place: db.load_component_graph(*place) for place in places},
    }


def test_all_is_as_it_was(old, where):
    done = moved(old, where)
    assert done.counts["components"] == Count(rows=COMPONENTS, written=COMPONENTS)
    assert done.counts["component versions"] == Count(rows=VERSIONS, written=VERSIONS)
    assert not done.differences
    assert everything(DynastoreDb(where)) == everything(old)


def test_what_is_archived_is_restored_as_it_was(old, where):
    moved(old, where)
    new = DynastoreDb(where)
    for each in (old, new):
        assert each.list_configs("gone") == []
        assert each.restore_component("gone")
    asked = {"include_config": True, "include_deleted": True}
    assert new.list_configs("gone", **asked) == old.list_configs("gone", **asked)
    assert new.get_links("gone", 1) == old.get_links("gone", 1) != []


def test_life_goes_on_where_it_stopped(old, where):
    moved(old, where)
    for db in (old, DynastoreDb(where)):
        assert db.upsert_config("cook", {"n": 5})["version"] == 5
        with pytest.raises(ValueError, match="brigade"):
            db.delete_component("cook")
        assert db.delete_component("brigade", require_no_dependents=False)


def test_moved_twice_it_is_the_same_and_nothing_is_written(old, where):
    moved(old, where)
    store = Store.connect(where, agent_schema())
    before = everything(DynastoreDb(where))
    with recorded(store) as sent:
        done = moved(old, store)
    assert done.total == Count(rows=COMPONENTS + VERSIONS, equal=COMPONENTS + VERSIONS)
    assert {type(each.request).__name__ for each in sent} == {"BatchGetItem"}
    assert moved(old, where, mode="verify").total.differing == 0
    assert everything(DynastoreDb(where)) == before


def test_a_dry_run_writes_nothing(old, where):
    Store.connect(where, agent_schema()).create_table()
    done = moved(old, where, mode="dry-run")
    assert done.total == Count(rows=COMPONENTS + VERSIONS, written=COMPONENTS + VERSIONS)
    assert DynastoreDb(where).list_components(include_deleted=True) == ([], 0)


@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_pages_of_any_size_give_each_component_once(old, where, size):
    done = moved(old, where, page_size=size)
    assert done.counts["components"] == Count(rows=COMPONENTS, written=COMPONENTS)
    assert not done.differences


@pytest.mark.parametrize("writes", range(0, COMPONENTS + VERSIONS, 3))
def test_a_call_that_was_killed_is_made_again(old, where, monkeypatch, writes):
    left = iter(range(writes))
    real = components.save

    def save_until_killed(*args):
        if next(left, None) is None:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(components, "save", save_until_killed)
        with pytest.raises(Killed):
            moved(old, where)
    new = DynastoreDb(where)
    for each in new.list_components()[0]:
        if each["current_version"] is not None:  # what runs is here with all its versions
            asked = {"include_deleted": True}
            found = new.list_configs(each["component_id"], **asked)
            assert found == old.list_configs(each["component_id"], **asked)
    done = moved(old, where)
    assert not done.differences
    assert everything(new) == everything(old)


def test_a_component_takes_a_request_for_each_version_and_one(old, where):
    store = Store.connect(where, agent_schema())
    store.get(Component, component_id="none")  # makes the table
    with recorded(store) as sent:
        moved(old, store)
    kinds = Counter(type(each.request).__name__ for each in sent)
    assert kinds == {"BatchGetItem": 2, "TransactWriteItems": VERSIONS, "PutItem": COMPONENTS}


def test_what_changed_in_the_old_database_since_is_written(old, where):
    moved(old, where)
    change(old, f"UPDATE agno_components SET name = 'Chef', updated_at = {LATER}")
    draft = "component_id = 'cook' AND version = 3"
    values = f"config = '{{}}', label = NULL, updated_at = {LATER}"
    change(old, f"UPDATE agno_component_configs SET {values} WHERE {draft}")
    change(old, "DELETE FROM agno_component_links WHERE child_component_id = 'idea'")
    old.upsert_config("cook", {"n": 5}, links=[link("idea", 0)])
    done = moved(old, where)
    assert done.counts["components"].written == COMPONENTS
    assert done.counts["component versions"].written == 3
    assert not done.differences
    assert everything(DynastoreDb(where)) == everything(old)
    uses = Store.connect(where, agent_schema()).query(ComponentUse, component_id="idea")
    assert [(each.parent_id, each.parent_version) for each in uses] == [("cook", 5)]


def test_what_changed_here_since_stays_and_is_told(old, where):
    change(old, "UPDATE agno_components SET updated_at = 9")
    moved(old, where)
    new = DynastoreDb(where)
    new.upsert_component("cook", name="Chef")
    new.upsert_config("cook", {"n": 33}, version=3)
    done = moved(old, where)
    told = {f"{each.topic} {each.id}": each.what for each in done.differences}
    assert set(told) == {"components cook", "component versions cook/3"}
    assert all("changed here since" in each for each in told.values())
    assert new.get_component("cook")["name"] == "Chef"
    assert new.get_config("cook", 3)["config"] == {"n": 33}


def test_a_version_that_is_lost_here_comes_back_though_the_component_is_newer(old, where):
    change(old, "UPDATE agno_components SET updated_at = 9")
    moved(old, where)
    old.upsert_config("cook", {"n": 5})
    new = DynastoreDb(where)
    new.upsert_component("cook", name="Chef")
    done = moved(old, where)
    assert done.counts["component versions"].written == 1
    assert new.get_config("cook", 5) == old.get_config("cook", 5)
    assert new.get_component("cook")["name"] == "Chef"


def test_a_component_that_is_another_users_here_stays(old, where):
    new = DynastoreDb(where)
    new.create_component_with_config("cook", AGENT, "Eve's", {"n": 0}, user_id="eve")
    done = moved(old, where)
    told = [each for each in done.differences if each.id.startswith("cook")]
    assert len(told) == 5
    assert all("another user's" in each.what for each in told)
    assert [each["config"] for each in new.list_configs("cook", include_config=True)] == [{"n": 0}]


def test_a_component_that_cannot_be_kept_is_told_and_the_others_move(old, where):
    change(old, "UPDATE agno_component_links SET child_version = NULL WHERE position = 2")
    done = moved(old, where)
    told = {f"{each.topic} {each.id}": each.what for each in done.differences}
    assert set(told) == {"components brigade", "component versions brigade/1"}
    assert "the link to by-code says no version" in told["components brigade"]
    assert done.total.written == COMPONENTS + VERSIONS - 2
    assert DynastoreDb(where).get_component("brigade") is None


def test_versions_of_what_is_archived_are_missed_where_nobody_gives_them(tmp_path, where):
    old = DynastoreDb(f"sqlite:///{tmp_path / 'ours.db'}")
    fill_components(old)
    done = moved(old, where)
    (told,) = done.differences
    assert str(told).startswith("components gone: its versions cannot be read while it is archived")
    assert old.restore_component("gone")
    assert not moved(old, where).differences


def test_a_table_that_cannot_be_read_is_an_error(old, where):
    change(old, "ALTER TABLE agno_component_configs RENAME TO elsewhere")
    with pytest.raises(ServiceError, match="component_configs"):
        moved(old, where)


def test_a_database_that_has_no_components_is_told(where):
    old = InMemoryDb()
    talk(old, 0)
    assert moved(old, where).passed["components"] == "InMemoryDb has no list_components()"


def test_times_of_two_clocks_are_the_same(old, where):
    moved(old, where)
    for table in ("components", "component_configs", "component_links"):
        change(old, f"UPDATE agno_{table} SET created_at = created_at + 20")
    assert moved(old, where, mode="verify").total.differing == COMPONENTS + VERSIONS
    assert moved(old, where, mode="verify", clocks=60).total.differing == 0
