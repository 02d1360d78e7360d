"""What a difference between what is deployed and what should be means, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from orjson import dumps

from .paths import ABSENT, Difference
from .resolving import Expected

KINDS: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "table",
    "AWS::DynamoDB::GlobalTable": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::S3::BucketPolicy": "policy of bucket",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::SNS::Topic": "topic",
    "AWS::Backup::BackupVault": "backup vault",
    "AWS::Backup::BackupPlan": "backup plan",
    "AWS::Backup::BackupSelection": "backup selection",
    "AWS::SNS::TopicPolicy": "policy of topic",
    "AWS::SNS::Subscription": "subscription",
    "AWS::IAM::Role": "role",
    "AWS::EC2::VPCEndpoint": "endpoint",
    "AWS::KMS::Key": "key",
    "AWS::ApplicationAutoScaling::ScalableTarget": "auto scaling",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "auto scaling policy",
}
REPAIR = (
    "`dynastore apply --repair` brings it back, or `dynastore apply` where there is no stack yet"
)

Saying: TypeAlias = Callable[[Expected, Difference], tuple[str, str]]
"""What a difference means, and what to do about it."""


def plain(wanted: Expected, difference: Difference) -> tuple[str, str]:
    """What is said of a property that has no words of its own."""
    kind = KINDS.get(wanted.type, wanted.type)
    name = wanted.physical_id or wanted.logical_id
    return f"{difference.path} of {kind} {name} {_is_not(difference)}", REPAIR


def _is_not(difference: Difference) -> str:
    if difference.after is ABSENT:
        return f"is missing; it should be {_text(difference.before)}"
    if difference.before is ABSENT:
        return f"is {_text(difference.after)}, and should not be there"
    return f"is {_text(difference.after)}, not {_text(difference.before)}"


def _text(value: Any) -> str:
    text = dumps(value, default=repr).decode()
    return text if len(text) <= 200 else f"{text[:199]}…"


def update_table(options: str) -> Callable[[Expected], str]:
    """The call of UpdateTable with some options."""
    return lambda wanted: f"`aws dynamodb update-table --table-name {wanted.physical_id} {options}`"


def _ttl(wanted: Expected, difference: Difference) -> tuple[str, str]:
    table = wanted.physical_id
    attribute = wanted.properties["TimeToLiveSpecification"]["AttributeName"]
    by_other = difference.path.endswith("AttributeName")
    told = f"expire by {difference.after}, not by {attribute}" if by_other else "are never deleted"
    means = (
        f"items of table {table} {told}: what has expired is hidden, and stays stored and paid for"
    )
    option = f"--time-to-live-specification Enabled=true,AttributeName={attribute}"
    return means, f"`aws dynamodb update-time-to-live --table-name {table} {option}`"


def _recovery(wanted: Expected, _: Difference) -> tuple[str, str]:
    table, options = wanted.physical_id, wanted.properties["PointInTimeRecoverySpecification"]
    days = options.get("RecoveryPeriodInDays")
    means = (
        f"table {table} cannot be restored to any second of the last {days} days"
        if days
        else f"point-in-time recovery of table {table} is on, and paid for, though the options say no"
    )
    told = ",".join(f"{name}={dumps(value).decode()}" for name, value in options.items())
    option = f"--point-in-time-recovery-specification {told}"
    return means, f"`aws dynamodb update-continuous-backups --table-name {table} {option}`"


def _stream(wanted: Expected, _: Difference) -> tuple[str, str]:
    view = wanted.properties["StreamSpecification"]["StreamViewType"]
    means = (
        f"the stream of table {wanted.physical_id} is off, or has other images than {view}: changes() "
        "needs it, and so does moving a scope while it is written to"
    )
    way = update_table(f"--stream-specification StreamEnabled=true,StreamViewType={view}")
    return means, way(wanted)


def _protection(wanted: Expected, difference: Difference) -> tuple[str, str]:
    on = bool(difference.before)
    told = (
        "can be deleted by a single call" if on else "cannot be deleted, though the options say so"
    )
    flag = "--deletion-protection-enabled" if on else "--no-deletion-protection-enabled"
    return f"table {wanted.physical_id} {told}", update_table(flag)(wanted)


def _billing(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = f"table {wanted.physical_id} is billed as {difference.after}, not as {difference.before}"
    return told, update_table(f"--billing-mode {difference.before}")(wanted)


def _class(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = f"table {wanted.physical_id} is of class {difference.after}, not of {difference.before}"
    return told, update_table(f"--table-class {difference.before}")(wanted)


def _status(wanted: Expected, difference: Difference) -> tuple[str, str]:
    # Source: DynamoDB Developer Guide, "How DynamoDB uses AWS KMS".
    means = (
        f"table {wanted.physical_id} is {difference.after}: its key cannot be used, so nothing is read or "
        "written, and after seven days DynamoDB archives it"
    )
    advice = (
        "`aws dynamodb describe-table` tells the key, SSEDescription.KMSMasterKeyArn: `aws kms enable-key` "
        "or `aws kms cancel-key-deletion`, and look whether its policy still lets the account use it"
    )
    return means, advice


def _muted(wanted: Expected, _: Difference) -> tuple[str, str]:
    name = wanted.physical_id
    told = f"alarm {name} tells nobody: its actions are switched off"
    return told, f"`aws cloudwatch enable-alarm-actions --alarm-names {name}`"


def _unconfirmed(wanted: Expected, _: Difference) -> tuple[str, str]:
    to, topic = wanted.properties["Endpoint"], wanted.properties["TopicArn"]
    told = f"{to} has not confirmed the mail that SNS sent, so alarms do not reach them"
    again = f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {to}"
    return told, f"have them open the link in it; `{again}` sends another one"


def _publishing(wanted: Expected, difference: Difference) -> tuple[str, str]:
    (topic,) = wanted.properties["Topics"]
    if difference.before is ABSENT:
        sentence, advice = plain(wanted, difference)
        return f"{sentence}: others may use topic {topic}", advice
    told = f"CloudWatch may not publish to topic {topic} as it should, so alarms may tell nobody"
    return f"{told}: {plain(wanted, difference)[0]}", REPAIR


def _topic_key(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = (
        "messages of alarms are not encrypted"
        if difference.after is ABSENT
        else "CloudWatch may be refused to use the key, and alarms then tell nobody"
    )
    return f"{plain(wanted, difference)[0]}: {told}", REPAIR


def _copied(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = f"AWS Backup does not copy what it should: {plain(wanted, difference)[0]}"
    return told, REPAIR


def _worker(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = "AWS Backup may be refused to take copies, or may do more than that"
    return f"{told}: {plain(wanted, difference)[0]}", REPAIR


def _routed(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = "what is not in both goes to AWS by another way, or by this one though nobody asked"
    return f"{plain(wanted, difference)[0]}: {told}", REPAIR


def _let_through(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = "what the VPC reaches by it is not what the schema needs: calls fail there, or reach others' data"
    return f"{plain(wanted, difference)[0]}: {told}", REPAIR


TABLE: Mapping[str, Saying] = {
    "TableStatus": _status,
    "TimeToLiveSpecification": _ttl,
    "PointInTimeRecoverySpecification": _recovery,
    "StreamSpecification": _stream,
    "DeletionProtectionEnabled": _protection,
    "BillingMode": _billing,
    "TableClass": _class,
}
SAYINGS: Mapping[str, Mapping[str, Saying]] = {
    "AWS::DynamoDB::Table": TABLE,
    "AWS::CloudWatch::Alarm": {"ActionsEnabled": _muted},
    "AWS::SNS::Subscription": {"PendingConfirmation": _unconfirmed},
    "AWS::SNS::TopicPolicy": {"PolicyDocument": _publishing},
    "AWS::SNS::Topic": {"KmsMasterKeyId": _topic_key},
    "AWS::Backup::BackupSelection": {"BackupSelection": _copied},
    "AWS::IAM::Role": {"AssumeRolePolicyDocument": _worker, "ManagedPolicyArns": _worker},
    "AWS::EC2::VPCEndpoint": {"PolicyDocument": _let_through, "RouteTableIds": _routed},
}
