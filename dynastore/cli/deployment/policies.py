"""IAM policies on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import reduce
from typing import Annotated

import orjson
import typer
from attrs import evolve, frozen

from ...errors import DynastoreError, RequestError
from ...infra.cloudformation import Part
from ...infra.deployment import ROLES, Deployment
from ...infra.iam import ACCOUNT, Policy, scope_policy
from ...infra.printed import deployer_policy, role_policy
from ...infra.resolving import Account
from ...infra.roles import POLICY_CHARACTERS
from ...infra.sections import Place
from ...infra.stacks import stack_name
from ...schema.schema import Schema
from ..endings import USAGE, give_up
from ..groups import grouped
from ..options import SchemaName
from .deploying import TemplateOptions
from .deployments import (
    Flags,
    Options,
    PlacementFile,
    TableName,
    deployed,
)


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


ScopeNames = Annotated[list[str] | None, typer.Option(help="Of the role; repeated, a nested one.")]
Role = Annotated[RoleName | None, typer.Option(help="Of the whole table, instead of a scope.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="It may not write.")]
Places = Annotated[
    list[str] | None,
    typer.Option(help="Another place of its tables: NAME=REGION:ACCOUNT; repeated."),
]


@frozen(kw_only=True)
class Where:
    """Where what the policy is about is."""

    account: Annotated[str, typer.Option(help="Number of the AWS account, 12 digits.")]
    region: Annotated[str, typer.Option(help="Of the table, such as eu-west-1.")]
    stack: Annotated[
        str | None, typer.Option(help="The deployer's, unless it is called as the table is.")
    ] = None
    placement: PlacementFile = None
    partition: Annotated[str, typer.Option(help="Of AWS, such as aws-cn.")] = "aws"


@commands.command()
@grouped
def policy(
    schema: SchemaName,
    where: Where,
    made_of: TemplateOptions,
    scope: ScopeNames = None,
    role: Role = None,
    options: Options = None,
    table: TableName = None,
    read_only: ReadOnly = False,
    place: Places = None,
) -> None:
    """Print the policy of a role, of the whole table or of one scope, as JSON."""
    if bool(scope) == bool(role):
        give_up("say which role it is: --role reader, or --scope NAME", USAGE)
    known, deployment = deployed(
        schema,
        table=table,
        placement=where.placement,
        options=options,
        flags=Flags(service=made_of.service),
    )
    try:
        places = {**deployment.places, **dict(map(_place, place or ()))}
        deployment = evolve(deployment, places=places)
        if not ACCOUNT.fullmatch(where.account):
            raise RequestError(f"an account's number has 12 digits, not {where.account!r}")
        if role is not None:
            made = _of_role(known, deployment, role, where, made_of)
        else:
            scoped = reduce(Schema.scoped, scope or (), known)
            made = _of_scope(scoped, where, places, read_only=read_only)
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


def _of_role(
    schema: Schema, deployment: Deployment, role: RoleName, where: Where, made_of: TemplateOptions
) -> Policy:
    """The policy of a role of the whole table."""
    of_service = made_of.only is Part.SERVICE
    stack = where.stack or stack_name(schema.table.name, of_service=of_service)
    account = Account(where.account, where.region, stack, where.partition)
    if role is RoleName.DEPLOYER:
        bucket, only = made_of.template_bucket, made_of.only
        return deployer_policy(schema, deployment, account, bucket, only, made_of.table_stack)
    (named,) = [each for each in ROLES if each == role.value]
    return role_policy(schema, deployment, named, account)


def _of_scope(
    schema: Schema, where: Where, places: Mapping[str, Place], *, read_only: bool
) -> Policy:
    """The policy of one scope."""
    return scope_policy(
        schema,
        account=where.account,
        region=where.region,
        partition=where.partition,
        read_only=read_only,
        places={
            name: (each.region, each.account or where.account) for name, each in places.items()
        },
    )


def _place(told: str) -> tuple[str, Place]:
    name, _, where = told.partition("=")
    region, _, account = where.partition(":")
    if not (name and region and account):
        raise RequestError(f"a place is NAME=REGION:ACCOUNT, not {told!r}")
    return name, Place(region=region, account=account)
