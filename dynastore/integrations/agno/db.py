"""DynastoreDb and AsyncDynastoreDb: Agno's storage contract, blocking and awaited."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, uuid5

from agno.db.base import AsyncBaseDb, BaseDb

from ...agents.annexes import Annex, Annexed
from ...agents.approvals import Approval
from ...agents.auth_tokens import AuthToken
from ...agents.compactions import Compaction
from ...agents.components import Component, ComponentConfig, ComponentUse
from ...agents.conversations.recent import Recent
from ...agents.evals import EvalRun
from ...agents.knowledge import Knowledge
from ...agents.learnings import Learning
from ...agents.memories import Memory
from ...agents.metrics import Metric, MetricProgress
from ...agents.schedules import Schedule, ScheduleRun
from ...agents.service_accounts import ServiceAccount
from ...agents.sessions import Passage, Run, Session
from ...agents.tool_results import ToolResult
from ...agents.traces import Span, SpanTally, Trace
from ...agents.transcribing.known import Transcripts
from ...agents.transcripts import Stretch, Transcript
from ...agents.versions import SchemaVersion
from ...async_store import AsyncStore
from ...errors import RequestError
from ...schema import Schema
from ...store import Store
from ..stores import store_of
from .approvals import ApprovalCalls
from .auth_tokens import AuthTokenCalls
from .calls import awaited, blocking, refusing
from .compactions import CompactionCalls
from .component_configs import ConfigCalls
from .components import ComponentCalls
from .evals import EvalCalls
from .knowledge import KnowledgeCalls
from .learnings import LearningCalls
from .memories import MemoryCalls
from .metrics import MetricCalls
from .runs import RunCalls
from .schedule_runs import ScheduleRunCalls
from .schedules import ScheduleCalls
from .service_accounts import ServiceAccountCalls
from .sessions import SessionCalls
from .spans import SpanCalls
from .tables import TableCalls
from .tool_results import ToolResultCalls
from .traces import TraceCalls
from .transcripts import TranscriptCalls

CALLS = (
    *(SessionCalls, RunCalls, TableCalls),
    *(MemoryCalls, MetricCalls, KnowledgeCalls, EvalCalls),
    *(TraceCalls, SpanCalls, LearningCalls),
    *(ToolResultCalls, TranscriptCalls, AuthTokenCalls, ServiceAccountCalls),
    *(ScheduleCalls, ScheduleRunCalls, ApprovalCalls),
)
# Agno takes any database that has compactions for one that is not awaited, and never awaits components.
BLOCKING_CALLS = (*CALLS, CompactionCalls, ComponentCalls, ConfigCalls)
ENTITIES = (
    *(Session, Run, Passage, SchemaVersion),
    *(Memory, Metric, MetricProgress, Knowledge, EvalRun),
    *(Trace, Span, SpanTally, Learning),
    *(Annex, Annexed, Compaction, ToolResult),
    *(Transcript, Stretch, AuthToken, ServiceAccount),
    *(Schedule, ScheduleRun, Approval),
    *(Component, ComponentConfig, ComponentUse),
)
TYPE = "dynastore"


class OnTable:
    """What both databases do with their store.

    Attributes:
        kind: of the store, Store or AsyncStore.
        store: where it is kept.
    """

    kind: ClassVar[type[Any]]

    def __init__(
        self,
        store: Store | AsyncStore | str | None = None,
        *,
        id: str | None = None,  # noqa: A002 (Agno's)
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: a store, whose schema has the ready-made entities; or what `Store.connect` takes
                first: a table's name or a URL; ``DYNASTORE_URL`` of the environment without.
            id: tells databases of one AgentOS apart; by default made of the table and the scope.

        Raises:
            RequestError: it is no store, or its schema lacks an entity.
        """
        self._where = store if isinstance(store, str) else None
        self.store = store_of(self.kind, store)
        self.schema = checked(self.store.schema)
        self.recent = Recent()
        self.transcripts = Transcripts()
        super().__init__(id=id or stable_id(self._where, self.schema))  # type: ignore[call-arg]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the same database of."""
        told: dict[str, Any] = super().to_dict()  # type: ignore[misc]
        return {**told, **described(self._where, self.schema)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The database that `to_dict` told of.

        Raises:
            RequestError: it was made of a store, which a dict cannot hold.
        """
        store = cls.kind.connect(place_in(data))
        for name in data.get("scopes", ()):
            store = store.scope(name)
        made = cls(store, id=data.get("id"))
        made._where = data["where"]
        return made


class DynastoreDb(OnTable, *map(blocking, BLOCKING_CALLS), refusing(BaseDb), BaseDb):  # type: ignore[misc]
    """What Agno's agents, teams and workflows remember, in one table.

        Agent(db=DynastoreDb("agent-state"))
        Agent(db=DynastoreDb("sqlite:///agent.db"))
        Agent(db=DynastoreDb(store.scope("common_qa")))

    Attributes:
        store: where it is kept.
    """

    kind = Store

    def close(self) -> None:
        """Give back connections, those of a store that was given too."""
        self.store.close()


class AsyncDynastoreDb(OnTable, *map(awaited, CALLS), refusing(AsyncBaseDb), AsyncBaseDb):  # type: ignore[misc]
    """`DynastoreDb`, awaited.

    Attributes:
        store: where it is kept.
    """

    kind = AsyncStore

    async def close(self) -> None:
        """Give back connections, those of a store that was given too."""
        await self.store.close()


def checked(schema: Schema) -> Schema:
    """A schema that has what Agno's contract needs.

    Raises:
        RequestError: it lacks an entity.
    """
    for each in ENTITIES:
        schema.codec(each)
    return schema


def stable_id(where: str | None, schema: Schema) -> str:
    """An id that is the same in every process for one table and one scope."""
    return str(uuid5(NAMESPACE_URL, f"dynastore:{where or schema.table.name}#{schema.prefix}"))


def described(where: str | None, schema: Schema) -> dict[str, Any]:
    """What a dict tells of a database besides its names."""
    return {"type": TYPE, "where": where, "scopes": [*schema.scopes]}


def place_in(data: dict[str, Any]) -> str:
    """Where a database is, by what a dict tells of it.

    Raises:
        RequestError: it was made of a store.
    """
    where = data.get("where")
    if not isinstance(where, str):
        raise RequestError(
            "this database was made of a store, which no dict can hold; make it of a table's name "
            "or a URL, or give the registry the database itself"
        )
    return where
