"""A service, as Terraform has it: security groups, load balancer, containers, logs."""

from __future__ import annotations

from typing import Any

import orjson

from ..names import Value
from .expressions import Stack, literal, snake
from .parts import Made, given, lasting, tagged

COUNT = "desired_count"


def security_group(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A security group, and a resource for each of its rules; the provider takes away all others."""
    told = resource["Properties"]
    of = stack.value({"Ref": name})
    group = given(
        name_prefix=f"${{var.stack_name}}-{stack.names[name]}-",
        description=literal(told["GroupDescription"]),
        vpc_id=told["VpcId"],
        tags=tagged(told.get("Tags")),
    )
    rules: Made = [
        (f"aws_vpc_security_group_{kind}_rule", f"_{number}", _rule(stack, of, each))
        for kind, property_name in (
            ("ingress", "SecurityGroupIngress"),
            ("egress", "SecurityGroupEgress"),
        )
        for number, each in enumerate(told.get(property_name, ()), 1)
    ]
    return [("aws_security_group", "", group), *rules]


def ingress(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A rule on its own."""
    told = resource["Properties"]
    body = _rule(stack, stack.value(told["GroupId"]), told)
    return [("aws_vpc_security_group_ingress_rule", "", body)]


def _rule(stack: Stack, group: str, told: dict[str, Value]) -> dict[str, Any]:
    other = told.get("SourceSecurityGroupId", told.get("DestinationSecurityGroupId"))
    return given(
        security_group_id=group,
        description=told["Description"],
        ip_protocol=told["IpProtocol"],
        from_port=told["FromPort"],
        to_port=told["ToPort"],
        cidr_ipv4=told.get("CidrIp"),
        referenced_security_group_id=stack.value(other),
    )


def balancer(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """The load balancer."""
    told = resource["Properties"]
    said = _attributes(told["LoadBalancerAttributes"])
    body = given(
        load_balancer_type=told["Type"],
        internal=told["Scheme"] == "internal",
        subnets=told["Subnets"],
        security_groups=stack.value(told["SecurityGroups"]),
        enable_deletion_protection=said["deletion_protection.enabled"] == "true",
        idle_timeout=int(said["idle_timeout.timeout_seconds"]),
        drop_invalid_header_fields=said["routing.http.drop_invalid_header_fields.enabled"]
        == "true",
        tags=tagged(told.get("Tags")),
    )
    return [("aws_lb", "", body)]


def _attributes(told: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in told}


def targets(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """What the load balancer leads to."""
    told = resource["Properties"]
    delay = _attributes(told["TargetGroupAttributes"])["deregistration_delay.timeout_seconds"]
    body = given(
        target_type=told["TargetType"],
        protocol=told["Protocol"],
        port=told["Port"],
        vpc_id=told["VpcId"],
        deregistration_delay=delay,
        health_check={
            "path": told["HealthCheckPath"],
            "interval": told["HealthCheckIntervalSeconds"],
            "timeout": told["HealthCheckTimeoutSeconds"],
            "healthy_threshold": told["HealthyThresholdCount"],
            "unhealthy_threshold": told["UnhealthyThresholdCount"],
            "matcher": told["Matcher"]["HttpCode"],
        },
        tags=tagged(told.get("Tags")),
    )
    return [("aws_lb_target_group", "", body)]


def listener(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A listener; one with a certificate has HTTPS."""
    told = resource["Properties"]
    (action,) = told["DefaultActions"]
    certificates = [each["CertificateArn"] for each in told.get("Certificates", ())]
    redirect = {snake(each): value for each, value in action.get("RedirectConfig", {}).items()}
    body = given(
        load_balancer_arn=stack.value(told["LoadBalancerArn"]),
        port=told["Port"],
        protocol=told["Protocol"],
        ssl_policy=told.get("SslPolicy"),
        certificate_arn=next(iter(certificates), None),
        default_action=given(
            type=action["Type"],
            target_group_arn=stack.value(action.get("TargetGroupArn")),
            redirect=redirect,
        ),
    )
    return [("aws_lb_listener", "", body)]


def log_group(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A group of logs."""
    told = resource["Properties"]
    body = given(
        name=told["LogGroupName"],
        retention_in_days=told["RetentionInDays"],
        kms_key_id=stack.value(told.get("KmsKeyId")),
        tags=tagged(told.get("Tags")),
    )
    return [("aws_cloudwatch_log_group", "", body)]


def cluster(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A cluster."""
    told = resource["Properties"]
    body = given(name=stack.value(told["ClusterName"]), tags=tagged(told.get("Tags")))
    return [("aws_ecs_cluster", "", body)]


def task(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """What a task is made of; its containers are a text, in the words of Amazon ECS."""
    told = resource["Properties"]
    platform = told["RuntimePlatform"]
    containers = [_in_words_of_ecs(each) for each in told["ContainerDefinitions"]]
    body = given(
        family=stack.value(told["Family"]),
        requires_compatibilities=told["RequiresCompatibilities"],
        network_mode=told["NetworkMode"],
        cpu=told["Cpu"],
        memory=told["Memory"],
        runtime_platform={
            "cpu_architecture": platform["CpuArchitecture"],
            "operating_system_family": platform["OperatingSystemFamily"],
        },
        task_role_arn=stack.value(told["TaskRoleArn"]),
        execution_role_arn=stack.value(told["ExecutionRoleArn"]),
        container_definitions=orjson.dumps(stack.value(containers)).decode(),
        tags=tagged(told.get("Tags")),
    )
    return [("aws_ecs_task_definition", "", body)]


def _in_words_of_ecs(value: Value) -> Value:
    """Keys as its API has them, ``portMappings``; references and options of the log driver stay."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _}:
            return value
        case dict():
            return {
                name[0].lower() + name[1:]: _in_words_of_ecs(each) for name, each in value.items()
            }
        case list():
            return [_in_words_of_ecs(each) for each in value]
    return value


def service(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """The service."""
    told = resource["Properties"]
    rollout = told["DeploymentConfiguration"]
    breaker = rollout["DeploymentCircuitBreaker"]
    network = told["NetworkConfiguration"]["AwsvpcConfiguration"]
    body = given(
        name=f"${{var.stack_name}}-{stack.names[name]}",
        cluster=stack.value(told["Cluster"]),
        launch_type=told["LaunchType"],
        task_definition=stack.value(told["TaskDefinition"]),
        # Where the template says none, CloudFormation begins with one, and the provider with none.
        desired_count=told.get("DesiredCount", 1),
        deployment_circuit_breaker={"enable": breaker["Enable"], "rollback": breaker["Rollback"]},
        deployment_minimum_healthy_percent=rollout["MinimumHealthyPercent"],
        deployment_maximum_percent=rollout["MaximumPercent"],
        health_check_grace_period_seconds=told["HealthCheckGracePeriodSeconds"],
        network_configuration={
            "assign_public_ip": network["AssignPublicIp"] == "ENABLED",
            "security_groups": stack.value(network["SecurityGroups"]),
            "subnets": network["Subnets"],
        },
        load_balancer=[
            {
                "container_name": each["ContainerName"],
                "container_port": each["ContainerPort"],
                "target_group_arn": stack.value(each["TargetGroupArn"]),
            }
            for each in told["LoadBalancers"]
        ],
        propagate_tags=told["PropagateTags"],
        tags=tagged(told.get("Tags")),
        depends_on=[stack.address(each) for each in resource["DependsOn"]],
        lifecycle=lasting(resource, [] if "DesiredCount" in told else [COUNT]),
    )
    return [("aws_ecs_service", "", body)]
