"""A deployment in steps: CloudFormation adds or removes one index of a table in an update, and no more.

Source: CloudFormation, AWS::DynamoDB::Table, GlobalSecondaryIndexes: "You can delete or add one global
secondary index without interruption. If you do both in the same update, the update fails."
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen
from orjson import dumps

from ..table import INDEX_LIMIT
from .changes import INDEXES, TABLES, indexes_of, is_rebuilt
from .stacks import Template

# What a table and its indexes cost, by the names of a template.
CAPACITY = (
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "WriteProvisionedThroughputSettings",
    "WriteOnDemandThroughputSettings",
)

Indexes: TypeAlias = dict[str, Mapping[str, Any]]


@frozen
class Step:
    """One update of a stack.

    Attributes:
        template: what the stack becomes.
        action: what is done to an index; None where none comes or goes.
        table: logical id of the table whose index it is.
        index: name of the index.
    """

    template: Template
    action: Literal["add", "remove"] | None = None
    table: str | None = None
    index: str | None = None


def steps(deployed: Template | None, wanted: Template) -> tuple[Step, ...]:
    """The updates that lead from one template to another, in order; at least one.

    Indexes come before others go, so that what reads the new ones can be deployed in between; one that
    gets another key goes first, since it keeps its name. Everything else changes in the last step.

    Started again after any of them, what is left is found again.

    Args:
        deployed: the stack's template; None of a stack that is not made yet, which takes one step.
        wanted: the template that it gets.
    """
    current, made = deployed or {}, []
    for table in _tables(current, wanted):
        for step in _of_table(current, wanted, table):
            made.append(step)
            current = step.template
    if not made:
        return (Step(wanted),)
    return (*made[:-1], evolve(made[-1], template=wanted))


def _tables(deployed: Template, wanted: Template) -> list[str]:
    """Logical ids of the tables that stay."""
    old, new = deployed.get("Resources", {}), wanted.get("Resources", {})
    return [
        name
        for name, resource in new.items()
        if resource["Type"] in TABLES and old.get(name, {}).get("Type") == resource["Type"]
    ]


def _of_table(deployed: Template, wanted: Template, table: str) -> Iterator[Step]:
    """Steps each with one index of a table more, or less, than the one before."""
    resource = deployed["Resources"][table]
    goal = indexes_of(wanted["Resources"][table])
    current: Indexes = dict(indexes_of(resource))
    while True:
        added = next((name for name in goal if name not in current), None)
        removed = next((name for name, index in current.items() if _goes(name, index, goal)), None)
        if added is not None and (removed is None or len(current) < INDEX_LIMIT):
            current[added] = _paid_as(resource, goal[added])
            yield Step(_with_indexes(deployed, wanted, table, current), "add", table, added)
        elif removed is not None:
            del current[removed]
            yield Step(_with_indexes(deployed, wanted, table, current), "remove", table, removed)
        else:
            return


def _goes(name: str, index: Mapping[str, Any], goal: Mapping[str, Any]) -> bool:
    return name not in goal or is_rebuilt(index, goal[name])


def _paid_as(resource: Mapping[str, Any], index: Mapping[str, Any]) -> Mapping[str, Any]:
    """An index in a table whose capacity is not yet the wanted one: it gets that of the table."""
    bare = {name: value for name, value in index.items() if name not in CAPACITY}
    properties = resource["Properties"]
    return {**bare, **{name: properties[name] for name in CAPACITY if name in properties}}


def _with_indexes(
    deployed: Template, wanted: Template, table: str, indexes: Indexes
) -> dict[str, Any]:
    """The deployed template with other indexes of a table."""
    resource, goal = deployed["Resources"][table], wanted["Resources"][table]["Properties"]
    properties = {**resource["Properties"], INDEXES: [*indexes.values()]}
    if not indexes:
        del properties[INDEXES]
    definitions = [
        *resource["Properties"].get("AttributeDefinitions", ()),
        *goal.get("AttributeDefinitions", ()),
    ]
    properties["AttributeDefinitions"] = _used(properties, definitions)
    if "Replicas" in properties:
        properties["Replicas"] = _replicas(
            properties["Replicas"], goal.get("Replicas", ()), indexes
        )
    changed = {**resource, "Properties": properties}
    return {**deployed, "Resources": {**deployed["Resources"], table: changed}}


def _replicas(deployed: Iterable[Any], wanted: Iterable[Any], indexes: Indexes) -> list[Any]:
    """The replicas of a table, each with what it says of the indexes that there are."""
    # The stack's own region is a reference, which is no key of a dict.
    goal = {dumps(each["Region"]): each.get(INDEXES, ()) for each in wanted}
    replicas = []
    for each in deployed:
        told = (*goal.get(dumps(each["Region"]), ()), *each.get(INDEXES, ()))
        known = {index["IndexName"]: index for index in told if index["IndexName"] in indexes}
        rest = {name: value for name, value in each.items() if name != INDEXES}
        replicas.append({**rest, **({INDEXES: [*known.values()]} if known else {})})
    return replicas


def _used(properties: Mapping[str, Any], definitions: list[Any]) -> list[Any]:
    """The definitions of the attributes that are in keys: DynamoDB refuses any others."""
    local = properties.get("LocalSecondaryIndexes") or []
    keyed = (properties, *properties.get(INDEXES, ()), *local)
    names = {entry["AttributeName"] for each in keyed for entry in each["KeySchema"]}
    known = {each["AttributeName"]: each for each in definitions}
    return [each for name, each in known.items() if name in names]
