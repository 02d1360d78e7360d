"""What is deployed: the properties of resources as AWS tells them now, in the form that templates have.

Each reader is told the resource's name in AWS and the properties that it should have, where its name alone
does not find it. It gives back None where there is no such resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...infra.resolving import Account, Expected
from ..control import ControlPlane
from . import backups, buckets, endpoints, tables, watching
from .reading import Reader

READERS: Mapping[str, Reader] = {
    "AWS::DynamoDB::Table": tables.table,
    "AWS::ApplicationAutoScaling::ScalableTarget": tables.scalable_target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": tables.scaling_policy,
    "AWS::S3::Bucket": buckets.bucket,
    "AWS::S3::BucketPolicy": buckets.policy,
    "AWS::KMS::Key": buckets.key,
    "AWS::IAM::ManagedPolicy": watching.managed_policy,
    "AWS::IAM::Role": watching.role,
    "AWS::SNS::Topic": watching.topic,
    "AWS::SNS::TopicPolicy": watching.topic_policy,
    "AWS::SNS::Subscription": watching.subscription,
    "AWS::CloudWatch::Alarm": watching.alarm,
    "AWS::CloudWatch::Dashboard": watching.dashboard,
    "AWS::Backup::BackupVault": backups.vault,
    "AWS::Backup::BackupPlan": backups.plan,
    "AWS::Backup::BackupSelection": backups.selection,
    "AWS::EC2::VPCEndpoint": endpoints.endpoint,
}


def can_be_read(wanted: Expected) -> bool:
    """Whether a resource can be looked at: its kind is known, and so is its name."""
    return wanted.type in READERS and wanted.physical_id is not None


def read(plane: ControlPlane, wanted: Expected) -> Mapping[str, Any] | None:
    """The properties of a resource as they are now; None where there is no such resource.

    Raises:
        ServiceError: a service refused, or did not answer.
    """
    assert wanted.physical_id is not None, "it can be read"
    return READERS[wanted.type](plane, wanted.physical_id, wanted.properties)


def account(plane: ControlPlane, stack: str) -> Account:
    """The account that calls are made in, and the region.

    Args:
        plane: what calls are made by.
        stack: name of the stack that is looked at, be it there or not.

    Raises:
        RequestError: there is no region.
        AccessDenied: there are no credentials, or invalid ones.
    """
    region = plane.region  # the next call needs none, and would be sent in vain
    arn = str(plane.call("sts", "get_caller_identity")["Arn"]).split(":")
    return Account(arn[4], region, stack, arn[1])
