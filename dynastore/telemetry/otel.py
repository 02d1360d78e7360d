"""Spans and metrics of OpenTelemetry for the requests that a store sends.

with instrumented(store):
    ...

The names are those of its semantic conventions for database clients and for DynamoDB. Neither keys
nor values are in them, and errors are told by their class and code: their texts quote keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import orjson
from opentelemetry import context, metrics, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from ..clients.observing import Ending, Sent
from ..errors import ServiceError
from ..requests import Query, Request
from ..stores.async_store import AsyncStore
from ..stores.store import Store

Attributes: TypeAlias = dict[str, str | bool | int | float | Sequence[str]]

SCOPE = "dynastore"  # the name of the instrumentation
SYSTEM = "aws.dynamodb"
PARAMETERS = {  # of a request, where it has them -> attribute of its span
    "limit": "aws.dynamodb.limit",
    "consistent": "aws.dynamodb.consistent_read",
    "segment": "aws.dynamodb.segment",
    "segments": "aws.dynamodb.total_segments",
}
DURATION_SECONDS = (
    0.001,
    0.005,
    0.01,
    0.05,
    0.1,
    0.5,
    1,
    5,
    10,
)  # bounds that the conventions advise


@contextmanager
def instrumented(
    store: Store | AsyncStore,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> Iterator[None]:
    """While the ``with`` lasts, each request of a store's client is a span, and counted.

    To instrument a store for good, append a `Telemetry` to ``store.client.observers``.

    Args:
        store: the store; those derived from it have the same client.
        tracer_provider: gets the spans, instead of the global one.
        meter_provider: gets the metrics, instead of the global one.
    """
    telemetry = Telemetry(tracer_provider=tracer_provider, meter_provider=meter_provider)
    with store.observed(telemetry):
        yield


class Telemetry:
    """An observer that makes a span of each request, with the retries that it took, and counts it.

    Metrics, each by operation, table, index, entity and access pattern:
        db.client.operation.duration: seconds, a histogram.
        dynastore.consumed_capacity: read and write capacity units.
        dynastore.retries: how often a request was sent again.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """Nothing is observed yet.

        Args:
            tracer_provider: gets the spans, instead of the global one.
            meter_provider: gets the metrics, instead of the global one.
        """
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._duration = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of database client operations.",
            explicit_bucket_boundaries_advisory=DURATION_SECONDS,
        )
        self._units = meter.create_counter(
            "dynastore.consumed_capacity",
            unit="{unit}",
            description="Read and write capacity units that requests took.",
        )
        self._retries = meter.create_counter(
            "dynastore.retries", unit="{retry}", description="Requests that were sent again."
        )

    def __call__(self, request: Request[Any], /) -> Ending:
        """Open the span of *request*, as a part of the one that is open here."""
        sent = Sent(request)
        common = common_attributes(sent)
        name = f"{sent.operation} {sent.table}".rstrip()
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes={**common, **_parameters(request)}
        )
        token = context.attach(trace.set_span_in_context(span))

        def ended(sent: Sent) -> None:
            context.detach(token)
            self._measure(sent, common)
            _close(span, sent)

        return ended

    def _measure(self, sent: Sent, common: Attributes) -> None:
        attributes: Mapping[str, Any] = {**common, **_failure(sent.error)}
        self._duration.record(sent.seconds, attributes)
        if sent.units:
            self._units.add(sent.units, attributes)
        if sent.retries:
            self._retries.add(sent.retries, attributes)


def common_attributes(sent: Sent) -> Attributes:
    """What spans and metrics both say of a request; few values each, so that metrics stay small."""
    attributes: Attributes = {"db.system.name": SYSTEM, "db.operation.name": sent.operation}
    if sent.table:
        attributes["db.collection.name"] = sent.table
    if sent.index is not None:
        attributes["aws.dynamodb.index_name"] = sent.index
    if sent.purpose is not None:
        attributes["dynastore.entity"] = sent.purpose.entity
        attributes["dynastore.access_pattern"] = sent.purpose.pattern
    return attributes


def _parameters(request: Request[Any]) -> Attributes:
    """What only spans say of a request that is to be sent."""
    table = Sent(request).table
    attributes: Attributes = {"aws.dynamodb.table_names": [table]} if table else {}
    if isinstance(request, Query):
        attributes["aws.dynamodb.scan_forward"] = not request.newest_first
    for name, attribute in PARAMETERS.items():
        if (value := getattr(request, name, None)) is not None:
            attributes[attribute] = value
    return attributes


def _failure(error: BaseException | None) -> Attributes:
    """What an error is, without its text."""
    if error is None:
        return {}
    if isinstance(error, ServiceError):
        return {"error.type": type(error).__name__, "db.response.status_code": error.code}
    return {"error.type": type(error).__name__}


def _close(span: Span, sent: Sent) -> None:
    if span.is_recording():
        consumed = {"TableName": sent.table, "CapacityUnits": sent.units}
        span.set_attribute("aws.dynamodb.consumed_capacity", [orjson.dumps(consumed).decode()])
        span.set_attribute("dynastore.retries", sent.retries)
        if sent.answer_bytes is not None:
            span.set_attribute("dynastore.answer_bytes", sent.answer_bytes)
    if sent.error is not None:
        span.set_attributes(_failure(sent.error))
        span.set_status(Status(StatusCode.ERROR))
    span.end()
