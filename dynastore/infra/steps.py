"""A deployment in steps: CloudFormation adds or removes one index or one replica of a table in an update.

Source: CloudFormation, AWS::DynamoDB::Table, GlobalSecondaryIndexes: "You can delete or add one global
secondary index without interruption. If you do both in the same update, the update fails."
AWS::DynamoDB::GlobalTable, Replicas: "you can only add or remove a single replica in each update".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen
from orjson import dumps, loads

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

KEY = "SSESpecification"

Indexes: TypeAlias = dict[str, Mapping[str, Any]]


@frozen
class Step:
    """One update of a stack.

    Attributes:
        template: what the stack becomes.
        action: what is done to an index, or to a replica; None where none comes or goes.
        table: logical id of the table whose it is.
        index: name of the index.
        replica: region of the replica.
    """

    template: Template
    action: Literal["add", "remove"] | None = None
    table: str | None = None
    index: str | None = None
    replica: str | None = None


def steps(deployed: Template | None, wanted: Template) -> tuple[Step, ...]:
    """The updates that lead from one template to another, in order; at least one.

    Indexes come before others go, so that what reads the new ones can be deployed in between; one that
    gets another key goes first, since it keeps its name. Replicas follow, each in an update of its own, and
    everything else changes in the last step.

    Started again after any of them, what is left is found again.

    Args:
        deployed: the stack's template; None of a stack that is not made yet, which takes one step.
        wanted: the template that it gets.
    """
    current, made = deployed or {}, []
    for table in _tables(current, wanted):
        for of in (_of_indexes, _of_replicas):
            for step in of(current, wanted, table):
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


def _of_indexes(deployed: Template, wanted: Template, table: str) -> Iterator[Step]:
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


def _of_replicas(deployed: Template, wanted: Template, table: str) -> Iterator[Step]:
    """Steps each with one replica of a table more, or less, than the one before."""
    current, goal = _by_region(deployed, table), _by_region(wanted, table)
    for region in goal:
        if region not in current:
            current[region] = _like(next(iter(current.values())), goal[region])
            yield Step(
                _with_replicas(deployed, table, current), "add", table, replica=_text(region)
            )
    for region in [*current]:
        if region not in goal:
            del current[region]
            yield Step(
                _with_replicas(deployed, table, current), "remove", table, replica=_text(region)
            )


def _by_region(template: Template, table: str) -> dict[bytes, Mapping[str, Any]]:
    """The replicas of a table, the stack's own region first, which is a reference and no key of a dict."""
    properties = template["Resources"][table]["Properties"]
    return {dumps(each["Region"]): each for each in properties.get("Replicas") or ()}


def _text(region: bytes) -> str:
    return str(loads(region))


def _like(own: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """A replica of a table whose options are not yet the wanted ones: it gets those of the table."""
    keyed = {name: wanted[name] for name in (KEY,) if name in own and name in wanted}
    rest = {name: value for name, value in own.items() if name != KEY}
    return {**rest, **keyed, "Region": wanted["Region"]}


def _with_replicas(
    deployed: Template, table: str, replicas: Mapping[bytes, Mapping[str, Any]]
) -> dict[str, Any]:
    """The deployed template with other replicas of a table."""
    resource = deployed["Resources"][table]
    properties = {**resource["Properties"], "Replicas": [*replicas.values()]}
    changed = {**resource, "Properties": properties}
    return {**deployed, "Resources": {**deployed["Resources"], table: changed}}


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
