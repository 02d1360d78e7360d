"""Lives of components: made, called otherwise, with another current version, archived, restored, deleted.

Each reads, decides, and writes on the condition that what was decided by is still so; where it is
not, a ConflictError is raised, and it can be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.base import DELETED_CONFIG_STAGE
from agno.db.schemas.scheduler import build_run_endpoint
from attrs import evolve, frozen

from ....agents.components.clearing import delete_archived
from ....agents.components.entities import Component
from ....agents.components.reading import component, components, loaded
from ....agents.components.saving import Edition, changed, outlined, save
from ....agents.schedules.claiming import disable_for
from ....operations.writing.writes import write
from ....requests import Now, Steps
from ....schema.schema import Schema
from ....writes import Put
from . import rules
from .edits import dependents
from .rows import children, made_component, told_anew, version_of


@frozen
class Deletion:
    """How a component is to be deleted.

    Attributes:
        for_good: whether it goes, with all that hangs on it; or is archived.
        user_id: whose it must be; None for anyone's.
        current: the current version that whoever asks has seen, 0 for none; None for any.
        unused: whether to refuse where others refer to it.
    """

    for_good: bool
    user_id: str | None
    current: int | None
    unused: bool


def upsert(
    schema: Schema,
    component_id: str,
    kind: Any,
    given: Mapping[str, Any],
    *,
    current: int | None,
    user_id: str | None,
) -> Steps[Component]:
    """Make a component, or change what is given of it: two requests.

    Args:
        schema: where it is.
        component_id: its id.
        kind: Agno's type of it, or None for the one that it has.
        given: of its ``name``, ``description`` and ``metadata``.
        current: number of the version that is to be current.
        user_id: whose it is.

    Raises:
        ValueError: a rule is broken.
    """
    now = yield from Now()
    found = yield from component(schema, component_id)
    if found is None:
        if kind is None:
            raise ValueError("component_type is required when creating a new component")
        told = {"description": None, "metadata": None, **given}
        made = made_component(component_id, kind, told.pop("name", None), user_id, told, now)
        yield from save(schema, Edition(made, is_new=True))
        return made
    rules.written(found, component_id, user_id)
    rules.stays(found, kind)
    if current is not None:
        rules.can_be_current(found, current)
        found = outlined(found, current_version=current)
    after = told_anew(found, given, now)
    yield from save(schema, Edition(after))
    return after


def delete(schema: Schema, component_id: str, asked: Deletion) -> Steps[int | None]:
    """Archive a component, or delete it for good: six requests, or a few more.

    Schedules that run it are disabled, of one that is archived already too: what broke off before
    goes on.

    Returns:
        How many schedules were disabled; None where there was nothing to delete.

    Raises:
        ValueError: a rule is broken.
    """
    # The component first: who comes to refer to it later changes it, and this fails then.
    found = yield from component(schema, component_id)
    if not rules.is_theirs(found, asked.user_id):
        return None
    is_done = found is not None and found.is_archived and not asked.for_good
    # To a user what is archived is gone, and of what is gone nothing is refused.
    if not (is_done and asked.user_id is not None):
        yield from _allowed(schema, component_id, found, asked)
    if found is None:
        return None
    if is_done:
        yield from _unscheduled(schema, found)
        return None
    return (yield from _deleted(schema, found, for_good=asked.for_good))


def restore(schema: Schema, component_id: str, user_id: str | None) -> Steps[bool]:
    """Take a component out of the archive; whether it was in it. Two to four requests.

    Raises:
        ValueError: a rule is broken.
    """
    found = yield from component(schema, component_id)
    if found is None or not rules.is_theirs(found, user_id) or not found.is_archived:
        return False
    rules.not_going(found)
    restored = changed(outlined(found, archived_at=None), updated_at=(yield from Now()))
    yield from _live(schema, restored, f"restore {component_id}")
    return True


def make_current(
    schema: Schema, component_id: str, number: int, *, seen: int | None, user_id: str | None
) -> Steps[bool]:
    """Let a published version be the current one: three requests, or four.

    Args:
        schema: where it is.
        component_id: of the component.
        number: of the version.
        seen: the current version that whoever asks has seen, 0 for none; None for any.
        user_id: whose it must be.

    Returns:
        Whether there are the component and the version.

    Raises:
        ValueError: a rule is broken.
    """
    found = yield from component(schema, component_id)
    if found is None or found.is_archived:
        return False
    if not rules.is_theirs(found, user_id) or version_of(found, number) is None:
        return False
    rules.can_be_current(found, number)
    rules.current_is(found, seen)
    after = changed(outlined(found, current_version=number), updated_at=(yield from Now()))
    yield from _live(schema, after, f"make {component_id} v{number} current")
    return True


def _allowed(
    schema: Schema, component_id: str, found: Component | None, asked: Deletion
) -> Steps[None]:
    """Refuse to delete what others refer to, even if it is not stored, or what is seen otherwise."""
    if asked.unused:
        rows = yield from dependents(
            *(schema, component_id), is_active=not asked.for_good, owner=asked.user_id
        )
        rules.unused(component_id, rows)
    if found is not None:
        rules.current_is(found, asked.current)


def _deleted(schema: Schema, found: Component, *, for_good: bool) -> Steps[int]:
    now = yield from Now()
    archived = changed(outlined(found, archived_at=now), updated_at=now)
    if not for_good:
        yield from save(schema, Edition(archived))
        return (yield from _unscheduled(schema, archived))
    # No version is left, so that nobody takes it up again where this breaks off.
    gone = [evolve(each, stage=DELETED_CONFIG_STAGE, label=None) for each in found.versions]
    bare = changed(outlined(archived, current_version=None), versions=gone)
    left = yield from write(schema, Put(bare))
    disabled = yield from _unscheduled(schema, left)
    yield from delete_archived(schema, left)
    return disabled


def _unscheduled(schema: Schema, archived: Component) -> Steps[int]:
    """Disable the schedules that run a component; how many there were."""
    target = archived.kind, archived.component_id
    endpoint = build_run_endpoint(*target)
    reason = f"target_archived:{archived.kind}:{archived.component_id}"
    return (yield from disable_for(schema, target, (endpoint, f"{endpoint}/"), reason))


def _live(schema: Schema, after: Component, what: str) -> Steps[None]:
    """Save a component on the condition that what its current version is made of is live too."""
    number = after.current_version
    places = [] if number is None else [(after.component_id, number)]
    _, configs = yield from loaded(schema, (), places)
    links = [link for each in configs.values() for link in each.links]
    found = yield from components(schema, children(rules.pins_of(links)))
    rules.pins_are_live(what, found)
    yield from save(schema, Edition(after, touched=[*found.values()]))
