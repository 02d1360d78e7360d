"""Logical ids, and how a part of a template refers to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import evolve, frozen

from ..errors import ModelError
from ..keys.addresses import place_in
from ..schema.schema import Schema
from .deployment import Deployment

Value: TypeAlias = Any
"""A value in a template: what JSON has, or an intrinsic function such as ``{"Ref": "Table"}``."""
Resources: TypeAlias = dict[str, dict[str, Value]]
"""Logical id -> resource, as a template has them."""

KEY, BUCKET = "Key", "Bucket"


@frozen
class Placed:
    """One of the tables of a schema, and what it is called in the template.

    Attributes:
        id: its logical id; those of what belongs to it begin or end with it.
        schema: of the table.
    """

    id: str
    schema: Schema

    @property
    def name(self) -> str:
        """The table's name in AWS."""
        return self.schema.table.name

    @property
    def index_names(self) -> list[str]:
        """Names of its global secondary indexes."""
        return [str(index.name) for index in self.schema.table.indexes]


def placed(schema: Schema, deployment: Deployment) -> list[Placed]:
    """The tables of a schema: its own first, then private ones of scopes; not those at other places.

    The resource of a global table is of another type, and CloudFormation changes no type in
    place, so its id is another one.
    """
    kind = "GlobalTable" if deployment.is_global else "Table"
    found: dict[str, Placed] = {}
    for each in schema.all_tables:
        if place_in(each.table.name) is not None:
            continue
        suffix = each.table.name.removeprefix(schema.table.name)
        own = free(kind + (_of_private(suffix) if suffix else ""), found)
        found[own] = Placed(own, each)
    return [*found.values()]


def _of_private(suffix: str) -> str:
    """What the id of a private table ends in, by how its name goes on after the shared table's."""
    name = f"Of{camel(suffix)}"
    # Or it would be taken for an index of another table, whose name follows the id of that.
    return f"{name}Table" if re.search(r"GSI\d+$", name) else name


def in_bucket(schema: Schema, deployment: Deployment) -> Schema:
    """A schema with the bucket that a deployment names, where it names none itself.

    Raises:
        ModelError: several are named, or a section about it where there is none.
    """
    asked = deployment.bucket
    known = {each.table.bucket for each in schema.all_tables}
    named = {each for each in known if each is not None and place_in(each) is None}
    wanted = named | ({asked.name} if asked and asked.name else set())
    if len(wanted) > 1:
        raise ModelError(f"one bucket keeps all payloads, not {', '.join(sorted(wanted))}")
    if asked and not wanted:
        raise ModelError("bucket.name is missing, and the schema's Table names none")
    name = next(iter(wanted), None)
    return schema.on(
        lambda table: table if place_in(table.name) is not None else evolve(table, bucket=name)
    )


def camel(text: str) -> str:
    """A text as a part of a logical id, which has letters and digits only.

    >>> camel("agent-state.common_qa")
    'AgentStateCommonQa'
    """
    parts = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(part[0].upper() + part[1:] for part in parts)


def ref(logical_id: str) -> Value:
    """A resource: its name, its ARN, its id; whatever its type says."""
    return {"Ref": logical_id}


def attribute(logical_id: str, name: str = "Arn") -> Value:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def sub(text: str) -> Value:
    """A text with ``${...}`` in it, which is put in; one without as it is."""
    return {"Fn::Sub": text} if "${" in text else text


def tags(deployment: Deployment) -> dict[str, Value]:
    """The property Tags; nothing without tags."""
    told = [{"Key": key, "Value": value} for key, value in deployment.tags.items()]
    return {"Tags": told} if told else {}


def lasting(deployment: Deployment, resource: dict[str, Value]) -> dict[str, Value]:
    """A resource that holds data; it stays where its stack is deleted or names it no longer."""
    policy = "Retain" if deployment.retain else "Delete"
    kind = {"Type": resource["Type"], "DeletionPolicy": policy, "UpdateReplacePolicy": policy}
    return kind | resource


def free(wanted: str, taken: Mapping[str, object]) -> str:
    """An id that is not taken: two scopes may differ in signs that no id has."""
    number, found = 2, wanted
    while found in taken:
        number, found = number + 1, f"{wanted}{number}"
    return found
