"""Alarms, and the topic that they tell: throttles, errors, latency, capacity in use, replication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .deployment import Deployment
from .metrics import OPERATIONS, PERIOD_SECONDS, Metric, of_table
from .names import Placed, Resources, Value, camel, ref, tags
from .sections import Alarms
from .topic import topic, topic_arn

LATE_PERIODS = 3  # one slow period is a cold cache; three are what users notice


def alarms(all_placed: Sequence[Placed], deployment: Deployment) -> Resources:
    """The topic and all alarms; nothing without the section."""
    asked = deployment.alarms
    if asked is None:
        return {}
    made = topic(deployment, asked)
    for placed in all_placed:
        found = (
            *_throttles(placed, asked),
            *_failures(placed, asked),
            *_latencies(placed, asked),
            *_in_use(placed, deployment, asked),
            *_replication(placed, deployment, asked),
        )
        made |= {f"{placed.id}{name}Alarm": alarm(each, deployment) for name, each in found}
    account = [_user_errors(asked), *_account_in_use(deployment, asked)]
    return made | {f"{name}Alarm": alarm(each, deployment) for name, each in account}


def alarm(properties: dict[str, Value], deployment: Deployment) -> dict[str, Value]:
    """The resource of an alarm, which tells the topic."""
    told = topic_arn(deployment)
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **properties,
            "TreatMissingData": "notBreaching",  # AWS sends no figures where nothing happens
            "AlarmActions": [told],
            "OKActions": [told],
            **tags(deployment),
        },
    }


def above(about: str, metric: Metric, threshold: int, periods: int = 1) -> dict[str, Value]:
    """An alarm on one figure that reaches a threshold."""
    percentile = metric.statistic.startswith("p")
    return {
        "AlarmDescription": about,
        **metric.stated(),
        ("ExtendedStatistic" if percentile else "Statistic"): metric.statistic,
        "Period": PERIOD_SECONDS,
        "EvaluationPeriods": periods,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": threshold,
    }


def _throttles(placed: Placed, asked: Alarms) -> Iterator[tuple[str, dict[str, Value]]]:
    for index in (None, *placed.index_names):
        for kind in ("Read", "Write"):
            about = f"{kind}s of {_called(placed, index)} are throttled"
            metric = Metric(f"{kind}ThrottleEvents", "Sum", of_table(ref(placed.id), index))
            yield f"{camel(index or '')}{kind}Throttles", above(about, metric, asked.throttles)


def _failures(placed: Placed, asked: Alarms) -> Iterator[tuple[str, dict[str, Value]]]:
    for operation in OPERATIONS:
        about = f"DynamoDB fails {operation} of {placed.name}"
        dimensions = {**of_table(ref(placed.id)), "Operation": operation}
        metric = Metric("SystemErrors", "Sum", dimensions)
        yield f"{operation}SystemErrors", above(about, metric, asked.system_errors)


def _latencies(placed: Placed, asked: Alarms) -> Iterator[tuple[str, dict[str, Value]]]:
    for operation in OPERATIONS:
        about = f"One of a hundred {operation} of {placed.name} takes {asked.latency_ms} ms or more"
        dimensions = {**of_table(ref(placed.id)), "Operation": operation}
        metric = Metric("SuccessfulRequestLatency", "p99", dimensions)
        yield f"{operation}Latency", above(about, metric, asked.latency_ms, LATE_PERIODS)


def _in_use(
    placed: Placed, deployment: Deployment, asked: Alarms
) -> Iterator[tuple[str, dict[str, Value]]]:
    """How much of its capacity is in use, of a table that has a limit; the top of auto scaling counts."""
    provisioned = deployment.provisioned
    limits = {
        "Read": provisioned.read_max if provisioned else deployment.max_read_units,
        "Write": provisioned.write_max if provisioned else deployment.max_write_units,
    }
    for index in (None, *placed.index_names):
        for kind, limit in limits.items():
            if limit is None:
                continue
            about = (
                f"{kind}s of {_called(placed, index)} take {asked.consumed_percent} % or more of the "
                f"{limit:,} units a second it may have"
            )
            dimensions = of_table(ref(placed.id), index)
            metric = Metric(f"Consumed{kind}CapacityUnits", "Sum", dimensions)
            units = limit * PERIOD_SECONDS * asked.consumed_percent // 100
            yield f"{camel(index or '')}{kind}CapacityInUse", above(about, metric, units)


def _replication(
    placed: Placed, deployment: Deployment, asked: Alarms
) -> Iterator[tuple[str, dict[str, Value]]]:
    for region in deployment.replicas:
        about = f"Writes to {placed.name} reach {region} after {asked.replication_ms:,} ms or more"
        dimensions = {**of_table(ref(placed.id)), "ReceivingRegion": region}
        metric = Metric("ReplicationLatency", "Average", dimensions)
        yield (
            f"{camel(region)}Replication",
            above(about, metric, asked.replication_ms, LATE_PERIODS),
        )


def _user_errors(asked: Alarms) -> tuple[str, dict[str, Value]]:
    about = "Requests to DynamoDB are refused, of any table in this account and region"
    return "UserErrors", above(about, Metric("UserErrors", "Sum"), asked.user_errors)


def _account_in_use(
    deployment: Deployment, asked: Alarms
) -> Iterator[tuple[str, dict[str, Value]]]:
    """How much of the account's quota is provisioned; a table on demand takes nothing of it."""
    if deployment.provisioned is None:
        return
    for kind in ("Read", "Write"):
        about = (
            f"Tables of this account have {asked.consumed_percent} % or more of the {kind.lower()} "
            "capacity that it may provision in this region"
        )
        metric = Metric(f"AccountProvisioned{kind}CapacityUtilization", "Maximum")
        yield f"Account{kind}Capacity", above(about, metric, asked.consumed_percent)


def _called(placed: Placed, index: str | None) -> str:
    return placed.name if index is None else f"{placed.name}'s index {index}"
