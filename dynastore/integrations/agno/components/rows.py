"""Agno's components, configs and links, and ours: pure conversions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agno.db.base import DELETED_CONFIG_STAGE, project_config_identity

from ....agents.components.entities import (
    Component,
    ComponentConfig,
    ComponentLink,
    ComponentOutline,
    ComponentVersion,
)
from ....agents.components.saving import changed, outlined
from ....errors import RequestError, shown
from ..texts import json_bytes, json_value, seconds

LINK_COLUMNS = ("link_kind", "link_key", "child_component_id", "position")


def made_component(
    component_id: str,
    kind: Any,
    name: str | None,
    user_id: str | None,
    told: Mapping[str, Any],
    now: dt.datetime,
) -> Component:
    """A component without a version; without a name it has its id.

    Args:
        component_id: its id.
        kind: Agno's component type.
        name: of the component.
        user_id: whose it is.
        told: its description and metadata.
        now: the time.
    """
    return Component(
        component_id=component_id,
        kind=kind_of(kind),
        user_id=user_id,
        created_at=now.replace(microsecond=0),
        outline=ComponentOutline(component_id=component_id, name=name or component_id),
        content=json_bytes(dict(told)),
    )


def kind_of(component_type: Any) -> str:
    """The kind of a component, by Agno's enum or its value."""
    return str(getattr(component_type, "value", component_type))


def told_of(component: Component) -> dict[str, Any]:
    """The description and metadata of a component."""
    told: dict[str, Any] = json_value(component.content)
    return told


def told_anew(component: Component, given: Mapping[str, Any], now: dt.datetime) -> Component:
    """A component that was just changed: in its ``name``, ``description`` and ``metadata``."""
    named = outlined(component, name=given.get("name", component.name))
    told = {name: each for name, each in given.items() if name != "name"}
    return changed(named, content=json_bytes({**told_of(component), **told}), updated_at=now)


def published(component: Component, number: int, config: Any, now: dt.datetime) -> Component:
    """A component whose current version is one that was just published: called as its config says."""
    owned = project_config_identity(config) if isinstance(config, dict) else {}
    return told_anew(outlined(component, current_version=number), owned, now)


def component_row(component: Component) -> dict[str, Any]:
    """A component's row, as Agno's SQL databases give it."""
    told = told_of(component)
    return {
        "component_id": component.component_id,
        "component_type": component.kind,
        "name": component.name,
        "user_id": component.user_id,
        "description": told["description"],
        "current_version": component.current_version,
        "metadata": told["metadata"],
        "created_at": seconds(component.created_at),
        "updated_at": seconds(component.updated_at),
        "deleted_at": seconds(component.outline.archived_at),
    }


def version_row(component: Component, version: ComponentVersion) -> dict[str, Any]:
    """A config's row, without the config."""
    return {
        "component_id": component.component_id,
        "version": version.number,
        "label": version.label,
        "stage": version.stage,
        "notes": version.notes,
        "created_at": seconds(version.created_at),
        "updated_at": seconds(version.updated_at),
    }


def config_row(
    component: Component, version: ComponentVersion, config: ComponentConfig
) -> dict[str, Any]:
    """A config's row, with the config."""
    return {**version_row(component, version), "config": json_value(config.content)}


def version_of(component: Component, number: int | None) -> ComponentVersion | None:
    """A version by its number, a deleted one too."""
    return next((each for each in component.versions if each.number == number), None)


def visible_versions(component: Component) -> list[ComponentVersion]:
    """The versions that are not deleted, the first one first."""
    return [each for each in component.versions if each.stage != DELETED_CONFIG_STAGE]


def latest_of(component: Component) -> ComponentVersion | None:
    """The last version that is not deleted."""
    return next(reversed(visible_versions(component)), None)


def with_version(component: Component, version: ComponentVersion) -> Component:
    """A component with a version, in place of the one with its number."""
    others = [each for each in component.versions if each.number != version.number]
    return changed(component, versions=sorted([*others, version], key=_number))


def links_are_whole(given: Iterable[Mapping[str, Any]]) -> None:
    """Refuse links that lack a column.

    Raises:
        RequestError: one does.
    """
    for each in given:
        if lacking := [name for name in LINK_COLUMNS if each.get(name) is None]:
            raise RequestError(f"a link of a component needs {shown(lacking)}")


def links_of(given: Iterable[Mapping[str, Any]], now: dt.datetime) -> list[ComponentLink]:
    """Links as they are stored, sorted by position.

    Raises:
        RequestError: there are two with the same kind and key.
    """
    links: dict[tuple[str, str], ComponentLink] = {}
    for each in given:
        link = link_of(each, now)
        if (link.kind, link.name) in links:
            raise RequestError(f"two links of a component are {shown((link.kind, link.name))}")
        links[link.kind, link.name] = link
    return sorted(links.values(), key=_place)


def link_rows(parent_id: str, config: ComponentConfig | None) -> list[dict[str, Any]]:
    """The rows of the links of a version, by position; none where there is no such version."""
    return [] if config is None else [_link_row(parent_id, config, each) for each in config.links]


def children(links: Sequence[ComponentLink]) -> set[str]:
    """Ids of the components that links lead to."""
    return {each.component_id for each in links}


def link_of(given: Mapping[str, Any], now: dt.datetime) -> ComponentLink:
    """A link as it is stored, added at a time."""
    return ComponentLink(
        kind=given["link_kind"],
        name=given["link_key"],
        component_id=given["child_component_id"],
        version=given["child_version"],
        position=given["position"],
        meta=json_bytes(given.get("meta")),
        created_at=now,
    )


def _link_row(parent_id: str, config: ComponentConfig, link: ComponentLink) -> dict[str, Any]:
    return {
        "parent_component_id": parent_id,
        "parent_version": config.version,
        "link_kind": link.kind,
        "link_key": link.name,
        "child_component_id": link.component_id,
        "child_version": link.version,
        "position": link.position,
        "meta": json_value(link.meta),
        "created_at": seconds(link.created_at),
        "updated_at": None,
    }


def _number(version: ComponentVersion) -> int:
    return version.number


def _place(link: ComponentLink) -> tuple[int, str, str]:
    return link.position, link.kind, link.name
