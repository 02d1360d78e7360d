"""DynastoreDb and AsyncDynastoreDb: Agno's storage contract, blocking and awaited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self, Unpack
from uuid import NAMESPACE_URL, uuid5

from agno.db.base import AsyncBaseDb, BaseDb

from ...agents.annexes.compactions import Compaction
from ...agents.annexes.entities import Annex, Annexed
from ...agents.annexes.tool_results import ToolResult
from ...agents.approvals import Approval
from ...agents.auth_tokens import AuthToken
from ...agents.components.entities import Component, ComponentConfig, ComponentUse
from ...agents.conversations.entities import Passage, Run, Session
from ...agents.conversations.recent import Recent
from ...agents.evals import EvalRun
from ...agents.kept import Kept
from ...agents.knowledge.entities import Knowledge
from ...agents.knowledge.keeping import Known
from ...agents.learnings.entities import Learning
from ...agents.memories.entities import Memory
from ...agents.memories.keeping import Owners
from ...agents.metrics.entities import Metric, MetricProgress
from ...agents.schedules.entities import Schedule, ScheduleRun
from ...agents.service_accounts import ServiceAccount
from ...agents.traces.entities import Span, SpanTally, Trace
from ...agents.transcripts.entities import Stretch, Transcript
from ...agents.transcripts.known import Transcripts
from ...agents.versions import SchemaVersion
from ...schema.schema import Schema
from ...stores.async_store import AsyncStore
from ...stores.store import Store
from ..stores import Connecting, Opened
from .accounts.auth_tokens import AuthTokenCalls
from .accounts.service_accounts import ServiceAccountCalls
from .annexes.compactions import CompactionCalls
from .annexes.tool_results import ToolResultCalls
from .annexes.transcripts import TranscriptCalls
from .approvals.calls import ApprovalCalls
from .calls import awaited, blocking, refusing
from .components.components import ComponentCalls
from .components.configs import ConfigCalls
from .conversations.runs import RunCalls
from .conversations.sessions import SessionCalls
from .evals.calls import EvalCalls
from .knowledge.calls import KnowledgeCalls
from .learnings.calls import LearningCalls
from .memories.calls import MemoryCalls
from .metrics.calls import MetricCalls
from .places import address_of, store_in, told_of
from .schedules.runs import ScheduleRunCalls
from .schedules.schedules import ScheduleCalls
from .tables import TableCalls
from .traces.spans import SpanCalls
from .traces.traces import TraceCalls

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


class OnTable:
    """What both databases do with their store.

    Attributes:
        kind: of the store, Store or AsyncStore.
    """

    kind: ClassVar[type[Any]]

    def __init__(
        self,
        store: Store | AsyncStore | str | None = None,
        *,
        id: str | None = None,  # noqa: A002 (Agno's)
        **settings: Unpack[Connecting],
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: a store, whose schema has the ready-made entities; or what `Store.connect` takes
                first: a table's name or a URL; ``DYNASTORE_URL`` of the environment without.
            id: tells databases of one AgentOS apart; by default made of the place, the table and the
                scope, and the same in every process.
            settings: session, client, region_name, endpoint_url, config and create of
                `Store.connect`, for a table's name or a URL.

        Raises:
            RequestError: it is no store, its schema lacks an entity, or settings do not fit it.
        """
        _check_named(type(self).__name__, settings)
        self._opened = Opened.of(self.kind, store, **settings)
        self.schema = checked(self.store.schema)
        self.recent = Recent()
        self.memory_owners: Owners = Kept()
        self.known_documents: Known = Kept()
        self.transcripts = Transcripts()
        super().__init__(id=id or stable_id(self.store))  # type: ignore[call-arg]

    @property
    def store(self) -> Any:
        """Where it is kept, a store of the kind; opened again after `close`."""
        return self._opened.store

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the same database of. No credentials are in it."""
        told: dict[str, Any] = super().to_dict()  # type: ignore[misc]
        return {**told, **told_of(self.store)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The database that `to_dict` told of, with the credentials that boto3 finds.

        Raises:
            RequestError: it tells of another kind of database; or of one in memory, or made of a
                client, which a dict cannot hold.
        """
        store = store_in(cls.kind, data)
        made = cls(store, id=data.get("id"))
        made._opened = Opened(lambda: store)
        return made


class DynastoreDb(OnTable, *map(blocking, BLOCKING_CALLS), refusing(BaseDb), BaseDb):  # type: ignore[misc]
    """What Agno's agents, teams and workflows remember, in one table.

    Agent(db=DynastoreDb("agent-state"))
    Agent(db=DynastoreDb("sqlite:///agent.db"))
    Agent(db=DynastoreDb(store.scope("common_qa")))
    """

    kind = Store

    def close(self) -> None:
        """Give back the connections that were opened here; the next call opens them again.

        A store that was given stays open, and what is in memory stays.
        """
        if (store := self._opened.let_go()) is not None:
            store.close()


class AsyncDynastoreDb(OnTable, *map(awaited, CALLS), refusing(AsyncBaseDb), AsyncBaseDb):  # type: ignore[misc]
    """`DynastoreDb`, awaited."""

    kind = AsyncStore

    async def close(self) -> None:
        """Give back the connections that were opened here; see `DynastoreDb.close`."""
        if (store := self._opened.let_go()) is not None:
            await store.close()


def checked(schema: Schema) -> Schema:
    """A schema that has what Agno's contract needs.

    Raises:
        RequestError: it lacks an entity.
    """
    for each in ENTITIES:
        schema.codec(each)
    return schema


def stable_id(store: Store | AsyncStore) -> str:
    """An id that is the same in every process for one place, one table and one scope."""
    schema = store.schema
    shared = schema.shared or schema  # a scope that moves to another table keeps its id
    told = json.dumps([*address_of(store), shared.table.name, *schema.scopes])
    return str(uuid5(NAMESPACE_URL, f"dynastore:{told}"))


def _check_named(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that there are not.

    Raises:
        TypeError: there is one.
    """
    if unknown := settings.keys() - Connecting.__annotations__.keys():
        known = ", ".join(("store", "id", *Connecting.__annotations__))
        raise TypeError(f"{name} has no setting {', '.join(sorted(unknown))}; it has {known}")
