"""Topics: what is moved row by row, how it is compared, and how a row is written under conditions.

A row is written where there is none, or in place of one that is not newer and nobody else's; that is a
condition of the write. So a call that was interrupted is made again, and one that runs while agents go on
takes nothing back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from attrs import frozen

from ....entities.spec import Ref, ref
from ....errors import ConflictError, RequestError
from ....operations.interleaved import all_of
from ....operations.reading.reads import get_many
from ....operations.writing.writes import write
from ....requests import Steps
from ....schema.schema import Schema
from ....terms import missing
from ....writes import Create, Put
from ..texts import json_bytes, json_value
from .old import Old, Row

E = TypeVar("E")
TOGETHER = 50  # rows that are compared and written at a time

NEWER = "it was changed here since, and stays"
NOT_THEIRS = "it is another user's here, and stays"
ABSENT = "it is missing here"
BROKEN = ""  # the column of a row that cannot be read, with the reason
# Columns that tell when something happened to a row, in seconds since 1970.
STAMPS = (
    *("created_at", "updated_at", "triggered_at", "completed_at", "resolved_at"),
    *("last_used_at", "revoked_at", "deleted_at"),
)


@frozen
class Found:
    """What was found of a row.

    Attributes:
        topic: what it is a row of.
        id: tells which one.
        what: what differs; "" where both sides have the same.
    """

    topic: str
    id: str
    what: str = ""

    @property
    def is_due(self) -> bool:
        """Whether it is to be written."""
        return bool(self.what) and NEWER not in self.what and NOT_THEIRS not in self.what


@frozen
class Stored:
    """A row as it is here.

    Attributes:
        row: as Agno has it.
        entity: as it is stored.
    """

    row: Row
    entity: Any


class Topic(Protocol):
    """Rows of one kind, and how they move."""

    @property
    def name(self) -> str:
        """What they are."""
        ...

    @property
    def table(self) -> str:
        """The attribute of the old database that has the name of their table."""
        ...

    def pages(self, old: Old) -> Iterator[Sequence[Row]]:
        """All rows of the old database, some at a time."""
        ...

    def here(self, schema: Schema, rows: Sequence[Row]) -> Steps[list[Any]]:
        """What is stored of some rows, in their order; None where nothing is."""
        ...

    def compared(self, row: Row, stored: Any) -> list[Found]:
        """What is the same here, and what is not."""
        ...

    def aligned(self, row: Row, stored: Any, seconds: float) -> Row:
        """A row with the times of what is stored, as far as these are no further away than that."""
        ...

    def save(self, schema: Schema, pairs: Sequence[tuple[Row, Any]]) -> Steps[list[str]]:
        """Write rows, unless what is stored of one has to stay; of each what was in its way, or ""."""
        ...


@frozen(kw_only=True)
class Rows:
    """A topic whose rows are one entity each.

    Attributes:
        name: what they are.
        table: the attribute of the old database that has the name of their table.
        listed: gives all that the old database has.
        row_in: the row that the old database means.
        entity_of: the entity that a row is.
        key: the fields of the entity's key.
        row_of: the row that an entity is.
        guard: fields by which one sees that an entity was changed. Without any it is written in place
            of another as where there is none.
        ident: the columns that tell rows apart.
        ignored: columns that need not be alike.
        write_new: how an entity is written where there is none; by default as such.
    """

    name: str
    table: str
    listed: Callable[[Old], Iterator[list[Any]]]
    row_in: Callable[[Any], Row] = dict
    entity_of: Callable[[Row], Any]
    key: tuple[str, ...]
    row_of: Callable[[Any], Row]
    guard: tuple[str, ...]
    ident: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    write_new: Callable[[Schema, Any], Steps[Any]] | None = None

    def pages(self, old: Old) -> Iterator[Sequence[Row]]:
        """All rows of the old database."""
        for page in self.listed(old):
            yield from batches([self._row_in(each) for each in page], TOGETHER)

    def _row_in(self, given: Any) -> Row:
        row = made_of(self.row_in, given)
        return {**given, BROKEN: row} if isinstance(row, str) else row

    def _entity(self, row: Row) -> Any:
        return row.get(BROKEN) or made_of(self.entity_of, row)

    def here(self, schema: Schema, rows: Sequence[Row]) -> Steps[list[Any]]:
        """What is stored of some rows: a request for each 100."""
        refs = [self._ref(each) for each in rows]
        known = [each for each in refs if each is not None]
        found = yield from get_many(schema, known, consistent=True)
        entities = dict(zip(known, found, strict=True))
        stored = [None if each is None else entities[each] for each in refs]
        return [None if each is None else Stored(self.row_of(each), each) for each in stored]

    def _ref(self, row: Row) -> Ref[Any] | None:
        entity = self._entity(row)
        if isinstance(entity, str):
            return None
        return ref(type(entity), **{name: getattr(entity, name) for name in self.key})

    def compared(self, row: Row, stored: Stored | None) -> list[Found]:
        """What is the same here, and what is not."""
        if BROKEN in row:
            stored = None
        ident = "/".join(str(row.get(name)) for name in self.ident)
        return [Found(self.name, ident, what(row, stored, self.ignored))]

    def aligned(self, row: Row, stored: Stored | None, seconds: float) -> Row:
        """A row with the times of what is stored, as far as these are no further away than that."""
        return aligned(row, stored, seconds)

    def save(self, schema: Schema, pairs: Sequence[tuple[Row, Stored | None]]) -> Steps[list[str]]:
        """Write rows, unless what is stored of one has to stay: a request each, sent together."""
        return (yield from all_of(self._save(schema, *each) for each in pairs))

    def _save(self, schema: Schema, row: Row, stored: Stored | None) -> Steps[str]:
        entity = self._entity(row)
        if isinstance(entity, str):
            return entity
        if stored is not None and reason(row, stored.row):
            return ""
        if stored is None or not self.guard:
            new = self.write_new or created
            return (yield from tried(new(schema, entity)))
        when = as_read(stored.entity, self.guard)
        return (yield from tried(write(schema, Put(entity, when=when))))


def made_of(convert: Callable[[Any], Any], given: Any) -> Any:
    """What a row becomes; or why it cannot, as a text."""
    try:
        return convert(given)
    except (RequestError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"it cannot be kept: {type(error).__name__}: {error}"


def created(schema: Schema, entity: Any) -> Steps[Any]:
    """Write an entity where there is none."""
    yield from write(schema, Create(entity))


def tried(steps: Steps[Any]) -> Steps[str]:
    """Write something; what is in its way, or ""."""
    try:
        yield from steps
    except (ConflictError, RequestError) as error:
        return str(error)
    return ""


def as_read(entity: Any, names: Iterable[str]) -> dict[str, Any]:
    """What holds while nobody else has written an entity since it was read."""
    values = {name: getattr(entity, name) for name in names}
    return {name: missing() if value is None else value for name, value in values.items()}


def what(row: Row, stored: Stored | None, ignored: Sequence[str] = ()) -> str:
    """What differs; "" where both sides have the same."""
    if stored is None:
        return ABSENT
    names = differing(row, stored.row, ignored)
    if not names:
        return ""
    why = reason(row, stored.row)
    return f"{', '.join(names)} differ{'s' if len(names) == 1 else ''}" + (
        f"; {why}" if why else ""
    )


def reason(row: Row, stored: Row) -> str:
    """Why a row that is stored here has to stay; "" where it has not."""
    if stored.get("user_id") not in {None, "", row.get("user_id")}:
        return NOT_THEIRS
    return NEWER if changed_at(stored) > changed_at(row) else ""


def changed_at(row: Row) -> float:
    """When a row was changed last, in seconds since 1970; 0 where that is not said."""
    times = [row.get(name) for name in STAMPS]
    return max((each for each in times if isinstance(each, int | float)), default=0)


def aligned(row: Row, stored: Stored | None, seconds: float) -> Row:
    """A row with the times of what is stored, as far as these are no further away than *seconds*.

    Two databases that are written one after the other take the times of a write from their own clocks.
    """
    if stored is None:
        return row
    pairs = {name: (row.get(name), stored.row.get(name)) for name in STAMPS if name in row}
    return {**row, **{name: two for name, (one, two) in pairs.items() if _close(one, two, seconds)}}


def _close(one: Any, other: Any, seconds: float) -> bool:
    numbers = all(isinstance(each, int | float) for each in (one, other))
    return numbers and bool(abs(one - other) <= seconds)


def differing(old: Mapping[str, Any], new: Mapping[str, Any], ignored: Sequence[str]) -> list[str]:
    """The columns that are not alike. One that is not there is None."""
    names = sorted({*old, *new} - {*ignored})
    return [name for name in names if plain(old.get(name)) != plain(new.get(name))]


def plain(value: Any) -> Any:
    """A value as it is after it was JSON."""
    return json_value(json_bytes(value))


def decoded(row: Mapping[str, Any], names: Iterable[str]) -> Row:
    """A row, in which columns that some databases give as the text of JSON are what that says."""
    return {**row, **{name: _decoded(row[name]) for name in names if name in row}}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, dict | list | None) else value


def batches(rows: Sequence[E], size: int) -> Iterator[Sequence[E]]:
    """Rows, some at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def column(name: str) -> Callable[[Mapping[str, Any]], Hashable]:
    """Takes a column of a row."""
    return lambda row: row[name]
