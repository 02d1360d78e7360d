"""Alarms of a service, and its row in the dashboard: failures, health, CPU and memory, requests, time."""

from __future__ import annotations

from collections.abc import Iterator

from ..alarms import LATE_PERIODS, above, alarm
from ..dashboard import Section, graph
from ..deployment import Deployment
from ..metrics import Metric
from ..names import Resources, Value, attribute, ref
from .balancing import BALANCER, TARGETS
from .section import Service
from .tasks import CLUSTER, SERVICE

BALANCING, TASKS = "AWS/ApplicationELB", "AWS/ECS"


def service_alarms(deployment: Deployment, service: Service) -> Resources:
    """Its alarms, which tell the same topic; nothing where the deployment has none."""
    if deployment.alarms is None:
        return {}
    found = (*_failures(service), _ill(), *_in_use(service))
    return {f"Service{name}Alarm": alarm(told, deployment) for name, told in found}


def _failures(service: Service) -> Iterator[tuple[str, dict[str, Value]]]:
    balancer = {"LoadBalancer": attribute(BALANCER, "LoadBalancerFullName")}
    for name, who in {"Target": "The service", "ELB": "The load balancer"}.items():
        metric = Metric(f"HTTPCode_{name}_5XX_Count", "Sum", balancer, BALANCING)
        about = f"{who} fails requests: {service.errors} or more in five minutes"
        yield f"{name.capitalize()}Errors", above(about, metric, service.errors)


def _ill() -> tuple[str, dict[str, Value]]:
    dimensions = {
        "LoadBalancer": attribute(BALANCER, "LoadBalancerFullName"),
        "TargetGroup": attribute(TARGETS, "TargetGroupFullName"),
    }
    metric = Metric("UnHealthyHostCount", "Maximum", dimensions, BALANCING)
    return "Unhealthy", above("Tasks of the service are unwell", metric, 1, LATE_PERIODS)


def _in_use(service: Service) -> Iterator[tuple[str, dict[str, Value]]]:
    dimensions = {"ClusterName": ref(CLUSTER), "ServiceName": attribute(SERVICE, "Name")}
    for name, called in {"CPU": "CPU", "Memory": "memory"}.items():
        metric = Metric(f"{name}Utilization", "Average", dimensions, TASKS)
        about = f"Tasks use {service.in_use_percent} % or more of their {called}"
        yield (
            f"{name.capitalize()}InUse",
            above(about, metric, service.in_use_percent, LATE_PERIODS),
        )


def service_graphs(name: str) -> list[Section]:
    """What is shown of the service of a table."""
    balancer = ["LoadBalancer", f"${{{BALANCER}.LoadBalancerFullName}}"]
    targets = ["TargetGroup", f"${{{TARGETS}.TargetGroupFullName}}", *balancer]
    tasks = ["ClusterName", f"${{{CLUSTER}}}", "ServiceName", f"${{{SERVICE}.Name}}"]
    shown = {
        "Requests": [
            _line("all", BALANCING, "RequestCount", balancer),
            _line("refused, 4xx", BALANCING, "HTTPCode_Target_4XX_Count", balancer),
            _line("failed, 5xx", BALANCING, "HTTPCode_Target_5XX_Count", balancer),
            _line("answered by nobody", BALANCING, "HTTPCode_ELB_5XX_Count", balancer),
        ],
        "Seconds to an answer": [
            _line("usual", BALANCING, "TargetResponseTime", balancer, "p50"),
            _line("one in a hundred", BALANCING, "TargetResponseTime", balancer, "p99"),
        ],
        "Tasks": [
            _line("well", BALANCING, "HealthyHostCount", targets, "Minimum"),
            _line("unwell", BALANCING, "UnHealthyHostCount", targets, "Maximum"),
        ],
        "In use, %": [
            _line("CPU", TASKS, "CPUUtilization", tasks, "Average"),
            _line("memory", TASKS, "MemoryUtilization", tasks, "Average"),
        ],
    }
    return [(f"Service of {name}", [graph(title, lines) for title, lines in shown.items()])]


def _line(
    label: str, namespace: str, metric: str, of: list[str], statistic: str = "Sum"
) -> list[Value]:
    return [namespace, metric, *of, {"label": label, "stat": statistic}]
