"""The calls that Agno's DynamoDb has too, on moto: the same that `benchmarks.agno` measures of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from agno.db.dynamo import DynamoDb
from moto import mock_aws

from ..agno import TOPICS, evals, knowledge, memories, sessions, traces
from ..agno.measured import USERS
from .meter import Meter, Sent

REGION = "us-east-1"
OWN = 50  # sessions, or memories, of one user besides


def _fill_sessions(db: DynamoDb, size: int) -> None:
    for number in range(size):
        db.upsert_session(sessions.session(number))
        for index in range(sessions.RUNS):
            db.upsert_run(sessions.run(number, index), f"s{number}", None, index)
    for number in range(OWN):
        own = sessions.session(number)
        own.session_id, own.user_id, own.agent_id = f"own-{number}", "own", "own"
        db.upsert_session(own)
        for index in range(sessions.RUNS):
            db.upsert_run(sessions.run(-number, index), own.session_id, "own", index)


def _fill_memories(db: DynamoDb, size: int) -> None:
    for number in range(size):
        db.upsert_user_memory(memories.memory(number))
    for number in range(1, OWN + 1):
        db.upsert_user_memory(memories.memory(-number, "own"))


def _fill_knowledge(db: DynamoDb, size: int) -> None:
    for number in range(size):
        db.upsert_knowledge_content(knowledge.document(number))


def _fill_evals(db: DynamoDb, size: int) -> None:
    for number in range(size):
        db.create_eval_run(evals.eval_run(number))
        db.update_eval_run_user_id(f"e{number}", f"user-{number % USERS}")


def _fill_traces(db: DynamoDb, size: int) -> None:
    for number in range(size):
        db.upsert_trace(traces.trace(number))
        db.create_spans([traces.span(number, index) for index in range(traces.SPANS)])


FILLS: Mapping[str, Callable[[DynamoDb, int], None]] = {
    "sessions": _fill_sessions,
    "memories": _fill_memories,
    "knowledge": _fill_knowledge,
    "evals": _fill_evals,
    "traces": _fill_traces,
}


def costs(size: int) -> dict[str, Sent]:
    """What each call takes with so many things of its topic; those that the peer lacks are left out."""
    found: dict[str, Sent] = {}
    for topic, fill in FILLS.items():
        with _opened() as (db, meter):
            with _known_tables(db):
                fill(db, size)
            for name, measured in TOPICS[topic].calls.items():
                sent = _sent(meter, lambda call=measured.call: call(db, size))
                if sent is not None:
                    found[f"Agno {topic}: {name}"] = sent
    return found


def _sent(meter: Meter, call: Callable[[], Any]) -> Sent | None:
    try:
        with meter.counting() as sent:
            call()
    except (NotImplementedError, TypeError, AttributeError):  # it has no such call, or option
        return None
    return sent


@contextmanager
def _known_tables(db: DynamoDb) -> Iterator[None]:
    """Have it ask once whether a table is there: it asks in each call, and moto counts all items."""
    asks, known = db.table_exists, set[str]()

    def table_exists(name: str) -> bool:
        if name not in known and asks(name):
            known.add(name)
        return name in known

    db.table_exists = table_exists
    yield
    del db.table_exists


@contextmanager
def _opened() -> Iterator[tuple[DynamoDb, Meter]]:
    with mock_aws():
        session = boto3.Session("testing", "testing", region_name=REGION)
        client, meter = session.client("dynamodb"), Meter(session.client("dynamodb"))
        meter.watch(client)
        db = DynamoDb(db_client=client, **dict(_tables()))
        yield db, meter


def _tables() -> Iterator[tuple[str, str]]:
    for kind in ("session", "runs", "memory", "metrics", "eval", "knowledge", "traces", "spans"):
        yield f"{kind}_table", f"agno_{kind}"
