"""What Agno's calls take, in tables of several sizes.

`tests/integration/test_agno_cost.py` asserts the bars.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from . import (
    approvals,
    auth_tokens,
    compactions,
    components,
    evals,
    knowledge,
    learnings,
    memories,
    metrics,
    schedules,
    service_accounts,
    sessions,
    tool_results,
    traces,
    transcripts,
)
from .measured import SIZES, Topic

TOPICS: Mapping[str, Topic] = {
    "sessions": sessions.TOPIC,
    "tool results": tool_results.TOPIC,
    "compactions": compactions.TOPIC,
    "knowledge": knowledge.TOPIC,
    "evals": evals.TOPIC,
    "schedules": schedules.TOPIC,
    "approvals": approvals.TOPIC,
    "transcripts": transcripts.TOPIC,
    "auth tokens": auth_tokens.TOPIC,
    "memories": memories.TOPIC,
    "metrics": metrics.TOPIC,
    "service accounts": service_accounts.TOPIC,
    "traces": traces.TOPIC,
    "learnings": learnings.TOPIC,
    "components": components.TOPIC,
}


def table() -> Table:
    """All costs, a column for each size."""
    shown = Table(title="Agno: requests and capacity units by sessions in the table")
    shown.add_column("call")
    for size in SIZES:
        shown.add_column(f"{size:,}", justify="right")
    for topic in TOPICS.values():
        measured = {size: topic.costs(size) for size in SIZES}
        for name in topic.calls:
            cells = [measured[size][name] for size in SIZES]
            shown.add_row(name, *(f"{cell.requests} / {cell.units:g}" for cell in cells))
        shown.add_section()
    return shown
