"""Tables that `dynastore apply` makes, by its own code, for schemas that tests make on the fly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from dynastore import Schema
from dynastore.cli.deployment.applying import Watch, apply
from dynastore.cli.deployment.deploying import Target
from dynastore.clients.control import ControlPlane
from dynastore.clients.stacks import Stacks
from dynastore.infra.changes import TABLES
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.stacks import Template, stack_name

FREE = Deployment(deletion_protection=False, retain=False, roles=())


def target(schema: Schema, plane: ControlPlane, deployment: Deployment = FREE) -> Target:
    """What `dynastore apply` would deploy, as far as ministack can."""
    wanted = possible(template(schema, deployment))
    return Target(schema, deployment, wanted, stack_name(schema.table.name), Stacks(plane))


def deploy(schema: Schema, plane: ControlPlane) -> None:
    """Make the table of a schema unless it is there.

    First without indexes, then with them, one after the other: ministack's CloudFormation tells no state
    of indexes that were made with their table, so that whoever waits for them to be active waits forever.
    Nor does it set the time to live, which `create_table` does; nor make vector indexes, so `create_table`
    makes the tables that have one.
    """
    if any(each.table.vectors for each in schema.all_tables):
        return
    whole = target(schema, plane)
    deployed = evolve(whole, wanted=tables(whole.wanted))
    if deployed.stacks.find(deployed.name) is not None:
        return
    run(evolve(deployed, wanted=bare(deployed.wanted)))
    if deployed.wanted != bare(deployed.wanted):
        run(deployed)


def tables(wanted: Template) -> dict[str, Any]:
    """The tables of a template alone: buckets are those of tests, which share them."""
    resources = wanted["Resources"].items()
    return {"Resources": {name: each for name, each in resources if each["Type"] in TABLES}}


def bare(wanted: Template) -> dict[str, Any]:
    """A template whose tables have no indexes."""
    resources = {name: _bare(each) for name, each in wanted["Resources"].items()}
    return {**wanted, "Resources": resources}


def _bare(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    if resource["Type"] != "AWS::DynamoDB::Table":
        return resource
    keys = {"PK", "SK"}
    properties = {
        name: [each for each in value if each["AttributeName"] in keys]
        if name == "AttributeDefinitions"
        else value
        for name, value in resource["Properties"].items()
        if name != "GlobalSecondaryIndexes"
    }
    return {**resource, "Properties": properties}


def run(deployed: Target, allowed: tuple[str, ...] = ()) -> list[str]:
    """Apply, as the command does when it is not asked; the events as texts."""
    found = deployed.proposal(repair=False)
    assert found is not None, "something is to be made"
    events: list[str] = []
    told = lambda event: events.append(f"{event.logical_id} {event.status}")  # noqa: E731
    apply(Watch(deployed.stacks, told), found, allowed)
    return events


def possible(wanted: Template) -> dict[str, Any]:
    """A template without what ministack's CloudFormation does not have.

    It has no auto scaling, and no selections of AWS Backup.
    """
    resources = wanted["Resources"].items()
    return {**wanted, "Resources": {name: each for name, each in resources if _is_possible(each)}}


def _is_possible(resource: Mapping[str, Any]) -> bool:
    unknown = ("AWS::ApplicationAutoScaling", "AWS::Backup::BackupSelection")
    return not resource["Type"].startswith(unknown)
