"""What is known, and was watched and judged: memories, knowledge, evals, learnings, traces and spans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from agno.db.schemas.evals import EvalRunRecord
from agno.db.schemas.knowledge import KnowledgeRow
from agno.db.schemas.memory import UserMemory
from attrs import evolve

from ....agents.evals import EvalRun
from ....agents.knowledge.entities import Knowledge
from ....agents.learnings.summaries import LearningSummary, learning_of
from ....agents.memories.entities import Memory
from ....agents.traces.entities import Span, Trace
from ....agents.traces.saving import save_spans, save_trace
from ....agents.traces.summaries import TraceSummary, header_of, stored_summary
from ....requests import Steps
from ....schema.schema import Schema
from ..evals.rows import TIMES, eval_of
from ..evals.rows import row_of as eval_row
from ..knowledge import rows as knowledge_rows
from ..learnings import rows as learning_rows
from ..memories import rows as memory_rows
from ..texts import EPOCH, moment
from ..traces.rows import ERROR, columns_of, given_span, level_of, stored_span, summary_of, utc
from ..traces.rows import TIMES as TRACE_TIMES
from .conversations import dated
from .old import Lacking, Old, Row
from .topics import Rows, changed_at, column, decoded

SPAN_TIMES = ("start_time", "end_time", "created_at")


def _memories(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_user_memories", _memory_id, by="memory_id")


def _memory_id(row: Row) -> object:
    return row.get("user_id"), row["memory_id"]


def _memory_in(given: Row) -> Row:
    """The row of a memory, with its times in seconds."""
    known = UserMemory.from_dict({**given, "created_at": given.get("created_at") or 0})
    return {name: getattr(known, name) for name in memory_rows.COLUMNS}


def _memory(row: Row) -> Memory:
    at = row["updated_at"]
    return memory_rows.memory_of(UserMemory(**row), None if at is None else moment(at))


def _documents(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_knowledge_contents", lambda each: each.id, by="id")


def _document(row: Row) -> Knowledge:
    return knowledge_rows.document_of(KnowledgeRow(**row))


def _document_row(stored: Knowledge) -> Row:
    return knowledge_rows.row_of(stored).model_dump()


def _evals(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_eval_runs", column("run_id"), by="run_id")


def _eval_in(given: Row) -> Row:
    """The row of an eval run, with its times in seconds."""
    row = decoded(given, ("eval_data", "eval_input"))
    times = {name: _seconds(row.get(name)) for name in TIMES}
    return dated({**row, **times})


def _seconds(value: Any) -> Any:
    return int(value.timestamp()) if isinstance(value, dt.datetime) else value


def _eval(row: Row) -> EvalRun:
    run: Any = eval_of(EvalRunRecord.model_validate(row), moment(row["created_at"]))
    at = row.get("updated_at")
    kept: EvalRun = evolve(
        run, user_id=row.get("user_id"), updated_at=None if at is None else moment(at)
    )
    return kept


def _learnings(old: Old) -> Iterator[list[Any]]:
    """All learnings: a page at a time, or all at once where there are no pages."""
    try:
        yield from old.pages("list_learnings", column("learning_id"), by="learning_id")
    except Lacking:
        yield old.call("get_learnings")


def _learning_in(given: Row) -> Row:
    row = dated(decoded(given, ("content", "metadata")))
    return {**row, "updated_at": changed_at(row)}


def _learning(row: Row) -> Any:
    columns: Any = {name: row.get(name) for name in learning_rows.COLUMNS}
    summary = LearningSummary(**columns)
    content = learning_rows.content_of(row.get("content"), row.get("metadata"))
    return learning_of(summary, content)


def _traces(old: Old, *, is_topic: bool = True) -> Iterator[list[Any]]:
    # Of spans that came first DynamoDb makes traces that it cannot read, and then it lists none. They
    # have no start; so a list of those that have one is whole.
    options: Any = {"is_topic": is_topic, "start_time": EPOCH}
    return old.pages("get_traces", lambda each: each.trace_id, by="trace_id", **options)


def _trace_in(given: Any) -> Row:
    return columns_of(summary_of(given))


def _trace(row: Row) -> Trace:
    times = {name: dt.datetime.fromisoformat(row[name]) for name in TRACE_TIMES}
    return header_of(TraceSummary(**{**row, **times}))


def _save_trace(schema: Schema, trace: Trace) -> Steps[None]:
    """Write a trace, merged with what is known of it here."""
    yield from save_trace(schema, stored_summary(trace), level_of)


def _spans(old: Old) -> Iterator[list[Any]]:
    """All spans: those of each trace, or all at once where there are no pages."""
    if not old.has_pages:
        yield old.call("get_spans", limit=None)
        return
    for page in _traces(old, is_topic=False):
        for trace in page:
            yield old.call("get_spans", trace_id=trace.trace_id, limit=None)


def _span_in(given: Any) -> Row:
    times = {name: utc(getattr(given, name)).isoformat() for name in SPAN_TIMES}
    return {**given.to_dict(), **times}


def _span(row: Row) -> Span:
    from agno.tracing.schemas import Span as Given  # it brings OpenTelemetry

    return stored_span(Given.from_dict(row))


def _span_row(stored: Span) -> Row:
    return _span_in(given_span(stored))


def _save_span(schema: Schema, span: Span) -> Steps[None]:
    """Write a span, and count it."""
    yield from save_spans(schema, [span], ERROR)


MEMORIES = Rows(
    name="memories",
    table="memory_table_name",
    listed=_memories,
    row_in=_memory_in,
    entity_of=_memory,
    key=("user_id", "memory_id"),
    row_of=memory_rows.row_of,
    guard=("outline",),
    ident=("user_id", "memory_id"),
)
KNOWLEDGE = Rows(
    name="knowledge",
    table="knowledge_table_name",
    listed=_documents,
    row_in=lambda given: given.model_dump(),
    entity_of=_document,
    key=("knowledge_id",),
    row_of=_document_row,
    guard=("updated_at", "status"),
    ident=("id",),
)
EVALS = Rows(
    name="evals",
    table="eval_table_name",
    listed=_evals,
    row_in=_eval_in,
    entity_of=_eval,
    key=("eval_id",),
    row_of=eval_row,
    guard=("updated_at", "title", "user_id"),
    ident=("run_id",),
)
LEARNINGS = Rows(
    name="learnings",
    table="learnings_table_name",
    listed=_learnings,
    row_in=_learning_in,
    entity_of=_learning,
    key=("learning_id",),
    row_of=learning_rows.row_of,
    guard=("outline",),
    ident=("learning_id",),
)
TRACES = Rows(
    name="traces",
    table="trace_table_name",
    listed=_traces,
    row_in=_trace_in,
    entity_of=_trace,
    key=("trace_id",),
    row_of=lambda stored: columns_of(stored_summary(stored)),
    guard=(),
    ident=("trace_id",),
    write_new=_save_trace,
)
SPANS = Rows(
    name="spans",
    table="span_table_name",
    listed=_spans,
    row_in=_span_in,
    entity_of=_span,
    key=("trace_id", "span_id"),
    row_of=_span_row,
    guard=(),
    ident=("trace_id", "span_id"),
    write_new=_save_span,
)
