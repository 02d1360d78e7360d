"""Findings: what is wrong with a thread, and what was done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import frozen

Item: TypeAlias = Literal["checkpoint", "value", "writes"]
"""What is stored of a thread besides its header: `Checkpoint`, `CheckpointValue`, `TaskWrites`."""


@frozen
class Lost:
    """A checkpoint that cannot be given back, because of one of its channels.

    Attributes:
        namespace: of the checkpoint.
        checkpoint_id: its id.
        channel: the channel.
        at: id of the checkpoint that holds what is missing, or does not fit.
        reason: what is wrong there.
    """

    namespace: str
    checkpoint_id: str
    channel: str
    at: str
    reason: str

    def __str__(self) -> str:
        place = _place(self.namespace, self.checkpoint_id)
        return f"{place} cannot be read: channel {self.channel!r} needs {self.at}, {self.reason}"


@frozen
class Damaged:
    """An item that cannot be read.

    Attributes:
        namespace: of its checkpoint.
        checkpoint_id: the checkpoint that it is, or belongs to.
        item: what it is.
        name: of a value its name, of writes the task's id, else "".
        reason: why.
    """

    namespace: str
    checkpoint_id: str
    item: Item
    name: str
    reason: str

    def __str__(self) -> str:
        place = _place(self.namespace, self.checkpoint_id)
        return f"{_item(self.item, self.name, place)} cannot be read: {self.reason}"


@frozen
class Litter:
    """An item that nothing refers to, or will in a moment: it is written before what does.

    Attributes:
        namespace: of its checkpoint.
        checkpoint_id: the checkpoint that it belongs to.
        item: what it is.
        name: of a value its name, of writes the task's id.
        since: when a repair found it first, or None.
    """

    namespace: str
    checkpoint_id: str
    item: Item
    name: str
    since: dt.datetime | None

    def __str__(self) -> str:
        place = _place(self.namespace, self.checkpoint_id)
        since = (
            "" if self.since is None else f", since {self.since:%Y-%m-%d %H:%M:%S} UTC or longer"
        )
        return f"{_item(self.item, self.name, place)} belongs to nothing{since}"


@frozen
class Headless:
    """The thread has checkpoints and no header, so no list of threads has it."""

    def __str__(self) -> str:
        return "the thread's header is missing"


Finding: TypeAlias = Lost | Damaged | Litter | Headless


@frozen
class Checked:
    """What there is of a thread, and what is wrong with it.

    Attributes:
        thread_id: the thread.
        checkpoints: how many there are that are given back, the broken ones among them.
        hidden: how many others there are.
        tasks: how many tasks have writes.
        values: how many values are stored by themselves.
        header: whether it has one.
        findings: what is wrong.
    """

    thread_id: str
    checkpoints: int
    hidden: int
    tasks: int
    values: int
    header: bool
    findings: Sequence[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def is_there(self) -> bool:
        """Whether anything is stored under this id."""
        sizes = (self.checkpoints, self.hidden, self.tasks, self.values)
        return self.header or any(sizes) or not self.is_sound

    def __str__(self) -> str:
        if not self.is_there:
            return f"there is no thread {self.thread_id!r}"
        counts = {
            "checkpoint(s)": self.checkpoints,
            "hidden": self.hidden,
            "with writes": self.tasks,
            "value(s) apart": self.values,
        }
        found = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        wrong = f"{len(self.findings):,} wrong" if self.findings else "nothing wrong"
        lines = [f"thread {self.thread_id!r}: {found or 'no checkpoints'}; {wrong}"]
        return "\n".join([*lines, *(f"  {each}" for each in self.findings)])


@frozen
class Repaired:
    """What a repair did.

    Attributes:
        found: what was wrong before.
        last: namespace -> id of the checkpoint that is now the last one; None where none is left.
        hidden: ids of the checkpoints that are given back no more, and are deleted later.
        deleted: ids of those that were deleted.
        dropped: ids of the tasks whose writes were deleted; these tasks will run again.
        removed: how many other items were deleted, because nothing refers to them.
        marked: how many were found that nothing refers to yet; a repair after the grace deletes
            them.
        header: whether the thread got a header.
    """

    found: Checked
    last: Mapping[str, str | None]
    hidden: Sequence[str]
    deleted: Sequence[str]
    dropped: Sequence[str]
    removed: int
    marked: int
    header: bool

    @property
    def is_sound(self) -> bool:
        """Whether nothing had to be done."""
        return self.found.is_sound and not self.deleted

    def __str__(self) -> str:
        done = [
            *(f"hid checkpoint {each}" for each in self.hidden),
            *(f"deleted checkpoint {each}" for each in self.deleted),
            *(f"deleted the writes of task {each}, which will run again" for each in self.dropped),
            *([f"deleted {self.removed:,} items that belong to nothing"] if self.removed else []),
            *([f"marked {self.marked:,} items; repair later to delete"] if self.marked else []),
            *(["wrote the thread's header"] if self.header else []),
        ]
        if done:
            done += [_last(namespace, each) for namespace, each in self.last.items()]
        return "\n".join([str(self.found), *(f"  {each}" for each in done)])


def _last(namespace: str, checkpoint_id: str | None) -> str:
    if checkpoint_id is None:
        return f"no checkpoint is left{_of(namespace)}"
    return f"{_place(namespace, checkpoint_id)} is the last one"


def _place(namespace: str, checkpoint_id: str) -> str:
    return f"checkpoint {checkpoint_id}{_of(namespace)}"


def _of(namespace: str) -> str:
    return f" of {namespace!r}" if namespace else ""


def _item(item: Item, name: str, place: str) -> str:
    match item:
        case "checkpoint":
            return place
        case "value":
            return f"value {name!r} of {place}"
        case "writes":
            return f"what task {name} wrote after {place}"
