"""Managed policies: what a reader, a writer and an admin of a whole table may do, and a role of one scope.

Each allows the actions that the calls of a store send, and no others:

| role | may |
|---|---|
| reader | get, get_many, query, collection, transact_get, and search by vectors |
| writer | all that a reader may, and put, create, update, delete, transact and what is made of them |
| admin | all that a writer may, and scan, verify, reindex, sweep, upcast, scope moves, changes, backups |
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import orjson

from ..errors import ModelError, RequestError
from ..keys.addresses import address, place_in
from ..schema.schema import Schema
from .deployment import Deployment, Role
from .encryption import key_statements
from .iam import (
    OBJECT_READS,
    OBJECT_WRITES,
    READS,
    WRITES,
    Where,
    document,
    scope_statements,
)
from .names import Resources, camel, free, sub

POLICY_CHARACTERS = 6_144  # of a managed policy, without white space; IAM quotas

SCANS = ("Scan",)
SEARCHES = ("SearchVectors",)
TABLE_UPKEEP = ("CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive")
# What `migrate` reads of tables that other libraries made.
OLD_READS = ("DescribeTable", "GetItem", "Query", "Scan")
STREAM_READS = ("DescribeStream", "GetRecords", "GetShardIterator")
TABLE_BACKUPS = (
    "CreateBackup",
    "DescribeContinuousBackups",
    "RestoreTableToPointInTime",
    "UpdateContinuousBackups",
)
KEPT_BACKUPS = ("DeleteBackup", "DescribeBackup", "RestoreTableFromBackup")
# What no restore brings is set afterwards: time to live, the stream, point-in-time recovery.
SET_UP = ("DescribeTimeToLive", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive")
# Of the table that is restored, DynamoDB asks for the caller's permission to fill it.
# Source: DynamoDB Developer Guide, "Using IAM with DynamoDB backup and restore".
RESTORES = (
    *("RestoreTableFromBackup", "RestoreTableToPointInTime", "DescribeTable"),
    *("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
    *SET_UP,
)
ABOUT: dict[Role, str] = {
    "reader": "Reads items of table {}",
    "writer": "Reads and writes items of table {}",
    "admin": "Keeps table {} in order: scans, streams, backups",
}


def roles(schema: Schema, deployment: Deployment) -> Resources:
    """The managed policies that a deployment asks for.

    Raises:
        ModelError: a scope cannot be named so, or a policy is larger than IAM takes.
    """
    made: Resources = {}
    for role in deployment.roles:
        statements = role_statements(schema, deployment, role)
        about = ABOUT[role].format(schema.table.name)
        made[f"{role.capitalize()}Policy"] = _managed(about, statements)
    for path in deployment.scopes:
        name = free(f"Scope{''.join(map(camel, path))}Policy", made)
        about = f"Reads and writes items of table {schema.table.name} in one scope"
        made[name] = _managed(about, _of_scope(schema, deployment, path))
    return made


def where(deployment: Deployment) -> Where:
    """Where a stack and the replicas of its table are."""
    places = {
        name: (each.region, each.account or "${AWS::AccountId}")
        for name, each in deployment.places.items()
    }
    regions = ("${AWS::Region}", *deployment.replicas)
    return Where("${AWS::Partition}", "${AWS::AccountId}", regions, places)


def table_names(schema: Schema) -> list[str]:
    """The tables of a schema in a policy: its own by name, private ones by what their names share.

    So a scope that is moved to a private table is allowed there before the placement names it.
    """
    own = schema.table.name
    known = [each.table.name for each in schema.all_tables]
    names = [each for each in known if each != own and place_in(each) is None]
    private = [f"{own}.*"] if any(name.startswith(f"{own}.") for name in names) else []
    return [own, *private, *(name for name in names if not name.startswith(f"{own}."))]


def far_tables(schema: Schema, deployment: Deployment) -> list[str]:
    """The addresses of a schema's tables at other places in a policy: of its name, and private ones.

    Raises:
        ModelError: a placement has a place that the deployment does not.
    """
    own = schema.table.name
    for each in schema.all_tables:
        place = place_in(each.table.name)
        if place is not None and place not in deployment.places:
            raise ModelError(
                f"table {each.table.name} is at place {place!r}: say where that is in a section "
                f"[places.{place}] of the options, with its region"
            )
    return [address(place, name) for place in deployment.places for name in (own, f"{own}.*")]


def role_statements(schema: Schema, deployment: Deployment, role: Role) -> list[dict[str, Any]]:
    """What a role may do; ARNs are texts with what CloudFormation puts in."""
    place = where(deployment)
    own = [arn for name in table_names(schema) for arn in place.tables(name)]
    far = [arn for name in far_tables(schema, deployment) for arn in place.tables(name)]
    at = own + far
    scans = SCANS if role == "admin" else ()
    items = READS + scans if role == "reader" else READS + WRITES + scans
    statements = [allow("Items", "dynamodb", items, at)]
    if reads := _index_reads(schema) + (scans if _has_indexes(schema) else ()):
        statements.append(allow("Indexes", "dynamodb", reads, _indexes(at)))
    buckets = _buckets(schema, deployment)
    if buckets:
        objects = OBJECT_READS if role == "reader" else OBJECT_READS + OBJECT_WRITES
        deletes = ("DeleteObject",) if role == "admin" else ()
        arns = [place.objects(each) for each in buckets]
        statements.append(allow("Objects", "s3", objects + deletes, arns))
    if role == "admin":
        statements += _upkeep(schema, place, own, far)
        if buckets:
            names = [place.bucket(each) for each in buckets]
            statements.append(allow("ObjectNames", "s3", ("ListBucket",), names))
        statements += _elsewhere(deployment, place) + _old(deployment, place)
    return statements + key_statements(
        deployment,
        in_bucket=schema.table.bucket is not None,
        writes=role != "reader",
        restores=role == "admin",
    )


def _buckets(schema: Schema, deployment: Deployment) -> list[str]:
    """The bucket of payloads, and those at other places; none where payloads are parts."""
    if schema.table.bucket is None:
        return []
    far = [each.bucket for each in deployment.places.values() if each.bucket is not None]
    return [schema.table.bucket, *far]


def _upkeep(schema: Schema, place: Where, own: list[str], far: list[str]) -> list[dict[str, Any]]:
    restored = [f"{arn}-*" for arn in place.tables(schema.table.name)]
    streams = [f"{each}/stream/*" for each in own + far]
    moved = [allow("TablesOfMoves", "dynamodb", ("DescribeTable",), far)] if far else []
    return [
        allow("Tables", "dynamodb", TABLE_UPKEEP + TABLE_BACKUPS, own),
        *moved,
        allow("Changes", "dynamodb", STREAM_READS, streams),
        allow("KeptBackups", "dynamodb", KEPT_BACKUPS, [f"{each}/backup/*" for each in own]),
        allow("RestoredTables", "dynamodb", RESTORES, restored),
        # It names backups of all tables, and nothing of what is in them; IAM has no ARN for it.
        allow("BackupNames", "dynamodb", ("ListBackups",), ["*"]),
    ]


def _old(deployment: Deployment, place: Where) -> list[dict[str, Any]]:
    """What is read of the tables and buckets of other libraries."""
    tables = [arn for name in deployment.old_tables for arn in place.tables(name)[:1]]
    objects = [place.objects(each) for each in deployment.old_buckets]
    return [
        *([allow("OldTables", "dynamodb", OLD_READS, tables)] if tables else []),
        *([allow("OldIndexes", "dynamodb", ("Query",), _indexes(tables))] if tables else []),
        *([allow("OldObjects", "s3", OBJECT_READS, objects)] if objects else []),
    ]


def _indexes(tables: list[str]) -> list[str]:
    return [f"{each}/index/*" for each in tables]


def _elsewhere(deployment: Deployment, place: Where) -> list[dict[str, Any]]:
    """Buckets of exports, and of the payloads of tables that are restored."""
    buckets = deployment.admin_buckets
    if not buckets:
        return []
    actions = (*OBJECT_READS, *OBJECT_WRITES, "DeleteObject")
    return [
        allow("ObjectsElsewhere", "s3", actions, [place.objects(each) for each in buckets]),
        # An export looks whether it was begun, and S3 says only to who may list that there is nothing.
        allow("NamesElsewhere", "s3", ("ListBucket",), [place.bucket(each) for each in buckets]),
    ]


def _of_scope(schema: Schema, deployment: Deployment, path: tuple[str, ...]) -> list[Any]:
    try:
        scoped = reduce(Schema.scoped, path, schema)
    except RequestError as error:
        raise ModelError(f"scopes: {error}") from error
    in_bucket = scoped.table.bucket is not None
    return [
        *scope_statements(scoped, where(deployment)),
        *key_statements(deployment, in_bucket=in_bucket, writes=True),
    ]


def _has_indexes(schema: Schema) -> bool:
    return any(each.table.indexes for each in schema.all_tables)


def _index_reads(schema: Schema) -> tuple[str, ...]:
    searched = any(each.table.vectors for each in schema.all_tables)
    return (("Query",) if _has_indexes(schema) else ()) + (SEARCHES if searched else ())


def allow(sid: str, service: str, actions: tuple[str, ...], arns: list[str]) -> dict[str, Any]:
    """A statement that allows actions of one service."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"{service}:{each}" for each in sorted(actions)],
        "Resource": arns,
    }


def _managed(about: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    characters = len(orjson.dumps(document(statements)))
    if characters > POLICY_CHARACTERS:
        raise ModelError(
            f"the policy {about!r} would have {characters:,} characters, and IAM takes "
            f"{POLICY_CHARACTERS:,}; name fewer replicas, or give its tables names that share a prefix"
        )
    filled = [
        {**each, "Resource": [_filled(arn) for arn in each["Resource"]]} for each in statements
    ]
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Description": about, "PolicyDocument": document(filled)},
    }


def _filled(arn: Any) -> Any:
    """An ARN with what CloudFormation puts in; that of a key is a reference already."""
    return sub(arn) if isinstance(arn, str) else arn
