"""Tables as they are: what DescribeTable tells, and what other calls do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...requests.tables import DescribeTable, TableDescription
from ..control import ControlPlane
from .reading import Properties, present, selected, tags

NO_TABLE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})

# Of tables whose key cannot be used; any other status passes.
WITHOUT_KEY = frozenset({"INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ARCHIVING", "ARCHIVED"})
WORKING = frozenset({"ACTIVE", "CREATING", "UPDATING"})  # of replicas


def table(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A table, without keys and indexes: `description` has them."""
    told = _described(plane, name)
    if told is None:
        return None
    recovery = plane.call("dynamodb", "describe_continuous_backups", TableName=name)
    ttl = plane.call("dynamodb", "describe_time_to_live", TableName=name)
    listed = plane.listed("dynamodb", "list_tags_of_resource", "Tags", ResourceArn=told["TableArn"])
    stream = told.get("StreamSpecification") or {}
    replicas = [
        each["RegionName"]
        for each in told.get("Replicas") or ()
        if each.get("ReplicaStatus", "ACTIVE") in WORKING
    ]
    return present(
        {
            "TableName": told["TableName"],
            "TableStatus": told["TableStatus"] if told["TableStatus"] in WITHOUT_KEY else None,
            "BillingMode": told.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "TableClass": told.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
            "OnDemandThroughput": told.get("OnDemandThroughput"),
            "StreamSpecification": {"StreamViewType": stream["StreamViewType"]}
            if stream.get("StreamEnabled")
            else None,
            "SSESpecification": _encryption(told.get("SSEDescription")),
            "DeletionProtectionEnabled": bool(told.get("DeletionProtectionEnabled")),
            "PointInTimeRecoverySpecification": _recovery(recovery),
            "TimeToLiveSpecification": _expiry(ttl["TimeToLiveDescription"]),
            "Tags": tags(listed),
            "Replicas": sorted(replicas),
        }
    )


def description(plane: ControlPlane, name: str) -> TableDescription | None:
    """The keys and indexes of a table; None where there is none."""
    told = _described(plane, name)
    return None if told is None else DescribeTable(name).read({"Table": told})


def is_protected(plane: ControlPlane, name: str) -> bool:
    """Whether deleting a table is refused; not where there is none.

    Raises:
        ServiceError: DynamoDB refused, or did not answer.
    """
    return bool((_described(plane, name) or {}).get("DeletionProtectionEnabled"))


def index_progress(plane: ControlPlane, name: str, index: str) -> str | None:
    """How far an index is that is being built, in a few words; None where it is not there yet.

    DynamoDB counts items every six hours or so, so the number of all is a rough one.

    Raises:
        ServiceError: DynamoDB refused, or did not answer.
    """
    told = _described(plane, name) or {}
    found = [each for each in told.get("GlobalSecondaryIndexes", ()) if each["IndexName"] == index]
    if not found:
        return None
    status = str(found[0].get("IndexStatus", "CREATING")).lower()
    if not found[0].get("Backfilling"):
        return status
    done, of = found[0].get("ItemCount", 0), told.get("ItemCount", 0)
    return f"{status}, backfilling: {done:,} items so far, of a table of about {of:,}"


def scalable_target(plane: ControlPlane, _: str, wanted: Mapping[str, Any]) -> Properties | None:
    """Limits between which auto scaling sets a capacity."""
    found = plane.listed(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace=wanted["ServiceNamespace"],
        ResourceIds=[wanted["ResourceId"]],
        ScalableDimension=wanted["ScalableDimension"],
    )
    return next((selected(each, wanted) for each in found), None)


def scaling_policy(plane: ControlPlane, _: str, wanted: Mapping[str, Any]) -> Properties | None:
    """What auto scaling aims at. A template names its target as CloudFormation does: by three parts."""
    resource, dimension, namespace = str(wanted["ScalingTargetId"]).split("|")
    found = plane.listed(
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        ServiceNamespace=namespace,
        ResourceId=resource,
        ScalableDimension=dimension,
        PolicyNames=[wanted["PolicyName"]],
    )
    return next((selected(each, wanted) for each in found), None)


def _described(plane: ControlPlane, name: str) -> dict[str, Any] | None:
    answer = plane.found("dynamodb", "describe_table", NO_TABLE, TableName=name)
    return None if answer is None else dict(answer["Table"])


def _encryption(told: Mapping[str, Any] | None) -> Properties | None:
    if not told or told.get("Status") not in {"ENABLED", "ENABLING", "UPDATING"}:
        return None
    key = told.get("KMSMasterKeyArn")
    return present({"SSEEnabled": True, "SSEType": told.get("SSEType"), "KMSMasterKeyId": key})


def _recovery(told: Mapping[str, Any]) -> Properties:
    found = told["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription") or {}
    if found.get("PointInTimeRecoveryStatus") != "ENABLED":
        return {"PointInTimeRecoveryEnabled": False}
    days = found.get("RecoveryPeriodInDays")
    return present({"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days})


def _expiry(told: Mapping[str, Any]) -> Properties | None:
    if told.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        return None
    return {"AttributeName": told["AttributeName"], "Enabled": True}
