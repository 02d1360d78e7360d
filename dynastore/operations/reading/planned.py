"""The requests of a plan: what is sent first for each of its branches."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ...entities.spec import spec_of
from ...planner.plan import AccessPath, Branch, Plan
from ...requests import GetItem, Key, Purpose, Query, Request
from ...schema.schema import Schema
from ...table import TYPE
from ...terms import Equal, OneOf, mapped, names_of
from ...values.attributes import AttributeValue
from ..conditions import encoded, unexpired


def first_requests(schema: Schema, plan: Plan, now: dt.datetime) -> list[Request[Any]]:
    """The first request of each branch; later pages differ only in where they start.

    Args:
        schema: where it is.
        plan: what is read.
        now: the time of the call, after which what is found expires. A plan has none, so the same
            plan is sent with a later time later.
    """
    if plan.empty:
        return []
    schema = schema.together(plan.classes)
    requests: list[Request[Any]] = []
    for path in plan.paths:
        if path.method == "GetItem":
            table = schema.table.name
            requests += (
                GetItem(table, key_of(schema, plan, branch), plan.consistent)
                for branch in path.branches
            )
        else:
            requests += queries_of(schema, plan, path, now)
    return requests


def queries_of(
    schema: Schema, plan: Plan, path: AccessPath, now: dt.datetime | None
) -> list[Query]:
    """The first request of each branch of an access path."""
    schema = schema.together(plan.classes)
    codec = schema.codec(plan.classes[0])
    filters = encoded(codec, path.filters)
    if path.tags and path.index.fields != ():  # an index of keys only does not know whose they are
        filters += ((TYPE, OneOf(tuple({"S": tag} for tag in path.tags))),)
    if path.expiry_at == "server":
        filters += unexpired(now)
    wanted = _wanted(plan, path)
    purpose = Purpose(_entity(schema, plan), path.pattern)
    return [
        Query(
            schema.table.name,
            path.index,
            tuple((name, mapped(test, _text)) for name, test in branch.key),
            filters,
            newest_first=plan.newest_first,
            consistent=plan.consistent,
            attributes=wanted,
            purpose=purpose,
        )
        for branch in path.branches
    ]


def _wanted(plan: Plan, path: AccessPath) -> tuple[str, ...]:
    """The attributes that entries are reduced to; none where all are wanted."""
    if path.index.fields == () or (plan.selected is None and not path.hydrated):
        return ()
    if not path.hydrated and spec_of(plan.classes[0]).evolution.upcasters:
        return ()  # what older code wrote is upcast as a whole
    fields: set[str] = {*plan.order}
    if not path.hydrated:
        fields |= {*(plan.selected or ()), *names_of(path.checks)}
        fields |= {name for each in path.unless for name in names_of(each)}
    carried = path.index.fields
    return (
        *path.index.entry_key,
        TYPE,
        *sorted(name for name in fields if carried is None or name in carried),
    )


def key_of(schema: Schema, plan: Plan, branch: Branch) -> Key:
    """The primary key that a branch is."""
    (_, partition), (_, sort) = branch.key
    assert isinstance(partition, Equal)
    assert isinstance(sort, Equal)
    return Key(partition.value, sort.value, _entity(schema, plan))


def _entity(schema: Schema, plan: Plan) -> str:
    return " | ".join(schema.codec(cls).spec.tag for cls in plan.classes)


def _text(text: str) -> AttributeValue:
    return {"S": text}
