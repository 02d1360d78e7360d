"""Cold: what nobody works on any more, and how it is archived; threads and sessions alike.

No I/O here; the clock is asked by requests.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from typing import Any, TypeAlias, TypeVar

from attrs import AttrsInstance, evolve, field, fields_dict, frozen

from ..capacity import read_units, write_units
from ..codec.payloads import EPOCH, MICROSECOND, moment_number
from ..errors import InvalidCursor, RequestError, shown
from ..operations.reading.reader import Page
from ..operations.reading.reads import read_page
from ..planner import Ask
from ..planner.plan import Plan
from ..requests import ACTIONS, Now, Steps, Wait
from ..schema.schema import Schema

A = TypeVar("A", bound=AttrsInstance)
T = TypeVar("T")

# What one archive holds at most, uncompressed; it is packed in memory.
LARGEST_BYTES = 64 * 1024 * 1024
ITEM_BYTES = 400 * 1024  # what is larger leaves its item
# Of a transaction: it holds 4 MB of items, and up to two actions that guard the others.
TOGETHER_BYTES = 3 * 1024 * 1024
TOGETHER = ACTIONS - 2
SETTLING = dt.timedelta(seconds=20)
SHORTEST = dt.timedelta(hours=1)  # what was used since may be remembered by a process
POSITION = re.compile(r"(\d{1,17})\.(.+)")
AWAY = frozenset({"leaving", "archived", "returning"})  # states: some of it may be in the bucket
FAILURES = 10  # that are told one by one

Sized: TypeAlias = tuple[T, int]
"""Something that is written, and about how many bytes it counts for in a transaction."""


class TooLarge(Exception):
    """A thread or a session is larger than may be archived."""


@frozen
class Archived:
    """What an archiving of threads, or of sessions, did.

    Attributes:
        seen: how many it looked at.
        archived: how many of them it archived, or would have.
        items: how many items those had.
        item_bytes: how large these are uncompressed, in bytes.
        warm: how many were worked on, or brought back, too lately.
        undated: how many have checkpoints whose ids do not tell when they were made.
        large: ids of those that are too large, the first ten.
        damaged: ids of those of which something is gone or cannot be read, the first ten.
        cursor: where the next call goes on; None at the end.
    """

    seen: int = 0
    archived: int = 0
    items: int = 0
    item_bytes: int = 0
    warm: int = 0
    undated: int = 0
    large: Sequence[str] = field(factory=tuple)
    damaged: Sequence[str] = field(factory=tuple)
    cursor: str | None = None

    def and_then(self, then: Archived) -> Archived:
        """This and what was done after it, as one."""
        return Archived(
            self.seen + then.seen,
            self.archived + then.archived,
            self.items + then.items,
            self.item_bytes + then.item_bytes,
            self.warm + then.warm,
            self.undated + then.undated,
            (*self.large, *then.large)[:FAILURES],
            (*self.damaged, *then.damaged)[:FAILURES],
            then.cursor,
        )


@frozen
class Cold:
    """Which threads or sessions are archived, and how.

    Attributes:
        older_than: how long nobody has worked on them, nor brought them back.
        units_per_second: capacity units to take in a second; None for all it can.
        dry_run: whether they are only counted.
        settling: how long to wait for whoever read a thread before a step; none, if no process works
            on any. Sessions need no wait.
    """

    older_than: dt.timedelta
    units_per_second: float | None = None
    dry_run: bool = False
    settling: dt.timedelta = SETTLING

    def __attrs_post_init__(self) -> None:
        """Refuse what is no time and no rate."""
        if not isinstance(self.older_than, dt.timedelta) or self.older_than < SHORTEST:
            raise RequestError(
                f"older_than is a timedelta of an hour or more, not {shown(self.older_than)}"
            )
        rate = self.units_per_second
        if rate is not None and not (type(rate) in {int, float} and isfinite(rate) and rate > 0):
            raise RequestError(
                f"a rate is a number of capacity units per second, above 0, not {shown(rate)}"
            )


@frozen
class Position:
    """How far an archiving is: since when things are cold, as when it began, and where it goes on."""

    cold_since: dt.datetime
    cursor: str | None

    @property
    def text(self) -> str | None:
        """What a caller keeps; None at the end."""
        return None if self.cursor is None else f"{moment_number(self.cold_since)}.{self.cursor}"


def begun_at(cold: Cold, cursor: str | None) -> Steps[Position]:
    """Where an archiving goes on, or begins."""
    if cursor is None:
        return Position((yield from Now()) - cold.older_than, None)
    found = POSITION.fullmatch(cursor) if isinstance(cursor, str) else None
    if found is None:
        raise InvalidCursor("it is none of an archiving")
    return Position(EPOCH + int(found[1]) * MICROSECOND, found[2])


def check_archivable(schema: Schema, what: str, classes: Sequence[type[Any]]) -> None:
    """Refuse a schema that lacks some classes, or a table without a bucket.

    Args:
        schema: where they are.
        what: is archived, such as ``threads``.
        classes: what that takes; the last is the archive.
    """
    if missing := [each.__name__ for each in classes if each not in schema.entities]:
        raise RequestError(
            f"the schema lacks {', '.join(missing)}, so there are no {what} to archive; put them into "
            "it: Schema([*dynastore.agents.ENTITIES, Mine])"
        )
    table = schema.of(classes[-1]).table
    if table.bucket is None:
        raise RequestError(
            f"table {table.name} has no bucket to archive into; name it, Table(..., bucket=...)"
        )


def by_rounds(
    schema: Schema,
    plan: Plan,
    at: Position,
    one: Callable[[Sequence[Any]], Steps[Archived]],
    *,
    at_once: int,
    rounds: int | None,
) -> Steps[Archived]:
    """Archive what a plan finds, page after page.

    Args:
        schema: where they are.
        plan: finds threads or sessions.
        at: where it goes on.
        one: archives what a page has.
        at_once: how many that is at most.
        rounds: after how many pages to stop; None is at the end.
    """
    total, done = Archived(cursor=at.text), 0
    while rounds is None or done < rounds:
        page: Page[Any] = yield from read_page(schema, plan, limit=at_once, cursor=at.cursor)
        some = yield from one(page.entities)
        at = evolve(at, cursor=page.cursor)
        total = total.and_then(evolve(some, cursor=at.text))
        done += 1
        if page.cursor is None:
            break
    return total


def archives_in(
    schema: Schema,
    entity: type[Any],
    made: type[A],
    state: str,
    *,
    limit: int | None,
    cursor: str | None,
) -> Steps[Page[A]]:
    """One page of the archives in a state, without what they hold; oldest first, by an index.

    Args:
        schema: where they are.
        entity: what is stored of each.
        made: what is read of each; its fields are the entity's.
        state: the state.
        limit: how many at most.
        cursor: of the page before.
    """
    ask = Ask(selected=tuple(fields_dict(made)))
    plan = schema.plan(entity, {"state": state}, (), ask)
    page: Page[Any] = yield from read_page(schema, plan, limit=limit, cursor=cursor)
    return Page([made(**each) for each in page.entities], page.cursor)


def paced(cold: Cold, size: int) -> Steps[None]:
    """Wait as long as what was archived takes of the rate: to read it, and twice to write it."""
    if cold.units_per_second is not None:
        units = read_units(size, consistent=True) + 2 * write_units(size)
        yield from Wait(units / cold.units_per_second)


def later(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    """The later of two times; None is never."""
    return None if one is None or other is None else max(one, other)


def together(found: Iterable[Sized[T]]) -> Iterator[list[T]]:
    """Lists of what fits into a transaction, in order."""
    some: list[T] = []
    size = 0
    for each, takes in found:
        if some and (len(some) == TOGETHER or size + takes > TOGETHER_BYTES):
            yield some
            some, size = [], 0
        some.append(each)
        size += takes
    if some:
        yield some
