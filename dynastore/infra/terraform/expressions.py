"""References of a template as Terraform's expressions, and literal texts as Terraform reads them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from attrs import frozen

from ..names import Resources, Value, free

# Type of a resource -> Terraform's type, and the attribute that its Ref stands for.
KINDS: Mapping[str, tuple[str, str]] = {
    "AWS::DynamoDB::Table": ("aws_dynamodb_table", "name"),
    "AWS::DynamoDB::GlobalTable": ("aws_dynamodb_table", "name"),
    "AWS::KMS::Key": ("aws_kms_key", "key_id"),
    "AWS::S3::Bucket": ("aws_s3_bucket", "bucket"),
    "AWS::S3::BucketPolicy": ("aws_s3_bucket_policy", "id"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("aws_appautoscaling_target", "resource_id"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("aws_appautoscaling_policy", "name"),
    "AWS::IAM::ManagedPolicy": ("aws_iam_policy", "arn"),
    "AWS::IAM::Role": ("aws_iam_role", "id"),
    "AWS::SNS::Topic": ("aws_sns_topic", "arn"),
    "AWS::SNS::TopicPolicy": ("aws_sns_topic_policy", "id"),
    "AWS::SNS::Subscription": ("aws_sns_topic_subscription", "arn"),
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm", "alarm_name"),
    "AWS::CloudWatch::Dashboard": ("aws_cloudwatch_dashboard", "dashboard_name"),
    "AWS::Backup::BackupVault": ("aws_backup_vault", "name"),
    "AWS::Backup::BackupPlan": ("aws_backup_plan", "id"),
    "AWS::Backup::BackupSelection": ("aws_backup_selection", "id"),
    "AWS::EC2::VPCEndpoint": ("aws_vpc_endpoint", "id"),
    "AWS::EC2::SecurityGroup": ("aws_security_group", "id"),
    "AWS::EC2::SecurityGroupIngress": ("aws_vpc_security_group_ingress_rule", "id"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("aws_lb", "arn"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("aws_lb_target_group", "arn"),
    "AWS::ElasticLoadBalancingV2::Listener": ("aws_lb_listener", "arn"),
    "AWS::Logs::LogGroup": ("aws_cloudwatch_log_group", "name"),
    "AWS::ECS::Cluster": ("aws_ecs_cluster", "name"),
    "AWS::ECS::TaskDefinition": ("aws_ecs_task_definition", "arn"),
    "AWS::ECS::Service": ("aws_ecs_service", "id"),
}
ATTRIBUTES = {
    "Arn": "arn",
    "StreamArn": "stream_arn",
    "GroupId": "id",
    "Name": "name",
    "DNSName": "dns_name",
    "CanonicalHostedZoneID": "zone_id",
    "LoadBalancerFullName": "arn_suffix",
    "TargetGroupFullName": "arn_suffix",
}
PSEUDO = {
    "AWS::Region": "data.aws_region.current.region",
    "AWS::AccountId": "data.aws_caller_identity.current.account_id",
    "AWS::Partition": "data.aws_partition.current.partition",
    "AWS::StackName": "var.stack_name",
}
PLACE = re.compile(r"\$\{([^}]+)\}")


@frozen
class Stack:
    """The resources of a template, by whose types references are told.

    Attributes:
        types: logical id -> type.
        names: logical id -> name in Terraform.
        parameters: names of the template's parameters, which are variables.
    """

    types: Mapping[str, str]
    names: Mapping[str, str]
    parameters: Collection[str] = ()

    @classmethod
    def of(cls, resources: Resources, parameters: Collection[str] = ()) -> Stack:
        """That of a template's resources and parameters.

        No two have one name, though ids may differ in capitals only.
        """
        taken: dict[str, str] = {}
        for logical_id in resources:
            taken[free(snake(logical_id), taken)] = logical_id
        types = {logical_id: each["Type"] for logical_id, each in resources.items()}
        return cls(types, {each: name for name, each in taken.items()}, parameters)

    def address(self, logical_id: str) -> str:
        """Where Terraform has a resource: ``aws_dynamodb_table.table``."""
        return f"{KINDS[self.types[logical_id]][0]}.{self.names[logical_id]}"

    def value(self, value: Value) -> Any:
        """A value with expressions in place of references."""
        match value:
            case {"Ref": name}:
                return f"${{{self._ref(name)}}}"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"${{{self._attribute(name, attribute)}}}"
            case {"Fn::Sub": text}:
                return self._sub(text)
            case dict():
                return {literal(name): self.value(each) for name, each in value.items()}
            case list():
                return [self.value(each) for each in value]
            case str():
                return literal(value)
        return value

    def document(self, value: Value) -> str:
        """A policy, or another value that Terraform takes as the text of a JSON document."""
        return orjson.dumps(self.value(value)).decode()

    def _ref(self, name: str) -> str:
        if name in self.parameters:
            return f"var.{snake(name)}"
        return PSEUDO.get(name) or f"{self.address(name)}.{KINDS[self.types[name]][1]}"

    def _attribute(self, name: str, attribute: str) -> str:
        return f"{self.address(name)}.{ATTRIBUTES[attribute]}"

    def _sub(self, text: str) -> str:
        """A text with ``${Table}`` and ``${Bucket.Arn}`` in it; what is between them is literal."""
        parts = PLACE.split(text)
        return "".join(
            f"${{{self._placed(part)}}}" if number % 2 else literal(part)
            for number, part in enumerate(parts)
        )

    def _placed(self, name: str) -> str:
        owner, _, attribute = name.partition(".")
        return self._attribute(owner, attribute) if attribute else self._ref(owner)


def literal(text: str) -> str:
    """A text that Terraform takes for nothing but itself."""
    return text.replace("${", "$${").replace("%{", "%%{")


def snake(logical_id: str) -> str:
    """A name in Terraform's form.

    >>> snake("TableGSI1ReadScaling")
    'table_gsi1_read_scaling'
    """
    words = re.findall(r"[A-Z]+\d*(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", logical_id)
    return "_".join(words).lower()
