"""What is around the data, as Terraform has it: scaling, policies, alarms, backups, endpoints."""

from __future__ import annotations

from typing import Any

from ..names import Value
from .expressions import Stack, literal, snake
from .parts import Made, given, lasting, tagged


def scalable_target(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """What is scaled."""
    told = resource["Properties"]
    body = {
        "service_namespace": told["ServiceNamespace"],
        "resource_id": stack.value(told["ResourceId"]),
        "scalable_dimension": told["ScalableDimension"],
        "min_capacity": told["MinCapacity"],
        "max_capacity": told["MaxCapacity"],
    }
    return [("aws_appautoscaling_target", "", body)]


def scaling_policy(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """How it is scaled."""
    told = resource["Properties"]
    target = stack.address(told["ScalingTargetId"]["Ref"])
    tracking = told["TargetTrackingScalingPolicyConfiguration"]
    metric = tracking["PredefinedMetricSpecification"]
    body = {
        "name": stack.names[name],
        "policy_type": told["PolicyType"],
        **{
            each: f"${{{target}.{each}}}"
            for each in ("service_namespace", "resource_id", "scalable_dimension")
        },
        "target_tracking_scaling_policy_configuration": {
            "target_value": tracking["TargetValue"],
            "predefined_metric_specification": given(
                predefined_metric_type=metric["PredefinedMetricType"],
                resource_label=stack.value(metric.get("ResourceLabel")),
            ),
        },
    }
    return [("aws_appautoscaling_policy", "", body)]


def managed_policy(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A policy for roles."""
    told = resource["Properties"]
    body = {
        "name_prefix": f"${{var.stack_name}}-{stack.names[name]}-",
        "description": literal(told["Description"]),
        "policy": stack.document(told["PolicyDocument"]),
    }
    return [("aws_iam_policy", "", body)]


def role(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A role, what attaches its policies, and those that are its own."""
    told = resource["Properties"]
    body = given(
        description=literal(told["Description"]),
        assume_role_policy=stack.document(told["AssumeRolePolicyDocument"]),
        tags=tagged(told.get("Tags")),
    )
    attached: Made = [
        (
            "aws_iam_role_policy_attachment",
            f"_{number}",
            {"role": stack.value({"Ref": name}), "policy_arn": stack.value(arn)},
        )
        for number, arn in enumerate(told.get("ManagedPolicyArns", ()), 1)
    ]
    own: Made = [
        (
            "aws_iam_role_policy",
            f"_{snake(each['PolicyName'])}",
            {
                "name": each["PolicyName"],
                "role": stack.value({"Ref": name}),
                "policy": stack.document(each["PolicyDocument"]),
            },
        )
        for each in told.get("Policies", ())
    ]
    return [("aws_iam_role", "", body), *attached, *own]


def topic(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A topic."""
    told = resource["Properties"]
    key = stack.value(told["KmsMasterKeyId"])
    return [("aws_sns_topic", "", given(kms_master_key_id=key, tags=tagged(told.get("Tags"))))]


def topic_policy(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """The policy of a topic."""
    told = resource["Properties"]
    (arn,) = told["Topics"]
    body = {"arn": stack.value(arn), "policy": stack.document(told["PolicyDocument"])}
    return [("aws_sns_topic_policy", "", body)]


def subscription(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """Who hears of a topic."""
    told = resource["Properties"]
    body = {
        "topic_arn": stack.value(told["TopicArn"]),
        "protocol": told["Protocol"],
        "endpoint": literal(told["Endpoint"]),
    }
    return [("aws_sns_topic_subscription", "", body)]


def alarm(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """An alarm."""
    told = resource["Properties"]
    body = given(
        alarm_name=f"${{var.stack_name}}-{stack.names[name]}",
        alarm_description=literal(told["AlarmDescription"]),
        **_metric(stack, told),
        period=told["Period"],
        statistic=told.get("Statistic"),
        extended_statistic=told.get("ExtendedStatistic"),
        evaluation_periods=told["EvaluationPeriods"],
        comparison_operator=told["ComparisonOperator"],
        threshold=told["Threshold"],
        treat_missing_data=told["TreatMissingData"],
        alarm_actions=stack.value(told["AlarmActions"]),
        ok_actions=stack.value(told["OKActions"]),
        tags=tagged(told.get("Tags")),
    )
    return [("aws_cloudwatch_metric_alarm", "", body)]


def _metric(stack: Stack, told: dict[str, Value]) -> dict[str, Any]:
    dimensions = {each["Name"]: stack.value(each["Value"]) for each in told.get("Dimensions", ())}
    return given(namespace=told["Namespace"], metric_name=told["MetricName"], dimensions=dimensions)


def dashboard(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A dashboard."""
    told = resource["Properties"]
    body = {
        "dashboard_name": stack.value(told["DashboardName"]),
        "dashboard_body": stack.value(told["DashboardBody"]),
    }
    return [("aws_cloudwatch_dashboard", "", body)]


def vault(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A vault of backups."""
    told = resource["Properties"]
    body = given(
        name=stack.value(told["BackupVaultName"]),
        kms_key_arn=stack.value(told.get("EncryptionKeyArn")),
        tags=stack.value(told.get("BackupVaultTags")),
        lifecycle=lasting(resource),
    )
    return [("aws_backup_vault", "", body)]


def plan(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """When backups are taken, and how long they are kept."""
    told = resource["Properties"]["BackupPlan"]
    (rule,) = told["BackupPlanRule"]
    kept = rule["Lifecycle"]
    body = {
        "name": stack.value(told["BackupPlanName"]),
        "rule": [
            {
                "rule_name": rule["RuleName"],
                "target_vault_name": stack.value(rule["TargetBackupVault"]),
                "schedule": rule["ScheduleExpression"],
                "lifecycle": given(
                    delete_after=kept["DeleteAfterDays"],
                    cold_storage_after=kept.get("MoveToColdStorageAfterDays"),
                ),
            }
        ],
    }
    return [("aws_backup_plan", "", body)]


def selection(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """What backups are of."""
    told = resource["Properties"]
    body = {
        "plan_id": stack.value(told["BackupPlanId"]),
        "name": told["BackupSelection"]["SelectionName"],
        "iam_role_arn": stack.value(told["BackupSelection"]["IamRoleArn"]),
        "resources": stack.value(told["BackupSelection"]["Resources"]),
    }
    return [("aws_backup_selection", "", body)]


def endpoint(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """An endpoint of a VPC."""
    told = resource["Properties"]
    body = given(
        vpc_endpoint_type=told["VpcEndpointType"],
        service_name=stack.value(told["ServiceName"]),
        vpc_id=told["VpcId"],
        route_table_ids=told["RouteTableIds"],
        policy=stack.document(told["PolicyDocument"]),
        tags=tagged(told.get("Tags")),
    )
    return [("aws_vpc_endpoint", "", body)]
