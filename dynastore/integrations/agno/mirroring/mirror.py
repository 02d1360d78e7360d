"""MirrorDb: two of Agno's databases, written alike, for a move without downtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from threading import BoundedSemaphore, Lock
from typing import Any, ClassVar, Literal, NoReturn, TypeAlias

from agno.db.base import BaseDb

from ....errors import RequestError
from ..moving.old import Overheard
from .asked import DECIDED, UNCOMPARED, Asked, kind_of, methods_of
from .comparing import Comparison, form
from .ledger import Ledger, Mismatch, Missed, Report, Telling, Trouble

Reads: TypeAlias = Literal["old", "new"]

WAITING = 1_000  # comparisons that wait; more are skipped
STRIPES = 64  # locks; writes to sessions of different ones need not wait for each other
WORKERS = 16  # writes to the second database at the same time
PLACES = 10  # of a difference


class Mirror:
    """What both mirrors do.

    Attributes:
        old: the database that is moved from.
        new: the one that is moved to.
        reads: which of them is read; it is written first.
    """

    contract: ClassVar[type[Any]]

    def __init__(
        self,
        old: Any,
        new: Any,
        *,
        reads: Reads = "old",
        tell: Telling = lambda _: None,
        waiting: int = WAITING,
    ) -> None:
        """Nothing is sent yet.

        Args:
            old: the database that is moved from.
            new: the one that is moved to.
            reads: which of them is read.
            tell: is called with each write that was missed, and with each difference, in a thread of
                its own.
            waiting: how many comparisons may wait.

        Raises:
            RequestError: one of them is not of this contract, or there is no such one to read.
        """
        kind = self.contract.__name__
        if not all(isinstance(each, self.contract) for each in (old, new)):
            raise RequestError(f"{type(self).__name__} takes two databases that are each a {kind}")
        if reads not in {"old", "new"}:
            raise RequestError(f"old or new is read, not {reads!r}")
        self.old, self.new, self.reads = old, new, reads
        self._first, self._second = (old, new) if reads == "old" else (new, old)
        self._ledger = Ledger()
        self._tell = tell
        self._teller = ThreadPoolExecutor(1, "dynastore-mirror-teller")
        self._free = BoundedSemaphore(waiting)
        super().__init__(id=self._first.id)  # type: ignore[call-arg]  # Agno's
        for name, value in vars(self._first).items():
            if name.endswith("_table_name"):
                setattr(self, name, value)

    def report(self) -> Report:
        """What happened so far: what was missed, and what differs."""
        return self._ledger.report

    def to_dict(self) -> dict[str, Any]:
        """The database that is read, as a dict; there is no dict of a mirror."""
        told: dict[str, Any] = self._first.to_dict()
        return told

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NoReturn:  # noqa: ARG003 (the contract's)
        """No mirror can be made of a dict.

        Raises:
            RequestError: always.
        """
        raise RequestError(f"{cls.__name__} cannot be made of a dict; make it of two databases")

    def _stripes(self, asked: Asked) -> list[int]:
        """The locks of what a write is about: of its sessions, of all, or of its topic."""
        keys = asked.sessions(self.contract)
        if asked.topic == "sessions" and not keys:
            return [*range(STRIPES)]
        return sorted({hash(each) % STRIPES for each in keys or {asked.topic}})

    def _note(self, trouble: Trouble) -> None:
        """Keep a trouble at once, and tell it when there is time."""
        self._ledger.note(trouble)
        self._teller.submit(self._tell, trouble).add_done_callback(self._told)

    def _told(self, told: Future[object]) -> None:
        error = told.exception()
        if error is not None:
            self._ledger.fail(error)

    def _wrote(self, asked: Asked, answer: Any, other: Any) -> None:
        """Note what the second database made of a write."""
        if isinstance(other, NotImplementedError):
            name = type(self._second).__name__
            self._note(Missed(asked, f"{name} has no {asked.method}()"))
        elif isinstance(other, BaseException):
            self._note(Missed(asked, f"{type(other).__name__}: {other}"))
        elif bool(answer) != bool(other):
            self._note(Mismatch(asked, [f"answered {bool(answer)} and {bool(other)}"]))

    def _is_decided(self, asked: Asked, answer: Any) -> bool:
        """Whether a write was refused, so that it is none elsewhere."""
        return asked.method in DECIDED and not answer

    def _differences(self, asked: Asked, one: Any, other: Any) -> list[str]:
        comparison = Comparison(asked.is_page(self.contract))
        return [*islice(comparison.differing(form(one), form(other)), PLACES)]

    def _has_room(self, asked: Asked) -> bool:
        """Take a place among the comparisons that wait; False where there is none, or none is needed."""
        if asked.method in UNCOMPARED:
            return False
        if not self._free.acquire(blocking=False):
            self._ledger.count("skipped")
            return False
        return True


def mirrored(contract: type[Any], made: dict[str, Callable[[str], Any]]) -> type[Any]:
    """A class with the methods of a contract, each made by its kind."""
    methods = {name: made[kind_of(name)](name) for name in methods_of(contract)}
    return type(f"Mirrored{contract.__name__}", (), methods)


def _one(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **named: Any) -> Any:
        return Asked(name, args, named).of(self._first)

    call.__name__ = name
    return call


def _read(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **named: Any) -> Any:
        asked = Asked(name, args, named)
        answer = asked.of(self._first)
        self._compare(asked, answer)
        return answer

    call.__name__ = name
    return call


def _write(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **named: Any) -> Any:
        return self._write(Asked(name, args, named))

    call.__name__ = name
    return call


class MirrorDb(Mirror, mirrored(BaseDb, {"one": _one, "read": _read, "write": _write}), BaseDb):  # type: ignore[misc]
    """Two databases: both are written, one is read, and what the other would answer is compared.

        db = MirrorDb(DynamoDb(...), DynastoreDb("agent-state"), tell=log.warning)
        Agent(db=db)
        db.report()

    A write goes to the one that is read, and then, in the same call, to the other; those of a session in
    the same order. What the first one raises, the agent gets, and the other is not written. A write that
    the other one fails at does not disturb the agent: it is counted, kept in ``report().missed``, and told.

    If the process dies between the two writes, the second one lacks a write, and nobody knows of it. So
    call `Migration` again before the other one is read, which writes what is missing or older;
    ``report().topics`` are those where writes were missed that are known. It takes no rows away: of a
    delete that was missed the row stays there, and is to be deleted again.

    Reads are compared in the background, by one thread; where too many wait they are skipped and
    counted. A difference is looked at again before it is told, as somebody may have written in between.
    Times of the same write may differ by a minute.

    Claims on schedules, tables and their versions, and Agno's administration are those of the one that
    is read.
    """

    contract = BaseDb

    def __init__(self, old: BaseDb, new: BaseDb, **options: Any) -> None:
        """As that of `Mirror`."""
        super().__init__(old, new, **options)
        self._locks = [Lock() for _ in range(STRIPES)]
        self._writers = ThreadPoolExecutor(WORKERS, "dynastore-mirror-writer")
        self._comparer = ThreadPoolExecutor(1, "dynastore-mirror")

    def settle(self) -> None:
        """Wait until all that was read so far is compared, and what was found is told."""
        self._comparer.submit(int).result()
        self._teller.submit(int).result()

    def close(self) -> None:
        """Compare what still waits, and close both databases."""
        for each in (self._comparer, self._writers, self._teller):
            each.shutdown()
        self._first.close()
        self._second.close()

    @contextmanager
    def _in_order(self, asked: Asked) -> Iterator[None]:
        with ExitStack() as held:
            for each in self._stripes(asked):
                held.enter_context(self._locks[each])
            yield

    def _write(self, asked: Asked) -> Any:
        with self._in_order(asked):
            answer = asked.of(self._first)
            self._ledger.count("writes")
            if self._is_decided(asked, answer):
                return answer
            # In a thread, so that whatever it raises is an outcome and nothing else.
            written = self._writers.submit(_overheard, asked.of_second(answer), self._second)
            error = written.exception()
            self._wrote(asked, answer, written.result() if error is None else error)
        return answer

    def _compare(self, asked: Asked, answer: Any) -> None:
        if self._has_room(asked):
            self._comparer.submit(self._look, asked, form(answer)).add_done_callback(self._looked)

    def _look(self, asked: Asked, answer: Any) -> None:
        found = self._differences(asked, answer, _overheard(asked, self._second))
        if found:
            again = asked.of(self._first)
            found = self._differences(asked, again, _overheard(asked, self._second))
        self._ledger.count("compared")
        if found:
            self._note(Mismatch(asked, found))

    def _looked(self, looked: Future[None]) -> None:
        self._free.release()
        error = looked.exception()
        if error is not None and not isinstance(error, NotImplementedError):
            self._ledger.fail(error)


def _overheard(asked: Asked, database: Any) -> Any:
    """What a database answers. What it only logs is raised."""
    with Overheard(asked.method):
        return asked.of(database)
