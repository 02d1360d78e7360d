"""IAM policies: what a role may do that works in one scope, and nothing outside of it.

DynamoDB tells IAM the partition keys of a request, as ``dynamodb:LeadingKeys``: of the table's key, or of
the index that a query is on. Every one of a scope's begins with its prefix, in which ``*``, ``?`` and ``$``
are escaped, so that the prefix as a pattern means itself.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from .errors import RequestError, shown
from .keys import REGISTERED, scope_prefix
from .payload_objects import name_prefix
from .schema import Schema

Policy: TypeAlias = dict[str, Any]
"""A policy document, as JSON has it."""

READS = ("BatchGetItem", "GetItem", "Query")
WRITES = ("BatchWriteItem", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem")
OBJECT_READS = ("GetObject",)
OBJECT_WRITES = ("DeleteObject", "PutObject")
ACCOUNT = re.compile(r"\d{12}")


def scope_policy(
    schema: Schema,
    *,
    account: str,
    region: str,
    partition: str = "aws",
    read_only: bool = False,
) -> Policy:
    """The policy of a role that works in one scope.

    It allows every call of a store of that scope but those that go through the whole table: `scan`,
    `verify`, `reindex`, `sweep`, `upcast`, `scope_figures` and `delete_scope` read other scopes too, and
    `changes` reads the stream, which has all of them.

    Where a placement keeps the scope in a table of its own, it is for that table, and for the entry of
    the scope in the shared one. A scope that is moved needs one for its new table before that.

    Args:
        schema: that of a scoped store: ``store.scope("qa").schema``.
        account: number of the AWS account, 12 digits.
        region: of the table, such as ``eu-west-1``.
        partition: of AWS: ``aws``, ``aws-cn``, ``aws-us-gov``.
        read_only: whether it may not write.

    Raises:
        RequestError: the schema has no scope, or the account is no number of one.
    """
    if not schema.scopes:
        raise RequestError("a policy is of a scope; give the schema of store.scope(...)")
    if not ACCOUNT.fullmatch(account):
        raise RequestError(f"an account's number has 12 digits, not {shown(account)}")
    at = f"arn:{partition}:dynamodb:{region}:{account}:table/"
    statements = [_items(schema, at, READS if read_only else READS + WRITES)]
    if schema.shared is not None:
        statements.append(_entry(schema, f"{at}{schema.shared.table.name}", read_only=read_only))
    around = range(1 if schema.shared is None else 2, len(schema.scopes))
    if around and not read_only:
        statements.append(_entries(schema, f"{at}{schema.table.name}", around))
    if schema.table.bucket is not None:
        actions = OBJECT_READS if read_only else OBJECT_READS + OBJECT_WRITES
        statements.append(_objects(schema, schema.table.bucket, partition, actions))
    return {"Version": "2012-10-17", "Statement": statements}


def _items(schema: Schema, at: str, actions: tuple[str, ...]) -> dict[str, Any]:
    tables = {each.table.name: each.table for each in (schema, *schema.apart.values())}
    return {
        "Sid": "ItemsOfTheScope",
        "Effect": "Allow",
        "Action": [f"dynamodb:{each}" for each in sorted(actions)],
        "Resource": [
            arn
            for name, table in tables.items()
            for arn in (f"{at}{name}", *(f"{at}{name}/index/{i.name}" for i in table.indexes))
        ],
        "Condition": _leading([f"{schema.prefix}*"]),
    }


def _entry(schema: Schema, table: str, *, read_only: bool) -> dict[str, Any]:
    """That it may read where the outermost scope lives, and register it; a store does not move it."""
    return {
        "Sid": "EntryOfTheScope",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", *([] if read_only else ["dynamodb:PutItem"])],
        "Resource": [table],
        "Condition": _leading([f"{scope_prefix(schema.scopes[:1])}{REGISTERED}"]),
    }


def _entries(schema: Schema, table: str, depths: range) -> dict[str, Any]:
    """That it may register the scopes that its own is in, and write nothing else there."""
    around = [schema.scopes[:depth] for depth in depths]
    return {
        "Sid": "EntriesOfTheScopesAround",
        "Effect": "Allow",
        "Action": ["dynamodb:PutItem"],
        "Resource": [table],
        "Condition": _leading([f"{scope_prefix(scopes)}{REGISTERED}" for scopes in around]),
    }


def _leading(patterns: list[str]) -> dict[str, Any]:
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns},
        # "For all" holds of none, too: without this a request without keys would be allowed.
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def _objects(
    schema: Schema, bucket: str, partition: str, actions: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "Sid": "ObjectsOfTheScope",
        "Effect": "Allow",
        "Action": [f"s3:{each}" for each in sorted(actions)],
        "Resource": [f"arn:{partition}:s3:::{bucket}/{name_prefix(schema.scopes)}*"],
    }
