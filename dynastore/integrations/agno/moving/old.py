"""The old database: any of Agno's, read by the public methods of its contract, blocking or awaited.

What some of its classes do badly is dealt with here, and nowhere else:

- Several, such as DynamoDb, answer with nothing where they fail, and only log it. A call that logs an
  error is an error here.
- Some have no pages: they read everything for each page. Those are asked for everything once.
- Some make their tables when they read. They are not asked where the table is not there.
- Pages that have no order of their own may overlap. Where rows are missing everything is read once more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar, copy_context
from inspect import isawaitable, signature
from types import TracebackType
from typing import Any, TypeAlias

from agno.db.base import AsyncBaseDb, BaseDb
from agno.utils import log

from ....clients.foreign import told_as_ours
from ....errors import DynastoreError, RequestError, ServiceError

Row: TypeAlias = dict[str, Any]

EVERYTHING = 2**31 - 1  # the longest page that all of them take
PAGE = 200  # rows of one that has pages
# These read all of a table for each page of it.
WHOLE = ("dynamo", "firestore", "gcs_json", "in_memory", "json", "redis", "surrealdb", "valkey")
# It looks for the name among objects, so that it says of every table that it is not there.
FORGETFUL = "firestore"


class Lacking(Exception):
    """The old database does not have a method."""


class Failed(ServiceError):
    """The old database failed, or answered with less than it has."""


class Old:
    """A database of Agno's that is only read.

    Attributes:
        short: of a list that gave less rows than it says there are, what is to be said.
        total: how many rows a topic has, by the last list of all of them; None where no list tells.
    """

    def __init__(self, db: BaseDb | AsyncBaseDb, *, page_size: int | None = None) -> None:
        """Nothing is read yet.

        Args:
            db: the database.
            page_size: how many rows are asked for at a time; by default as its class does it best.

        Raises:
            RequestError: it is no database of Agno's, or there is no such page.
        """
        if not isinstance(db, BaseDb | AsyncBaseDb):
            raise RequestError(f"{type(db).__name__} is no database of Agno's; give one")
        if page_size is not None and page_size < 1:
            raise RequestError(f"a page has one row or more, not {page_size}")
        modules = [each.__module__ for each in type(db).__mro__]
        kinds = {each.split(".")[2] for each in modules if each.startswith("agno.db.")}
        self._db = db
        self._trusts = FORGETFUL not in kinds
        self._size = page_size or (EVERYTHING if kinds & {*WHOLE} else PAGE)
        self._runner = asyncio.Runner() if isinstance(db, AsyncBaseDb) else None
        self.short: list[str] = []
        self.total: int | None = None

    @property
    def has_pages(self) -> bool:
        """Whether it is read in pages, and not all at once."""
        return self._size < EVERYTHING

    def close(self) -> None:
        """End the loop in which it is awaited. The database stays open."""
        if self._runner is not None:
            self._runner.close()

    def has_table(self, name: str) -> bool:
        """Whether a table is there.

        Args:
            name: the attribute of the database that has its name; without one it is there.
        """
        table = getattr(self._db, name, None)
        return table is None or not self._trusts or bool(self.call("table_exists", table))

    def has(self, method: str) -> bool:
        """Whether its class has a method of its own, and not only that of the contract."""
        contract = AsyncBaseDb if isinstance(self._db, AsyncBaseDb) else BaseDb
        found = getattr(type(self._db), method, None)
        return found is not None and found is not getattr(contract, method, None)

    def call(self, method: str, *args: Any, **named: Any) -> Any:
        """What a method answers. Arguments that its class does not know are left out.

        Raises:
            Lacking: it does not have the method.
            Failed: it failed.
        """
        found = getattr(self._db, method, None)
        if found is None:
            raise Lacking(f"{type(self._db).__name__} has no {method}()")
        try:
            with Overheard(method), told_as_ours():
                return self._waited(found(*args, **_known(found, named)))
        except NotImplementedError as error:
            raise Lacking(f"{type(self._db).__name__} has no {method}()") from error

    def _waited(self, answer: Any) -> Any:
        if self._runner is None or not isawaitable(answer):
            return answer

        async def wait() -> Any:
            return await answer

        return self._runner.run(wait(), context=copy_context())

    def rows(self, table: str, **where: Any) -> list[Row]:
        """Rows that no method gives, of a table of SQL.

        Args:
            table: the attribute of the database that has its name.
            where: the values that their columns have.

        Raises:
            Lacking: it is no database of SQL.
            Failed: it failed.
        """
        engine = getattr(self._db, "db_engine", None)
        if engine is None:
            raise Lacking(f"{type(self._db).__name__} is no database of SQL")
        from sqlalchemy import MetaData, Table, select
        from sqlalchemy.exc import SQLAlchemyError

        name, schema = getattr(self._db, table), getattr(self._db, "db_schema", None)
        read = {"schema": schema, "autoload_with": engine, "resolve_fks": False}
        try:
            with engine.connect() as connection:
                found = select(Table(name, MetaData(), **read)).filter_by(**where)
                return [dict(each) for each in connection.execute(found).mappings()]
        except SQLAlchemyError as error:
            raise Failed(name, str(error)) from error

    def pages(
        self,
        method: str,
        ident: Callable[[Any], object],
        *,
        by: str,
        is_topic: bool = True,
        **named: Any,
    ) -> Iterator[list[Any]]:
        """All that a method lists, each once, a page at a time.

        Args:
            method: takes ``limit`` and ``page`` or ``offset``, and answers rows and how many there are.
            ident: tells rows apart.
            by: the column that tells them apart: where the method can sort, it does so by that.
            is_topic: whether these are all rows of a topic, and not what they are found by.
            named: what it takes besides.

        Raises:
            Lacking: it does not have the method.
            Failed: it failed.
        """
        order = {"sort_by": by, "sort_order": "asc", "deserialize": False, "raise_on_error": True}
        seen: set[object] = set()

        def read(size: int, page: int) -> tuple[int, int, list[Any]]:
            start = {"page": page, "offset": (page - 1) * size}
            rows, total = self.call(method, limit=size, **start, **order, **named)
            new = {ident(each): each for each in rows if ident(each) not in seen}
            seen.update(new)
            self.total = total if is_topic else None
            return len(rows), total, [*new.values()]

        number, count, total = 1, self._size, 0
        while count == self._size:
            count, total, new = read(self._size, number)
            yield new
            number += 1
        if len(seen) < total and self.has_pages:
            _, total, new = read(EVERYTHING, 1)
            yield new
        if len(seen) < total:
            self.short.append(f"{method}() says that there are {total:,}, and gives {len(seen):,}")


def _known(method: Callable[..., Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that a method takes."""
    taken = signature(method).parameters
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        return dict(named)
    return {name: value for name, value in named.items() if name in taken}


class _Ear(logging.Handler):
    """What is logged as an error by one call, in its thread or its task."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if _LISTENING.get() is self:
            self.heard.append(record.getMessage())


_LISTENING: ContextVar[_Ear | None] = ContextVar("_LISTENING", default=None)


class Overheard:
    """A block in which what Agno only logs is raised.

    Raises:
        Failed: an error was logged; whatever was raised then is its cause.
        RequestError: Agno's log is off, so that nobody would know.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._ear = _Ear()
        named = (log.logger, log.agent_logger, log.team_logger, log.workflow_logger)
        self._loggers = [*dict.fromkeys(named)]

    def __enter__(self) -> None:
        if not all(each.isEnabledFor(logging.ERROR) for each in self._loggers):
            raise RequestError(
                "Agno's databases tell only in their log that a read has failed, and its errors are "
                "off; let it log them"
            )
        self._token = _LISTENING.set(self._ear)
        for each in self._loggers:
            each.addHandler(self._ear)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for each in self._loggers:
            each.removeHandler(self._ear)
        _LISTENING.reset(self._token)
        is_told = isinstance(error, DynastoreError) or not isinstance(error, Exception | None)
        if self._ear.heard and not is_told:
            raise Failed(self._method, self._ear.heard[0]) from error
