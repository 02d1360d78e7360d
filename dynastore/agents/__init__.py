"""Ready-made entities for agent state, in one table.

| entity | one partition holds | reached too |
|---|---|---|
| Session, Run, Passage | a session, the header last | a user's, a component's, all by time; a run by its id |
| Memory | what is known of a user | a user's and a component's by time |
| Metric | a month's days | |
| EvalRun | one evaluation | a component's by type and time, the failed ones by time |
| Knowledge | one document | all by time |
| Checkpoint, CheckpointValue, TaskWrites, Thread | a thread | a user's, a component's, all by time |
| Document, Embedding, Aspect | the namespaces that begin with two labels, and what they mean | |
| Namespace | the registry of namespaces | |
| Learning | one thing that was learned | a user's, a type's, all |
| Trace, Span, SpanTally | a trace, the header last | a user's, a session's, all by time; by id |
| SchemaVersion | the version of a framework's table | |
"""

from functools import cache

from attrs import evolve

from ..schema import Schema
from ..table import VectorIndex
from .checkpoints import Checkpoint, CheckpointValue, TaskWrites, Thread
from .documents import Aspect, Document, Embedding, Namespace
from .evals import EvalRun
from .knowledge import Knowledge
from .learnings import Learning
from .memories import Memory
from .metrics import Metric, month_of
from .sessions import Passage, Run, Session
from .traces import Span, SpanTally, Trace
from .versions import SchemaVersion

__all__ = [
    "Aspect",
    "Checkpoint",
    "CheckpointValue",
    "Document",
    "Embedding",
    "EvalRun",
    "Knowledge",
    "Learning",
    "Memory",
    "Metric",
    "Namespace",
    "Passage",
    "Run",
    "SchemaVersion",
    "Session",
    "Span",
    "SpanTally",
    "TaskWrites",
    "Thread",
    "Trace",
    "agent_schema",
    "month_of",
]

ENTITIES = (
    *(Session, Run, Passage, Memory, Metric, EvalRun, Knowledge),
    *(Thread, Checkpoint, CheckpointValue, TaskWrites),
    *(Document, Embedding, Aspect, Namespace),
    *(Trace, Span, SpanTally),
    Learning,
    SchemaVersion,
)


@cache
def agent_schema(vectors: VectorIndex | None = None) -> Schema:
    """The schema of all ready-made entities.

    Args:
        vectors: a vector index of the table, by which documents are found by meaning.
    """
    schema = Schema(ENTITIES)
    return schema if vectors is None else Schema(ENTITIES, evolve(schema.table, vectors=vectors))
