"""Examining: all that is stored of a thread, whatever state it is in.

What refers to others is read before them, as it is written after them. So what is missing was never
there, or was removed since; and what removes it rewrites what referred to it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import field, frozen

from ...codec.payloads import Pointer
from ...entities.spec import Ref, ref
from ...errors import DataError, DynastoreError, PartialFailure, PayloadMissing, RequestError
from ...operations.reading.reads import get, get_many
from ...requests import Steps
from ...schema.schema import Schema
from .chains import Known
from .contents import content_of, segment_of, spilled_name
from .entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from .keeping import Keeping
from .pending import Apart, Elsewhere, apart_of, write_of
from .stored import read_refs
from .stubs import none_away

AT_ONCE = 100  # items that are read by key in one request

Name = tuple[str, str, str]
"""Of a value: namespace, checkpoint id and name."""


@frozen
class Space:
    """The checkpoints of one namespace that can be unpacked.

    Attributes:
        checkpoints: id -> checkpoint, from the oldest on.
        known: their contents, and the segments that are stored by themselves.
    """

    checkpoints: dict[str, Checkpoint] = field(factory=dict)
    known: Known = field(factory=Known)


@frozen
class Examined:
    """What is stored of a thread.

    Attributes:
        header: the thread, or None.
        spaces: namespace -> its checkpoints.
        tasks: what tasks wrote.
        values: those that are stored by themselves.
        unreadable: ref -> why it cannot be read, of all items.
    """

    header: Thread | None
    spaces: dict[str, Space]
    tasks: Sequence[TaskWrites]
    values: dict[Name, CheckpointValue]
    unreadable: dict[Ref[Any], str]

    def claims(self, namespaces: Mapping[str, Iterable[str]], after: float) -> set[Name]:
        """The values that some checkpoints refer to.

        Args:
            namespaces: namespace -> ids of the checkpoints.
            after: of checkpoints that were put again, what they referred to after this time, in
                seconds since 1970.
        """
        found: set[Name] = set()
        for namespace, ids in namespaces.items():
            known = self.spaces[namespace].known
            for each in ids:
                found |= {(namespace, *claim) for claim in _spilled(known, each, after)}
        return found


def examined(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[Examined]:
    """Read all of a thread: every key by a query, and what is there by key. It is kept in memory.

    Args:
        schema: where it is.
        thread_id: the thread.
        keeping: how it is read.

    Raises:
        RequestError: the schema does not name the bucket that has some of it.
    """
    unreadable: dict[Ref[Any], str] = {}
    tasks = yield from _all(schema, TaskWrites, thread_id, keeping, unreadable)
    checkpoints = yield from _all(schema, Checkpoint, thread_id, keeping, unreadable)
    values = yield from _all(schema, CheckpointValue, thread_id, keeping, unreadable)
    by_name = {_name(each): each for each in values}
    spaces: dict[str, Space] = {}
    for each in reversed(checkpoints):
        space = spaces.setdefault(each.namespace, Space())
        try:
            space.known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
        except DataError as error:
            unreadable[ref_of(each)] = str(error)
        else:
            space.checkpoints[each.checkpoint_id] = each
    for namespace, space in spaces.items():
        _learn(namespace, space.known, by_name, unreadable)
    wanted = {"thread_id": thread_id}
    header = yield from get(schema, Thread, wanted, consistent=keeping.consistent)
    return Examined(header, spaces, tasks, by_name, unreadable)


def ref_of(entity: Checkpoint | CheckpointValue | TaskWrites) -> Ref[Any]:
    """What an item is found by."""
    names = ["thread_id", "namespace", "checkpoint_id"]
    names += {CheckpointValue: ["name"], TaskWrites: ["task_id"]}.get(type(entity), [])
    return ref(type(entity), **{each: getattr(entity, each) for each in names})


def trouble(task: TaskWrites, read: Examined) -> str | None:
    """Why what a task wrote cannot be read; None if it can."""
    opened: dict[str, Apart] = {}
    try:
        for at, form in task.writes.items():
            write = write_of(form)
            if not isinstance(write, Elsewhere):
                continue
            value = read.values.get((task.namespace, task.checkpoint_id, write.name))
            if value is None:
                return f"its value {write.name!r} is gone"
            if write.name not in opened:
                opened[write.name] = apart_of(value.content)
            if opened[write.name].at(int(at)) is None:
                return f"its value {write.name!r} is none"
    except DataError as error:
        return str(error)
    return None


def written_apart(task: TaskWrites) -> Iterator[Name]:
    """The values that the writes of a task refer to, as far as these can be read."""
    for form in task.writes.values():
        try:
            write = write_of(form)
        except DataError:
            continue
        if isinstance(write, Elsewhere):
            yield task.namespace, task.checkpoint_id, write.name


def _name(value: CheckpointValue) -> Name:
    return value.namespace, value.checkpoint_id, value.name


def _all(
    schema: Schema,
    cls: type[Any],
    thread_id: str,
    keeping: Keeping,
    unreadable: dict[Ref[Any], str],
) -> Steps[list[Any]]:
    """The entities of a class, the newest first; those that cannot be read are noted."""
    of_thread = {"thread_id": thread_id}
    refs = yield from read_refs(schema, cls, of_thread, keeping, newest_first=True)
    keys = iter(refs)
    found: list[Any] = []
    while some := list(islice(keys, AT_ONCE)):
        try:
            read = yield from get_many(schema, some, consistent=keeping.consistent)
        except PartialFailure as failure:
            if not all(isinstance(each, DataError) for each in failure.failed.values()):
                raise
            _check_bucket(schema.of(cls), failure.failed.values())
            unreadable.update({target: str(each) for target, each in failure.failed.items()})
            read = [failure.done.get(target) for target in some]
        some_read = [each for each in read if each is not None]
        found += none_away(some_read, keeping) if cls is Checkpoint else some_read
    return found


def _check_bucket(schema: Schema, errors: Iterable[DynastoreError]) -> None:
    """Refuse to call broken what nobody has looked for: it is in a bucket that the schema does not name.

    Raises:
        RequestError: there is such an item.
    """
    pointers = [each.pointer for each in errors if isinstance(each, PayloadMissing)]
    if schema.table.bucket is None and any(
        isinstance(each, Pointer) and each.is_object for each in pointers
    ):
        raise RequestError(
            f"table {schema.table.name} has values in a bucket, and its schema names none; name it: "
            "--bucket, or Table(..., bucket=...)"
        )


def _learn(
    namespace: str,
    known: Known,
    values: Mapping[Name, CheckpointValue],
    unreadable: dict[Ref[Any], str],
) -> None:
    """Unpack the segments that checkpoints refer to and that are stored by themselves."""
    tried: set[tuple[str, str]] = set()
    while new := {claim for each in known.contents for claim in _spilled(known, each)} - tried:
        tried |= new
        for claim in new:
            value = values.get((namespace, *claim))
            if value is None:
                continue
            try:
                known.spilled[claim] = segment_of(value.content)
            except DataError as error:
                unreadable[ref_of(value)] = str(error)


def _spilled(known: Known, checkpoint_id: str, after: float = 0) -> Iterator[tuple[str, str]]:
    """The segments that a checkpoint refers to and that are stored by themselves: id and name."""
    for channel, held in known.contents[checkpoint_id].references(after):
        for (at, mark), is_spilled, _ in known.walk(channel, held):
            if is_spilled:
                yield at, spilled_name(channel, mark)
