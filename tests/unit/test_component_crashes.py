"""A process dies between any two requests of a deletion: the component is whole, or none is seen."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.db.base import ComponentType

from dynastore.agents import ComponentConfig, ComponentUse, agent_schema
from dynastore.integrations.agno import DynastoreDb
from tests.dying import DyingClient


def catalog(client):
    """An agent, a team of it, and a team of that team."""
    db = DynastoreDb(client.store(agent_schema()))
    made(db, "agent", None)
    made(db, "team", "agent")
    made(db, "outer", "team")
    db.upsert_config("team", {"id": "team", "more": "x" * 500_000})
    return db


def made(db, component_id, member):
    links = [
        {
            "link_kind": "member",
            "link_key": "m",
            "child_component_id": member,
            "child_version": 1,
            "position": 0,
        }
    ]
    db.create_component_with_config(
        *(component_id, ComponentType.TEAM, component_id, {"id": component_id}),
        stage="published",
        links=links if member else None,
    )


@pytest.mark.parametrize("loses_answer", [False, True])
def test_what_a_broken_deletion_leaves_is_not_seen_and_goes_with_the_next(loses_answer):
    ends = []
    for requests in range(40):
        client = DyingClient()
        db = catalog(client)
        if client.dies(partial(deleted, db, ends), requests, loses_answer=loses_answer):
            is_there = db.get_component("team") is not None
            assert is_there is (db.get_current_config("team") is not None)
            delete(db)
        assert nothing_left(db)
        if ends:
            break
    assert ends == [True]


def deleted(db, ends):
    ends.append(delete(db))


def delete(db):
    return db.delete_component("team", hard_delete=True, require_no_dependents=False)


def nothing_left(db):
    stored = [
        each
        for cls in (ComponentConfig, ComponentUse)
        for each in db.store.query(cls, component_id="team")
    ]
    seen = [db.get_component("team", include_deleted=True), *db.get_dependents("agent")]
    return stored == [] and seen == [None] and db.get_links("outer", 1) == []
