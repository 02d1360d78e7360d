"""The table where it has replicas in other regions: a global table, written in every region.

Replicas are eventually consistent, and the last of two writes of one item in two regions stays. The
other kind, strongly consistent, has neither transactions nor items that expire, and stores need both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..requests.tables import CreateTable
from .deployment import AWS_OWNED, Deployment
from .encryption import key_arn
from .names import Placed, Value, lasting, ref, tags
from .scaling import limits
from .sections import Provisioned
from .table import always, billing, check_capacity, recovery


def global_table(placed: Placed, deployment: Deployment) -> dict[str, Value]:
    """One table with its replicas.

    Raises:
        ModelError: a vector index, and provisioned capacity.
    """
    check_capacity(placed, deployment)
    sent = CreateTable(placed.schema.table).parameters()
    indexes = sent.get("GlobalSecondaryIndexes", ())
    writes = _writes(deployment)
    properties = {
        "TableName": sent["TableName"],
        **billing(deployment),
        "AttributeDefinitions": sent["AttributeDefinitions"],
        "KeySchema": sent["KeySchema"],
        **writes,
        **_read_limit(deployment),
        **_indexes([{**each, **writes, **_read_limit(deployment)} for each in indexes]),
        **always(sent),
        **_encryption(deployment),
        "Replicas": [
            _replica(region, [each["IndexName"] for each in indexes], deployment)
            for region in (None, *deployment.replicas)
        ],
    }
    return lasting(deployment, {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties})


def _replica(region: str | None, indexes: Sequence[str], deployment: Deployment) -> Value:
    """The table in one region; None for the stack's."""
    reads = _reads(deployment)
    key = key_arn(deployment) if region is None else deployment.replica_keys.get(region)
    return {
        "Region": ref("AWS::Region") if region is None else region,
        "TableClass": deployment.table_class,
        **reads,
        **(_indexes([{"IndexName": each, **reads} for each in indexes]) if reads else {}),
        **({} if key is None else {"SSESpecification": {"KMSMasterKeyId": key}}),
        "DeletionProtectionEnabled": deployment.deletion_protection,
        "PointInTimeRecoverySpecification": recovery(deployment),
        **tags(deployment),
    }


def _indexes(told: list[dict[str, Any]]) -> dict[str, Value]:
    return {"GlobalSecondaryIndexes": told} if told else {}


def _encryption(deployment: Deployment) -> dict[str, Value]:
    if deployment.encryption == AWS_OWNED:
        return {}
    return {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"}}


def _writes(deployment: Deployment) -> dict[str, Value]:
    """Capacity of writes, which is one for all regions."""
    if deployment.provisioned:
        return {
            "WriteProvisionedThroughputSettings": {
                "WriteCapacityAutoScalingSettings": _scaled("Write", deployment.provisioned)
            }
        }
    if deployment.max_write_units is None:
        return {}
    limit = {"MaxWriteRequestUnits": deployment.max_write_units}
    return {"WriteOnDemandThroughputSettings": limit}


def _read_limit(deployment: Deployment) -> dict[str, Value]:
    if deployment.max_read_units is None:
        return {}
    return {"ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": deployment.max_read_units}}


def _reads(deployment: Deployment) -> dict[str, Value]:
    """Capacity of reads, which is each region's own."""
    if deployment.provisioned is None:
        return {}
    return {
        "ReadProvisionedThroughputSettings": {
            "ReadCapacityAutoScalingSettings": _scaled("Read", deployment.provisioned)
        }
    }


def _scaled(kind: str, provisioned: Provisioned) -> dict[str, Value]:
    return {
        **limits(kind, provisioned),
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": provisioned.target_percent},
    }
