"""Stubs: what is left of an archived thread where its checkpoints were, so that no read misses them.

C##!0     the stub of a namespace; it sorts before the ids of checkpoints, so that whoever reads to the
          end of what there is meets it
C##!1     one more, if several runs made the checkpoints of the namespace: each is found by its run

A stub is a checkpoint that is never given back. Whoever meets one brings the thread back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from ...entities.spec import Ref
from ...errors import ConflictError
from ...terms import Combined, any_of, begins_with
from ...terms import all_of as all_hold
from .entities import Checkpoint
from .keeping import Keeping

C = TypeVar("C", bound=Checkpoint)

LEAD = "!"  # sorts before digits and letters, of which the ids of checkpoints are
MARK = "archive#"  # no mark of a checkpoint has a "#"

# What came back is taken for complete after this: longer than a read takes, and than the clocks of two
# hosts are apart.
JUST = dt.timedelta(minutes=1)


class ThreadAway(ConflictError):
    """A thread is archived, and has to be brought back before it is used.

    Attributes:
        thread_id: the thread.
        is_stub: whether a stub says so; else it has just come back, and has to be read anew.
    """

    def __init__(self, thread_id: str, *, is_stub: bool = True) -> None:
        """Take the thread, and what says so."""
        self.thread_id = thread_id
        self.is_stub = is_stub
        super().__init__(f"thread {thread_id!r} is archived; bring it back, by bring_back()")


def stubs(
    thread_id: str,
    runs: Iterable[tuple[str, str | None]],
    since: dt.datetime,
    expires_at: dt.datetime | None,
) -> Iterator[Checkpoint]:
    """The stubs of a thread.

    Args:
        thread_id: the thread.
        runs: namespace and run of each of its checkpoints.
        since: of its archive.
        expires_at: when none of its items is there any more, or None.
    """
    named = sorted({*runs}, key=lambda each: (each[0], each[1] or ""))
    for namespace, some in groupby(named, key=lambda each: each[0]):
        for place, (_, run_id) in enumerate(some):
            yield Checkpoint(
                thread_id=thread_id,
                namespace=namespace,
                checkpoint_id=f"{LEAD}{place}",
                run_id=run_id,
                mark=mark_of(since),
                content=b"",
                hidden_at=since,
                expires_at=expires_at,
            )


def mark_of(since: dt.datetime) -> str:
    """The mark of the stubs of an archive."""
    return f"{MARK}{since.astimezone(dt.UTC).isoformat()}"


def is_stub(checkpoint: Checkpoint) -> bool:
    """Whether it is one."""
    return checkpoint.mark.startswith(MARK)


def is_stub_ref(target: Ref[Any]) -> bool:
    """Whether the key of a checkpoint is that of a stub."""
    return is_stub_id(dict(target.values)["checkpoint_id"])


def is_stub_id(checkpoint_id: str) -> bool:
    """Whether an id is that of a stub."""
    return checkpoint_id.startswith(LEAD)


def or_stub(**where: Any) -> Combined:
    """A filter of checkpoints by which stubs are found as well."""
    return any_of(all_hold(**where), all_hold(mark=begins_with(MARK)))


def none_away(checkpoints: Sequence[C], keeping: Keeping) -> Sequence[C]:
    """Checkpoints that were read, if there is no stub among them, and none that has just come back.

    Of a thread that has, other items may have been looked for before they were there.

    Raises:
        ThreadAway: there is one, and it is not known that the thread is back.
    """
    for each in checkpoints:
        if is_stub(each):
            raise ThreadAway(each.thread_id)
    if any(has_just_come(each.back_at, keeping) for each in checkpoints):
        raise ThreadAway(checkpoints[0].thread_id, is_stub=False)
    return checkpoints


def has_just_come(back_at: dt.datetime | None, keeping: Keeping) -> bool:
    """Whether a checkpoint was brought back so lately that a read may have begun before."""
    if back_at is None or keeping.read_from is None or keeping.is_back:
        return False
    return back_at > keeping.read_from - JUST
