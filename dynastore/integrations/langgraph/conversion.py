"""Conversion: LangGraph's configs, checkpoints and writes, and what is saved and loaded of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, cast

from attrs import frozen
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from ...agents.checkpoints.contents import Content, Value
from ...agents.checkpoints.entities import Checkpoint as Stored
from ...agents.checkpoints.histories import ChannelHistory
from ...agents.checkpoints.keeping import Keeping
from ...agents.checkpoints.labels import labels
from ...agents.checkpoints.listing import Lister, Wanted
from ...agents.checkpoints.loading import Loaded
from ...agents.checkpoints.pending import Pending, TaskWrite
from ...agents.checkpoints.recent import Recent
from ...agents.checkpoints.repairing import Described
from ...agents.checkpoints.saving import Draft, Place, whose
from ...agents.checkpoints.threads import threads
from ...errors import DataError, RequestError
from ...requests import Steps
from ...schema.schema import Schema
from . import given

# What LangGraph's serializers raise of a type that they do not know, of a wrong key or damaged bytes,
# and of another cipher.
REFUSALS = (NotImplementedError, ValueError, AssertionError)

DELTA_COUNTERS = "counters_since_delta_snapshot"  # in metadata: by channel that is made of writes


def place_of(config: RunnableConfig) -> tuple[str, str]:
    """The thread and the namespace that a config names.

    Raises:
        RequestError: it names no thread.
    """
    named = given.configurable(config)
    thread_id = named.get("thread_id")
    if thread_id is None or thread_id == "":
        raise RequestError(
            'a config names its thread: {"configurable": {"thread_id": "..."}}; this has '
            f"{given.names_in(named)}"
        )
    namespace = given.text("checkpoint_ns", named.get("checkpoint_ns"))
    return given.id_text("thread_id", thread_id), namespace or ""


def checkpoint_id_of(config: RunnableConfig) -> str | None:
    """The checkpoint that a config names, or None; for LangGraph "" is none either.

    Raises:
        RequestError: what it names is no id.
    """
    return given.text("checkpoint_id", given.configurable(config).get("checkpoint_id")) or None


def named(checkpoint: Stored) -> str:
    """How a message begins that is about a checkpoint."""
    namespace = f", namespace {checkpoint.namespace!r}" if checkpoint.namespace else ""
    return f"thread {checkpoint.thread_id!r}{namespace}, checkpoint {checkpoint.checkpoint_id}:"


def configured(place: Place) -> RunnableConfig:
    """The config that names a checkpoint."""
    return {
        "configurable": {
            "thread_id": place.thread_id,
            "checkpoint_ns": place.namespace,
            "checkpoint_id": place.checkpoint_id,
        }
    }


@frozen
class Conversion:
    """Converts with a serializer.

    Attributes:
        schema: where checkpoints are kept.
        serde: turns values into bytes and back.
        recent: what this process remembers of checkpoints.
        keeping: how they are kept and read.
    """

    schema: Schema
    serde: SerializerProtocol
    recent: Recent
    keeping: Keeping

    def place(self, config: RunnableConfig) -> Place:
        """The checkpoint that a config names.

        Raises:
            RequestError: it names none.
        """
        thread_id, namespace = place_of(config)
        checkpoint_id = checkpoint_id_of(config)
        if not checkpoint_id:
            raise RequestError("the config of a task's writes names the checkpoint: checkpoint_id")
        return Place(thread_id, namespace, checkpoint_id)

    def draft(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Draft:
        """What is saved of a checkpoint.

        Raises:
            RequestError: something is no such thing; or checkpoints expire, and a channel is made
                of the writes of older ones.
        """
        thread_id, namespace = place_of(config)
        given.whole_checkpoint(checkpoint, metadata, new_versions)
        header: dict[str, Any] = {**checkpoint}
        values: Mapping[str, Any] = header.pop("channel_values")
        found: Mapping[str, Any] = {**get_checkpoint_metadata(config, metadata)}
        given.counters(DELTA_COUNTERS, found.get(DELTA_COUNTERS))
        if self.keeping.lifetime is not None and found.get(DELTA_COUNTERS):
            raise RequestError(
                f"the channels {sorted(found[DELTA_COUNTERS])} are DeltaChannels: their values are "
                "made of the writes of all checkpoints since a snapshot, and with ttl= these expire "
                "one by one. Give this graph a saver without ttl=, and prune() its threads"
            )
        place, parent_id = Place(thread_id, namespace, checkpoint["id"]), checkpoint_id_of(config)
        made = self._serialized(place, parent_id, values, new_versions)
        return Draft(
            place,
            parent_id,
            self.value(header),
            self.value(found),
            found,
            {**checkpoint["channel_versions"]},
            [*values],
            {*new_versions},
            lambda name: made[name] if name in made else self.value(values[name]),
        )

    def _serialized(
        self,
        place: Place,
        parent_id: str | None,
        values: Mapping[str, Any],
        changed: Collection[str],
    ) -> Mapping[str, Value]:
        """The values that are saved, as they are now: they may change while that is awaited.

        Of a parent that is remembered, those that did not change stay where they are. Where they
        would expire there they are saved again, and `save` serializes them before it sends anything;
        the table is there by then.
        """
        known = None
        if parent_id is not None:
            known = self.recent.reach(place.thread_id, place.namespace, parent_id)
        saved = values.keys() if known is None else values.keys() & changed
        return {name: self.value(values[name]) for name in saved}

    def value(self, value: Any) -> Value:
        """A value, serialized."""
        return Value(*self.serde.dumps_typed(value))

    def loaded(self, value: Value, whose: str = "a value") -> Any:
        """A serialized value, as it was.

        Raises:
            DataError: this serializer cannot read it.
        """
        try:
            return self.serde.loads_typed((value.type, value.data))
        except REFUSALS as error:
            raise DataError(
                f"{whose} is of type {value.type!r}, and {type(self.serde).__name__} cannot read it: "
                f"{error}. Give the saver the serde= that wrote it, with its key"
            ) from error

    def task_write(self, channel: str, value: Any) -> TaskWrite:
        """One write of a task."""
        return TaskWrite(channel, self.value(value))

    def tuple_of(self, found: Loaded) -> CheckpointTuple:
        """A checkpoint as LangGraph has it; the next one may refer to it."""
        place, where = found.place, named(found.checkpoint)
        header = self.loaded(found.content.header, f"{where} its header")
        metadata = self.loaded(found.content.metadata, f"{where} its metadata")
        seen = (place.thread_id, place.namespace, place.checkpoint_id)
        self.recent.keep(seen, found.remembered(header["channel_versions"], whose(metadata)))
        parent_id = found.checkpoint.parent_id
        parent = parent_id and Place(place.thread_id, place.namespace, parent_id)
        values = {
            name: self.loaded(each, f"{where} the value of channel {name!r}")
            for name, each in found.values.items()
        }
        return CheckpointTuple(
            configured(place),
            cast("Checkpoint", {**header, "channel_values": values}),
            metadata,
            configured(parent) if parent else None,
            [self._pending(each, where) for each in found.writes],
        )

    def _pending(self, write: Pending, where: str = "") -> tuple[str, str, Any]:
        whose = f"{where} a value for channel {write.channel!r}, which task {write.task_id} wrote,"
        return write.task_id, write.channel, self.loaded(write.value, whose.lstrip())

    def history(self, found: ChannelHistory) -> DeltaChannelHistory:
        """What a channel's value is made of."""
        made = DeltaChannelHistory(writes=[self._pending(each) for each in found.writes])
        if found.seed is not None:
            made["seed"] = self.loaded(found.seed, "the value that a channel begins with")
        return made

    def lasting(self, checkpoint: Stored, content: Content) -> Collection[str]:
        """The channels of a checkpoint whose values are made of older writes."""
        found = self.loaded(content.metadata, f"{named(checkpoint)} its metadata")
        counters = found.get(DELTA_COUNTERS)
        return counters.keys() if isinstance(counters, Mapping) else ()

    def described(self, checkpoint: Stored, content: Content) -> Described:
        """What a checkpoint says of its thread."""
        where = named(checkpoint)
        made_at = dt.datetime.fromisoformat(
            self.loaded(content.header, f"{where} its header")["ts"]
        )
        return Described(*whose(self.loaded(content.metadata, f"{where} its metadata")), made_at)

    def listing(
        self,
        config: RunnableConfig | None,
        metadata: Mapping[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> Listing:
        """What lists checkpoints.

        Raises:
            RequestError: something given is wrong.
        """
        metadata, limit = given.wanted_metadata(metadata), given.limit(limit)
        bound = {} if before is None else given.configurable(before, "before")
        wanted = {
            "before": given.text("before: checkpoint_id", bound.get("checkpoint_id")) or None,
            "labels": labels(metadata),
            "passes": lambda checkpoint, content: self._has(checkpoint, content, metadata),
        }
        if config is None:
            return Listing(self, limit, wanted, None)
        thread_id, _ = place_of(config)
        wanted["namespace"] = config["configurable"].get("checkpoint_ns")
        wanted["checkpoint_id"] = checkpoint_id_of(config)
        return Listing(self, limit, wanted, thread_id)

    def _has(self, checkpoint: Stored, content: Content, wanted: Mapping[str, Any]) -> bool:
        if not wanted:
            return True
        found = self.loaded(content.metadata, f"{named(checkpoint)} its metadata")
        return all(found.get(name) == value for name, value in wanted.items())


class Listing:
    """Lists checkpoints of a thread, or of all threads one after the other.

    Attributes:
        done: whether there are no more.
    """

    def __init__(
        self,
        convert: Conversion,
        limit: int | None,
        wanted: Mapping[str, Any],
        thread_id: str | None,
    ) -> None:
        """Nothing is read yet."""
        self._convert = convert
        self._left = limit
        self._wanted = wanted
        self._threads = [] if thread_id is None else [thread_id]
        self._cursor: str | None = None
        self._is_of_all = thread_id is None
        self._lister: Lister | None = None
        self.done = limit is not None and limit < 1

    def page(self) -> Steps[list[CheckpointTuple]]:
        """The next of them; empty where a thread has no more."""
        if self._lister is None or self._lister.done:
            yield from self._next_thread()
        if self._lister is None:
            return []
        found = yield from self._lister.page(self._left)
        if self._left is not None:
            self._left -= len(found)
        self.done = self._left == 0 or (
            self._lister.done and not self._threads and not self._is_of_all
        )
        return [self._convert.tuple_of(each) for each in found]

    def _next_thread(self) -> Steps[None]:
        if not self._threads and self._is_of_all:
            page = yield from threads(self._convert.schema, cursor=self._cursor)
            self._threads = [each.thread_id for each in page.entities]
            self._cursor, self._is_of_all = page.cursor, page.cursor is not None
        if not self._threads:
            self._lister, self.done = None, True
            return
        wanted = Wanted(self._threads.pop(0), **self._wanted)
        self._lister = Lister(self._convert.schema, wanted, self._convert.keeping)
