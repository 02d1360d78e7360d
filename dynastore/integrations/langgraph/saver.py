"""DynastoreSaver: LangGraph's checkpointer on a store, blocking and awaited.

It converts: LangGraph's configs and checkpoints into what `agents.checkpointing` saves and loads,
and back. A call that blocks runs on a `Store`, one that is awaited on its `AsyncStore`.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from ...agents.checkpointing.clearing import PRUNED_GRACE, delete_for_runs, delete_thread, prune
from ...agents.checkpointing.copying import copy_thread
from ...agents.checkpointing.histories import histories
from ...agents.checkpointing.keeping import Keeping
from ...agents.checkpointing.loading import load
from ...agents.checkpointing.recent import Recent
from ...agents.checkpointing.saving import save, save_writes
from ...agents.checkpointing.threads import threads
from ...agents.checkpoints import Thread
from ...async_store import AsyncStore
from ...errors import RequestError, shown
from ...operations.reading.reader import Page
from ...requests import Steps
from ...store import Store
from .conversion import Conversion, configured, place_of
from .stores import Stores


class DynastoreSaver(BaseCheckpointSaver[str]):
    """A checkpointer that costs a turn what the turn says.

        builder.compile(checkpointer=DynastoreSaver("sqlite:///agent.db"))

    Its methods are those of LangGraph's other checkpointers. One saver serves blocking and awaited
    calls, and threads and tasks may share it. Errors are raised, as `dynastore.DynastoreError`.

    Attributes:
        serde: turns values into bytes and back; may be replaced at any time.
    """

    def __init__(
        self,
        store: Store | AsyncStore | str | None = None,
        *,
        serde: SerializerProtocol | None = None,
        ttl: dt.timedelta | None = None,
        consistent: bool = True,
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: where checkpoints are kept: a store, or a *where* of `Store.connect`.
            serde: such as an EncryptedSerializer; LangGraph's JsonPlusSerializer without.
            ttl: how long a checkpoint can be read after it was written; for ever without. It is
                deleted after one and a half times as long. Not for graphs with a DeltaChannel.
            consistent: whether reads see every write acknowledged before, at twice the read units.

        Raises:
            RequestError: the store is none, or the time is not above zero.
        """
        super().__init__(serde=serde)
        if ttl is not None and not (isinstance(ttl, dt.timedelta) and ttl > dt.timedelta()):
            raise RequestError(f"ttl is a timedelta above zero, not {shown(ttl)}")
        self._stores = Stores.of(store)
        self._keeping = Keeping(ttl, consistent)
        self._recent = Recent()

    @classmethod
    @contextmanager
    def from_conn_string(cls, where: str, **options: Any) -> Iterator[Self]:
        """A saver for a ``with`` block, at whose end its connections are closed.

        Args:
            where: of `Store.connect`: a table's name or a URL.
            options: of the class.
        """
        saver = cls(where, **options)
        try:
            yield saver
        finally:
            saver._stores.close()

    @classmethod
    @asynccontextmanager
    async def from_conn_string_async(cls, where: str, **options: Any) -> AsyncIterator[Self]:
        """`from_conn_string` for an ``async with`` block."""
        saver = cls(where, **options)
        try:
            yield saver
        finally:
            await saver._stores.aclose()

    def setup(self) -> None:
        """Make the table unless it is there. On SQLite the first call does it by itself."""
        self._stores.blocking.create_table()

    async def asetup(self) -> None:
        """Make the table unless it is there; see `setup`."""
        await self._stores.awaited.create_table()

    def eventual(self) -> Self:
        """The same saver, whose reads cost half, and may miss what was written a moment ago."""
        twin = copy(self)
        twin._keeping = Keeping(self._keeping.lifetime, consistent=False)  # noqa: SLF001
        return twin

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """A checkpoint with its pending writes: the one that the config names, or the newest.

        Raises:
            PayloadMissing: a value that it refers to is gone.
        """
        return self._stores.blocking.run(self._get_tuple(config))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """A checkpoint with its pending writes; see `get_tuple`."""
        return await self._stores.awaited.run(self._get_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 (LangGraph's name)
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, within a namespace newest first; read as far as they are iterated.

        Args:
            config: whose: of a thread, of one of its namespaces, or just one; of all threads
                without.
            filter: metadata that they have.
            before: the checkpoint before which they were made.
            limit: how many at most.

        Raises:
            PayloadMissing: a value that one of them refers to is gone.
        """
        listing = self._convert.listing(config, filter, before, limit)
        while not listing.done:
            yield from self._stores.blocking.run(listing.page())

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 (LangGraph's name)
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, within a namespace newest first; see `list`."""
        listing = self._convert.listing(config, filter, before, limit)
        while not listing.done:
            for each in await self._stores.awaited.run(listing.page()):
                yield each

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint: one request, of what changed since the one that it follows."""
        draft = self._convert.draft(config, checkpoint, metadata, new_versions)
        self._stores.blocking.run(save(self._schema, self._recent, draft, self._keeping))
        return configured(draft.place)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint; see `put`."""
        draft = self._convert.draft(config, checkpoint, metadata, new_versions)
        await self._stores.awaited.run(save(self._schema, self._recent, draft, self._keeping))
        return configured(draft.place)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Save what a task wrote: one request."""
        self._stores.blocking.run(self._put_writes(config, writes, task_id, task_path))

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Save what a task wrote; see `put_writes`."""
        await self._stores.awaited.run(self._put_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Delete all of a thread.

        Raises:
            PartialFailure: some of it could not be deleted; call it again.
        """
        self._recent.forget(str(thread_id))
        self._stores.blocking.run(delete_thread(self._schema, str(thread_id), self._keeping))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all of a thread; see `delete_thread`."""
        self._recent.forget(str(thread_id))
        await self._stores.awaited.run(delete_thread(self._schema, str(thread_id), self._keeping))

    def delete_for_runs(
        self, run_ids: Sequence[str], *, grace: dt.timedelta = PRUNED_GRACE
    ) -> None:
        """Delete the checkpoints that some runs made, and what tasks wrote after them.

        Args:
            run_ids: the runs.
            grace: as of `prune`. What other checkpoints refer to stays for longer, and is deleted
                by a later `prune`.
        """
        self._forget(self._stores.blocking.run(self._delete_for_runs(run_ids, grace)))

    async def adelete_for_runs(
        self, run_ids: Sequence[str], *, grace: dt.timedelta = PRUNED_GRACE
    ) -> None:
        """Delete the checkpoints that some runs made; see `delete_for_runs`."""
        self._forget(await self._stores.awaited.run(self._delete_for_runs(run_ids, grace)))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread, with all of its checkpoints and writes."""
        source, target = str(source_thread_id), str(target_thread_id)
        self._stores.blocking.run(copy_thread(self._schema, source, target, self._keeping))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread; see `copy_thread`."""
        source, target = str(source_thread_id), str(target_thread_id)
        await self._stores.awaited.run(copy_thread(self._schema, source, target, self._keeping))

    def prune(
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int = 1,
        grace: dt.timedelta = PRUNED_GRACE,
    ) -> None:
        """Remove all but the newest checkpoints of each namespace of some threads.

        Args:
            thread_ids: the threads.
            strategy: ``keep_latest``, or ``delete`` for all of them.
            keep_last: how many stay, 1 or more.
            grace: what is removed is given back no more, and is deleted by the first call after it
                has been so for the grace; at once with none, if no process works on the threads.

        Raises:
            RequestError: there is no such strategy, or a number is out of range.
        """
        for thread_id in map(str, thread_ids):
            self._stores.blocking.run(self._prune(thread_id, strategy, keep_last, grace))
            self._recent.forget(thread_id)

    async def aprune(
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int = 1,
        grace: dt.timedelta = PRUNED_GRACE,
    ) -> None:
        """Remove all but the newest checkpoints of some threads; see `prune`."""
        for thread_id in map(str, thread_ids):
            await self._stores.awaited.run(self._prune(thread_id, strategy, keep_last, grace))
            self._recent.forget(thread_id)

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What the values of some channels are made of: the same two requests for any number."""
        return self._stores.blocking.run(self._histories(config, channels))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What the values of some channels are made of; see `get_delta_channel_history`."""
        return await self._stores.awaited.run(self._histories(config, channels))

    def threads(
        self,
        *,
        user_id: str | None = None,
        component: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Thread]:
        """One page of threads, those that began last first.

        Args:
            user_id: whose: the ``user_id`` of the config or its metadata; of all users without.
            component: the ``assistant_id`` or ``graph_id`` there; of all without.
            limit: how many at most.
            cursor: of the page before.
        """
        found = threads(
            self._schema, user_id=user_id, component=component, limit=limit, cursor=cursor
        )
        return self._stores.blocking.run(found)

    async def athreads(
        self,
        *,
        user_id: str | None = None,
        component: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Thread]:
        """One page of threads; see `threads`."""
        found = threads(
            self._schema, user_id=user_id, component=component, limit=limit, cursor=cursor
        )
        return await self._stores.awaited.run(found)

    def get_next_version(
        self,
        current: str | int | None,
        channel: None,  # noqa: ARG002 (LangGraph's)
    ) -> str:
        """The next version of a channel: a count, and chance, so that no two forks have the same."""
        count = current if isinstance(current, int) else int((current or "0").split(".")[0])
        return f"{count + 1:032}.{random.random():016}"  # noqa: S311 (no secret)

    @property
    def _schema(self) -> Any:
        return self._stores.schema

    @property
    def _convert(self) -> Conversion:
        return Conversion(self._schema, self.serde, self._recent, self._keeping)

    def _get_tuple(self, config: RunnableConfig) -> Steps[CheckpointTuple | None]:
        thread_id, namespace = place_of(config)
        wanted = get_checkpoint_id(config)
        found = yield from load(
            self._schema, self._recent, thread_id, namespace, wanted, self._keeping
        )
        return None if found is None else self._convert.tuple_of(found)

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, path: str
    ) -> Steps[None]:
        places = {
            WRITES_IDX_MAP.get(channel, at): self._convert.task_write(channel, value)
            for at, (channel, value) in enumerate(writes)
        }
        if places:
            place = self._convert.place(config)
            yield from save_writes(self._schema, place, (task_id, path), places, self._keeping)

    def _delete_for_runs(self, run_ids: Sequence[str], grace: dt.timedelta) -> Steps[Iterable[str]]:
        lasting = self._convert.lasting
        return (
            yield from delete_for_runs(self._schema, run_ids, self._keeping, lasting, grace=grace)
        )

    def _forget(self, thread_ids: Iterable[str]) -> None:
        for each in thread_ids:
            self._recent.forget(each)

    def _prune(
        self, thread_id: str, strategy: str, keep_last: int, grace: dt.timedelta
    ) -> Steps[None]:
        if strategy == "delete":
            return (yield from delete_thread(self._schema, thread_id, self._keeping))
        if strategy != "keep_latest":
            raise RequestError(f"a strategy is 'keep_latest' or 'delete', not {shown(strategy)}")
        if type(keep_last) is not int or keep_last < 1:
            raise RequestError(f"keep_last is 1 or more, not {shown(keep_last)}")
        lasting = self._convert.lasting
        return (
            yield from prune(
                self._schema, thread_id, self._keeping, lasting, keep_last=keep_last, grace=grace
            )
        )

    def _histories(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Steps[Mapping[str, DeltaChannelHistory]]:
        thread_id, namespace = place_of(config)
        wanted = get_checkpoint_id(config)
        if not channels:
            return {}
        target = yield from load(
            self._schema, self._recent, thread_id, namespace, wanted, self._keeping
        )
        if target is None:
            return {name: DeltaChannelHistory(writes=[]) for name in channels}
        parent_id = target.checkpoint.parent_id
        found = yield from histories(self._schema, target.place, parent_id, channels, self._keeping)
        return {name: self._convert.history(each) for name, each in found.items()}
