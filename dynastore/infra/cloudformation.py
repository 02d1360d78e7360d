"""The CloudFormation template of a schema: its tables, and what a deployment asks for around them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

import orjson

from ..errors import ModelError
from ..schema.schema import Schema
from .alarms import alarms
from .backups import backups
from .bucket import bucket
from .dashboard import dashboard, graphs
from .deployment import Deployment
from .encryption import key
from .names import Placed, Resources, Value, in_bucket, placed
from .network import endpoints
from .outputs import outputs
from .replicas import global_table
from .roles import roles
from .scaling import scaling
from .service.resources import parted, service
from .service.watching import service_graphs
from .table import table

VERSION = "2010-09-09"  # the only one there is


class Part(StrEnum):
    """One of the two stacks, where the service has one of its own."""

    TABLE = "table"
    SERVICE = "service"


def template(schema: Schema, deployment: Deployment, only: Part | None = None) -> dict[str, Any]:
    """The template, as JSON has it.

    The same schema and deployment give the same template, to the order of its keys; a logical id
    stays the same as long as what it stands for is there.

    Args:
        schema: of the table.
        deployment: its options.
        only: the stack of the table, without the service; or that of the service, whose parameters are
            what it takes of the other one. None for all in one.

    Raises:
        ModelError: schema and deployment do not go together.
    """
    schema = in_bucket(schema, deployment)
    if only is Part.SERVICE:
        return _of_service(schema, deployment)
    all_placed, in_s3 = placed(schema, deployment), schema.table.bucket
    own = service(all_placed[0], deployment) if only is None else {}
    row = service_graphs(schema.table.name) if own else []
    resources = {
        **key(deployment, schema.table.name),
        **tables(all_placed, deployment),
        **scaling(all_placed, deployment),
        **bucket(in_s3, deployment),
        **roles(schema, deployment),
        **alarms(all_placed, deployment),
        **dashboard([*graphs(all_placed, in_s3, deployment), *row], deployment),
        **backups(all_placed, in_s3, deployment),
        **endpoints(schema, deployment),
        **own,
    }
    return {
        "AWSTemplateFormatVersion": VERSION,
        "Description": f"Table {schema.table.name} of dynastore, and what it takes to run it",
        "Resources": resources,
        "Outputs": outputs(all_placed, resources),
    }


def _of_service(schema: Schema, deployment: Deployment) -> dict[str, Any]:
    """The template of the service alone."""
    if deployment.service is None:
        raise ModelError("there is no service in the deployment; write a section [service]")
    table = placed(schema, deployment)[0]
    row = dashboard(service_graphs(table.name), deployment)
    own = {**service(table, deployment), **row}
    resources, parameters = parted(own, template(schema, deployment))
    return {
        "AWSTemplateFormatVersion": VERSION,
        "Description": f"The service on table {table.name} of dynastore",
        "Parameters": parameters,
        "Resources": resources,
        "Outputs": outputs([], resources),
    }


def as_json(made: dict[str, Any]) -> str:
    """A template as JSON, indented; it ends with a line break."""
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def as_yaml(made: dict[str, Any]) -> str:
    """A template as YAML, with the short forms of intrinsic functions: ``!Ref Table``.

    Raises:
        ModelError: PyYAML is not installed.
    """
    from .yaml import yaml_text

    return yaml_text(made)


def tables(all_placed: Sequence[Placed], deployment: Deployment) -> Resources:
    """The tables of a schema, one after another.

    DynamoDB makes few tables with indexes at a time, so each waits for the one before.

    Raises:
        ModelError: a vector index, and provisioned capacity.
    """
    make = global_table if deployment.is_global else table
    made = {each.id: make(each, deployment) for each in all_placed}
    for before, after in pairwise(all_placed):
        made[after.id] = _after(before.id, made[after.id])
    return made


def _after(before: str, resource: dict[str, Value]) -> dict[str, Value]:
    return {"Type": resource["Type"], "DependsOn": [before]} | resource
