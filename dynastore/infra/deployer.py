"""The deployer: what may plan, apply, destroy and examine a stack, and what its resources take to be made.

CloudFormation makes resources with the permissions of whoever asks it to, so a deployer needs those of each
type of resource in the template, and no others: see `making`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from ..schema.schema import Schema
from .backups import OF_BUCKETS, OF_TABLES
from .cloudformation import Part, template
from .deployment import AWS_MANAGED, AWS_OWNED, CUSTOMER, Deployment
from .encryption import log_group
from .making import GROUPS, MAKING, POLICY, SCALING, TARGET, anywhere_in, at
from .names import in_bucket
from .roles import allow, table_names, where
from .service.balancing import vpc_of
from .service.permissions import EXECUTION_ROLE, TASK_ROLE, WRITER_POLICY

STACKS = (
    *("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "ExecuteChangeSet"),
    *("DeleteStack", "DescribeStackEvents", "DescribeStacks", "GetTemplate"),
    *("ListStackResources", "UpdateTerminationProtection"),
)
VAULT = "AWS::Backup::BackupVault"
KEYED = {"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", VAULT}
BACKUP_ROLE = "BackupRole"


def deployer_statements(
    schema: Schema,
    deployment: Deployment,
    template_bucket: str | None = None,
    only: Part | None = None,
    table_stack: str = "${AWS::StackName}",
) -> list[dict[str, Any]]:
    """What a deployer may do, by the template of its stack.

    ARNs are texts with what CloudFormation puts in.

    Args:
        schema: what is deployed.
        deployment: how.
        template_bucket: where templates pass through that are too large for a request.
        only: the stack of the table, or that of the service; None for one that has both.
        table_stack: name of the table's, whose outputs that of the service takes.

    Raises:
        ModelError: schema and deployment do not go together.
    """
    made = template(schema, deployment, only)["Resources"]
    kinds = {each["Type"] for each in made.values()}
    if "AWS::DynamoDB::GlobalTable" in kinds and deployment.provisioned:
        kinds |= {TARGET, POLICY}  # which the type makes by itself
    statements = [_stack("Stack", STACKS, "${AWS::StackName}")]
    if only is Part.SERVICE:
        statements.append(_stack("StackOfTheTable", ("DescribeStacks",), table_stack))
    for kind in sorted(kinds):
        making = MAKING[kind]
        if making.actions:
            on = [*making.on] or _own(kind, schema, deployment)
            statements.append(_statement(_sid(kind), making.actions, on))
    statements += _around(kinds, deployment) + _key(kinds, deployment)
    if BACKUP_ROLE in made:
        statements += _role_of_backups()
    if TASK_ROLE in made:
        statements += _roles_of_tasks(table_stack)
    if template_bucket is not None:
        objects = [where(deployment).objects(template_bucket, "dynastore-")]
        passing = ("DeleteObject", "GetObject", "PutObject")
        statements.append(allow("TemplatesPassingThrough", "s3", passing, objects))
    return statements


def _stack(sid: str, actions: tuple[str, ...], name: str) -> dict[str, Any]:
    return allow(sid, "cloudformation", actions, [*at("cloudformation", f"stack/{name}/*")])


def _own(kind: str, schema: Schema, deployment: Deployment) -> list[str]:
    """ARNs of what schema and deployment name."""
    place = where(deployment)
    if kind.startswith("AWS::S3::"):
        return [place.bucket(str(in_bucket(schema, deployment).table.bucket))]
    if kind.startswith("AWS::Logs::"):
        logs = f"log-group:{log_group(schema.table.name)}"
        return [*at("logs", logs), *at("logs", f"{logs}:*")]
    if kind in {TARGET, POLICY}:
        return _in_regions(at(SCALING, "scalable-target/*"), deployment)
    if kind.startswith("AWS::EC2::") and deployment.service is not None:
        return [*GROUPS, *at("ec2", f"vpc/{vpc_of(deployment, deployment.service)}")]
    return [arn for name in table_names(schema) for arn in place.tables(name)]


def _in_regions(arns: tuple[str, ...], deployment: Deployment) -> list[str]:
    """ARNs of a region, and those of the replicas'."""
    regions = ("${AWS::Region}", *deployment.replicas)
    return [arn.replace("${AWS::Region}", region) for arn in arns for region in regions]


def _around(kinds: AbstractSet[str], deployment: Deployment) -> list[dict[str, Any]]:
    """What several types take alike: actions without ARNs, roles of AWS's services, alarms of scaling."""
    found = [MAKING[kind] for kind in kinds]
    statements = []
    if anywhere := {action for each in found for action in each.anywhere}:
        # IAM has no ARN for these, or none before what they make is there.
        statements.append(_statement("WithoutNames", tuple(anywhere), ["*"]))
    if linked := sorted({name for each in found for name in each.linked}):
        roles = [
            arn
            for name in linked
            for arn in anywhere_in("iam", f"role/aws-service-role/{name}.amazonaws.com/*")
        ]
        statements.append(allow("RolesOfServices", "iam", ("CreateServiceLinkedRole",), roles))
    if TARGET in kinds:
        # Its alarms are made for the caller, who has to have the permission; that is tried out first, with
        # what is no alarm's name. Source: Application Auto Scaling User Guide, "Permissions validation".
        alarms = _in_regions(at("cloudwatch", "alarm:*"), deployment)
        statements.append(
            allow("AlarmsOfScaling", "cloudwatch", ("DeleteAlarms", "PutMetricAlarm"), alarms)
        )
    return statements


def _key(kinds: AbstractSet[str], deployment: Deployment) -> list[dict[str, Any]]:
    """To let tables and the vault use a customer's key, through their services alone.

    Source: DynamoDB Developer Guide, "How DynamoDB uses AWS KMS"; AWS Backup Developer Guide, "Encryption".
    """
    if deployment.encryption in {AWS_OWNED, AWS_MANAGED} or not kinds & KEYED:
        return []
    is_made = deployment.encryption == CUSTOMER
    own = at("kms", "key/*") if is_made else (deployment.encryption,)
    keys = [*own, *deployment.replica_keys.values()]
    through = _in_regions(("dynamodb.${AWS::Region}.amazonaws.com",), deployment)
    uses: tuple[str, ...] = ("CreateGrant", "Decrypt")
    if VAULT in kinds:
        through.append("backup.${AWS::Region}.amazonaws.com")
        uses += ("GenerateDataKey", "RetireGrant")
    using = allow("KeyOfTheData", "kms", uses, keys)
    return [
        {**using, "Condition": {"StringEquals": {"kms:ViaService": through}}},
        allow("NameOfTheKey", "kms", ("DescribeKey",), keys),
    ]


def _role_of_backups() -> list[dict[str, Any]]:
    """To give the role of AWS Backup its two policies and nothing else, and to nobody else."""
    role = [*_role(BACKUP_ROLE)]
    policies = [
        f"arn:${{AWS::Partition}}:iam::aws:policy/{each}" for each in (OF_TABLES, OF_BUCKETS)
    ]
    return [
        _attaching("PoliciesOfBackups", role, policies),
        _passing("RoleOfBackups", role, "backup.amazonaws.com"),
    ]


def _roles_of_tasks(table_stack: str) -> list[dict[str, Any]]:
    """To give tasks the writer's policy and nothing else, what starts them its own, and both to ECS alone."""
    task, execution = _role(TASK_ROLE), _role(EXECUTION_ROLE)
    inline = ("DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy")
    writer = anywhere_in("iam", f"policy/{table_stack}-{WRITER_POLICY}-*")
    return [
        _attaching("PolicyOfTasks", [*task], [*writer]),
        allow("PolicyOfStarting", "iam", inline, [*execution]),
        _passing("RolesOfTasks", [*execution, *task], "ecs-tasks.amazonaws.com"),
    ]


def _role(name: str) -> tuple[str, ...]:
    return anywhere_in("iam", f"role/${{AWS::StackName}}-{name}-*")


def _attaching(sid: str, roles: list[str], policies: list[str]) -> dict[str, Any]:
    made = allow(sid, "iam", ("AttachRolePolicy", "DetachRolePolicy"), roles)
    return {**made, "Condition": {"ArnLike": {"iam:PolicyARN": policies}}}


def _passing(sid: str, roles: list[str], service: str) -> dict[str, Any]:
    made = allow(sid, "iam", ("PassRole",), roles)
    return {**made, "Condition": {"StringEquals": {"iam:PassedToService": service}}}


def _sid(kind: str) -> str:
    """A type's name without colons: ``DynamoDBTable``."""
    return kind.removeprefix("AWS::").replace("::", "")


def _statement(sid: str, actions: tuple[str, ...], arns: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": arns}
