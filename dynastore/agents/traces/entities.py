"""Traces and their spans: one partition a trace, so that one query gives its spans.

    T#4bf9…   N#SPANS   which spans there are, by short digests
    T#4bf9…   P#00f0…   a span: one step of the work, with all that was said in it
    T#4bf9…   ~         the trace itself: slim, merged of what each part of the work tells

Spans and their trace come in any order. What lists filter, sort and show is one list of values, the
outline: an index carries few attributes, and repeats the name of each in every entry. `summaries`
has what its places mean.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from attrs import field

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

LISTED = ("session_id", "user_id", "outline")


@entity("trace")
class Trace:
    """The header of a trace: of the work on one request, from its first span to its last.

    Attributes:
        trace_id: unique in its scope.
        start_time: when its first span began; lists are sorted by it.
        run_id: the run that it is of, or None.
        session_id: the session that it is of, or None.
        user_id: whose it is, or None.
        outline: what else lists show; see `tracing.summaries`.
        merges: how often it was merged; a merge goes through if no other came before it.
    """

    trace_id: str
    start_time: dt.datetime
    run_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    outline: list[Any]
    merges: int = 0

    primary = key("T#{trace_id}", "~")
    by_user = gsi(1, "U#{user_id}", "TRACE", "{start_time}", include=LISTED)
    by_session = gsi(2, "SESSION#{session_id}", "TRACE", "{start_time}", include=LISTED)
    directory = gsi(3, "TRACES", "{start_time}", include=LISTED)
    by_run = gsi(4, "ID#{run_id}", "TRACE", include=())


@entity("span")
class Span:
    """One step of a trace. One that is written again replaces itself.

    Attributes:
        trace_id: the trace that it belongs to.
        start_time: when it began; lists are sorted by it.
        span_id: unique in its scope.
        outline: what lists and figures need; see `tracing.summaries`.
        content: the span as a framework serialized it; with all that was said, it may be large.
    """

    trace_id: str
    start_time: dt.datetime
    span_id: str
    outline: list[Any]
    content: bytes = payload()

    primary = key("T#{trace_id}", "P#{span_id}")
    directory = gsi(3, "SPANS", "{start_time}", include=("outline",))
    by_id = gsi(4, "ID#{span_id}", "SPAN", include=())


@entity("span-tally")
class SpanTally:
    """Which spans a trace has. Sets, so that a span that is written again counts once.

    Attributes:
        trace_id: the trace.
        spans: a digest of 8 bytes of each span's id. 40,000 fit an item.
        errors: those of the spans that failed.
    """

    trace_id: str
    spans: set[bytes] = field(factory=set)
    errors: set[bytes] = field(factory=set)

    primary = key("T#{trace_id}", "N#SPANS")
