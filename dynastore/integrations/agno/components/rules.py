"""What may be done with components: pure decisions, which raise Agno's errors.

Whoever writes does so on the condition that what was decided by is still so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from agno.db.base import (
    DELETED_CONFIG_STAGE,
    PIN_LINK_KINDS,
    ComponentArchivedError,
    ComponentCycleError,
    ComponentDependencyError,
    ComponentDraftRequiredError,
    ComponentLastConfigError,
    ComponentVersionConflictError,
    current_version_matches,
)

from ....agents.components.entities import Component, ComponentLink, ComponentVersion
from .rows import kind_of, latest_of, version_of, visible_versions

DRAFT, PUBLISHED = "draft", "published"


def stage_is_known(stage: str) -> None:
    """Refuse a stage that one cannot ask for."""
    if stage not in {DRAFT, PUBLISHED}:
        raise ValueError(f"Invalid stage: {stage}; a version is {DRAFT} or {PUBLISHED}")


def versions_are_given(links: Iterable[Mapping[str, Any]]) -> None:
    """Refuse links that do not say to which version they lead."""
    for each in links:
        if each.get("child_version") is None:
            raise ValueError(f"child_version is required for link to {each['child_component_id']}")


def is_theirs(component: Component | None, user_id: str | None) -> bool:
    """Whether a component is a user's, who may then write it; all are, where no user is named."""
    return user_id is None or (component is not None and component.user_id == user_id)


def written(component: Component | None, component_id: str, user_id: str | None) -> Component:
    """A component whose versions may be written by a user.

    Raises:
        ValueError: there is none, or it is another user's.
        ComponentArchivedError: it is archived.
    """
    if component is None or not is_theirs(component, user_id):
        raise ValueError(f"Component {component_id} not found")
    not_archived(component)
    return component


def not_archived(component: Component) -> None:
    """Refuse to write a component that is archived."""
    not_going(component)
    if component.is_archived:
        raise ComponentArchivedError(
            f"Component {component.component_id} is archived; restore it before writing to it"
        )


def not_going(component: Component) -> None:
    """Refuse to take up a component that somebody began to delete for good: what it was is lost.

    It is told by its versions: one that stays has one at least that is not deleted, or never had any.
    """
    if component.is_archived and component.versions and not visible_versions(component):
        raise ComponentArchivedError(
            f"Component {component.component_id} is being deleted for good, or that broke off; call "
            "delete_component with hard_delete=True to finish it, then create it anew"
        )


def stays(component: Component, kind: Any) -> None:
    """Refuse another kind than a component has."""
    if kind is not None and kind_of(kind) != component.kind:
        raise ValueError(
            f"Cannot change component {component.component_id} from {component.kind} to "
            f"{kind_of(kind)}; make another one"
        )


def latest_is(component: Component, expected: int | None) -> None:
    """Refuse a write by whoever expects another last version."""
    latest = latest_of(component)
    number = None if latest is None else latest.number
    if expected is not None and number != expected:
        raise ComponentVersionConflictError(
            f"Component {component.component_id} latest version is {number}, expected {expected}"
        )


def current_is(component: Component, expected: int | None) -> None:
    """Refuse a write by whoever expects another current version; 0 stands for none."""
    current = component.current_version
    if expected is not None and not current_version_matches(current, expected):
        raise ComponentVersionConflictError(
            f"Component {component.component_id} current version is {current}, expected {expected}"
        )


def label_is_free(component: Component, label: str | None, number: int | None) -> None:
    """Refuse a label that another version has."""
    taken = (each.label for each in visible_versions(component) if each.number != number)
    if label is not None and label in taken:
        raise ValueError(f"Label '{label}' already exists for {component.component_id}")


def linkable(
    parent_id: str, linked: Collection[str], found: Mapping[str, Component], above: Collection[str]
) -> None:
    """Refuse links to what is archived, or refers to their parent itself.

    Args:
        parent_id: what refers.
        linked: ids of what it refers to; one that is not stored is made by code.
        found: those that are stored.
        above: ids of what refers to the parent, directly or not.
    """
    if parent_id in linked:
        raise ComponentCycleError(f"Component {parent_id} cannot reference itself")
    for each in sorted(found):
        if each in linked and found[each].is_archived:
            raise ComponentArchivedError(f"Cannot link {parent_id} to archived component {each}")
    if closing := sorted(set(linked) & set(above)):
        raise ComponentCycleError(
            f"Linking {parent_id} -> {closing[0]} would close a reference cycle"
        )


def pins_of(links: Sequence[ComponentLink]) -> list[ComponentLink]:
    """The links that a component is made of."""
    return [each for each in links if each.kind in PIN_LINK_KINDS]


def pins_are_published(
    what: str, links: Sequence[ComponentLink], found: Mapping[str, Component]
) -> None:
    """Refuse to publish what is made of a version that is not published, or archived."""
    for each in pins_of(links):
        child = found.get(each.component_id)
        version = None if child is None else version_of(child, each.version)
        if child is None or version is None or version.stage != PUBLISHED:
            stage = "missing" if version is None else version.stage
            raise ComponentDependencyError(
                f"Cannot publish {what}: pinned {each.kind} '{each.component_id}' "
                f"v{each.version} is {stage}; publish it first"
            )
        if child.is_archived:
            raise ComponentDependencyError(
                f"Cannot publish {what}: pinned {each.kind} '{each.component_id}' is archived; "
                "restore it first"
            )


def pins_are_live(what: str, found: Mapping[str, Component]) -> None:
    """Refuse to let a version be live that is made of archived components."""
    archived = sorted(each for each in found if found[each].is_archived)
    if archived:
        raise ComponentDependencyError(
            f"Cannot {what}: pinned {', '.join(archived)} archived; restore them first"
        )


def unused(what: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refuse to delete what others refer to."""
    parents = sorted({str(each["parent_component_id"]) for each in rows})
    if parents:
        raise ComponentDependencyError(f"Cannot delete {what}: referenced by {', '.join(parents)}")


def editable(component: Component, number: int) -> ComponentVersion:
    """A version that may still be changed.

    Raises:
        ValueError: there is none, or it is published.
    """
    version = version_of(component, number)
    if version is None or version.stage == DELETED_CONFIG_STAGE:
        raise ValueError(f"Config {component.component_id} v{number} not found")
    if version.stage == PUBLISHED:
        raise ValueError(f"Cannot update published config {component.component_id} v{number}")
    return version


def can_be_current(component: Component, number: int) -> None:
    """Refuse a current version that is not published.

    Raises:
        ValueError: it is a draft, deleted, or missing.
    """
    version = version_of(component, number)
    if version is None or version.stage != PUBLISHED:
        stage = "missing" if version is None else version.stage.strip("_")
        raise ValueError(
            f"Cannot set {stage} config {component.component_id} v{number} as current; "
            "only published ones can be"
        )


def deletable(component: Component, version: ComponentVersion) -> None:
    """Refuse to delete a version that is published, or the only one."""
    what = f"{component.component_id} v{version.number}"
    if version.stage == PUBLISHED:
        raise ComponentDraftRequiredError(
            f"Cannot delete published config {what}; only drafts are deletable"
        )
    if len(visible_versions(component)) <= 1:
        raise ComponentLastConfigError(f"Cannot delete {what}: the last visible config")
