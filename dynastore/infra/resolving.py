"""What the references in a template stand for, once it is known what things are called in AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from .stacks import Template


class _Unknown:
    """A value that only AWS knows. It equals everything, so that nothing is said of it."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # equal to everything, so it has no hash

    def __repr__(self) -> str:
        return "(known to AWS)"


UNKNOWN = _Unknown()

# The property that names a resource. Source: CloudFormation, "Resource types".
NAMED_BY: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::SNS::Topic": "TopicName",
}
# The physical ids that are ARNs, and those made of names.
ARNS: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    "AWS::DynamoDB::GlobalTable": "arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    "AWS::S3::Bucket": "arn:{partition}:s3:::{id}",
    "AWS::KMS::Key": "arn:{partition}:kms:{region}:{account}:key/{id}",
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{id}",
    "AWS::Backup::BackupVault": "arn:{partition}:backup:{region}:{account}:backup-vault:{id}",
    "AWS::CloudWatch::Alarm": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
    "AWS::IAM::ManagedPolicy": "arn:{partition}:iam::{account}:policy/{id}",
    "AWS::SNS::Topic": "arn:{partition}:sns:{region}:{account}:{id}",
}
IDS_ARE_ARNS = frozenset({"AWS::IAM::ManagedPolicy", "AWS::SNS::Topic"})


@frozen
class Account:
    """Where a stack is.

    Attributes:
        number: of the account, 12 digits.
        region: such as ``eu-west-1``.
        stack: name of the stack, be it there or not.
        partition: of AWS, such as ``aws``.
    """

    number: str
    region: str
    stack: str
    partition: str = "aws"

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource, by its type and its name."""
        return ARNS[kind].format(
            partition=self.partition, region=self.region, account=self.number, id=name
        )


@frozen
class Expected:
    """A resource that there should be.

    Attributes:
        logical_id: its name in the template.
        type: such as ``AWS::DynamoDB::Table``.
        properties: as the template has them, references put in.
        physical_id: its name in AWS; None where nobody knows it.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    physical_id: str | None


def expected(
    wanted: Template, account: Account, physical: Mapping[str, str]
) -> tuple[Expected, ...]:
    """The resources of a template as they should be found in AWS.

    Args:
        wanted: the template.
        account: where it is deployed.
        physical: logical id -> physical id, of a stack; empty where there is none.
    """
    resources = wanted["Resources"]
    ids = {**_named(resources, account), **physical}
    known = _Known(account, resources, ids)
    return tuple(
        Expected(name, each["Type"], known.value(each.get("Properties", {})), ids.get(name))
        for name, each in resources.items()
    )


def put_in(told: Any, account: Account) -> Any:
    """A value with what is known of an account and a stack put in; `UNKNOWN` for what a stack makes."""
    return _Known(account, {}, {}).value(told)


def _named(resources: Mapping[str, Any], account: Account) -> dict[str, str]:
    """Logical id -> physical id of what the template itself names."""
    found = {}
    pseudo = _Known(account, resources, {})
    for logical_id, each in resources.items():
        kind = each["Type"]
        name = pseudo.value(each.get("Properties", {}).get(NAMED_BY.get(kind, "")))
        if isinstance(name, str):
            found[logical_id] = account.arn(kind, name) if kind in IDS_ARE_ARNS else name
    return found


@frozen
class _Known:
    """What references can stand for."""

    account: Account
    resources: Mapping[str, Any]
    ids: Mapping[str, str]

    def value(self, told: Any) -> Any:
        """A value with its references put in."""
        match told:
            case {"Ref": str(name)} if len(told) == 1:
                return self._ref(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return self._put_in(text)
            case Mapping():
                return {name: self.value(each) for name, each in told.items()}
            case list() | tuple():
                return [self.value(each) for each in told]
        return told

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::Region": self.account.region,
            "AWS::AccountId": self.account.number,
            "AWS::StackName": self.account.stack,
            "AWS::Partition": self.account.partition,
            "AWS::URLSuffix": "amazonaws.com.cn"
            if "cn" in self.account.partition
            else "amazonaws.com",
        }
        return pseudo.get(name) or self.ids.get(name, UNKNOWN)

    def _attribute(self, name: str, attribute: str) -> Any:
        kind, own = self.resources.get(name, {}).get("Type"), self.ids.get(name)
        if (
            own is None
            or kind not in ARNS
            or not attribute.endswith("Arn")
            or attribute == "StreamArn"
        ):
            return UNKNOWN
        return own if kind in IDS_ARE_ARNS else self.account.arn(kind, own)

    def _put_in(self, text: str) -> Any:
        names = re.findall(r"\$\{([^!}][^}]*)\}", text)
        values = {
            name: self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)
            for name in names
        }
        if any(value is UNKNOWN for value in values.values()):
            return UNKNOWN
        return re.sub(r"\$\{([^!}][^}]*)\}", lambda found: str(values[found[1]]), text)
