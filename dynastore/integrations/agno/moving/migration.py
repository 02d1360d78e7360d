"""Moving in: what another of Agno's databases has, into the one table.

The old database is any of Agno's, such as DynamoDb, FirestoreDb, SqliteDb or PostgresDb. It is read
through its public methods and only read. Topic by topic its rows are compared with what is here; what is
missing or older here is written, read again and compared. So a call that was interrupted is made again, and
one that is made while agents write to both databases takes nothing back: see `mirror`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

from agno.db.base import AsyncBaseDb, BaseDb
from attrs import evolve, field, frozen

from ....errors import RequestError
from ....stores.store import Store
from .components import VERSIONS, Components
from .conversations import RUNS, Conversations
from .figures import Figures
from .known import EVALS, KNOWLEDGE, LEARNINGS, MEMORIES, SPANS, TRACES
from .left import LEFT
from .old import Lacking, Old, Row
from .service import ACCOUNTS, APPROVALS, COMPACTIONS, SCHEDULE_ROWS, SCHEDULE_RUNS, TOOL_RESULTS
from .topics import Found, Topic

Mode: TypeAlias = Literal["migrate", "dry-run", "verify"]
"""Write what is missing or older, and compare; only say what would be written; only compare."""

Progress: TypeAlias = Callable[[str, "Migrated", int | None], object]

TOLD = 100  # differences are kept; of more only the number
# Metrics come after the sessions that they are figures of, runs of schedules after these.
TOPICS: tuple[Callable[[], Topic], ...] = (
    Conversations,
    *(lambda each=each: each for each in (MEMORIES, KNOWLEDGE, EVALS, LEARNINGS, TRACES, SPANS)),
    Figures,
    *(lambda each=each: each for each in (SCHEDULE_ROWS, SCHEDULE_RUNS, APPROVALS, ACCOUNTS)),
    *(lambda each=each: each for each in (TOOL_RESULTS, COMPACTIONS)),
    Components,
)
NAMES = tuple(each().name for each in TOPICS)
PARTS = {"sessions": RUNS, "components": VERSIONS}  # topics that are counted by themselves, too


@frozen
class Difference:
    """A row that both databases do not have alike.

    Attributes:
        topic: what it is a row of.
        id: tells which one; "" for what is about all of them.
        what: what differs.
    """

    topic: str
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.topic} {self.id}: {self.what}" if self.id else f"{self.topic}: {self.what}"


@frozen
class Count:
    """How many rows of a topic there are: those that are equal, written and differing.

    Attributes:
        rows: how many the old database has.
        equal: how many were here already, and the same.
        written: how many were missing or older here, and were written, or would be.
        differing: how many both do not have alike.
    """

    rows: int = 0
    equal: int = 0
    written: int = 0
    differing: int = 0

    def and_then(self, later: Count) -> Count:
        """What both count."""
        names = ("rows", "equal", "written", "differing")
        return Count(**{name: getattr(self, name) + getattr(later, name) for name in names})


@frozen
class Migrated:
    """What was done.

    Attributes:
        counts: topic -> how many rows it has. Runs are a topic of their own.
        passed: topic -> why it was passed over.
        differences: the first of the differences.
    """

    counts: Mapping[str, Count] = field(factory=dict)
    passed: Mapping[str, str] = field(factory=dict)
    differences: Sequence[Difference] = ()

    @property
    def total(self) -> Count:
        """All rows."""
        found = Count()
        for each in self.counts.values():
            found = found.and_then(each)
        return found

    def and_then(self, later: Self) -> Self:
        """What both did."""
        counts = {**self.counts}
        for name, each in later.counts.items():
            counts[name] = counts.get(name, Count()).and_then(each)
        told = [*self.differences, *later.differences][:TOLD]
        passed = {**self.passed, **later.passed}
        return evolve(self, counts=counts, passed=passed, differences=told)


class Migration:
    """What one of Agno's databases has, and a store that it moves to."""

    def __init__(
        self,
        old: BaseDb | AsyncBaseDb,
        store: Store | str,
        *,
        mode: Mode = "migrate",
        topics: Collection[str] = NAMES,
        page_size: int | None = None,
        clocks: float = 0.0,
    ) -> None:
        """Nothing is sent yet.

        Args:
            old: the old database. One that is awaited is awaited in a loop of the migration's own, so it
                must not have been used in another.
            store: where to: a store, or a *where* of `Store.connect`.
            mode: what is done.
            topics: what is moved, of `NAMES`; runs go with their sessions.
            page_size: how many rows are asked for at a time. By default 200; or all at once of a class,
                such as DynamoDb, that would read everything for each page.
            clocks: seconds by which both may say another time of the same change, where a mirror wrote
                both.

        Raises:
            RequestError: it is no database of Agno's, or there is no such topic.
        """
        if unknown := sorted({*topics} - {*NAMES}):
            raise RequestError(
                f"there is no {' and no '.join(unknown)}; there are {', '.join(NAMES)}"
            )
        self._old = Old(old, page_size=page_size)
        self._store = Store.connect(store) if isinstance(store, str) else store
        self._mode = mode
        self._clocks = clocks
        self._chosen = {*topics}

    def run(self, progress: Progress = lambda *_: None) -> Migrated:
        """Move everything, topic by topic.

        Args:
            progress: called after each few rows with a topic, what was done so far, and how many rows
                the topic has, or None where no list tells.

        Raises:
            ServiceError: one of the databases could not be read or written. What was moved stays; call
                it again.
            RequestError: the old database has none of the tables.
        """
        done = Migrated(passed=self._left() if self._chosen == {*NAMES} else {})
        chosen = [topic for topic in (each() for each in TOPICS) if topic.name in self._chosen]
        if not any(self._old.has_table(each.table) for each in chosen):
            raise RequestError(
                "the old database has no table of these; is it the right one, with the names of its tables?"
            )
        for topic in chosen:
            for some in self._moved(topic):
                done = done.and_then(some)
                progress(topic.name, done, self._old.total)
        return done

    def close(self) -> None:
        """Give back what it opened itself; the old database stays open."""
        self._old.close()

    def _moved(self, topic: Topic) -> Iterator[Migrated]:
        """What was done with some rows after others."""
        empty = {name: Count() for name in _names(topic)}
        self._old.total = None
        if not self._old.has_table(topic.table):
            passed = dict.fromkeys(empty, "the old database has no such table")
            yield Migrated(counts=empty, passed=passed)
            return
        yield Migrated(counts=empty)
        try:
            for rows in topic.pages(self._old):
                yield self._page(topic, rows)
        except Lacking as lacking:
            yield Migrated(passed=dict.fromkeys(empty, str(lacking)))
        for short in self._old.short:
            differences = [Difference(topic.name, "", short)]
            yield Migrated({topic.name: Count(differing=1)}, differences=differences)
        self._old.short.clear()

    def _page(self, topic: Topic, rows: Sequence[Row]) -> Migrated:
        schema = self._store.schema
        stored = self._store.run(topic.here(schema, rows))
        before = [self._compared(topic, *pair) for pair in zip(rows, stored, strict=True)]
        if self._mode != "migrate":
            return self._told(before)
        pairs = [*zip(rows, stored, strict=True)]
        wrong = [at for at, found in enumerate(before) if any(each.what for each in found)]
        if not wrong:
            return self._told(before)
        failures = self._store.run(topic.save(schema, [pairs[at] for at in wrong]))
        again = self._store.run(topic.here(schema, [rows[at] for at in wrong]))
        after = [*before]
        for at, now, failure in zip(wrong, again, failures, strict=True):
            found = self._compared(topic, rows[at], now)
            after[at] = [_because(each, failure) for each in found]
        return self._told(before, after)

    def _compared(self, topic: Topic, row: Row, stored: Any) -> list[Found]:
        return topic.compared(topic.aligned(row, stored, self._clocks), stored)

    def _told(
        self, before: Sequence[Sequence[Found]], after: Sequence[Sequence[Found]] | None = None
    ) -> Migrated:
        """What was found before and after something was written, as counts and differences."""
        done = Migrated()
        for was, now in zip(before, after or before, strict=True):
            for old, new in zip(was, now, strict=True):
                done = done.and_then(self._counted(old, new))
        return done

    def _counted(self, before: Found, after: Found) -> Migrated:
        if not before.what:
            return Migrated({before.topic: Count(rows=1, equal=1)})
        # Of what nothing is here, and of what is older, a dry run says that it would be written.
        if not after.what or (self._mode == "dry-run" and after.is_due):
            return Migrated({before.topic: Count(rows=1, written=1)})
        told = Difference(after.topic, after.id, after.what)
        return Migrated({before.topic: Count(rows=1, differing=1)}, differences=[told])

    def _left(self) -> dict[str, str]:
        return {
            each.name: each.why
            for each in LEFT
            if self._old.has(each.method) and any(map(self._old.has_table, each.tables))
        }


def _names(topic: Topic) -> Sequence[str]:
    return (topic.name, PARTS[topic.name]) if topic.name in PARTS else (topic.name,)


def _because(found: Found, failure: str) -> Found:
    """What was found, with what was in the way of a write."""
    is_told = not found.what or not failure
    return found if is_told else evolve(found, what=f"{found.what}; {failure}")
