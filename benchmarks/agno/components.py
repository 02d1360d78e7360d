"""Components: one for each hundred of the size, the first with ten versions, 20 of them in a team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.base import ComponentType

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, Measured, Topic, pages, text

EACH = 100  # sessions for one component
VERSIONS = 10
MEMBERS = 20


def config(number: int) -> dict[str, Any]:
    """What a component is made of, by its number."""
    return {"model": "a model", "instructions": text(number), "began": BEGAN + number}


def _team(component_id: str, members: int) -> Any:
    links = [
        {
            "link_kind": "member",
            "link_key": f"m{number}",
            "child_component_id": f"agent-{number}",
            "child_version": 1,
            "position": number,
        }
        for number in range(members)
    ]
    return lambda db, _: db.create_component_with_config(
        component_id, ComponentType.TEAM, "A team", config(0), stage="published", links=links
    )


def _agent(component_id: str) -> Any:
    return lambda db, _: db.create_component_with_config(
        component_id, ComponentType.AGENT, "An agent", config(0), stage="published"
    )


def _list(limit: int) -> Any:
    return lambda db, _: db.list_components(limit=limit)


CALLS: Mapping[str, Measured] = {
    "create_component_with_config": Measured(_agent("new"), lambda _: 1),
    "create_component_with_config, 5 links": Measured(_team("new-team", 5), lambda _: 3),
    "get_component": Measured(lambda db, _: db.get_component("agent-0"), lambda _: 1),
    "get_config, by number": Measured(lambda db, _: db.get_config("agent-0", 1), lambda _: 1),
    "get_current_config": Measured(lambda db, _: db.get_current_config("agent-0"), lambda _: 2),
    "get_latest_configs, 10": Measured(
        lambda db, _: db.get_latest_configs({f"agent-{number}" for number in range(10)}),
        lambda _: 2,
    ),
    "list_components, 20": Measured(_list(20), lambda size: pages(size // EACH) + 1),
    "list_configs": Measured(lambda db, _: db.list_configs("agent-0"), lambda _: 1),
    "upsert_config, a draft": Measured(
        lambda db, _: db.upsert_config("agent-0", config(1)), lambda _: 2
    ),
    "upsert_config, published": Measured(
        lambda db, _: db.upsert_config("agent-0", config(2), stage="published"), lambda _: 2
    ),
    "set_current_version": Measured(
        lambda db, _: db.set_current_version("agent-0", 1), lambda _: 3
    ),
    "get_links": Measured(lambda db, _: db.get_links("team", 1), lambda _: 1),
    "get_dependents": Measured(lambda db, _: db.get_dependents("agent-0"), lambda _: 2),
    "load_component_graph, 20 members": Measured(
        lambda db, _: db.load_component_graph("team"), lambda _: 3
    ),
    "delete_component": Measured(lambda db, _: db.delete_component("new"), lambda _: 6),
    "restore_component": Measured(lambda db, _: db.restore_component("new"), lambda _: 3),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many components."""
    db = DynastoreDb(store)
    for number in range(max(size // EACH, MEMBERS)):
        _agent(f"agent-{number}")(db, size)
    for number in range(1, VERSIONS):
        db.upsert_config("agent-0", config(number))
    _team("team", MEMBERS)(db, size)
    return db


TOPIC = Topic(filled, CALLS)
