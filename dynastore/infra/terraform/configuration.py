"""A template as a configuration of Terraform, a resource at a time, so that nothing is said twice.

References become expressions. What Terraform splits, such as a bucket, becomes several resources, and
what the template keeps with ``DeletionPolicy: Retain`` has ``prevent_destroy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import ModelError
from ...schema.schema import Schema
from ..cloudformation import Part, template
from ..deployment import Deployment
from ..names import Value
from . import around, data, serving
from .expressions import Stack, literal, snake
from .parts import Made

# The provider's release whose arguments are used here. Indexes of several range attributes are in it
# since 6.29.0; vector indexes are in none up to this one.
PROVIDER = {"source": "hashicorp/aws", "version": ">= 6.62, < 7"}
TERRAFORM = ">= 1.5"

MAKERS: Mapping[str, Callable[[Stack, str, dict[str, Value]], Made]] = {
    "AWS::DynamoDB::Table": data.table,
    "AWS::DynamoDB::GlobalTable": data.table,
    "AWS::KMS::Key": data.key,
    "AWS::S3::Bucket": data.bucket,
    "AWS::S3::BucketPolicy": data.bucket_policy,
    "AWS::ApplicationAutoScaling::ScalableTarget": around.scalable_target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": around.scaling_policy,
    "AWS::IAM::ManagedPolicy": around.managed_policy,
    "AWS::IAM::Role": around.role,
    "AWS::SNS::Topic": around.topic,
    "AWS::SNS::TopicPolicy": around.topic_policy,
    "AWS::SNS::Subscription": around.subscription,
    "AWS::CloudWatch::Alarm": around.alarm,
    "AWS::CloudWatch::Dashboard": around.dashboard,
    "AWS::Backup::BackupVault": around.vault,
    "AWS::Backup::BackupPlan": around.plan,
    "AWS::Backup::BackupSelection": around.selection,
    "AWS::EC2::VPCEndpoint": around.endpoint,
    "AWS::EC2::SecurityGroup": serving.security_group,
    "AWS::EC2::SecurityGroupIngress": serving.ingress,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": serving.balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": serving.targets,
    "AWS::ElasticLoadBalancingV2::Listener": serving.listener,
    "AWS::Logs::LogGroup": serving.log_group,
    "AWS::ECS::Cluster": serving.cluster,
    "AWS::ECS::TaskDefinition": serving.task,
    "AWS::ECS::Service": serving.service,
}


def configuration(
    schema: Schema, deployment: Deployment, only: Part | None = None
) -> dict[str, Any]:
    """The configuration, as a file ``*.tf.json`` has it.

    A variable is ``stack_name``, which names of alarms, policies and the vault begin with. There is no
    other one, but that of a service alone takes what it needs of the table's.

    Args:
        schema: of the table.
        deployment: its options.
        only: all but the service, or the service alone; None for both in one.

    Raises:
        ModelError: schema and deployment do not go together, or ask for what the provider does not
            have: a vector index; a global table of provisioned capacity.
    """
    _check(schema, deployment)
    made = template(schema, deployment, only)
    parameters = made.get("Parameters", {})
    stack = Stack.of(made["Resources"], parameters)
    resources: dict[str, dict[str, Any]] = {}
    for name, resource in made["Resources"].items():
        for kind, suffix, body in MAKERS[resource["Type"]](stack, name, resource):
            resources.setdefault(kind, {})[f"{stack.names[name]}{suffix}"] = body
    return {
        "terraform": {"required_version": TERRAFORM, "required_providers": {"aws": PROVIDER}},
        "variable": {
            "stack_name": _stack_name(
                schema.table.name + ("-service" if only is Part.SERVICE else "")
            ),
            **{
                snake(name): {"type": "string", "description": literal(each["Description"])}
                for name, each in parameters.items()
            },
        },
        "data": {
            name: {"current": {}} for name in ("aws_caller_identity", "aws_partition", "aws_region")
        },
        "resource": resources,
        "output": {
            snake(name): {"description": each["Description"], "value": stack.value(each["Value"])}
            for name, each in made["Outputs"].items()
        },
    }


def _check(schema: Schema, deployment: Deployment) -> None:
    if any(each.table.vectors for each in schema.all_tables):
        raise ModelError(
            f"table {schema.table.name} has a vector index, which Terraform's provider aws does not "
            "have; deploy it with CloudFormation"
        )
    if deployment.provisioned and deployment.is_global:
        raise ModelError(
            "Terraform's provider aws does not scale provisioned capacity of global tables; leave out "
            "provisioned, or deploy with CloudFormation"
        )


def _stack_name(name: str) -> dict[str, str]:
    """The variable; a dashboard's name has no dots, nor have those of a service."""
    return {
        "type": "string",
        "description": "What names of alarms, policies and the vault begin with",
        "default": re.sub(r"[^A-Za-z0-9_-]", "-", name),
    }
