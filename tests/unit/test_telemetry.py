"""Spans and metrics of OpenTelemetry, by its SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from dynastore import AsyncStore, Schema, Store, entity, gsi, key, ref
from dynastore.errors import ConditionFailed, Throttled
from dynastore.telemetry.otel import DURATION_SECONDS, instrumented

from .faulty import FaultyServer, Reply, error, ok

SECRET = "nobody-may-read"


@entity("note")
class Note:
    """A note."""

    user_id: str
    topic: str = "tea"

    primary = key("USER#{user_id}", "NOTE")
    by_topic = gsi(1, "TOPIC#{topic}", "{user_id}")


SCHEMA = Schema([Note]).named("notes")


@frozen
class Sdk:
    """OpenTelemetry in memory."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    tracers: TracerProvider
    meters: MeterProvider

    def watching(self, store: Any) -> Any:
        return instrumented(store, tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> dict[str, Any]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        metrics = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        return [point for metric in metrics for point in metric.data.data_points]


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    yield Sdk(exporter, reader, tracers, meters)
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.connect("sqlite://", SCHEMA) as store:
        store.create_table()
        yield store


def test_a_request_is_a_span_by_the_conventions(sdk, store):
    with sdk.watching(store):
        store.query(Note, topic=SECRET).newest_first().first()
    span = sdk.spans["Query notes"]
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes) == {
        "db.system.name": "aws.dynamodb",
        "db.operation.name": "Query",
        "db.collection.name": "notes",
        "aws.dynamodb.table_names": ("notes",),
        "aws.dynamodb.index_name": "GSI1",
        "aws.dynamodb.scan_forward": False,
        "aws.dynamodb.limit": 1,
        "aws.dynamodb.consistent_read": False,
        "aws.dynamodb.consumed_capacity": ('{"TableName":"notes","CapacityUnits":0.5}',),
        "dynastore.entity": "note",
        "dynastore.access_pattern": "by_topic",
        "dynastore.retries": 0,
    }


def test_it_is_a_part_of_the_callers_span(sdk, store):
    tracer = sdk.tracers.get_tracer("test")
    with sdk.watching(store), tracer.start_as_current_span("caller") as caller:
        store.put(Note(user_id="ann"))
        with tracer.start_as_current_span("later"):
            pass
    assert sdk.spans["PutItem notes"].parent.span_id == caller.context.span_id
    assert sdk.spans["later"].parent.span_id == caller.context.span_id


def test_an_error_is_told_by_its_class_and_never_by_its_text(sdk, store):
    with sdk.watching(store), pytest.raises(ConditionFailed, match=SECRET):
        store.update(ref(Note, user_id=SECRET), topic=SECRET)
    (span,) = sdk.exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "ConditionFailed"
    assert SECRET not in span.to_json()


def test_the_services_code_is_told_with_retries_and_bytes(sdk):
    with FaultyServer(error("ThrottlingException")) as server:
        store = Store.connect("notes", SCHEMA, endpoint_url=server.url)
        with sdk.watching(store), pytest.raises(Throttled):
            store.get(Note, user_id=SECRET)
        server.answers = [ok(ConsumedCapacity={"CapacityUnits": 0.5})]
        failed = sdk.spans["GetItem notes"]
        with sdk.watching(store):
            store.get(Note, user_id=SECRET)
        store.close()
    assert failed.attributes["db.response.status_code"] == "ThrottlingException"
    assert failed.attributes["error.type"] == "Throttled"
    assert failed.attributes["dynastore.retries"] == 5
    assert sdk.spans["GetItem notes"].attributes["dynastore.answer_bytes"] > 0
    (retries,) = sdk.points("dynastore.retries")
    assert retries.value == 5


def test_metrics_tell_duration_and_capacity_by_access_pattern(sdk, store):
    with sdk.watching(store):
        store.put(Note(user_id="ann"))
        store.put(Note(user_id="bob"))
        store.query(Note, topic="tea").first()
    durations = {
        point.attributes["dynastore.access_pattern"]: point
        for point in sdk.points("db.client.operation.duration")
    }
    assert durations["primary"].count == 2
    assert durations["primary"].explicit_bounds == DURATION_SECONDS
    units = {
        (point.attributes["db.operation.name"], point.attributes["dynastore.access_pattern"]): (
            point.value
        )
        for point in sdk.points("dynastore.consumed_capacity")
    }
    assert units == {("PutItem", "primary"): 4.0, ("Query", "by_topic"): 0.5}


@pytest.mark.scans
def test_a_scan_tells_its_segment(sdk, store):
    with sdk.watching(store):
        list(store.scan(Note))
    attributes = sdk.spans["Scan notes"].attributes
    assert attributes["aws.dynamodb.segment"] == 0
    assert attributes["aws.dynamodb.total_segments"] == 1
    assert attributes["dynastore.access_pattern"] == "scan"


def test_nothing_is_told_after_the_with(sdk, store):
    with sdk.watching(store):
        pass
    store.put(Note(user_id="ann"))
    assert sdk.spans == {}


async def test_spans_of_tasks_at_the_same_time_are_parts_of_their_own(sdk):
    tracer = sdk.tracers.get_tracer("test")
    with FaultyServer(Reply(after_seconds=0.05)) as server:
        store = AsyncStore.connect("notes", SCHEMA, endpoint_url=server.url)

        async def task(name: str) -> None:
            with tracer.start_as_current_span(name):
                await store.get(Note, user_id=name)
                await store.put(Note(user_id=name))

        with sdk.watching(store):
            await asyncio.gather(*(task(str(number)) for number in range(8)))
        await store.close()
    by_id = {span.context.span_id: span for span in sdk.exporter.get_finished_spans()}
    children: dict[str, list[str]] = {}
    for span in by_id.values():
        if span.parent:
            children.setdefault(by_id[span.parent.span_id].name, []).append(span.name)
    assert children == {str(number): ["GetItem notes", "PutItem notes"] for number in range(8)}


@pytest.mark.parametrize("awaited", [True, False])
async def test_requests_sent_together_are_parts_of_the_same_span(sdk, awaited):
    refs = [ref(Note, user_id=str(number)) for number in range(250)]
    tracer = sdk.tracers.get_tracer("test")
    with FaultyServer(ok(Responses={"notes": []})) as server:
        kind: Any = AsyncStore if awaited else Store
        store = kind.connect("notes", SCHEMA, endpoint_url=server.url)
        with sdk.watching(store), tracer.start_as_current_span("caller") as caller:
            if awaited:
                await store.get_many(refs)
                await store.close()
            else:
                store.get_many(refs)
                store.close()
    spans = [each for each in sdk.exporter.get_finished_spans() if each.name != "caller"]
    assert [each.parent.span_id for each in spans] == [caller.context.span_id] * 3
    assert [each.name for each in spans] == ["BatchGetItem notes"] * 3


async def test_a_cancelled_request_has_a_span_that_ends(sdk):
    with FaultyServer(Reply(after_seconds=0.2)) as server:
        store = AsyncStore.connect("notes", SCHEMA, endpoint_url=server.url)
        with sdk.watching(store):
            asking = asyncio.ensure_future(store.get(Note, user_id="ann"))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        await store.close()
    assert sdk.spans["GetItem notes"].attributes["error.type"] == "CancelledError"
