"""IAM policies: what a role may do that works in one scope, and nothing outside of it.

DynamoDB tells IAM the partition keys of a request, as ``dynamodb:LeadingKeys``: of the table's key, or of
the index that a query is on. Every one of a scope's begins with its prefix, in which ``*``, ``?`` and ``$``
are escaped, so that the prefix as a pattern means itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from attrs import frozen

from ..codec.payload_objects import name_prefix
from ..errors import RequestError, shown
from ..keys.addresses import name_in, place_in
from ..keys.templates import REGISTERED, scope_prefix
from ..schema.schema import Schema
from ..table import Table

Policy: TypeAlias = dict[str, Any]
"""A policy document, as JSON has it."""

READS = ("BatchGetItem", "GetItem", "Query")
WRITES = ("BatchWriteItem", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem")
OBJECT_READS = ("GetObject",)
OBJECT_WRITES = ("PutObject",)  # only upkeep deletes objects
NOWHERE_ELSE: Mapping[str, tuple[str, str]] = MappingProxyType({})
ACCOUNT = re.compile(r"\d{12}")


@frozen
class Where:
    """Where tables are, as their ARNs say it.

    Attributes:
        partition: of AWS.
        account: its number.
        regions: that of the table, and those of its replicas.
        places: region and account of each other place that a placement names.
    """

    partition: str
    account: str
    regions: tuple[str, ...]
    places: Mapping[str, tuple[str, str]] = NOWHERE_ELSE

    def tables(self, address: str) -> list[str]:
        """The ARNs of a table, one of each region.

        Raises:
            RequestError: its place is not known.
        """
        at = f"table/{name_in(address)}"
        return [
            f"arn:{self.partition}:dynamodb:{region}:{account}:{at}"
            for region, account in self._around(address)
        ]

    def _around(self, address: str) -> list[tuple[str, str]]:
        """Region and account of a table and of its replicas."""
        place = place_in(address)
        if place is None:
            return [(region, self.account) for region in self.regions]
        if place not in self.places:
            raise RequestError(
                f"table {address} is at place {place!r}: say in which region and account that is, "
                f"places={{{place!r}: ('us-east-1', '123456789012')}}"
            )
        return [self.places[place]]

    def objects(self, bucket: str, prefix: str = "") -> str:
        """The ARN of the objects in a bucket whose names begin with a prefix."""
        return f"{self.bucket(bucket)}/{prefix}*"

    def bucket(self, name: str) -> str:
        """The ARN of a bucket."""
        return f"arn:{self.partition}:s3:::{name}"


def scope_policy(
    schema: Schema,
    *,
    account: str,
    region: str,
    partition: str = "aws",
    read_only: bool = False,
    places: Mapping[str, tuple[str, str]] = NOWHERE_ELSE,
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
        places: the region and the account of each other place that the scope is kept at, by the name
            that the placement gives it.

    Raises:
        RequestError: the schema has no scope, an account is no number of one, or a place is missing.
    """
    for each in (account, *(elsewhere for _, elsewhere in places.values())):
        if not ACCOUNT.fullmatch(each):
            raise RequestError(f"an account's number has 12 digits, not {shown(each)}")
    where = Where(partition, account, (region,), places)
    return document(scope_statements(schema, where, read_only=read_only))


def document(statements: Sequence[dict[str, Any]]) -> Policy:
    """The policy of some statements."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def scope_statements(
    schema: Schema, where: Where, *, read_only: bool = False
) -> list[dict[str, Any]]:
    """The statements of `scope_policy`.

    Raises:
        RequestError: the schema has no scope.
    """
    if not schema.scopes:
        raise RequestError("a policy is of a scope; give the schema of store.scope(...)")
    statements = [_items(schema, where, READS if read_only else READS + WRITES)]
    if schema.shared is not None:
        shared = where.tables(schema.shared.table.name)
        statements.append(_entry(schema, shared, read_only=read_only))
    around = range(1 if schema.shared is None else 2, len(schema.scopes))
    if around and not read_only:
        statements.append(_entries(schema, where.tables(schema.table.name), around))
    tables = [each.table for each in (schema, *schema.apart.values())]
    if buckets := dict.fromkeys(name_in(each.bucket) for each in tables if each.bucket is not None):
        prefix = name_prefix(schema.scopes)
        actions = OBJECT_READS if read_only else OBJECT_READS + OBJECT_WRITES
        statements.append(
            {
                "Sid": "ObjectsOfTheScope",
                "Effect": "Allow",
                "Action": [f"s3:{each}" for each in sorted(actions)],
                "Resource": [where.objects(bucket, prefix) for bucket in buckets],
            }
        )
    return statements


def _items(schema: Schema, where: Where, actions: tuple[str, ...]) -> dict[str, Any]:
    tables = {each.table.name: each.table for each in (schema, *schema.apart.values())}
    searched = any(table.vectors for table in tables.values())
    return {
        "Sid": "ItemsOfTheScope",
        "Effect": "Allow",
        "Action": [
            f"dynamodb:{each}" for each in sorted([*actions, *(["SearchVectors"] * searched)])
        ],
        "Resource": [
            arn
            for name, table in tables.items()
            for at in where.tables(name)
            for arn in (at, *(f"{at}/index/{index}" for index in index_names(table)))
        ],
        "Condition": _leading([f"{schema.prefix}*"]),
    }


def index_names(table: Table) -> list[str]:
    """Names of all indexes of a table, its vector index too."""
    names = [str(index.name) for index in table.indexes]
    return [*names, table.vectors.name] if table.vectors else names


def _entry(schema: Schema, tables: list[str], *, read_only: bool) -> dict[str, Any]:
    """That it may read where the outermost scope lives, and register it; a store does not move it."""
    return {
        "Sid": "EntryOfTheScope",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", *([] if read_only else ["dynamodb:PutItem"])],
        "Resource": tables,
        "Condition": _leading([f"{scope_prefix(schema.scopes[:1])}{REGISTERED}"]),
    }


def _entries(schema: Schema, tables: list[str], depths: range) -> dict[str, Any]:
    """That it may register the scopes that its own is in, and write nothing else there."""
    around = [schema.scopes[:depth] for depth in depths]
    return {
        "Sid": "EntriesOfTheScopesAround",
        "Effect": "Allow",
        "Action": ["dynamodb:PutItem"],
        "Resource": tables,
        "Condition": _leading([f"{scope_prefix(scopes)}{REGISTERED}" for scopes in around]),
    }


def _leading(patterns: list[str]) -> dict[str, Any]:
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns},
        # "For all" holds of none, too: without this a request without keys would be allowed.
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
