"""Components: what Agno's contract asks of them, which only that of its blocking databases does."""

from __future__ import annotations

from functools import partial
from typing import Any

from agno.db.base import ComponentType

from ....agents.components.reading import component, components, entries
from ....agents.components.saving import settled
from ....requests import Now, Steps
from ..calls import Calls
from ..current import given_values
from ..paging import page_of
from . import rules
from .edits import Asked, create
from .lives import Deletion, delete, make_current, restore, upsert
from .rows import component_row, config_row, kind_of, links_are_whole, made_component
from .sought import SoughtComponents


class ComponentCalls(Calls):
    """Agents, teams and workflows that are kept as data."""

    def get_component(
        self,
        component_id: str,
        component_type: ComponentType | None = None,
        user_id: str | None = None,
        include_deleted: bool = False,
    ) -> Steps[dict[str, Any] | None]:
        """A component that a user may see: one request.

        Args:
            component_id: its id.
            component_type: what it must be.
            user_id: who wants it: their own, a shared one, or one that is live.
            include_deleted: whether it may be archived.
        """
        kind = None if component_type is None else kind_of(component_type)
        sought = SoughtComponents(kind, user_id, include_deleted)
        found = yield from component(self.schema, component_id)
        return None if found is None or not sought.has(found) else component_row(found)

    def list_components(
        self,
        component_type: ComponentType | None = None,
        include_deleted: bool = False,
        limit: int = 20,
        offset: int = 0,
        exclude_component_ids: set[str] | None = None,
        user_id: str | None = None,
        name: str | None = None,
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """Components that a user may see, newest first, and how many there are.

        One request for each 3,700 that there are, and one for each 100 that are given back. They
        are found by an index, which may lag by a second; what is given back is current.
        """
        kind = None if component_type is None else kind_of(component_type)
        excluded = frozenset(exclude_component_ids or ())
        sought = SoughtComponents(kind, user_id, include_deleted, name, excluded)
        found = [each for each in (yield from entries(self.schema)) if sought.has_entry(each)]
        ordered = sorted(sorted(found, key=_id), key=_made, reverse=True)
        ids = [_id(each) for each in page_of(ordered[max(offset, 0) :], limit, 1)]
        current = yield from components(self.schema, ids)
        rows = [current[each] for each in ids if each in current]
        return [component_row(each) for each in rows if sought.has(each)], len(ordered)

    def upsert_component(
        self,
        component_id: str,
        component_type: ComponentType | None = None,
        name: str | None = None,
        description: str | None = None,
        current_version: int | None = None,
        metadata: dict[str, Any] | None = None,
        user_id: str | None = None,
    ) -> Steps[dict[str, Any]]:
        """Make a component, or change what is given of it: two requests.

        Raises:
            ValueError: it is new and of no type, or another user's, or of another type; or the
                version is not published.
            ComponentArchivedError: it is archived.
        """
        given = given_values(name=name, description=description, metadata=metadata)
        attempt = partial(
            upsert,
            *(self.schema, component_id, component_type, given),
            current=current_version,
            user_id=user_id,
        )
        return component_row((yield from settled(attempt)))

    def create_component_with_config(
        self,
        component_id: str,
        component_type: ComponentType,
        name: str | None,
        config: dict[str, Any],
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        label: str | None = None,
        stage: str = "draft",
        notes: str | None = None,
        links: list[dict[str, Any]] | None = None,
        user_id: str | None = None,
    ) -> Steps[tuple[dict[str, Any], dict[str, Any]]]:
        """Make a component with its first version: one request, and a few where it has links.

        Raises:
            ValueError: the id is taken, the stage is none, or a link says no version; or a rule
                about links is broken.
            RequestError: a link lacks a column.
        """
        rules.stage_is_known(stage)
        links_are_whole(links or ())
        rules.versions_are_given(links or ())
        now = yield from Now()
        told = {"description": description, "metadata": metadata}
        new = made_component(component_id, component_type, name, user_id, told, now)
        asked = Asked(config, None, label, stage, notes, links)
        made = yield from settled(partial(create, self.schema, new, asked))
        row = config_row(made.component, made.version, made.config)
        return component_row(made.component), row

    def delete_component(
        self,
        component_id: str,
        hard_delete: bool = False,
        user_id: str | None = None,
        expected_current_version: int | None = None,
        require_no_dependents: bool = True,
        cascade_stats: dict[str, int] | None = None,
    ) -> Steps[bool]:
        """Archive a component, or delete it for good; whether that was done. Six requests, or more.

        Args:
            component_id: its id.
            hard_delete: whether it goes with its versions, and links to it with it.
            user_id: whose it must be.
            expected_current_version: what whoever asks has seen; 0 for none.
            require_no_dependents: whether to refuse where others refer to it.
            cascade_stats: gets how many schedules were disabled, as ``schedules_disabled``.

        Raises:
            ComponentDependencyError: others refer to it.
            ComponentVersionConflictError: another version is current.
        """
        asked = Deletion(hard_delete, user_id, expected_current_version, require_no_dependents)
        disabled = yield from settled(partial(delete, self.schema, component_id, asked))
        if disabled is not None and cascade_stats is not None:
            cascade_stats["schedules_disabled"] = disabled
        return disabled is not None

    def restore_component(self, component_id: str, user_id: str | None = None) -> Steps[bool]:
        """Take a component out of the archive, as it was: two requests, or a few where it is live.

        Returns:
            Whether it was archived, and the user's.

        Raises:
            ComponentDependencyError: it is made of components that are archived.
            ComponentArchivedError: somebody has begun to delete it for good.
        """
        return (yield from settled(partial(restore, self.schema, component_id, user_id)))

    def set_current_version(
        self,
        component_id: str,
        version: int,
        expected_current_version: int | None = None,
        user_id: str | None = None,
    ) -> Steps[bool]:
        """Let a published version be the current one: three requests, or four where it is made of others.

        Returns:
            Whether there are the version and the component, and it is the user's.

        Raises:
            ValueError: the version is not published.
            ComponentVersionConflictError: another version is current than expected.
            ComponentDependencyError: it is made of components that are archived.
        """
        attempt = partial(
            make_current,
            *(self.schema, component_id, version),
            seen=expected_current_version,
            user_id=user_id,
        )
        return (yield from settled(attempt))


def _id(entry: dict[str, Any]) -> str:
    return str(entry["outline"].component_id)


def _made(entry: dict[str, Any]) -> Any:
    return entry["created_at"]
