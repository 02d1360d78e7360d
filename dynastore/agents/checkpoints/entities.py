"""Threads of work and their checkpoints, so that another process can go on: one partition a thread.

TH#t1   C##1f0a…              a checkpoint: its header, and of its channels what changed
TH#t1   K##1f0a…#messages#…  a value that is too large for its checkpoint
TH#t1   W##1f0a…#7c1e…        what a task wrote after that checkpoint, before the next
TH#t1   A#                    where the items above are, while the thread is archived; see `archiving`
TH#t1   ~                     the thread itself: slim, written when it begins
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

from attrs import field

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

ArchiveState: TypeAlias = Literal["leaving", "archived", "returning", "back"]

THREAD = ("thread_id", "user_id", "component", "title", "created_at", "expires_at")


@entity("thread", expires="expires_at")
class Thread:
    """The header of a thread: what lists of conversations show.

    Attributes:
        thread_id: unique in its scope.
        user_id: whose it is, as the newest checkpoint that names a user has it, or None.
        component: the agent, assistant or graph that works on it, likewise, or None.
        title: what a list shows, or None.
        created_at: when it began; lists are sorted by it.
        expires_at: after which it may be deleted, or None.
    """

    thread_id: str
    user_id: str | None = None
    component: str | None = None
    title: str | None = None
    created_at: dt.datetime
    expires_at: dt.datetime | None = None

    primary = key("TH#{thread_id}", "~")
    by_user = gsi(
        *(1, "U#{user_id}", "CONVERSATION", "{created_at}", "{thread_id}"), include=THREAD
    )
    by_component = gsi(
        *(2, "COMPONENT#{component}", "THREAD", "{created_at}", "{thread_id}"), include=THREAD
    )
    directory = gsi(3, "THREADS", "{created_at}", "{thread_id}", include=THREAD)


@entity("checkpoint", expires="expires_at")
class Checkpoint:
    """The state of a thread after a step, as far as it is not that of the checkpoints before.

    Attributes:
        thread_id: whose it is.
        namespace: of a graph inside the graph; "" is the outermost.
        checkpoint_id: sorts as checkpoints follow each other.
        parent_id: the checkpoint that this one follows, or None for the first.
        run_id: of the run that made it, or None.
        mark: tells what was put from what may be put again under the same id; see
            `contents`.
        labels: metadata to filter by, each as ``name=value``; see `labels`.
        content: header and values, as `contents` packs them.
        until: when it is no longer given back, or None. It stays a while longer, because what
            comes after it may refer to it.
        hidden_at: when it was pruned, though others still refer to it, or None.
        back_at: when it was brought back from an archive, or None.
        expires_at: after which it may be deleted, or None.
    """

    thread_id: str
    namespace: str = ""
    checkpoint_id: str
    parent_id: str | None = None
    run_id: str | None = None
    mark: str = ""
    labels: frozenset[str] = frozenset()
    content: bytes = payload()
    until: dt.datetime | None = None
    hidden_at: dt.datetime | None = None
    back_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None

    primary = key("TH#{thread_id}", "C#{namespace}#{checkpoint_id}")
    by_run = gsi(4, "RUN#{run_id}", "{thread_id}", "{namespace}", "{checkpoint_id}", include=())


@entity("checkpoint-value", expires="expires_at")
class CheckpointValue:
    """A value that its checkpoint, or the writes of a task, refer to, because it is large.

    Attributes:
        thread_id: whose it is.
        namespace: of the checkpoint.
        checkpoint_id: the checkpoint that it belongs to.
        name: its channel and the checkpoint's mark; of a task's writes as `apart`
            names them.
        content: as `contents` packs it.
        unclaimed_at: when a repair found that nothing refers to it, or None.
        expires_at: that of what refers to it.
    """

    thread_id: str
    namespace: str = ""
    checkpoint_id: str
    name: str
    content: bytes = payload()
    unclaimed_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None

    primary = key("TH#{thread_id}", "K#{namespace}#{checkpoint_id}#{name}")


@entity("task-writes", expires="expires_at")
class TaskWrites:
    """What a task wrote after a checkpoint, before the next one is made of it.

    Attributes:
        thread_id: whose it is.
        namespace: of the checkpoint.
        checkpoint_id: the checkpoint that the task started from.
        task_id: unique for the checkpoint.
        task_path: where the task is in its graph; writes are applied in this order.
        writes: place -> a write, as `contents` packs it. The places of ordinary
            writes count from 0; each kind of special one, such as an error, has a negative one.
        unclaimed_at: when a repair found that there is no such checkpoint, or None.
        expires_at: that of the checkpoint.
    """

    thread_id: str
    namespace: str = ""
    checkpoint_id: str
    task_id: str
    task_path: str = ""
    writes: dict[str, bytes] = field(factory=dict)
    unclaimed_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None

    primary = key("TH#{thread_id}", "W#{namespace}#{checkpoint_id}#{task_id}")


@entity("thread-archive", expires="expires_at")
class ThreadArchive:
    """Where the items of a thread are that is archived, or was.

    Attributes:
        thread_id: the thread.
        state: ``leaving`` while its items are moved into the bucket, ``archived`` when they are there,
            ``returning`` while they come back, ``back`` when they did.
        since: when the thread was taken to be archived, which tells this time from any other; when it
            is back, since when.
        items: how many items it has in the bucket.
        item_bytes: how large they are uncompressed, in bytes.
        content: the items, as `packing` packs them; empty until they are in the bucket.
        expires_at: when nothing of what it holds is there any more, or None.
    """

    thread_id: str
    state: ArchiveState
    since: dt.datetime
    items: int = 0
    item_bytes: int = 0
    content: bytes = payload(default=b"", offload_over=0)
    expires_at: dt.datetime | None = None

    primary = key("TH#{thread_id}", "A#")
    by_state = gsi(4, "ARCHIVES#{state}", "THREAD", "{since}", "{thread_id}", include=())
