"""``dynastore template``: what deploys a schema, as text. Sends nothing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...errors import DynastoreError
from ...infra import cloudformation, terraform
from ...infra.cloudformation import Part
from ...infra.deployment import Deployment
from ...schema.schema import Schema
from ..endings import USAGE, give_up
from ..groups import grouped
from ..options import SchemaName
from .deployments import Flags, Only, Options, PlacementFile, TableName, deployed


class Form(StrEnum):
    """What a template is written as."""

    YAML = "yaml"
    JSON = "json"
    TERRAFORM = "terraform"


@grouped
def template(
    schema: SchemaName,
    options: Options = None,
    form: Annotated[Form, typer.Option("--format", help="What it is written as.")] = Form.YAML,
    output: Annotated[Path | None, typer.Option(help="A file that it is written to.")] = None,
    table: TableName = None,
    placement: PlacementFile = None,
    *,
    flags: Flags,
    only: Only = None,
) -> None:
    """Print the template that deploys a schema: table, bucket, policies, alarms. Sends nothing."""
    known, deployment = deployed(
        schema, table=table, placement=placement, options=options, flags=flags
    )
    try:
        text, resources = _written(known, deployment, form, only)
    except DynastoreError as error:
        give_up(str(error), USAGE)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        give_up(f"{output} cannot be written: {error.strerror}", USAGE)
    typer.echo(f"{output}: {resources:,} resources", err=True)


def _written(
    schema: Schema, deployment: Deployment, form: Form, only: Part | None
) -> tuple[str, int]:
    """The text of a template, and how many resources are in it."""
    made: dict[str, Any] = cloudformation.template(schema, deployment, only)
    count = len(made["Resources"])
    match form:
        case Form.YAML:
            return cloudformation.as_yaml(made), count
        case Form.JSON:
            return cloudformation.as_json(made), count
        case Form.TERRAFORM:
            return cloudformation.as_json(terraform.configuration(schema, deployment, only)), count
