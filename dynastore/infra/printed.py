"""The policy of a role for one account and region, as IAM takes it."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError
from ..schema.schema import Schema
from .cloudformation import Part
from .deployer import deployer_statements
from .deployment import Deployment, Role
from .iam import Policy, document
from .names import in_bucket
from .resolving import UNKNOWN, Account, put_in
from .roles import role_statements
from .stacks import stack_name


def role_policy(schema: Schema, deployment: Deployment, role: Role, account: Account) -> Policy:
    """What the stack's policy of a role says.

    Raises:
        ModelError: schema and deployment do not go together, or only a stack knows what it is about.
    """
    return _filled(role_statements(in_bucket(schema, deployment), deployment, role), account)


def deployer_policy(
    schema: Schema,
    deployment: Deployment,
    account: Account,
    template_bucket: str | None = None,
    only: Part | None = None,
    table_stack: str | None = None,
) -> Policy:
    """What it takes to plan, apply, destroy and examine a stack.

    Args:
        schema: what is deployed.
        deployment: how.
        account: where, and the name of the stack.
        template_bucket: where templates pass through that are too large for a request.
        only: the stack of the table, or that of the service; None for one that has both.
        table_stack: name of the table's; None for the usual one.

    Raises:
        ModelError: schema and deployment do not go together.
    """
    of_table = account.stack
    if only is Part.SERVICE:
        of_table = table_stack or stack_name(schema.table.name)
    statements = deployer_statements(schema, deployment, template_bucket, only, of_table)
    return _filled(statements, account)


def _filled(statements: list[dict[str, Any]], account: Account) -> Policy:
    filled = [put_in(_as_told(each), account) for each in statements]
    if any(UNKNOWN is arn for each in filled for arn in each["Resource"]):
        raise ModelError(
            "the stack makes a key, and its ARN is known to the stack alone: take the stack's own "
            "policy, or name a key that is there with encryption = its ARN"
        )
    return document(filled)


def _as_told(value: Any) -> Any:
    """A statement whose texts are told to be filled in, as a template has them."""
    match value:
        case str() if "${" in value:
            return {"Fn::Sub": value}
        case list():
            return [_as_told(each) for each in value]
        case dict() if not any(name.startswith("Fn::") for name in value):
            return {name: _as_told(each) for name, each in value.items()}
    return value
