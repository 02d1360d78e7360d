"""DynastoreSaver: LangGraph's checkpointer on a store, blocking and awaited.

It converts: LangGraph's configs and checkpoints into what `agents.checkpoints` saves and loads,
and back. A call that blocks runs on a `Store`, one that is awaited on its `AsyncStore`.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
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
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from ...agents.checkpoints.entities import Checkpoint as Stored
from ...agents.checkpoints.entities import CheckpointValue, TaskWrites, Thread
from ...agents.checkpoints.histories import histories
from ...agents.checkpoints.keeping import Keeping
from ...agents.checkpoints.loading import load
from ...agents.checkpoints.noting import save_writes
from ...agents.checkpoints.recent import Recent
from ...agents.checkpoints.saving import save
from ...clients.opening import Settings
from ...requests import Steps
from ...stores.async_store import AsyncStore
from ...stores.store import Store
from ..stores import Stores
from . import given
from .conversion import Conversion, Listing, checkpoint_id_of, configured, place_of
from .upkeep import Upkeep


class DynastoreSaver(Upkeep, BaseCheckpointSaver[str]):
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
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: where checkpoints are kept: a store, or a *where* of `Store.connect`.
            serde: such as an EncryptedSerializer; LangGraph's JsonPlusSerializer without.
            ttl: how long a checkpoint can be read after it was written; for ever without. It is
                deleted after one and a half times as long. Not for graphs with a DeltaChannel.
            consistent: whether reads see every write acknowledged before, at twice the read units.
            region_name: such as ``eu-west-1``, of the table that is named.
            endpoint_url: another server than AWS's. A session or a Config is for `Store.connect`.

        Raises:
            RequestError: the store or the serializer is none, the schema of the store lacks the
                entities of threads, or the time is not above zero, or over 100 years.
        """
        BaseCheckpointSaver.__init__(self, serde=given.serializer(serde))
        settings = Settings(region_name=region_name, endpoint_url=endpoint_url)
        self._stores = Stores.of(store, settings)
        self._stores.check(Thread, Stored, CheckpointValue, TaskWrites)
        self._keeping = Keeping(given.ttl(ttl), given.flag("consistent", consistent))
        self._recent = Recent()

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
            RequestError: something given is wrong.
            PayloadMissing: a value that one of them refers to is gone.
        """
        return self._pages(self._convert.listing(config, filter, before, limit))

    def alist(  # no generator itself: what is wrong is refused before anything is awaited
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 (LangGraph's name)
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, within a namespace newest first; see `list`."""
        return self._apages(self._convert.listing(config, filter, before, limit))

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

    def get_next_version(
        self,
        current: str | int | float | None,
        channel: None,  # noqa: ARG002 (LangGraph's)
    ) -> Any:
        """The next version of a channel: a count, and chance, so that no two forks have the same.

        Of a thread whose versions are numbers, as other checkpointers count, it is the next number:
        LangGraph compares the versions of a checkpoint with each other.
        """
        if isinstance(current, int | float):
            return current + 1
        count = int((current or "0").split(".")[0])
        return f"{count + 1:032}.{random.random():016}"  # noqa: S311 (no secret)

    @property
    def _convert(self) -> Conversion:
        return Conversion(self._schema, self.serde, self._recent, self._keeping)

    def _pages(self, listing: Listing) -> Iterator[CheckpointTuple]:
        while not listing.done:
            yield from self._stores.blocking.run(listing.page())

    async def _apages(self, listing: Listing) -> AsyncIterator[CheckpointTuple]:
        while not listing.done:
            for each in await self._stores.awaited.run(listing.page()):
                yield each

    def _get_tuple(self, config: RunnableConfig) -> Steps[CheckpointTuple | None]:
        thread_id, namespace = place_of(config)
        wanted = checkpoint_id_of(config)
        found = yield from load(
            self._schema, self._recent, thread_id, namespace, wanted, self._keeping
        )
        return None if found is None else self._convert.tuple_of(found)

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, path: str
    ) -> Steps[None]:
        # Serialized here, not by the steps: values may change before these are begun.
        places = {
            WRITES_IDX_MAP.get(channel, at): self._convert.task_write(channel, value)
            for at, (channel, value) in enumerate(given.task_writes(writes))
        }
        place = self._convert.place(config)
        return save_writes(self._schema, place, (task_id, path), places, self._keeping)

    def _histories(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Steps[Mapping[str, DeltaChannelHistory]]:
        thread_id, namespace = place_of(config)
        wanted = checkpoint_id_of(config)
        channels = given.id_texts("channels", channels, of="names")
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
