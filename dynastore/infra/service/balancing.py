"""The load balancer, its listeners, and who may talk to whom.

Callers reach the listener, the load balancer the tasks, and the tasks what answers HTTPS. Nobody
reaches anything else.
"""

from __future__ import annotations

from typing import Any

from ..deployment import Deployment
from ..names import Resources, Value, attribute, ref, tags
from .section import Service

BALANCER, TARGETS, LISTENER = "ServiceBalancer", "ServiceTargets", "ServiceListener"
BALANCER_GROUP, TASK_GROUP = "ServiceBalancerGroup", "ServiceTaskGroup"
TASK_INGRESS = "ServiceTaskIngress"

HTTP, HTTPS = 80, 443
ANYWHERE = "0.0.0.0/0"
# TLS 1.2 and 1.3 with forward secrecy; Elastic Load Balancing, "Security policies".
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"

CHECK_SECONDS = 15  # between two questions for the health of a task
CHECK_TIMEOUT_SECONDS = 5
WELL_AFTER, ILL_AFTER = 2, 3  # answers of a kind
# How long a task that is to go still answers what it was asked, which ECS allows for at most.
DRAIN_SECONDS = 120


def balancing(deployment: Deployment, service: Service) -> Resources:
    """What stands between callers and tasks."""
    vpc = vpc_of(deployment, service)
    return {
        TASK_GROUP: _task_group(deployment, vpc),
        BALANCER_GROUP: _balancer_group(deployment, service, vpc),
        TASK_INGRESS: _from_balancer(service),
        BALANCER: _balancer(deployment, service),
        TARGETS: _targets(deployment, service, vpc),
        **_listeners(service),
    }


def vpc_of(deployment: Deployment, service: Service) -> str | None:
    """The VPC: its own, or that of the endpoints."""
    network = deployment.network
    return service.vpc or (network.vpc if network else None)


def _task_group(deployment: Deployment, vpc: Value) -> dict[str, Value]:
    # A VPC's own DNS is reached past all security groups.
    return _group(
        "Tasks: asked by the load balancer, and ask by HTTPS",
        deployment,
        VpcId=vpc,
        SecurityGroupEgress=[_rule(HTTPS, "HTTPS", CidrIp=ANYWHERE)],
    )


def _balancer_group(deployment: Deployment, service: Service, vpc: Value) -> dict[str, Value]:
    ports = (
        {HTTP: "HTTP"} if service.certificate_arn is None else {HTTPS: "HTTPS", HTTP: "Redirect"}
    )
    return _group(
        "The load balancer: asked by callers, and asks tasks",
        deployment,
        VpcId=vpc,
        SecurityGroupIngress=[
            _rule(port, about, CidrIp=callers)
            for port, about in ports.items()
            for callers in service.callers
        ],
        SecurityGroupEgress=[
            _rule(
                service.port, "Tasks", DestinationSecurityGroupId=attribute(TASK_GROUP, "GroupId")
            )
        ],
    )


def _from_balancer(service: Service) -> dict[str, Value]:
    """A rule on its own: the two groups name each other, and one of them has to be made first."""
    source = attribute(BALANCER_GROUP, "GroupId")
    return {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": attribute(TASK_GROUP, "GroupId"),
            **_rule(service.port, "The load balancer", SourceSecurityGroupId=source),
        },
    }


def _group(about: str, deployment: Deployment, **properties: Value) -> dict[str, Value]:
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": about, **properties, **tags(deployment)},
    }


def _rule(port: int, about: str, **whom: Value) -> dict[str, Value]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": about, **whom}


def _balancer(deployment: Deployment, service: Service) -> dict[str, Value]:
    protected = deployment.deletion_protection
    return {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": [*service.public_subnets],
            "SecurityGroups": [attribute(BALANCER_GROUP, "GroupId")],
            "LoadBalancerAttributes": _attributes(
                {
                    "deletion_protection.enabled": protected,
                    "idle_timeout.timeout_seconds": service.idle_seconds,
                    "routing.http.drop_invalid_header_fields.enabled": True,
                }
            ),
            **tags(deployment),
        },
    }


def _targets(deployment: Deployment, service: Service, vpc: Value) -> dict[str, Value]:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "TargetType": "ip",
            "Protocol": "HTTP",
            "Port": service.port,
            "VpcId": vpc,
            "HealthCheckPath": service.health_path,
            "HealthCheckIntervalSeconds": CHECK_SECONDS,
            "HealthCheckTimeoutSeconds": CHECK_TIMEOUT_SECONDS,
            "HealthyThresholdCount": WELL_AFTER,
            "UnhealthyThresholdCount": ILL_AFTER,
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": _attributes(
                {"deregistration_delay.timeout_seconds": DRAIN_SECONDS}
            ),
            **tags(deployment),
        },
    }


def _attributes(told: dict[str, bool | int]) -> list[dict[str, str]]:
    """Attributes of a load balancer, which are texts."""
    return [{"Key": name, "Value": str(value).lower()} for name, value in told.items()]


def _listeners(service: Service) -> Resources:
    """HTTPS, and HTTP that leads there; or HTTP alone, where the deployment consents to that."""
    forward = {"Type": "forward", "TargetGroupArn": ref(TARGETS)}
    if service.certificate_arn is None:
        return {LISTENER: _listener(HTTP, "HTTP", forward)}
    secured = _listener(
        HTTPS,
        "HTTPS",
        forward,
        Certificates=[{"CertificateArn": service.certificate_arn}],
        SslPolicy=TLS_POLICY,
    )
    there = {"Protocol": "HTTPS", "Port": str(HTTPS), "StatusCode": "HTTP_301"}
    redirect = {"Type": "redirect", "RedirectConfig": there}
    return {LISTENER: secured, "ServiceRedirect": _listener(HTTP, "HTTP", redirect)}


def _listener(port: int, protocol: str, action: dict[str, Any], **more: Value) -> dict[str, Value]:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": ref(BALANCER),
            "Port": port,
            "Protocol": protocol,
            **more,
            "DefaultActions": [action],
        },
    }
