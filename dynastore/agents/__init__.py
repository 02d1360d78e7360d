"""Ready-made entities for agent state, in one table.

| entity | one partition holds | reached too |
|---|---|---|
| Session, Run, Passage | a session, the header last | a user's, a component's, all by time; a run by its id |
| SessionArchive | a session that is archived | those that are, by time |
| Memory | what is known of a user | all by time; one by its id |
| Metric, MetricProgress | a month's days; how far they were calculated | |
| EvalRun | one evaluation | a component's by type and time, all by whether they passed and time |
| Knowledge | one document | a base's and all, by time |
| Checkpoint, CheckpointValue, TaskWrites, Thread | a thread | a user's, a component's, all by time |
| ThreadArchive | a thread that is archived | those that are, by time |
| Document, Embedding, Aspect | the namespaces that begin with two labels, and what they mean | |
| Namespace | the registry of namespaces | |
| Component, ComponentConfig, ComponentUse | a component, its versions, and what refers to it | all by time |
| Annex, Annexed, Compaction | what belongs to a session and is not read with it | a compaction by its id |
| ToolResult | one result | those that are due, by time |
| Approval | a run's | a user's and all by status and time |
| Schedule | one schedule | a user's and all by time; the enabled ones by when they are due |
| ScheduleRun | one run of a schedule | a schedule's by time |
| Transcript, Stretch | the transcripts of an external agent's session | a project's, by session |
| AuthToken | the token of a user for one service | |
| ServiceAccount | all accounts | one by its token or its name |
| Learning | one thing that was learned | a user's, a type's, all |
| Trace, Span, SpanTally | a trace, the header last | a user's, a session's, all by time; by id |
| SchemaVersion | the version of a framework's table | |

They are in `ENTITIES`, so that one's own may be beside them: ``Schema([*ENTITIES, Mine])``.
"""

from functools import cache

from attrs import evolve

from ..schema.schema import Schema
from ..table import VectorIndex
from .annexes.compactions import Compaction
from .annexes.entities import Annex, Annexed
from .annexes.tool_results import ToolResult
from .approvals import Approval, ApprovalOutline
from .auth_tokens import AuthToken
from .checkpoints.entities import Checkpoint, CheckpointValue, TaskWrites, Thread, ThreadArchive
from .components.entities import (
    Component,
    ComponentConfig,
    ComponentLink,
    ComponentOutline,
    ComponentUse,
    ComponentVersion,
)
from .conversations.entities import Passage, Run, Session, SessionArchive
from .documents import Aspect, Document, Embedding, Namespace
from .evals import EvalOutline, EvalRun
from .knowledge.entities import Knowledge
from .learnings.entities import Learning
from .memories.entities import Memory, MemoryOutline
from .metrics.entities import Metric, MetricProgress, month_of
from .schedules.entities import Schedule, ScheduleRun
from .service_accounts import ServiceAccount
from .traces.entities import Span, SpanTally, Trace
from .transcripts.entities import Stretch, Transcript
from .versions import SchemaVersion

__all__ = [
    "ENTITIES",
    "Annex",
    "Annexed",
    "Approval",
    "ApprovalOutline",
    "Aspect",
    "AuthToken",
    "Checkpoint",
    "CheckpointValue",
    "Compaction",
    "Component",
    "ComponentConfig",
    "ComponentLink",
    "ComponentOutline",
    "ComponentUse",
    "ComponentVersion",
    "Document",
    "Embedding",
    "EvalOutline",
    "EvalRun",
    "Knowledge",
    "Learning",
    "Memory",
    "MemoryOutline",
    "Metric",
    "MetricProgress",
    "Namespace",
    "Passage",
    "Run",
    "Schedule",
    "ScheduleRun",
    "SchemaVersion",
    "ServiceAccount",
    "Session",
    "SessionArchive",
    "Span",
    "SpanTally",
    "Stretch",
    "TaskWrites",
    "Thread",
    "ThreadArchive",
    "ToolResult",
    "Trace",
    "Transcript",
    "agent_schema",
    "month_of",
]

ENTITIES = (
    *(Session, Run, Passage, SessionArchive),
    *(Memory, Metric, MetricProgress, EvalRun, Knowledge),
    *(Thread, Checkpoint, CheckpointValue, TaskWrites, ThreadArchive),
    *(Document, Embedding, Aspect, Namespace),
    *(Annex, Annexed, Compaction, ToolResult),
    *(Approval, Schedule, ScheduleRun),
    *(Transcript, Stretch, AuthToken, ServiceAccount),
    *(Trace, Span, SpanTally),
    Learning,
    *(Component, ComponentConfig, ComponentUse),
    SchemaVersion,
)


@cache
def agent_schema(vectors: VectorIndex | None = None, directory_shards: int = 1) -> Schema:
    """The schema of all ready-made entities.

    Args:
        vectors: a vector index of the table, by which documents are found by meaning.
        directory_shards: over how many partitions the lists of all sessions, spans and the like are
            spread; see `Table`.
    """
    table = Schema(ENTITIES).table
    return Schema(ENTITIES, evolve(table, vectors=vectors, directory_shards=directory_shards))
