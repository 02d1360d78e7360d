"""The table as a template has it: what CreateTable of ours sends, and what a deployment adds."""

from __future__ import annotations

from ..errors import ModelError
from ..requests.tables import CreateTable
from ..table import TTL
from .deployment import Deployment
from .encryption import table_encryption
from .names import Placed, Value, lasting, tags


def table(placed: Placed, deployment: Deployment) -> dict[str, Value]:
    """One table of one region."""
    check_capacity(placed, deployment)
    sent = CreateTable(placed.schema.table).parameters()
    properties = {
        "TableName": sent["TableName"],
        **billing(deployment),
        "TableClass": deployment.table_class,
        "AttributeDefinitions": sent["AttributeDefinitions"],
        "KeySchema": sent["KeySchema"],
        **throughput(deployment),
        **_indexes(sent, throughput(deployment)),
        **always(sent),
        **table_encryption(deployment),
        "DeletionProtectionEnabled": deployment.deletion_protection,
        "PointInTimeRecoverySpecification": recovery(deployment),
        **tags(deployment),
    }
    return lasting(deployment, {"Type": "AWS::DynamoDB::Table", "Properties": properties})


def check_capacity(placed: Placed, deployment: Deployment) -> None:
    """Refuse capacity that DynamoDB does not have.

    Raises:
        ModelError: a vector index, and provisioned capacity.
    """
    if deployment.provisioned and placed.schema.table.vectors:
        raise ModelError(
            f"table {placed.name} has a vector index, which takes a table on demand; leave out "
            "provisioned"
        )


def always(sent: dict[str, Value]) -> dict[str, Value]:
    """What every table of ours has: its vector index, its stream, and items that expire."""
    vectors = sent.get("VectorIndexes")
    return {
        **({"VectorIndexes": vectors} if vectors else {}),
        "StreamSpecification": {
            "StreamViewType": sent["StreamSpecification"]["StreamViewType"],
        },
        "TimeToLiveSpecification": {"AttributeName": TTL, "Enabled": True},
    }


def billing(deployment: Deployment) -> dict[str, Value]:
    """By the hour, or by the request."""
    return {"BillingMode": "PROVISIONED" if deployment.provisioned else "PAY_PER_REQUEST"}


def throughput(deployment: Deployment) -> dict[str, Value]:
    """The capacity of a table, and of each of its indexes: that to begin with, or a limit."""
    provisioned = deployment.provisioned
    if provisioned:
        units = {
            "ReadCapacityUnits": provisioned.read_min,
            "WriteCapacityUnits": provisioned.write_min,
        }
        return {"ProvisionedThroughput": units}
    limits = {
        "MaxReadRequestUnits": deployment.max_read_units,
        "MaxWriteRequestUnits": deployment.max_write_units,
    }
    given = {name: units for name, units in limits.items() if units is not None}
    return {"OnDemandThroughput": given} if given else {}


def recovery(deployment: Deployment) -> dict[str, Value]:
    """Whether it can be restored to any second, and how far back."""
    if not deployment.recovery_days:
        return {"PointInTimeRecoveryEnabled": False}
    return {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": deployment.recovery_days,
    }


def _indexes(sent: dict[str, Value], capacity: dict[str, Value]) -> dict[str, Value]:
    indexes = [{**each, **capacity} for each in sent.get("GlobalSecondaryIndexes", ())]
    return {"GlobalSecondaryIndexes": indexes} if indexes else {}
