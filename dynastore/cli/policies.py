"""IAM policies on the command line."""

from __future__ import annotations

from functools import reduce
from typing import Annotated

import orjson
import typer

from ..errors import DynastoreError
from ..iam import scope_policy
from ..schema import Schema
from . import asking
from .endings import USAGE, give_up
from .options import SchemaName

commands = typer.Typer(help="IAM policies, made of a schema. Sends nothing.", no_args_is_help=True)


@commands.callback()
def options() -> None:
    """Options of all commands."""


@commands.command()
def policy(
    schema: SchemaName,
    scope: Annotated[list[str], typer.Option(help="Of the role; repeated, a nested one.")],
    account: Annotated[str, typer.Option(help="Number of the AWS account, 12 digits.")],
    region: Annotated[str, typer.Option(help="Of the table, such as eu-west-1.")],
    table: Annotated[
        str | None, typer.Option(help="The table's name, unless it is the schema's.")
    ] = None,
    partition: Annotated[str, typer.Option(help="Of AWS, such as aws-cn.")] = "aws",
    read_only: Annotated[bool, typer.Option("--read-only", help="It may not write.")] = False,
) -> None:
    """Print the policy of a role that works in one scope, as JSON."""
    try:
        known = asking.schema_named(schema)
        named = known if table is None else known.named(table)
        scoped = reduce(Schema.scoped, scope, named)
        made = scope_policy(
            scoped, account=account, region=region, partition=partition, read_only=read_only
        )
    except DynastoreError as error:
        give_up(str(error), USAGE)
    typer.echo(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())
