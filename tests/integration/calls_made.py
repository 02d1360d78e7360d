"""Every call of AWS that is made in this process, as IAM is asked about it.

botocore is listened to where it sends: whatever client made the call, this is what leaves. Resources are
those of ``ACCOUNT``, in the region that the call goes to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import orjson
from attrs import evolve
from botocore.client import BaseClient
from botocore.endpoint import Endpoint

from ..properties.test_scope_policies import ACCOUNT, REGION, Asked, asked_of

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
# Where IAM's word for a call is another than S3's. Source: Service Authorization Reference, "Amazon S3".
OF_BUCKETS = {
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
}
OF_OBJECTS = {"HeadObject": "GetObject"}
# What every principal may do.
FREE = frozenset({("sts", "GetCallerIdentity")})
# What a restore does to the new table on behalf of its caller.
# Source: DynamoDB Developer Guide, "Using IAM with DynamoDB backup and restore".
FILLING = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
# Calls whose action has no resource, so that a policy names all. Source: Service Authorization Reference.
OF_ALL = frozenset(
    {
        "dynamodb:ListBackups",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "cloudwatch:DescribeAlarms",
    }
)


@contextmanager
def calls_made() -> Iterator[set[Asked]]:
    """What IAM is asked of all that is sent meanwhile."""
    asked: set[Asked] = set()
    stacks: dict[str, str] = {}
    given = threading.local()
    make, send = BaseClient._make_api_call, Endpoint.make_request

    def making(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        given.parameters, given.region = parameters, client.meta.region_name
        return make(client, operation, parameters)

    def sending(endpoint: Any, model: Any, request: dict[str, Any]) -> Any:
        service = model.service_model.service_name
        told = {**given.parameters}
        if "StackName" in told and "ChangeSetName" in told:
            stacks[told["ChangeSetName"]] = told["StackName"]
        elif "ChangeSetName" in told:  # by its ARN, which has its name; IAM is asked of the stack
            told = {"StackName": stacks[told["ChangeSetName"].split("/")[-2]]}
        for each in questions(service, model.name, request, told):
            if "/stream/" in each.resource:  # an iterator does not tell of which table
                given.stream = each.resource if "table/*" not in each.resource else given.stream
                each = evolve(each, resource=given.stream)  # noqa: PLW2901
            there = each.resource.replace(f":{REGION}:", f":{given.region}:")
            asked.add(evolve(each, resource=there))
        return send(endpoint, model, request)

    with (
        patch.object(BaseClient, "_make_api_call", making),
        patch.object(Endpoint, "make_request", sending),
    ):
        yield asked


def questions(
    service: str, operation: str, request: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[Asked]:
    """What IAM is asked of one call."""
    if (service, operation) in FREE:
        return
    if service in {"dynamodb", "dynamodbstreams"}:
        yield from of_tables(operation, orjson.loads(request["body"]))
    elif service == "s3":
        yield of_buckets(operation, parameters["Bucket"], parameters.get("Key"))
    else:
        action = f"{service}:{operation}"
        yield Asked(action, "*" if action in OF_ALL else resource_of(service, parameters), ())


def of_tables(operation: str, told: dict[str, Any]) -> Iterator[Asked]:
    """What is asked of a call of DynamoDB, by what is sent."""
    action = f"dynamodb:{operation}"
    if "TransactItems" in told:
        yield from asked_of(operation, told)
    elif "RequestItems" in told:
        for table in told["RequestItems"]:
            yield Asked(action, f"{TABLE}/{table}", ())
    elif action in OF_ALL:
        yield Asked(action, "*", ())
    elif "ShardIterator" in told or "StreamArn" in told:
        yield Asked(action, f"{TABLE}/{_table_of(told)}/stream/2026", ())
    elif operation == "RestoreTableFromBackup":
        yield Asked(action, of_account(told["BackupArn"]), ())
        yield from _filled(action, told)
    elif operation == "RestoreTableToPointInTime":
        yield Asked(action, f"{TABLE}/{told['SourceTableName']}", ())
        yield from _filled(action, told)
    elif "BackupArn" in told or "ResourceArn" in told:
        yield Asked(action, of_account(told.get("BackupArn") or told["ResourceArn"]), ())
    else:
        index = f"/index/{told['IndexName']}" if "IndexName" in told else ""
        yield Asked(action, f"{TABLE}/{told['TableName']}{index}", ())


def _filled(action: str, told: dict[str, Any]) -> Iterator[Asked]:
    new = f"{TABLE}/{told['TargetTableName']}"
    yield Asked(action, new, ())
    for each in FILLING:
        yield Asked(f"dynamodb:{each}", new, ())


def _table_of(told: dict[str, Any]) -> str:
    """The table of a stream; an iterator of these servers begins with the ARN, or is opaque."""
    arn = told.get("StreamArn", "")
    return arn.split(":table/")[1].split("/")[0] if ":table/" in arn else "*"


def of_buckets(operation: str, bucket: str, name: str | None) -> Asked:
    """What is asked of a call of S3: of an object, or of the bucket itself."""
    at = f"arn:aws:s3:::{bucket}"
    if name is None:
        return Asked(f"s3:{OF_BUCKETS.get(operation, operation)}", at, ())
    return Asked(f"s3:{OF_OBJECTS.get(operation, operation)}", f"{at}/{name}", ())


def of_account(arn: str) -> str:
    """An ARN as it would be in the account of the policies."""
    partition, service, _, _, rest = arn.split(":", 5)[1:]
    return f"arn:{partition}:{service}:{REGION}:{ACCOUNT}:{rest}"


def resource_of(service: str, parameters: Mapping[str, Any]) -> str:
    """The resource of a call of a control plane, by its parameters."""
    at = f"{service}:{REGION}:{ACCOUNT}"
    match dict(parameters):
        case {"StackName": str(name)} if name.startswith("arn:"):
            return of_account(name)
        case {"StackName": name}:
            return f"arn:aws:{at}:stack/{name}/2026"
        case {"PolicyArn": arn}:
            return f"arn:aws:iam::{ACCOUNT}:{arn.split(':', 5)[5]}"
        case {"TopicArn": arn}:
            return of_account(arn)
        case {"KeyId": name}:
            return f"arn:aws:{at}:key/{name}"
        case {"DashboardName": name}:
            return f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}"
        case {"BackupVaultName": name}:
            return f"arn:aws:{at}:backup-vault:{name}"
        case {"BackupPlanId": name}:
            return f"arn:aws:{at}:backup-plan:{name}"
    raise AssertionError(f"whose are {service}'s {parameters}?")
