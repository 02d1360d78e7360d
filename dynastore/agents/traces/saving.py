"""Saving: traces are merged of what each part of the work tells of them, and spans are written once.

A merge is an update on condition that no other came before it since the header was read. One that
lost gets the header with the refusal, and merges anew; so nothing is lost, whoever writes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

from attrs import evolve

from ...changes import Add, Change, Discard, Path, SetTo
from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import get
from ...operations.writing.batches import put_many
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Key, Steps, UpdateItem
from ...schema.schema import Schema
from ...writes import Create, Update
from .entities import Span, SpanTally, Trace
from .summaries import MICROSECOND, TraceSummary, header_of, span_summary, stored_summary

Rank = Callable[[TraceSummary], int]
"""How far out the work is that a summary is of; the name of the outermost stays."""

DIGEST_BYTES = 8
MERGED = ("start_time", "run_id", "session_id", "user_id", "outline", "merges")
IDS = ("run_id", "session_id", "user_id", "agent_id", "team_id", "workflow_id")


def merged(old: TraceSummary, new: TraceSummary, rank: Rank) -> TraceSummary:
    """What is known of a trace after it was told of again.

    It lasts from the earliest start to the latest end, keeps the ids that it has, has the new status,
    and the new name if that is of work further out.
    """
    start = min(old.start_time, new.start_time)
    end = max(old.end_time, new.end_time)
    ids: dict[str, Any] = {name: _first(getattr(old, name), getattr(new, name)) for name in IDS}
    return evolve(
        old,
        start_time=start,
        end_time=end,
        duration_ms=(end - start) // (1_000 * MICROSECOND),
        status=new.status,
        name=new.name if rank(new) > rank(old) else old.name,
        **ids,
    )


def _first(old: str | None, new: str | None) -> str | None:
    return new if old is None else old


def save_trace(schema: Schema, trace: TraceSummary, rank: Rank) -> Steps[None]:
    """Save what is told of a trace: two requests; one more for each merge that comes in between.

    Args:
        schema: where to.
        trace: what is told of it now.
        rank: tells whose name stays.
    """
    target = ref(Trace, trace_id=trace.trace_id)
    stored = yield from get(schema, Trace, {"trace_id": trace.trace_id}, consistent=True)
    for _ in range(ATTEMPTS):
        try:
            if stored is None:
                yield from write(schema, Create(header_of(trace)))
            else:
                yield from write(schema, _merge(target, stored, trace, rank))
        except AlreadyExists:
            stored = yield from get(schema, Trace, {"trace_id": trace.trace_id}, consistent=True)
        except ConditionFailed as failure:
            stored = failure.stored if isinstance(failure.stored, Trace) else None
        else:
            return
    raise ConditionFailed(schema.codec(Trace).key({"trace_id": trace.trace_id}, schema.prefix))


def _merge(target: Ref[Trace], stored: Trace, trace: TraceSummary, rank: Rank) -> Update[Trace]:
    known = merged(stored_summary(stored), trace, rank)
    header = header_of(known, stored.merges + 1)
    changes = {name: getattr(header, name) for name in MERGED}
    return Update(target, when={"merges": stored.merges}, **changes)


def save_spans(schema: Schema, spans: Sequence[Span], failed: str) -> Steps[None]:
    """Write spans: one request for each 25, and one for each trace. They may come before their trace.

    A trace takes one more where some of its spans failed and some did not. A span counts once it is
    written. One that is written again replaces itself, and counts as what it is then.

    Args:
        schema: where to.
        spans: of any traces.
        failed: the status of those that count as errors.

    Raises:
        PartialFailure: some were not written, and none of the call's is counted yet; give all again.
    """
    yield from put_many(schema, spans)
    by_trace: defaultdict[str, list[Span]] = defaultdict(list)
    for each in spans:
        by_trace[each.trace_id].append(each)
    yield from all_of(_tally(schema, id_, some, failed) for id_, some in by_trace.items())


def _tally(schema: Schema, trace_id: str, spans: Iterable[Span], failed: str) -> Steps[None]:
    """Count spans: one request; two where some failed and some did not."""
    statuses = {digest(each.span_id): span_summary(each.outline).status for each in spans}
    errors = {each for each, status in statuses.items() if status == failed}
    added = SpanTally(trace_id=trace_id, spans={*statuses}, errors=errors)
    # They may have failed when they were written before.
    mended = SpanTally(trace_id=trace_id, errors={*statuses} - errors)
    if errors and mended.errors:  # an update changes a set in one way only
        yield from _tallied(schema, added)
        added = SpanTally(trace_id=trace_id)
    yield from _tallied(schema, added, mended)


def _tallied(schema: Schema, added: SpanTally, gone: SpanTally | None = None) -> Steps[None]:
    """An update that makes the tally where there is none, so that it takes one request."""
    item = schema.codec(SpanTally).encode(added, schema.prefix)
    key = Key.of(item)
    changes: dict[str | Path, Change] = {
        name: Add(value) if "BS" in value else SetTo(value)
        for name, value in item.items()
        if name not in key.attributes
    }
    if gone is not None:
        less = schema.codec(SpanTally).encode(gone, schema.prefix)
        changes |= {name: Discard(value) for name, value in less.items() if "BS" in value}
    yield from UpdateItem(schema.of(SpanTally).table.name, key, changes, returns="NONE")


def digest(span_id: str) -> bytes:
    """What a tally has of a span."""
    return blake2b(span_id.encode(), digest_size=DIGEST_BYTES).digest()
