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
| Annex, Annexed, Compaction | what belongs to a session and is not read with it | a compaction by its id |
| ToolResult | one result | those that are due, by time |
| Transcript, Stretch | the transcripts of an external agent's session | a project's, by session |
| AuthToken | the token of a user for one service | |
| ServiceAccount | all accounts | one by its token or its name |
| SchemaVersion | the version of a framework's table | |
"""

from functools import cache

from attrs import evolve

from ..schema import Schema
from ..table import VectorIndex
from .annexes import Annex, Annexed
from .auth_tokens import AuthToken
from .checkpoints import Checkpoint, CheckpointValue, TaskWrites, Thread
from .compactions import Compaction
from .documents import Aspect, Document, Embedding, Namespace
from .evals import EvalRun
from .knowledge import Knowledge
from .memories import Memory
from .metrics import Metric, month_of
from .service_accounts import ServiceAccount
from .sessions import Passage, Run, Session
from .tool_results import ToolResult
from .transcripts import Stretch, Transcript
from .versions import SchemaVersion

__all__ = [
    "Annex",
    "Annexed",
    "Aspect",
    "AuthToken",
    "Checkpoint",
    "CheckpointValue",
    "Compaction",
    "Document",
    "Embedding",
    "EvalRun",
    "Knowledge",
    "Memory",
    "Metric",
    "Namespace",
    "Passage",
    "Run",
    "SchemaVersion",
    "ServiceAccount",
    "Session",
    "Stretch",
    "TaskWrites",
    "Thread",
    "ToolResult",
    "Transcript",
    "agent_schema",
    "month_of",
]

ENTITIES = (
    *(Session, Run, Passage, Memory, Metric, EvalRun, Knowledge),
    *(Thread, Checkpoint, CheckpointValue, TaskWrites),
    *(Document, Embedding, Aspect, Namespace),
    *(Annex, Annexed, Compaction, ToolResult),
    *(Transcript, Stretch, AuthToken, ServiceAccount),
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
