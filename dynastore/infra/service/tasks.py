"""The containers: where they run, what of, with which settings, and how many."""

from __future__ import annotations

from typing import Any

from ..deployment import Deployment
from ..encryption import key_arn, log_group
from ..names import Placed, Resources, Value, attribute, ref, sub, tags
from .balancing import BALANCER, DRAIN_SECONDS, LISTENER, TARGETS, TASK_GROUP, TASK_INGRESS
from .permissions import EXECUTION_ROLE, LOGS, TASK_ROLE
from .section import Service

SERVICE, CLUSTER, TASK, SCALING = "Service", "ServiceCluster", "ServiceTask", "ServiceScaling"
CONTAINER = "api"

# How long a task may be unwell before it is taken for broken: imports of an agent take their time.
START_SECONDS = 120
CHECK_SECONDS, CHECK_TIMEOUT_SECONDS, CHECKS = 30, 5, 3
NAMESPACE = "ecs"


def tasks(placed: Placed, deployment: Deployment, service: Service, image: str) -> Resources:
    """What runs the image on a table."""
    return {
        LOGS: _logs(deployment, service, placed.name),
        CLUSTER: {
            "Type": "AWS::ECS::Cluster",
            "Properties": {"ClusterName": sub("${AWS::StackName}"), **tags(deployment)},
        },
        TASK: _task(deployment, service, image, placed.id),
        SERVICE: _service(deployment, service),
        **(_scaling(service) if service.is_scaled else {}),
    }


def _logs(deployment: Deployment, service: Service, name: str) -> dict[str, Value]:
    key = key_arn(deployment)
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": log_group(name),
            "RetentionInDays": service.log_days,
            **({} if key is None else {"KmsKeyId": key}),
            **tags(deployment),
        },
    }


def _task(deployment: Deployment, service: Service, image: str, table: str) -> dict[str, Value]:
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": sub("${AWS::StackName}"),
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "Cpu": str(service.cpu),
            "Memory": str(service.memory),
            "RuntimePlatform": {
                "CpuArchitecture": service.architecture,
                "OperatingSystemFamily": "LINUX",
            },
            "TaskRoleArn": attribute(TASK_ROLE),
            "ExecutionRoleArn": attribute(EXECUTION_ROLE),
            "ContainerDefinitions": [_container(service, image, table)],
            **tags(deployment),
        },
    }


def _container(service: Service, image: str, table: str) -> dict[str, Value]:
    options = {
        "awslogs-group": ref(LOGS),
        "awslogs-region": ref("AWS::Region"),
        "awslogs-stream-prefix": CONTAINER,
    }
    secrets = [{"Name": name, "ValueFrom": arn} for name, arn in service.secrets.items()]
    return {
        "Name": CONTAINER,
        "Image": image,
        "Essential": True,
        "PortMappings": [{"ContainerPort": service.port, "Protocol": "tcp"}],
        "Environment": _environment(service, table),
        **({"Secrets": secrets} if secrets else {}),
        "LogConfiguration": {"LogDriver": "awslogs", "Options": options},
        **({"HealthCheck": _check(service)} if service.container_check else {}),
        # Whatever the image starts: signals reach it, and what it leaves behind is buried.
        "LinuxParameters": {"InitProcessEnabled": True},
        "StopTimeout": DRAIN_SECONDS,
    }


def _environment(service: Service, table: str) -> list[dict[str, Value]]:
    """Where `Store.connect()` without arguments finds the table, and what the deployment says.

    boto3 reads AWS_DEFAULT_REGION; AWS_REGION is what other SDKs read.
    """
    told = {
        "DYNASTORE_URL": ref(table),
        "AWS_DEFAULT_REGION": ref("AWS::Region"),
        "AWS_REGION": ref("AWS::Region"),
        **service.environment,
    }
    return [{"Name": name, "Value": value} for name, value in told.items()]


def _check(service: Service) -> dict[str, Value]:
    url = f"http://127.0.0.1:{service.port}{service.health_path}"
    program = (
        f"import urllib.request; urllib.request.urlopen({url!r}, timeout={CHECK_TIMEOUT_SECONDS})"
    )
    return {
        "Command": ["CMD", "python", "-c", program],
        "Interval": CHECK_SECONDS,
        "Timeout": 2 * CHECK_TIMEOUT_SECONDS,  # starting Python takes a while, too
        "Retries": CHECKS,
        "StartPeriod": START_SECONDS,
    }


def _service(deployment: Deployment, service: Service) -> dict[str, Value]:
    # What scaling made of it stays through an update only where the template says no number.
    count = {} if service.is_scaled else {"DesiredCount": service.tasks_min}
    return {
        "Type": "AWS::ECS::Service",
        # ECS refuses targets that no listener leads to, and those that nobody reaches are unwell.
        "DependsOn": [LISTENER, TASK_INGRESS],
        "Properties": {
            "Cluster": ref(CLUSTER),
            "LaunchType": "FARGATE",
            "TaskDefinition": ref(TASK),
            **count,
            "DeploymentConfiguration": {
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                "MinimumHealthyPercent": 100,
                "MaximumPercent": 200,
            },
            "HealthCheckGracePeriodSeconds": START_SECONDS,
            "NetworkConfiguration": {"AwsvpcConfiguration": _network(service)},
            "LoadBalancers": [
                {
                    "ContainerName": CONTAINER,
                    "ContainerPort": service.port,
                    "TargetGroupArn": ref(TARGETS),
                }
            ],
            "PropagateTags": "SERVICE",
            **tags(deployment),
        },
    }


def _network(service: Service) -> dict[str, Value]:
    return {
        "AssignPublicIp": "ENABLED" if service.assign_public_ip else "DISABLED",
        "SecurityGroups": [attribute(TASK_GROUP, "GroupId")],
        "Subnets": [*service.task_subnets],
    }


def _scaling(service: Service) -> Resources:
    cpu = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    made = {
        SCALING: {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": NAMESPACE,
                "ResourceId": sub(f"service/${{{CLUSTER}}}/${{{SERVICE}.Name}}"),
                "ScalableDimension": f"{NAMESPACE}:service:DesiredCount",
                "MinCapacity": service.tasks_min,
                "MaxCapacity": service.tasks_max,
            },
        },
        "ServiceCpuScaling": _followed("CpuInUse", cpu, service.target_cpu_percent),
    }
    if service.target_requests is not None:
        label = f"${{{BALANCER}.LoadBalancerFullName}}/${{{TARGETS}.TargetGroupFullName}}"
        requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": sub(label)}
        made["ServiceRequestScaling"] = _followed("Requests", requests, service.target_requests)
    return made


def _followed(name: str, metric: dict[str, Any], target: int) -> dict[str, Value]:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": name,
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": ref(SCALING),
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": metric,
                "TargetValue": target,
            },
        },
    }
