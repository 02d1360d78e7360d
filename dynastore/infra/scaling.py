"""Auto scaling of provisioned capacity: of reads and of writes, of each table and each index."""

from __future__ import annotations

from collections.abc import Sequence

from .deployment import Deployment
from .names import Placed, Resources, Value, camel, ref, sub
from .sections import Provisioned

NAMESPACE = "dynamodb"


def scaling(all_placed: Sequence[Placed], deployment: Deployment) -> Resources:
    """What scales the tables of one region; nothing on demand.

    A global table says itself how it is scaled, see `replicas`.
    """
    if deployment.provisioned is None or deployment.is_global:
        return {}
    made: Resources = {}
    for placed in all_placed:
        for index in (None, *placed.index_names):
            for kind in ("Read", "Write"):
                made |= _scaled(placed, index, kind, deployment.provisioned)
    return made


def limits(kind: str, provisioned: Provisioned) -> dict[str, Value]:
    """What the capacity of a kind, Read or Write, never falls below and never rises above."""
    return {
        "MinCapacity": getattr(provisioned, f"{kind.lower()}_min"),
        "MaxCapacity": getattr(provisioned, f"{kind.lower()}_max"),
    }


def _scaled(placed: Placed, index: str | None, kind: str, provisioned: Provisioned) -> Resources:
    whole = f"table/${{{placed.id}}}"
    of, place = ("table", whole) if index is None else ("index", f"{whole}/index/{index}")
    target = f"{placed.id}{camel(index or '')}{kind}Scaling"
    return {
        target: {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": NAMESPACE,
                "ResourceId": sub(place),
                "ScalableDimension": f"{NAMESPACE}:{of}:{kind}CapacityUnits",
                **limits(kind, provisioned),
            },
        },
        f"{target}Policy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": f"{kind}CapacityInUse",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": ref(target),
                "TargetTrackingScalingPolicyConfiguration": {
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"
                    },
                    "TargetValue": provisioned.target_percent,
                },
            },
        },
    }
