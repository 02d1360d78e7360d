"""Graphs of components as Agno has them: a version, and what it is made of inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....agents.components.entities import Component, ComponentConfig
from ....agents.components.reading import Place
from .rows import component_row, config_row, link_rows, visible_versions


def graph_of(
    headers: Mapping[str, Component],
    configs: Mapping[Place, ComponentConfig],
    place: Place,
    above: frozenset[str] = frozenset(),
) -> dict[str, Any] | None:
    """The graph of a version.

    Args:
        headers: the components in it, by their ids.
        configs: of the versions in it.
        place: of the version.
        above: ids of the components that it is inside of: of one that is inside itself there is
            only a stub.

    Returns:
        None where there is no such version, or its component is archived.
    """
    component_id, number = place
    if component_id in above:
        return _stub(component_id)
    component, config = headers.get(component_id), configs.get(place)
    if component is None or config is None or component.is_archived:
        return None
    rows = [
        config_row(component, each, config)
        for each in visible_versions(component)
        if each.number == number
    ]
    if not rows:
        return None
    resolved: dict[str, int] = {component_id: number}
    children: list[dict[str, Any]] = []
    for link in link_rows(component_id, config):
        child = link["child_component_id"], link["child_version"]
        graph = graph_of(headers, configs, child, above | {component_id})
        resolved[child[0]] = child[1]
        resolved |= graph["resolved_versions"] if graph else {}
        children.append({"link": link, "graph": graph})
    return {
        "component": component_row(component),
        "config": rows[0],
        "children": children,
        "resolved_versions": resolved,
    }


def _stub(component_id: str) -> dict[str, Any]:
    return {
        "component": {"component_id": component_id},
        "config": None,
        "children": [],
        "resolved_versions": {},
        "cycle_detected": True,
    }
