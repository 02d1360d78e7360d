"""Who may do what, and who is told of what: policies, topics, alarms and dashboards as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..control import ControlPlane
from .reading import Properties, selected

NO_POLICY = frozenset({"NoSuchEntity", "NoSuchEntityException"})
NO_TOPIC = frozenset({"NotFound", "NotFoundException"})
NO_DASHBOARD = frozenset({"ResourceNotFound", "DashboardNotFoundError"})


def managed_policy(plane: ControlPlane, arn: str, wanted: Mapping[str, Any]) -> Properties | None:
    """A managed policy: what its default version says."""
    answer = plane.found("iam", "get_policy", NO_POLICY, PolicyArn=arn)
    if answer is None:
        return None
    version = answer["Policy"]["DefaultVersionId"]
    told = plane.call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    document = told["PolicyVersion"]["Document"]
    read = orjson.loads(document) if isinstance(document, str) else document
    return {"ManagedPolicyName": arn.rpartition("/")[2], "PolicyDocument": read}


def topic(plane: ControlPlane, arn: str, _: Mapping[str, Any]) -> Properties | None:
    """A topic."""
    answer = plane.found("sns", "get_topic_attributes", NO_TOPIC, TopicArn=arn)
    return None if answer is None else {"TopicName": arn.rpartition(":")[2]}


def alarm(plane: ControlPlane, name: str, wanted: Mapping[str, Any]) -> Properties | None:
    """An alarm: of what the template says, how it is."""
    answer = plane.call("cloudwatch", "describe_alarms", AlarmNames=[name])
    found = next(iter(answer.get("MetricAlarms") or ()), None)
    return None if found is None else selected(found, wanted)


def dashboard(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A dashboard."""
    answer = plane.found("cloudwatch", "get_dashboard", NO_DASHBOARD, DashboardName=name)
    if answer is None:
        return None
    return {"DashboardName": name, "DashboardBody": answer["DashboardBody"]}
