"""Gateway endpoints: the way from a VPC to the table and the bucket, and to no others."""

from __future__ import annotations

from typing import Any

from ..schema.schema import Schema
from .deployment import Deployment
from .iam import OBJECT_READS, OBJECT_WRITES, READS, WRITES, document
from .names import Resources, Value, sub, tags
from .roles import (
    KEPT_BACKUPS,
    SCANS,
    SEARCHES,
    STREAM_READS,
    TABLE_BACKUPS,
    TABLE_UPKEEP,
    table_names,
    where,
)
from .sections import Network

TABLE_ACTIONS = (
    *(*READS, *WRITES, *SCANS, *SEARCHES),
    *(*TABLE_UPKEEP, *STREAM_READS, *TABLE_BACKUPS, *KEPT_BACKUPS),
)
OBJECT_ACTIONS = (*OBJECT_READS, *OBJECT_WRITES, "DeleteObject")
# Where Amazon ECR keeps the layers of images: containers in the VPC fetch them by this endpoint.
# Source: Amazon ECR User Guide, "Amazon ECR interface VPC endpoints".
IMAGE_LAYERS = "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*"


def endpoints(schema: Schema, deployment: Deployment) -> Resources:
    """The endpoint of DynamoDB, and that of S3 where there is a bucket; nothing without the section.

    They are for all traffic of the route tables to these services, so what else is in the VPC reaches no
    other table and no other bucket.
    """
    asked = deployment.network
    if asked is None:
        return {}
    made = {"TableEndpoint": _endpoint(asked, deployment, "dynamodb", [_tables(schema)])}
    if schema.table.bucket is not None:
        statements = _objects([schema.table.bucket, *deployment.admin_buckets])
        made["BucketEndpoint"] = _endpoint(asked, deployment, "s3", statements)
    return made


def _tables(schema: Schema) -> dict[str, Value]:
    own = where(Deployment())
    at = [arn for name in table_names(schema) for arn in own.tables(name)]
    return _allow(
        "TablesOfTheStack",
        [f"dynamodb:{each}" for each in sorted({*TABLE_ACTIONS})],
        [arn for each in at for arn in (each, f"{each}/*")],
    )


def _objects(buckets: list[str]) -> list[dict[str, Value]]:
    own = where(Deployment())
    return [
        _allow(
            "ObjectsOfTheStack",
            [f"s3:{each}" for each in sorted(OBJECT_ACTIONS)],
            [own.objects(each) for each in buckets],
        ),
        _allow("ObjectNames", ["s3:ListBucket"], [own.bucket(each) for each in buckets]),
        {
            # Their addresses are signed by ECR, so no principal of the account asks for them.
            "Sid": "ImageLayers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": [sub(IMAGE_LAYERS)],
        },
    ]


def _allow(sid: str, actions: list[str], arns: list[str]) -> dict[str, Any]:
    """What any principal of the account may do by the endpoint, if its own policies allow it too."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": actions,
        "Resource": [sub(arn) for arn in arns],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": sub("${AWS::AccountId}")}},
    }


def _endpoint(
    asked: Network, deployment: Deployment, service: str, statements: list[dict[str, Any]]
) -> dict[str, Value]:
    return {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "VpcEndpointType": "Gateway",
            "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            "VpcId": asked.vpc,
            "RouteTableIds": [*asked.route_tables],
            "PolicyDocument": document(statements),
            **tags(deployment),
        },
    }
