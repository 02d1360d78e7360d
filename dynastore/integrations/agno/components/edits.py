"""Editing versions of components: what is read for it, what is decided by that, what is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from agno.db.base import DELETED_CONFIG_STAGE
from attrs import evolve, frozen

from ....agents.components.entities import (
    Component,
    ComponentConfig,
    ComponentLink,
    ComponentVersion,
)
from ....agents.components.reading import ancestors, components, loaded, parents_of, uses_of
from ....agents.components.saving import Edition, changed, outlined, save
from ....errors import AlreadyExists, TransactionCanceled
from ....operations.interleaved import both
from ....requests import Now, Steps
from ....schema.schema import Schema
from ..current import given_values
from ..texts import json_bytes, json_value
from . import rules
from .rows import children, link_rows, links_of, published, version_of, with_version


@frozen
class Asked:
    """What a version is to become; what is None stays as it is.

    Attributes:
        config: what it is made of.
        version: its number; None for a new one.
        label: what people call it.
        stage: a stage that one can ask for.
        notes: what is said of it.
        links: Agno's, to what it refers to.
    """

    config: dict[str, Any] | None = None
    version: int | None = None
    label: str | None = None
    stage: str | None = None
    notes: str | None = None
    links: Sequence[Mapping[str, Any]] | None = None

    def applied(self, version: ComponentVersion) -> ComponentVersion:
        """A version as it becomes."""
        given = given_values(label=self.label, stage=self.stage, notes=self.notes)
        return evolve(version, **given)

    def config_of(self, stored: ComponentConfig, now: dt.datetime) -> ComponentConfig:
        """What a version is made of as it becomes."""
        changes: dict[str, Any] = {}
        if self.config is not None:
            changes["content"] = json_bytes(self.config)
        if self.links is not None:
            changes["links"] = links_of(self.links, now)
        return changed(stored, **changes)


@frozen
class Edited:
    """A version that was written.

    Attributes:
        component: as it is now.
        version: as it is now.
        config: as it is now.
    """

    component: Component
    version: ComponentVersion
    config: ComponentConfig


def create(schema: Schema, component: Component, asked: Asked) -> Steps[Edited]:
    """Make a component with its first version: one request, and a few where it has links.

    Raises:
        ValueError: the id is taken, or a rule is broken.
        TransactionCanceled: what it refers to was written at the same time.
    """
    now = yield from Now()
    component_id = component.component_id
    version = ComponentVersion(number=1, stage=rules.DRAFT, created_at=now.replace(microsecond=0))
    edited = _edited(
        component, version, ComponentConfig(component_id=component_id, version=1), asked, now
    )
    found: dict[str, Component] = {}
    if edited.config.links:
        ids = children(edited.config.links)
        found, above = yield from both(
            components(schema, {*ids, component_id}), ancestors(schema, component_id)
        )
        if component_id in found:
            raise taken(component_id)
        rules.linkable(component_id, ids, found, above)
    if edited.version.stage == rules.PUBLISHED:
        rules.pins_are_published(_named(edited), edited.config.links, found)
        edited = evolve(edited, component=outlined(edited.component, current_version=1))
    try:
        yield from save(schema, _edition(edited, (), found, is_new=True))
    except TransactionCanceled as canceled:
        if isinstance(canceled.reasons[0], AlreadyExists):
            raise taken(component_id) from canceled
        raise
    return edited


def taken(component_id: str) -> ValueError:
    """The error for an id that is taken; it does not tell by whom."""
    return ValueError(f"Component ID {component_id} is not available")


def edit(
    schema: Schema,
    component_id: str,
    asked: Asked,
    *,
    user_id: str | None,
    latest: int | None,
    current: int | None,
) -> Steps[Edited]:
    """Write a version: two requests, and a few where its links change or it is published.

    Args:
        schema: where it is.
        component_id: of the component.
        asked: what the version is to become.
        user_id: whose it must be.
        latest: the last version that whoever asks has seen.
        current: the current version that whoever publishes it has seen.

    Raises:
        ValueError: a rule is broken.
        ConflictError: somebody else wrote it, or what it refers to, since it was read.
    """
    now = yield from Now()
    places = [] if asked.version is None else [(component_id, asked.version)]
    headers, configs = yield from loaded(schema, [component_id], places)
    component = rules.written(headers.get(component_id), component_id, user_id)
    rules.latest_is(component, latest)
    found = yield from _linkable(schema, component_id, asked.links or ())
    rules.label_is_free(component, asked.label, asked.version)
    rules.versions_are_given(asked.links or ())
    version = _version(component, asked, now)
    stored = configs.get((component_id, version.number)) or ComponentConfig(
        component_id=component_id, version=version.number
    )
    edited = _edited(component, version, stored, asked, now)
    if edited.version.stage == rules.PUBLISHED:
        if asked.links is None:
            found = yield from components(schema, children(rules.pins_of(stored.links)))
        rules.pins_are_published(_named(edited), edited.config.links, found)
        rules.current_is(component, current)
        value = json_value(edited.config.content)
        after = published(edited.component, version.number, value, now)
        edited = evolve(edited, component=after)
    yield from save(schema, _edition(edited, stored.links, found))
    return edited


def delete(schema: Schema, component_id: str, number: int, user_id: str | None) -> Steps[bool]:
    """Delete a version, whose number stays taken: a few requests; whether there was one.

    Raises:
        ValueError: a rule is broken.
        ConflictError: somebody else wrote it, or refers to it, since it was read.
    """
    headers, configs = yield from loaded(schema, [component_id], [(component_id, number)])
    component = headers.get(component_id)
    if component is None or not rules.is_theirs(component, user_id):
        return False
    rules.not_archived(component)
    version = version_of(component, number)
    config = configs.get((component_id, number))
    if version is None or config is None or version.stage == DELETED_CONFIG_STAGE:
        return False
    rules.deletable(component, version)
    users = yield from dependents(schema, component_id, version=number, is_active=True)
    rules.unused(f"{component_id} v{number}", users)
    gone = evolve(version, stage=DELETED_CONFIG_STAGE, label=None, updated_at=(yield from Now()))
    edited = Edited(with_version(component, gone), gone, changed(config, links=[]))
    yield from save(schema, _edition(edited, config.links, {}))
    return True


def dependents(
    schema: Schema,
    component_id: str,
    *,
    version: int | None = None,
    is_active: bool = False,
    owner: str | None = None,
) -> Steps[list[dict[str, Any]]]:
    """The rows of links that lead to a component: one request, and one for each 50 versions of these.

    Args:
        schema: where they are.
        component_id: where they lead.
        version: to which version; None for any.
        is_active: whether only from components that are not archived, and versions not deleted.
        owner: whose the components must be that refer to it, or shared; None for anyone's.
    """
    uses = yield from uses_of(schema, component_id)
    headers, configs = yield from parents_of(schema, uses)
    rows: list[dict[str, Any]] = []
    for each in uses:
        parent = headers.get(each.parent_id)
        if is_active and not _is_active(parent, each.parent_version):
            continue
        if owner is not None and (parent is None or parent.user_id not in (owner, None)):
            continue
        rows += link_rows(each.parent_id, configs.get((each.parent_id, each.parent_version)))
    return [
        row
        for row in rows
        if row["child_component_id"] == component_id and version in (None, row["child_version"])
    ]


def _is_active(parent: Component | None, number: int) -> bool:
    if parent is None or parent.is_archived:
        return False
    version = version_of(parent, number)
    return version is not None and version.stage != DELETED_CONFIG_STAGE


def _linkable(
    schema: Schema, component_id: str, links: Sequence[Mapping[str, Any]]
) -> Steps[dict[str, Component]]:
    """What links lead to, those that are stored: one request, and one for each level above."""
    if not links:
        return {}
    ids = {each["child_component_id"] for each in links}
    found, above = yield from both(components(schema, ids), ancestors(schema, component_id))
    rules.linkable(component_id, ids, found, above)
    return found


def _version(component: Component, asked: Asked, now: dt.datetime) -> ComponentVersion:
    """The version that is written, as it is before."""
    if asked.version is not None:
        return evolve(rules.editable(component, asked.version), updated_at=now)
    if asked.config is None:
        raise ValueError("config is required when creating a new version")
    number = 1 + max((each.number for each in component.versions), default=0)
    return ComponentVersion(number=number, stage=rules.DRAFT, created_at=now)


def _edited(
    component: Component,
    version: ComponentVersion,
    stored: ComponentConfig,
    asked: Asked,
    now: dt.datetime,
) -> Edited:
    after = asked.applied(version)
    return Edited(with_version(component, after), after, asked.config_of(stored, now))


def _edition(
    edited: Edited,
    before: Sequence[ComponentLink],
    found: Mapping[str, Component],
    *,
    is_new: bool = False,
) -> Edition:
    old, new = children(before), children(edited.config.links)
    return Edition(
        edited.component,
        is_new,
        edited.config,
        edited.version.number,
        linked=new - old,
        unlinked=old - new,
        touched=[*found.values()],
    )


def _named(edited: Edited) -> str:
    return f"{edited.component.component_id} v{edited.version.number}"
