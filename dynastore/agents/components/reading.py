"""Reading components: from the table itself, since what is decided by them must not be stale."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

from ...entities.spec import Ref, ref
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, get_many, read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import LISTED, Component, ComponentConfig, ComponentUse

Place: TypeAlias = tuple[str, int]  # id of a component, and number of a version
Loaded: TypeAlias = tuple[dict[str, Component], dict[Place, ComponentConfig]]


def component(schema: Schema, component_id: str) -> Steps[Component | None]:
    """A component: one request."""
    return (yield from get(schema, Component, {"component_id": component_id}, consistent=True))


def components(schema: Schema, ids: Collection[str]) -> Steps[dict[str, Component]]:
    """Those of some components that there are, by their ids: one request for each 100."""
    return (yield from loaded(schema, ids, ()))[0]


def loaded(schema: Schema, ids: Iterable[str], places: Iterable[Place]) -> Steps[Loaded]:
    """Components, and configs of versions, those that there are: one request for each 100 of both."""
    refs: list[Ref[Any]] = [ref(Component, component_id=each) for each in dict.fromkeys(ids)]
    refs += [
        ref(ComponentConfig, component_id=each, version=number)
        for each, number in dict.fromkeys(places)
    ]
    found = yield from get_many(schema, refs, consistent=True)
    headers = {each.component_id: each for each in found if isinstance(each, Component)}
    configs = {
        (each.component_id, each.version): each
        for each in found
        if isinstance(each, ComponentConfig)
    }
    return headers, configs


def uses_of(schema: Schema, component_id: str) -> Steps[list[ComponentUse]]:
    """The versions that refer to a component: one request."""
    where = {"component_id": component_id}
    plan = schema.plan(ComponentUse, where, (), Ask(consistent=True))
    return (yield from read_all(schema, plan))


def parents_of(schema: Schema, uses: Sequence[ComponentUse]) -> Steps[Loaded]:
    """The components and versions that refer to one: one request for each 50 of them."""
    places = [(each.parent_id, each.parent_version) for each in uses]
    return (yield from loaded(schema, [each for each, _ in places], places))


def ancestors(schema: Schema, component_id: str) -> Steps[set[str]]:
    """The components that refer to one, and those that refer to them, and so on.

    What is on one level is read together: a request for each component.
    """
    found: set[str] = set()
    level = {component_id}
    while level:
        uses = yield from all_of(uses_of(schema, each) for each in sorted(level))
        level = {each.parent_id for some in uses for each in some} - found
        found |= level
    return found


def entries(schema: Schema) -> Steps[list[dict[str, Any]]]:
    """The index entries of all components: one request for each some 3,700; they may lag.

    Returns:
        Of each the fields of `LISTED`, in the order in which they were made.
    """
    plan = schema.plan(Component, {}, (), Ask(selected=LISTED))
    return (yield from read_all(schema, plan))


def reached(schema: Schema, place: Place) -> Steps[Loaded]:
    """A version, what it refers to, what that refers to, and so on: one request for each level."""
    headers: dict[str, Component] = {}
    configs: dict[Place, ComponentConfig] = {}
    asked: set[Place] = set()
    level = {place}
    while level:
        asked |= level
        ids = {each for each, _ in level} - headers.keys()
        more, made = yield from loaded(schema, sorted(ids), sorted(level))
        headers |= more
        configs |= made
        links = [link for each in made.values() for link in each.links]
        level = {(each.component_id, each.version) for each in links} - asked
    return headers, configs
