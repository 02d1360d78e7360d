"""AWS Backup: a vault, a plan, what it is of, and the role that it works in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .deployment import Deployment
from .encryption import key_arn
from .names import BUCKET, Placed, Resources, Value, attribute, lasting, ref, sub, tags
from .sections import Backups, Bucket

VAULT = "BackupVault"
# Policies that AWS keeps for the service.
OF_TABLES = "service-role/AWSBackupServiceRolePolicyForBackup"
OF_BUCKETS = "AWSBackupServiceRolePolicyForS3Backup"


NAME_CHARACTERS = 50  # of a vault's name and of a plan's; AWS Backup API Reference


def name_of_vault(stack: str) -> str:
    """What the vault of a stack is called; its plan is, too."""
    return f"{stack}-backups"


def backups(all_placed: Sequence[Placed], bucket: str | None, deployment: Deployment) -> Resources:
    """What takes the copies; nothing without the section.

    The bucket is in them where it is versioned; AWS Backup takes no other.
    """
    asked = deployment.backups
    if asked is None:
        return {}
    with_bucket = bucket is not None and (deployment.bucket or Bucket()).versioning
    sources = [attribute(each.id) for each in all_placed]
    return {
        VAULT: lasting(deployment, _vault(deployment)),
        "BackupPlan": _plan(asked),
        "BackupRole": _role(deployment, with_bucket=with_bucket),
        "BackupSelection": {
            "Type": "AWS::Backup::BackupSelection",
            "Properties": {
                "BackupPlanId": ref("BackupPlan"),
                "BackupSelection": {
                    "SelectionName": "DataOfTheStack",
                    "IamRoleArn": attribute("BackupRole"),
                    "Resources": [*sources, *([attribute(BUCKET)] if with_bucket else [])],
                },
            },
        },
    }


def _vault(deployment: Deployment) -> dict[str, Value]:
    key = key_arn(deployment)
    return {
        "Type": "AWS::Backup::BackupVault",
        "Properties": {
            "BackupVaultName": sub(name_of_vault("${AWS::StackName}")),
            **({} if key is None else {"EncryptionKeyArn": key}),
            **({"BackupVaultTags": {**deployment.tags}} if deployment.tags else {}),
        },
    }


def _plan(asked: Backups) -> dict[str, Value]:
    cold = asked.cold_after_days
    lifecycle = {
        "DeleteAfterDays": asked.keep_days,
        **({} if cold is None else {"MoveToColdStorageAfterDays": cold}),
    }
    rule = {
        "RuleName": "Copies",
        "TargetBackupVault": ref(VAULT),
        "ScheduleExpression": asked.schedule,
        "Lifecycle": lifecycle,
    }
    plan = {"BackupPlanName": sub(name_of_vault("${AWS::StackName}")), "BackupPlanRule": [rule]}
    return {"Type": "AWS::Backup::BackupPlan", "Properties": {"BackupPlan": plan}}


def _role(deployment: Deployment, *, with_bucket: bool) -> dict[str, Any]:
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": "sts:AssumeRole",
        # If the service tells for which account it works, it must be this one.
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    policies = [OF_TABLES, *([OF_BUCKETS] if with_bucket else [])]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Takes copies of the data for AWS Backup",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "ManagedPolicyArns": [
                sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{each}") for each in policies
            ],
            **tags(deployment),
        },
    }
