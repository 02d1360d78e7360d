"""The deployer: what may plan, apply, destroy and examine a stack, and what its resources take to be made.

CloudFormation makes resources with the permissions of whoever asks it to, so a deployer needs those of each
type of resource in the template, and no others. Actions are by type, and each is among those that the type's
handlers name. Source: CloudFormation resource schemas, ``handlers``; for resources that an action is on:
Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..schema.schema import Schema
from .backups import OF_BUCKETS, OF_TABLES
from .cloudformation import Part, template
from .deployment import Deployment
from .names import in_bucket
from .roles import allow, table_names, where

AT = "${AWS::Region}:${AWS::AccountId}"
STACKS = (
    *("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "ExecuteChangeSet"),
    *("DeleteStack", "DescribeStackEvents", "DescribeStacks", "GetTemplate"),
    *("ListStackResources", "UpdateTerminationProtection"),
)


@frozen
class Making:
    """What it takes to make, change, look at and delete the resources of a type.

    Attributes:
        actions: on the resources themselves.
        on: their ARNs; empty for those of the tables, or of the bucket, of the schema.
        anywhere: actions that IAM knows no resource of, or whose resource has no name before it is made.
    """

    actions: tuple[str, ...]
    on: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()


def _at(service: str, rest: str) -> tuple[str, ...]:
    return (f"arn:${{AWS::Partition}}:{service}:{AT}:{rest}",)


def _global(service: str, rest: str) -> tuple[str, ...]:
    return (f"arn:${{AWS::Partition}}:{service}::${{AWS::AccountId}}:{rest}",)


def _of(service: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{service}:{each}" for each in actions)


TABLE = _of(
    "dynamodb",
    *("CreateTable", "DeleteTable", "DescribeContinuousBackups", "DescribeTable"),
    *("DescribeTimeToLive", "ListTagsOfResource", "TagResource", "UntagResource"),
    *("UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
)
# A replica is filled with the caller's permissions. Source: DynamoDB Developer Guide, "Global tables: IAM".
REPLICAS = _of(
    "dynamodb",
    *("CreateTableReplica", "DeleteTableReplica", "UpdateTableReplicaAutoScaling"),
    *("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
)
SCALING = "application-autoscaling"
SCALED = _of(
    SCALING,
    *("DeleteScalingPolicy", "DeregisterScalableTarget", "PutScalingPolicy"),
    "RegisterScalableTarget",
)
LINKED = _of("iam", "CreateServiceLinkedRole")

# Type of resource -> what it takes.
MAKING: Mapping[str, Making] = {
    "AWS::DynamoDB::Table": Making(TABLE),
    "AWS::DynamoDB::GlobalTable": Making((*TABLE, *REPLICAS, *SCALED)),
    "AWS::S3::Bucket": Making(
        _of(
            "s3",
            *("CreateBucket", "DeleteBucket", "ListBucket"),
            *("GetBucketOwnershipControls", "GetBucketPublicAccessBlock", "GetBucketTagging"),
            *("GetBucketVersioning", "GetEncryptionConfiguration", "GetLifecycleConfiguration"),
            *("PutBucketOwnershipControls", "PutBucketPublicAccessBlock", "PutBucketTagging"),
            *("PutBucketVersioning", "PutEncryptionConfiguration", "PutLifecycleConfiguration"),
        )
    ),
    "AWS::S3::BucketPolicy": Making(
        _of("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy")
    ),
    "AWS::KMS::Key": Making(
        _of(
            "kms",
            *("DescribeKey", "DisableKeyRotation", "EnableKeyRotation", "GetKeyPolicy"),
            *("GetKeyRotationStatus", "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion"),
            *("TagResource", "UntagResource", "UpdateKeyDescription"),
        ),
        _at("kms", "key/*"),
        _of("kms", "CreateKey"),
    ),
    "AWS::IAM::ManagedPolicy": Making(
        _of(
            "iam",
            *("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion"),
            *("GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions"),
        ),
        _global("iam", "policy/${AWS::StackName}-*"),
    ),
    "AWS::IAM::Role": Making(
        _of(
            "iam",
            *("CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies"),
            *("ListRolePolicies", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
        ),
        _global("iam", "role/${AWS::StackName}-*"),
    ),
    "AWS::SNS::Topic": Making(
        _of(
            "sns",
            *("CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListTagsForResource"),
            *("ListSubscriptionsByTopic", "SetTopicAttributes", "TagResource", "UntagResource"),
        ),
        _at("sns", "${AWS::StackName}-*"),
    ),
    "AWS::SNS::TopicPolicy": Making(
        _of("sns", "SetTopicAttributes"), _at("sns", "${AWS::StackName}-*")
    ),
    "AWS::SNS::Subscription": Making(
        _of("sns", "GetSubscriptionAttributes", "Subscribe", "Unsubscribe"),
        _at("sns", "${AWS::StackName}-*"),
    ),
    "AWS::CloudWatch::Alarm": Making(
        _of(
            "cloudwatch",
            *("DeleteAlarms", "ListTagsForResource", "PutMetricAlarm"),
            *("TagResource", "UntagResource"),
        ),
        _at("cloudwatch", "alarm:${AWS::StackName}-*"),
        _of("cloudwatch", "DescribeAlarms"),
    ),
    "AWS::CloudWatch::Dashboard": Making(
        _of("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
        _global("cloudwatch", "dashboard/${AWS::StackName}"),
    ),
    "AWS::Backup::BackupVault": Making(
        _of(
            "backup",
            *("CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault"),
            *("ListTags", "TagResource", "UntagResource"),
        ),
        _at("backup", "backup-vault:${AWS::StackName}-backups"),
        _of("backup-storage", "MountCapsule"),
    ),
    "AWS::Backup::BackupPlan": Making(
        _of(
            "backup",
            *("CreateBackupPlan", "DeleteBackupPlan", "GetBackupPlan", "UpdateBackupPlan"),
        ),
        _at("backup", "backup-plan:*"),
    ),
    "AWS::Backup::BackupSelection": Making(
        _of(
            "backup",
            *("CreateBackupSelection", "DeleteBackupSelection", "GetBackupSelection"),
            "ListBackupSelections",
        ),
        _at("backup", "backup-plan:*"),
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": Making(
        _of(SCALING, "DeregisterScalableTarget", "RegisterScalableTarget"),
        _at(SCALING, "scalable-target/*"),
        (*_of(SCALING, "DescribeScalableTargets"), *LINKED),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Making(
        _of(SCALING, "DeleteScalingPolicy", "PutScalingPolicy"),
        _at(SCALING, "scalable-target/*"),
        _of(SCALING, "DescribeScalingPolicies"),
    ),
    "AWS::EC2::VPCEndpoint": Making(
        (),
        anywhere=_of(
            "ec2",
            *("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints"),
            *("DescribeVpcs", "ModifyVpcEndpoint"),
        ),
    ),
}


def deployer_statements(
    schema: Schema, deployment: Deployment, template_bucket: str | None = None
) -> list[dict[str, Any]]:
    """What a deployer may do, by the template of the table's stack; the service is none of it.

    ARNs are texts with what CloudFormation puts in.

    Args:
        schema: what is deployed.
        deployment: how.
        template_bucket: where templates pass through that are too large for a request.

    Raises:
        ModelError: schema and deployment do not go together.
    """
    kinds = sorted(
        {each["Type"] for each in template(schema, deployment, Part.TABLE)["Resources"].values()}
    )
    stack = f"arn:${{AWS::Partition}}:cloudformation:{AT}:stack/${{AWS::StackName}}/*"
    statements = [allow("Stack", "cloudformation", STACKS, [stack])]
    for kind in kinds:
        making = MAKING[kind]
        if making.actions:
            on = [*making.on] or _own(kind, schema, deployment)
            statements.append(_statement(_sid(kind), making.actions, on))
    anywhere = {action for kind in kinds for action in MAKING[kind].anywhere}
    if anywhere:
        # IAM has no ARN for these, or none before what they make is there.
        statements.append(_statement("WithoutNames", tuple(anywhere), ["*"]))
    if "AWS::IAM::Role" in kinds:
        statements += _role_of_backups()
    if template_bucket is not None:
        objects = [where(deployment).objects(template_bucket, "dynastore-")]
        passing = ("DeleteObject", "GetObject", "PutObject")
        statements.append(allow("TemplatesPassingThrough", "s3", passing, objects))
    return statements


def _own(kind: str, schema: Schema, deployment: Deployment) -> list[str]:
    """ARNs of the tables, or of the bucket."""
    place = where(deployment)
    if kind.startswith("AWS::S3::"):
        return [place.bucket(str(in_bucket(schema, deployment).table.bucket))]
    tables = [arn for name in table_names(schema) for arn in place.tables(name)]
    if kind == "AWS::DynamoDB::GlobalTable" and deployment.provisioned:
        return [*tables, *_at(SCALING, "scalable-target/*")]
    return tables


def _role_of_backups() -> list[dict[str, Any]]:
    """To give the role of AWS Backup its two policies and nothing else, and to nobody else."""
    role = [*_global("iam", "role/${AWS::StackName}-*")]
    policies = [
        f"arn:${{AWS::Partition}}:iam::aws:policy/{each}" for each in (OF_TABLES, OF_BUCKETS)
    ]
    attaching = allow("PoliciesOfBackups", "iam", ("AttachRolePolicy", "DetachRolePolicy"), role)
    passing = allow("RoleOfBackups", "iam", ("PassRole",), role)
    return [
        {**attaching, "Condition": {"ArnEquals": {"iam:PolicyARN": policies}}},
        {
            **passing,
            "Condition": {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}},
        },
    ]


def _sid(kind: str) -> str:
    """A type's name without colons: ``DynamoDBTable``."""
    return kind.removeprefix("AWS::").replace("::", "")


def _statement(sid: str, actions: tuple[str, ...], arns: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": arns}
