"""The figures that DynamoDB and S3 give CloudWatch, as alarms and dashboards name them.

Source: DynamoDB Developer Guide, "DynamoDB metrics and dimensions".
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from .names import Value

DYNAMODB = "AWS/DynamoDB"
PERIOD_SECONDS = 300  # alarms of one minute cost the same, and tell of what passes by itself

# What stores send on the data path; a Scan takes as long as it is asked to.
OPERATIONS = (
    *("GetItem", "BatchGetItem", "Query", "TransactGetItems"),
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
)


@frozen
class Metric:
    """One figure.

    Attributes:
        name: as CloudWatch has it.
        statistic: what is made of its values in a period: Sum, Average, p99.
        dimensions: what it is of: name -> value; a value may be a reference.
        namespace: of the service that tells it.
    """

    name: str
    statistic: str
    dimensions: Mapping[str, Value] = field(factory=dict)
    namespace: str = DYNAMODB

    def stated(self) -> dict[str, Value]:
        """It as an alarm has it."""
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            **({"Dimensions": self._named()} if self.dimensions else {}),
        }

    def _named(self) -> list[dict[str, Value]]:
        return [{"Name": name, "Value": value} for name, value in self.dimensions.items()]


def of_table(table: Value, index: str | None = None) -> dict[str, Value]:
    """The dimensions of a table, or of one of its indexes."""
    named = {"TableName": table}
    return named if index is None else {**named, "GlobalSecondaryIndexName": index}
