"""Saving: a checkpoint is one item; what is large comes before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, cast

from attrs import evolve, frozen

from ...changes import if_missing, unset
from ...entities.spec import ref
from ...errors import (
    AlreadyExists,
    ConditionFailed,
    TransactionCanceled,
)
from ...operations.interleaved import all_of
from ...operations.reading.reads import get
from ...operations.writing.upserts import upsert
from ...operations.writing.writes import ATTEMPTS, transact, write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import until
from ...writes import Create, Put, Update
from ..cold import later
from .contents import (
    Content,
    Former,
    Segment,
    Value,
    content_of,
    marked,
    packed,
    packed_segment,
    spilled_name,
)
from .deltas import Drafted, Drafting, Head
from .entities import Checkpoint, CheckpointValue, Thread
from .keeping import Keeping
from .labels import labels
from .recent import Recent, Remembered


@frozen
class Place:
    """Where a checkpoint is.

    Attributes:
        thread_id: its thread.
        namespace: of a graph inside the graph; "" is the outermost.
        checkpoint_id: its id.
    """

    thread_id: str
    namespace: str
    checkpoint_id: str

    @property
    def fields(self) -> dict[str, Any]:
        """As fields of what is stored there."""
        return {
            "thread_id": self.thread_id,
            "namespace": self.namespace,
            "checkpoint_id": self.checkpoint_id,
        }


@frozen
class Draft:
    """A checkpoint to be saved.

    Attributes:
        place: where.
        parent_id: id of the checkpoint that it follows, or None.
        header: the checkpoint without the values of its channels, serialized.
        metadata: serialized.
        named: the same metadata as far as it is texts and numbers, to filter by.
        versions: channel -> the version of its value.
        channels: those that may have a value.
        changed: those whose version is new.
        value_of: serializes the value of a channel; None where it has none.
    """

    place: Place
    parent_id: str | None
    header: Value
    metadata: Value
    named: Mapping[str, Any]
    versions: Mapping[str, object]
    channels: Collection[str]
    changed: Collection[str]
    value_of: Callable[[str], Value | None]

    @property
    def whose(self) -> tuple[str | None, str | None]:
        """The user and the component that the metadata names."""
        return whose(self.named)


def whose(metadata: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The user and the component that metadata names: those of the thread's header."""
    user_id, assistant, graph = map(metadata.get, ("user_id", "assistant_id", "graph_id"))
    component = assistant or graph
    return _text(user_id), _text(component)


def _text(value: object) -> str | None:
    """An id as text; numbers are ids too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def save(schema: Schema, recent: Recent, draft: Draft, keeping: Keeping) -> Steps[None]:
    """Save a checkpoint: one request; the first of a thread writes the thread's header too.

    Args:
        schema: where to.
        recent: what this process remembers; it then remembers the new checkpoint.
        draft: the checkpoint. One that is there already is replaced.
        keeping: how long.
    """
    now = yield from Now()
    place = draft.place
    parent = None
    if draft.parent_id is not None:
        parent = recent.find((place.thread_id, place.namespace, draft.parent_id), now)
    drafted = _drafted(draft, parent, keeping, now)
    is_due = not _is_inside(draft.place, recent) and _is_thread_due(draft, parent, keeping, now)
    lasts = keeping.lasts(now) if is_due or parent is None else parent.thread[2]
    content = Content(draft.header, draft.metadata, drafted.held, drafted.segments, lasts)
    content = marked(content, drafted.spilled)
    values = spilled_values(place, content.mark, drafted.spilled, keeping.expires_at(now))
    yield from all_of(write(schema, Put(each)) for each in values)
    checkpoint = _checkpoint(draft, content, keeping, now)
    begins = is_due and draft.parent_id is None
    if not begins or not (yield from _begun(schema, draft, checkpoint, keeping, now)):
        # The header first: the checkpoint says until when it is kept.
        if is_due:
            yield from _keep_thread(schema, draft, keeping, now)
        yield from _put(schema, checkpoint, content, now)
    saved = Head(draft.versions, content.held, drafted.digests)
    seen = (place.thread_id, place.namespace, place.checkpoint_id)
    recent.keep(seen, Remembered(saved, (*draft.whose, lasts), now))


def _drafted(
    draft: Draft, parent: Remembered | None, keeping: Keeping, now: dt.datetime
) -> Drafted:
    head = None if parent is None else parent.head
    outlives = partial(keeping.outlives, now=now)
    drafting = Drafting(draft.place.checkpoint_id, head, keeping.lasts(now), outlives)
    return drafting.drafted(draft.channels, draft.changed, draft.versions, draft.value_of)


def _checkpoint(draft: Draft, content: Content, keeping: Keeping, now: dt.datetime) -> Checkpoint:
    return Checkpoint(
        **draft.place.fields,
        parent_id=draft.parent_id,
        run_id=_text(draft.named.get("run_id")),
        mark=content.mark,
        labels=labels(draft.named),
        content=packed(content),
        until=keeping.until(now),
        expires_at=keeping.expires_at(now),
    )


def spilled_values(
    place: Place, mark: str, spilled: Mapping[str, Segment], expires_at: dt.datetime | None
) -> Iterator[CheckpointValue]:
    """Segments as they are stored by themselves.

    Args:
        place: of their checkpoint.
        mark: of their checkpoint.
        spilled: channel -> segment.
        expires_at: as that of their checkpoint.
    """
    for channel, segment in spilled.items():
        name, content = spilled_name(channel, mark), packed_segment(segment)
        yield CheckpointValue(**place.fields, name=name, content=content, expires_at=expires_at)


def _put(schema: Schema, checkpoint: Checkpoint, content: Content, now: dt.datetime) -> Steps[None]:
    """Put a checkpoint: one request, and two more if there is another one with its id.

    Others may refer to what that one holds. So the new one holds this too.
    """
    key = {name: getattr(checkpoint, name) for name in ("thread_id", "namespace", "checkpoint_id")}
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Create(checkpoint))
        except AlreadyExists:
            there = yield from get(schema, Checkpoint, key, consistent=True)
            if there is None:
                continue
            if (yield from _put_again(schema, there, checkpoint, content, now)):
                return
        else:
            return
    raise ConditionFailed(schema.codec(Checkpoint).key(key, schema.prefix))


def _put_again(
    schema: Schema, there: Checkpoint, checkpoint: Checkpoint, content: Content, now: dt.datetime
) -> Steps[bool]:
    """Put a checkpoint in the place of another one; False if that was changed in the meantime.

    What refers to the other one counts on it for as long as it says. So the item stays as long as the
    longer of both.
    """
    if there == checkpoint:
        return True  # a request that was answered late was carried out before
    form = packed(over(content, content_of(there.content, there.mark), now))
    try:
        same = {"mark": there.mark, "hidden_at": there.hidden_at}
        expires_at = later(there.expires_at, checkpoint.expires_at)
        new: Any = evolve(cast("Any", checkpoint), content=form, expires_at=expires_at)
        yield from write(schema, Put(new, when=same))
    except ConditionFailed:
        return False
    return True


def over(content: Content, before: Content, now: dt.datetime) -> Content:
    """A content that holds what the one before held too."""
    since = int(now.timestamp())
    former = {**before.former, before.mark: Former(before.segments, before.held, since)}
    same = former.pop(content.mark, Former())
    if same.held != content.held:
        former[content.mark] = evolve(same, segments={})
    # What is put as it was may have got values since that others refer to.
    return evolve(content, segments={**same.segments, **content.segments}, former=former)


def _is_inside(place: Place, recent: Recent) -> bool:
    """Whether a graph is inside one whose checkpoints are known here; these keep the header."""
    return bool(place.namespace) and recent.reach(place.thread_id, "", None) is not None


def _is_thread_due(
    draft: Draft, parent: Remembered | None, keeping: Keeping, now: dt.datetime
) -> bool:
    """Whether the header of the thread is to be written: it begins, changes, or would expire."""
    if parent is None:
        return True
    return parent.thread[:2] != draft.whose or not keeping.outlives(parent.thread[2], now)


def _begun(
    schema: Schema, draft: Draft, checkpoint: Checkpoint, keeping: Keeping, now: dt.datetime
) -> Steps[bool]:
    """Begin a thread: its header and its first checkpoint at once; False if one of them is there."""
    new = Thread(thread_id=draft.place.thread_id, created_at=now, **_header(draft, keeping, now))
    try:
        yield from transact(schema, [Create(new), Create(checkpoint)])
    except TransactionCanceled as canceled:
        if not any(isinstance(each, AlreadyExists) for each in canceled.reasons):
            raise
        return False
    return True


def _keep_thread(schema: Schema, draft: Draft, keeping: Keeping, now: dt.datetime) -> Steps[None]:
    """Write what is new of a thread's header, or the header; by that it expires no sooner."""
    target = ref(Thread, thread_id=draft.place.thread_id)
    header = _header(draft, keeping, now)
    changes = {"created_at": if_missing(now), "expires_at": unset(), **header}
    if keeping.lifetime is not None:
        try:
            no_longer = {"expires_at": until(header["expires_at"])}
            yield from write(schema, Update(target, when=no_longer, **changes))
        except ConditionFailed as failure:
            if failure.stored is not None:
                del changes["expires_at"]  # a saver with a longer lifetime works on the thread too
        else:
            return
    yield from upsert(schema, target, changes)


def _header(draft: Draft, keeping: Keeping, now: dt.datetime) -> dict[str, Any]:
    user_id, component = draft.whose
    found = {
        "user_id": user_id,
        "component": component,
        "expires_at": keeping.expires_at(now),
    }
    return {name: value for name, value in found.items() if value is not None}
