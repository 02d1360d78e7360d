"""Lives of components: made, called otherwise, with another current version, archived, restored, deleted.

Each reads, decides, and writes on the condition that what was decided by is still so; where it is
not, a ConflictError is raised, and it can be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ...agents.components import Component
from ...agents.linking.clearing import delete_archived
from ...agents.linking.reading import component, components, loaded
from ...agents.linking.saving import Edition, changed, outlined, save
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...schema import Schema
from ...writes import Put
from . import component_rules as rules
from .component_edits import dependents
from .component_rows import children, made_component, told_anew, version_of


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

    def finds(self, found: Component | None) -> bool:
        """Whether there may be something for whoever asks, who sees nothing of others."""
        hides = self.user_id is not None and not self.for_good
        is_archived = found is not None and found.is_archived
        return rules.is_theirs(found, self.user_id) and not (hides and is_archived)


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


def delete(schema: Schema, component_id: str, asked: Deletion) -> Steps[bool]:
    """Archive a component, or delete it for good; whether that was done. Three requests, or a few.

    Raises:
        ValueError: a rule is broken.
    """
    # The component first: who comes to refer to it later changes it, and this fails then.
    found = yield from component(schema, component_id)
    if not asked.finds(found):
        return False
    if asked.unused:
        is_active = not asked.for_good
        users = yield from dependents(
            schema, component_id, is_active=is_active, owner=asked.user_id
        )
        rules.unused(component_id, users)
    if found is None:
        return False
    rules.current_is(found, asked.current)
    if found.is_archived and not asked.for_good:
        return False
    yield from _deleted(schema, found, for_good=asked.for_good)
    return True


def restore(schema: Schema, component_id: str, user_id: str | None) -> Steps[bool]:
    """Take a component out of the archive; whether it was in it. Two to four requests.

    Raises:
        ValueError: a rule is broken.
    """
    found = yield from component(schema, component_id)
    if found is None or not rules.is_theirs(found, user_id) or not found.is_archived:
        return False
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


def _deleted(schema: Schema, found: Component, *, for_good: bool) -> Steps[None]:
    now = yield from Now()
    archived = changed(outlined(found, archived_at=now), updated_at=now)
    if not for_good:
        yield from save(schema, Edition(archived))
        return
    # Without its versions: whoever restores it in the middle has none that lead to nothing.
    bare = changed(outlined(archived, current_version=None), versions=[])
    yield from delete_archived(schema, (yield from write(schema, Put(bare))))


def _live(schema: Schema, after: Component, what: str) -> Steps[None]:
    """Save a component on the condition that what its current version is made of is live too."""
    number = after.current_version
    places = [] if number is None else [(after.component_id, number)]
    _, configs = yield from loaded(schema, (), places)
    links = [link for each in configs.values() for link in each.links]
    found = yield from components(schema, children(rules.pins_of(links)))
    rules.pins_are_live(what, found)
    yield from save(schema, Edition(after, touched=[*found.values()]))
