"""Who may do what, and who is told of what: policies, topics, alarms and dashboards as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..control import ControlPlane
from .reading import Properties, present, selected

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
    read = _read(told["PolicyVersion"]["Document"])
    return {"ManagedPolicyName": arn.rpartition("/")[2], "PolicyDocument": read}


def topic(plane: ControlPlane, arn: str, _: Mapping[str, Any]) -> Properties | None:
    """A topic."""
    told = _topic(plane, arn)
    if told is None:
        return None
    key = told.get("KmsMasterKeyId") or None
    return present({"TopicName": arn.rpartition(":")[2], "KmsMasterKeyId": key})


def topic_policy(plane: ControlPlane, _: str, wanted: Mapping[str, Any]) -> Properties | None:
    """Who may do what with a topic."""
    (arn,) = wanted["Topics"]
    told = _topic(plane, arn)
    return None if told is None else {"PolicyDocument": orjson.loads(told["Policy"])}


def _topic(plane: ControlPlane, arn: str) -> dict[str, str] | None:
    answer = plane.found("sns", "get_topic_attributes", NO_TOPIC, TopicArn=arn)
    return None if answer is None else answer["Attributes"]


def subscription(plane: ControlPlane, arn: str, wanted: Mapping[str, Any]) -> Properties | None:
    """Who is told, and whether they consented."""
    answer = plane.found("sns", "get_subscription_attributes", NO_TOPIC, SubscriptionArn=arn)
    if answer is None:
        return None
    told = answer["Attributes"]
    return selected(told, [*wanted, "PendingConfirmation"])


def role(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A role: who takes it, and which policies it has."""
    answer = plane.found("iam", "get_role", NO_POLICY, RoleName=name)
    if answer is None:
        return None
    listed = plane.call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
    return {
        "AssumeRolePolicyDocument": _read(answer["Role"]["AssumeRolePolicyDocument"]),
        "ManagedPolicyArns": [each["PolicyArn"] for each in listed],
    }


def _read(document: Any) -> Any:
    """A policy, which some services give as a text."""
    return orjson.loads(document) if isinstance(document, str) else document


def alarm(plane: ControlPlane, name: str, wanted: Mapping[str, Any]) -> Properties | None:
    """An alarm: of what the template says, how it is."""
    answer = plane.call("cloudwatch", "describe_alarms", AlarmNames=[name])
    found = next(iter(answer.get("MetricAlarms") or ()), None)
    return None if found is None else selected(found, [*wanted, "ActionsEnabled"])


def dashboard(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A dashboard."""
    answer = plane.found("cloudwatch", "get_dashboard", NO_DASHBOARD, DashboardName=name)
    if answer is None:
        return None
    return {"DashboardName": name, "DashboardBody": answer["DashboardBody"]}
