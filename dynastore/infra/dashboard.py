"""The dashboard: units, throttles, latency and errors, by table and by index; what the bucket holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from .deployment import Deployment
from .metrics import DYNAMODB, OPERATIONS, PERIOD_SECONDS
from .names import BUCKET, Placed, Resources, sub, tags

# CloudWatch lays widgets out on 24 columns.
WIDTH, HEIGHT = 12, 6
TITLE_HEIGHT = 1
ACROSS = 2  # widgets beside each other
DAY_SECONDS = 86_400  # S3 tells its figures once a day

Line = list[Any]
"""One line of a graph: namespace, metric, pairs of dimensions, options last."""


Section = tuple[str, list[dict[str, Any]]]
"""A title, and the graphs below it."""


def dashboard(sections: Iterable[Section], deployment: Deployment) -> Resources:
    """The dashboard; nothing unless it is asked for."""
    if not deployment.dashboard:
        return {}
    body = orjson.dumps({"widgets": _laid_out(sections)}).decode()
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": sub("${AWS::StackName}"),
                "DashboardBody": sub(body),
                **tags(deployment),
            },
        }
    }


def graphs(
    all_placed: Sequence[Placed], bucket: str | None, deployment: Deployment
) -> list[Section]:
    """What is shown of tables and bucket."""
    sections = [(f"Table {each.name}", _of_table(each, deployment)) for each in all_placed]
    return [*sections, *([] if bucket is None else [(f"Bucket {bucket}", _of_bucket())])]


def _of_table(placed: Placed, deployment: Deployment) -> list[dict[str, Any]]:
    table = ["TableName", f"${{{placed.id}}}"]
    parts = [
        ("table", table),
        *((name, [*table, "GlobalSecondaryIndexName", name]) for name in placed.index_names),
    ]
    by_operation = [(each, [*table, "Operation", each]) for each in OPERATIONS]
    shown = [
        graph("Read units a second", _a_second("ConsumedReadCapacityUnits", parts)),
        graph("Write units a second", _a_second("ConsumedWriteCapacityUnits", parts)),
        graph("Throttled reads", _lines("ReadThrottleEvents", parts)),
        graph("Throttled writes", _lines("WriteThrottleEvents", parts)),
        graph(
            "Latency of one in a hundred, ms",
            _lines("SuccessfulRequestLatency", by_operation, "p99"),
        ),
        graph("Usual latency, ms", _lines("SuccessfulRequestLatency", by_operation, "p50")),
        graph("Failures of DynamoDB", _lines("SystemErrors", by_operation)),
        graph("Refused and lost races", _refusals(table)),
    ]
    late = [("to " + each, [*table, "ReceivingRegion", each]) for each in deployment.replicas]
    replication = graph("Replication, ms", _lines("ReplicationLatency", late, "Average"))
    return [*shown, replication] if late else shown


def _refusals(table: list[str]) -> list[Line]:
    return [
        *_lines("UserErrors", [("refused, of all tables", [])]),
        *_lines("ConditionalCheckFailedRequests", [("conditions that failed", table)]),
        *_lines("TransactionConflict", [("transactions that met", table)]),
    ]


def _of_bucket() -> list[dict[str, Any]]:
    bucket = ["BucketName", f"${{{BUCKET}}}", "StorageType"]
    kinds = ("StandardStorage", "StandardIAStorage", "GlacierInstantRetrievalStorage")
    sizes = [(each, [*bucket, each]) for each in (*kinds, "GlacierStorage", "DeepArchiveStorage")]
    options = {"stat": "Average", "period": DAY_SECONDS}
    return [
        graph(
            "Bytes",
            [
                ["AWS/S3", "BucketSizeBytes", *of, {"label": label, **options}]
                for label, of in sizes
            ],
        ),
        graph(
            "Objects",
            [
                [
                    "AWS/S3",
                    "NumberOfObjects",
                    *bucket,
                    "AllStorageTypes",
                    {"label": "all", **options},
                ]
            ],
        ),
    ]


def _lines(
    metric: str, parts: Iterable[tuple[str, list[str]]], statistic: str = "Sum"
) -> list[Line]:
    return [[DYNAMODB, metric, *of, {"label": label, "stat": statistic}] for label, of in parts]


def _a_second(metric: str, parts: Sequence[tuple[str, list[str]]]) -> list[Line]:
    """Units in a second, computed from those of a period, which are not shown."""
    lines: list[Line] = []
    for number, (label, of) in enumerate(parts, 1):
        hidden = {"id": f"m{number}", "stat": "Sum", "visible": False}
        lines.append([DYNAMODB, metric, *of, hidden])
        lines.append([{"expression": f"m{number} / PERIOD(m{number})", "label": label}])
    return lines


def graph(title: str, lines: list[Line]) -> dict[str, Any]:
    """A graph of some lines."""
    return {
        "title": title,
        "view": "timeSeries",
        "region": "${AWS::Region}",
        "period": PERIOD_SECONDS,
        "metrics": lines,
    }


def _laid_out(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """A title above the graphs of each section, two beside each other."""
    widgets: list[dict[str, Any]] = []
    top = 0
    for title, shown in sections:
        text = {"markdown": f"## {title}"}
        widgets.append(_widget("text", text, 0, top, ACROSS * WIDTH, TITLE_HEIGHT))
        top += TITLE_HEIGHT
        for number, each in enumerate(shown):
            down, across = divmod(number, ACROSS)
            at = (across * WIDTH, top + down * HEIGHT)
            widgets.append(_widget("metric", each, *at, WIDTH, HEIGHT))
        top += -(-len(shown) // ACROSS) * HEIGHT
    return widgets


def _widget(
    kind: str, properties: dict[str, Any], x: int, y: int, width: int, height: int
) -> dict[str, Any]:
    place = {"x": x, "y": y, "width": width, "height": height}
    return {"type": kind, **place, "properties": properties}
