"""Clearing: what hangs on a component goes before it, and what refers to it forgets it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...changes import increment
from ...entities.spec import Ref, ref
from ...operations.interleaved import all_of
from ...operations.reading.reads import read_all
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import transact, write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Delete, Put, Update
from .entities import Component, ComponentConfig, ComponentUse
from .reading import parents_of, uses_of
from .saving import changed, ref_of, settled


def delete_archived(schema: Schema, component: Component) -> Steps[None]:
    """Delete a component for good: a few requests, one for each version, and two for each use of it.

    Where this breaks off the component is still there, archived; asked for again, it goes on.

    Args:
        schema: where it is.
        component: as it is stored, archived: nothing comes to refer to it any more.

    Raises:
        RevisionConflict: somebody has restored it since.
    """
    component_id = component.component_id
    uses = yield from uses_of(schema, component_id)
    yield from all_of(settled(partial(_forget, schema, each)) for each in uses)
    plan = schema.plan(ComponentConfig, {"component_id": component_id}, (), Ask(consistent=True))
    configs: list[ComponentConfig] = yield from read_all(schema, plan)
    yield from delete_many(schema, [ref_of(each) for each in _uses_in(configs)])
    places: list[Ref[Any]] = [
        ref(ComponentConfig, component_id=component_id, version=c.version) for c in configs
    ]
    # By itself, each: a batch would leave the parts of a large one behind.
    yield from all_of(write(schema, Delete(each)) for each in places)
    yield from write(schema, Delete(component))


def _uses_in(configs: Sequence[ComponentConfig]) -> list[ComponentUse]:
    return [
        ComponentUse(component_id=child, parent_id=each.component_id, parent_version=each.version)
        for each in configs
        for child in sorted({link.component_id for link in each.links})
    ]


def _forget(schema: Schema, use: ComponentUse) -> Steps[None]:
    """Let a version no longer refer to a component."""
    headers, configs = yield from parents_of(schema, [use])
    parent = headers.get(use.parent_id)
    config = configs.get((use.parent_id, use.parent_version))
    if parent is None or config is None:
        yield from write(schema, Delete(ref_of(use)))
        return
    left = [each for each in config.links if each.component_id != use.component_id]
    touched = Update(parent, linked_count=increment(1))
    rest = Put(changed(config, links=left))
    yield from transact(schema, [touched, rest, Delete(ref_of(use))])
