"""Configs of components and their links: what Agno's contract asks of its blocking databases."""

from __future__ import annotations

from functools import partial
from typing import Any

from ....agents.components.entities import Component, ComponentVersion
from ....agents.components.reading import Place, component, components, loaded, reached
from ....agents.components.saving import settled
from ....requests import Steps
from ..calls import Calls
from . import rules
from .edits import Asked, delete, dependents, edit
from .graphs import graph_of
from .rows import (
    config_row,
    latest_of,
    link_rows,
    links_are_whole,
    version_of,
    version_row,
    visible_versions,
)


class ConfigCalls(Calls):
    """What components are made of, in versions, and what these refer to."""

    def get_config(
        self,
        component_id: str,
        version: int | None = None,
        label: str | None = None,
        include_deleted: bool = False,
    ) -> Steps[dict[str, Any] | None]:
        """A version of a component that is not archived: one request by its number, or else two.

        Args:
            component_id: of the component.
            version: its number.
            label: or what it is called. Without both it is the current version, or else the last one.
            include_deleted: whether that of a number may be deleted.
        """
        if version is None:
            found = yield from self._live(component_id)
            chosen = None if found is None else _chosen(found, label)
            return (yield from self._config(found, chosen))
        headers, configs = yield from loaded(self.schema, [component_id], [(component_id, version)])
        found, config = _live(headers.get(component_id)), configs.get((component_id, version))
        if found is None or config is None:
            return None
        versions = found.versions if include_deleted else visible_versions(found)
        rows = (config_row(found, each, config) for each in versions if each.number == version)
        return next(rows, None)

    def get_current_config(self, component_id: str) -> Steps[dict[str, Any] | None]:
        """The current version: two requests. None where there is none."""
        found = yield from self._live(component_id)
        current = None if found is None else version_of(found, found.current_version)
        return (yield from self._config(found, current))

    def get_latest_config(self, component_id: str) -> Steps[dict[str, Any] | None]:
        """The last version, be it a draft: two requests."""
        found = yield from self._live(component_id)
        return (yield from self._config(found, None if found is None else latest_of(found)))

    def get_latest_configs(
        self, component_ids: set[str]
    ) -> Steps[dict[str, dict[str, Any] | None]]:
        """The last version of each of some components: two requests for each 100."""
        found = yield from components(self.schema, component_ids)
        latest = {each: latest_of(found[each]) for each in found if _live(found[each])}
        places = [(each, last.number) for each, last in latest.items() if last is not None]
        _, configs = yield from loaded(self.schema, (), places)
        rows: dict[str, dict[str, Any] | None] = dict.fromkeys(component_ids)
        for (each, _), config in configs.items():
            last = latest[each]
            rows[each] = None if last is None else config_row(found[each], last, config)
        return rows

    def list_configs(
        self, component_id: str, include_config: bool = False, include_deleted: bool = False
    ) -> Steps[list[dict[str, Any]]]:
        """The versions of a component, newest first: one request, and one for each 100 with configs."""
        found = yield from self._live(component_id)
        if found is None:
            return []
        versions = [*reversed(found.versions if include_deleted else visible_versions(found))]
        if not include_config:
            return [version_row(found, each) for each in versions]
        places = [(component_id, each.number) for each in versions]
        _, configs = yield from loaded(self.schema, (), places)
        stored = [each for each in versions if (component_id, each.number) in configs]
        return [config_row(found, each, configs[component_id, each.number]) for each in stored]

    def upsert_config(
        self,
        component_id: str,
        config: dict[str, Any] | None = None,
        version: int | None = None,
        label: str | None = None,
        stage: str | None = None,
        notes: str | None = None,
        links: list[dict[str, Any]] | None = None,
        expected_latest_version: int | None = None,
        expected_current_version: int | None = None,
        user_id: str | None = None,
    ) -> Steps[dict[str, Any]]:
        """Add a version, or change a draft: two requests, and a few where links change or it goes live.

        Of writers at the same time each gets a number of its own. A version that is published is
        the current one, and never changes again. It has links to 49 other components at most.

        Raises:
            ValueError: there is no such component or version, or not of this user; the version is
                published; the label is taken; or a link says no version.
            ComponentVersionConflictError: other versions are the last or the current one.
            ComponentArchivedError: it is archived, or something that it refers to.
            ComponentCycleError: it would refer to itself in the end.
            ComponentDependencyError: it is published, and made of what is not, or is archived.
            RequestError: a link lacks a column.
        """
        if stage is not None:
            rules.stage_is_known(stage)
        links_are_whole(links or ())
        attempt = partial(
            edit,
            *(self.schema, component_id, Asked(config, version, label, stage, notes, links)),
            user_id=user_id,
            latest=expected_latest_version,
            current=expected_current_version,
        )
        edited = yield from settled(attempt)
        return config_row(edited.component, edited.version, edited.config)

    def delete_config(
        self, component_id: str, version: int, user_id: str | None = None
    ) -> Steps[bool]:
        """Delete a draft, whose number stays taken: a few requests; whether there was one.

        Raises:
            ComponentDraftRequiredError: it is published.
            ComponentLastConfigError: it is the only one.
            ComponentDependencyError: others refer to it.
            ComponentArchivedError: the component is archived.
        """
        return (yield from settled(partial(delete, self.schema, component_id, version, user_id)))

    def get_links(
        self, component_id: str, version: int, link_kind: str | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """The links of a version, by position: one request."""
        place = component_id, version
        _, configs = yield from loaded(self.schema, (), [place])
        rows = link_rows(component_id, configs.get(place))
        return [each for each in rows if link_kind in (None, each["link_kind"])]

    def get_dependents(
        self, component_id: str, version: int | None = None, active_parents_only: bool = False
    ) -> Steps[list[dict[str, Any]]]:
        """The links that lead to a component: one request, and one for each 50 versions that have them.

        Args:
            component_id: where they lead.
            version: to which version.
            active_parents_only: whether only links of what is not archived or deleted.
        """
        asked = partial(dependents, version=version, is_active=active_parents_only)
        return (yield from asked(self.schema, component_id))

    def load_component_graph(
        self, component_id: str, version: int | None = None, label: str | None = None
    ) -> Steps[dict[str, Any] | None]:
        """A component and all that it is made of: a request for each level, and one without a number.

        Args:
            component_id: of the component.
            version: number of the version.
            label: or what it is called; without both it is the current one.
        """
        number = version
        if number is None:
            found = yield from self._live(component_id)
            number = None if found is None else _number(found, label)
        if number is None:
            return None
        place = component_id, number
        headers, configs = yield from reached(self.schema, place)
        return graph_of(headers, configs, place)

    def _live(self, component_id: str) -> Steps[Component | None]:
        return _live((yield from component(self.schema, component_id)))

    def _config(
        self, found: Component | None, version: ComponentVersion | None
    ) -> Steps[dict[str, Any] | None]:
        if found is None or version is None:
            return None
        place: Place = found.component_id, version.number
        _, configs = yield from loaded(self.schema, (), [place])
        return config_row(found, version, configs[place]) if place in configs else None


def _live(found: Component | None) -> Component | None:
    return None if found is None or found.is_archived else found


def _number(found: Component, label: str | None) -> int | None:
    """The number of the version of a label, or else of the current one."""
    if label is None:
        return found.current_version
    chosen = _chosen(found, label)
    return None if chosen is None else chosen.number


def _chosen(found: Component, label: str | None) -> ComponentVersion | None:
    """The version of a label, or else the current one, or else the last one."""
    if label is not None:
        return next((each for each in visible_versions(found) if each.label == label), None)
    if found.current_version is not None:
        return version_of(found, found.current_version)
    return latest_of(found)
