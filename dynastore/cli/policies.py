"""IAM policies on the command line."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import Annotated

import orjson
import typer
from attrs import evolve

from ..errors import DynastoreError, RequestError
from ..infra.cloudformation import Part
from ..infra.deployment import ROLES
from ..infra.iam import ACCOUNT, Policy, scope_policy
from ..infra.printed import deployer_policy, role_policy
from ..infra.resolving import Account
from ..infra.roles import POLICY_CHARACTERS
from ..infra.sections import Place
from ..infra.stacks import service_stack_name, stack_name
from ..schema.schema import Schema
from .deploying import TemplateBucket
from .deployments import (
    Flags,
    Image,
    Only,
    Options,
    PlacementFile,
    TableName,
    TableStack,
    deployed,
)
from .endings import USAGE, give_up
from .options import SchemaName


class RoleName(StrEnum):
    """Roles of a whole table."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"
    DEPLOYER = "deployer"


commands = typer.Typer(help="Print IAM policies, made of a schema.", no_args_is_help=True)


@commands.callback()
def options() -> None:
    """Options of all commands."""


@commands.command()
def policy(
    schema: SchemaName,
    account: Annotated[str, typer.Option(help="Number of the AWS account, 12 digits.")],
    region: Annotated[str, typer.Option(help="Of the table, such as eu-west-1.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="Of the role; repeated, a nested one.")
    ] = None,
    role: Annotated[
        RoleName | None, typer.Option(help="Of the whole table, instead of a scope.")
    ] = None,
    options: Options = None,
    stack: Annotated[
        str | None, typer.Option(help="The deployer's, unless it is called as the table is.")
    ] = None,
    template_bucket: TemplateBucket = None,
    service: Image = None,
    only: Only = None,
    table_stack: TableStack = None,
    table: TableName = None,
    placement: PlacementFile = None,
    partition: Annotated[str, typer.Option(help="Of AWS, such as aws-cn.")] = "aws",
    read_only: Annotated[bool, typer.Option("--read-only", help="It may not write.")] = False,
    place: Annotated[
        list[str] | None,
        typer.Option(help="Another place of its tables: NAME=REGION:ACCOUNT; repeated."),
    ] = None,
) -> None:
    """Print the policy of a role, of the whole table or of one scope, as JSON."""
    if bool(scope) == bool(role):
        give_up("say which role it is: --role reader, or --scope NAME", USAGE)
    known, deployment = deployed(
        schema, table=table, placement=placement, options=options, flags=Flags(service=service)
    )
    try:
        places = {**deployment.places, **dict(map(_place, place or ()))}
        deployment = evolve(deployment, places=places)
        if not ACCOUNT.fullmatch(account):
            raise RequestError(f"an account's number has 12 digits, not {account!r}")
        usual = service_stack_name if only is Part.SERVICE else stack_name
        where = Account(account, region, stack or usual(known.table.name), partition)
        if role is RoleName.DEPLOYER:
            made = deployer_policy(known, deployment, where, template_bucket, only, table_stack)
        elif role is not None:
            (named,) = [each for each in ROLES if each == role.value]
            made = role_policy(known, deployment, named, where)
        else:
            made = scope_policy(
                reduce(Schema.scoped, scope or (), known),
                account=account,
                region=region,
                partition=partition,
                read_only=read_only,
                places={
                    name: (each.region, each.account or account) for name, each in places.items()
                },
            )
    except DynastoreError as error:
        give_up(str(error), USAGE)
    _show(made)


def _show(made: Policy) -> None:
    """Print a policy, and say where it is longer than IAM takes it."""
    typer.echo(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())
    if (characters := len(orjson.dumps(made))) > POLICY_CHARACTERS:
        parts = -(-characters // POLICY_CHARACTERS)
        typer.echo(
            f"It has {characters:,} characters, and IAM takes {POLICY_CHARACTERS:,} in a managed policy: put "
            f"its statements into {parts} or more",
            err=True,
        )


def _place(told: str) -> tuple[str, Place]:
    name, _, where = told.partition("=")
    region, _, account = where.partition(":")
    if not (name and region and account):
        raise RequestError(f"a place is NAME=REGION:ACCOUNT, not {told!r}")
    return name, Place(region=region, account=account)
