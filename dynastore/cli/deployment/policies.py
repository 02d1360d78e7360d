"""IAM policies on the command line."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import Annotated, Any

import orjson
import typer
from attrs import frozen

from ...errors import DynastoreError, RequestError
from ...infra.deployment import ROLES, Deployment
from ...infra.iam import ACCOUNT, scope_policy
from ...infra.printed import deployer_policy, role_policy
from ...infra.resolving import Account
from ...infra.stacks import stack_name
from ...schema.schema import Schema
from ..endings import USAGE, give_up
from ..groups import grouped
from ..options import SchemaName
from .deploying import TemplateBucket
from .deployments import Flags, Options, TableName, deployed


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
    template_bucket: TemplateBucket = None
    partition: Annotated[str, typer.Option(help="Of AWS, such as aws-cn.")] = "aws"


@commands.command()
@grouped
def policy(
    schema: SchemaName,
    where: Where,
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
        schema, table=table, placement=None, options=options, flags=Flags()
    )
    try:
        if not ACCOUNT.fullmatch(where.account):
            raise RequestError(f"an account's number has 12 digits, not {where.account!r}")
        if role is not None:
            made = _of_role(known, deployment, role, where)
        else:
            made = scope_policy(
                reduce(Schema.scoped, scope or (), known),
                account=where.account,
                region=where.region,
                partition=where.partition,
                read_only=read_only,
                places=dict(map(_place, place or ())),
            )
    except DynastoreError as error:
        give_up(str(error), USAGE)
    typer.echo(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())


def _of_role(
    schema: Schema, deployment: Deployment, role: RoleName, where: Where
) -> dict[str, Any]:
    """The policy of a role of the whole table."""
    stack = where.stack or stack_name(schema.table.name)
    account = Account(where.account, where.region, stack, where.partition)
    if role is RoleName.DEPLOYER:
        return deployer_policy(schema, deployment, account, where.template_bucket)
    (named,) = [each for each in ROLES if each == role.value]
    return role_policy(schema, deployment, named, account)


def _place(told: str) -> tuple[str, tuple[str, str]]:
    name, _, where = told.partition("=")
    region, _, account = where.partition(":")
    if not (name and region and account):
        raise RequestError(f"a place is NAME=REGION:ACCOUNT, not {told!r}")
    return name, (region, account)
