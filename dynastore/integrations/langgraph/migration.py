"""Moving in: the threads of another checkpointer's table, with all that it gives back of them.

The old table is read by its own saver, DynamoDBSaver of langgraph-checkpoint-aws, and ours is
written by ours, from the oldest checkpoint on; so what is stored is as if the threads had always
been here. Then both savers give back every checkpoint, and what they give is compared. A thread that
is here already and equal is passed over, so a call that was interrupted is made again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, Literal, Self, TypeAlias, get_args

from attrs import define, evolve, field, frozen
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, CheckpointTuple
from langgraph_checkpoint_aws import DynamoDBSaver

from ...agents.checkpoints.entities import Thread
from ...agents.checkpoints.saving import Place
from ...clients.foreign import told_as_ours
from ...clients.sqlite import SqliteClient
from ...errors import DataError, RequestError, TableNotFound, shown
from ...stores.store import Store
from .comparing import Difference, Write, differing
from .conversion import configured
from .old_table import (
    VERBATIM,
    WritePlace,
    checkpoints_of,
    in_sequence,
    thread_page,
    verbatim,
    write_places,
)
from .saver import DynastoreSaver

Mode: TypeAlias = Literal["migrate", "dry-run", "verify"]
"""Write what is missing and compare; only say what would be written; only compare."""

MODES: tuple[Mode, ...] = get_args(Mode)

TOLD = 100  # differences are kept; of more only the number
SCANNED_BYTES = 8_192  # that a read unit reads, eventually consistent; a scan charges all it reads


@frozen
class Migrated:
    """What was done with some threads.

    Attributes:
        threads: how many there are.
        equal: how many of them were here already, and the same.
        checkpoints: how many both savers give back.
        written: how many were missing here, and were written, or would be.
        gone: how many the old table names and its saver does not give back, as their values are
            gone.
        differing: how many differences there are.
        differences: the first of them.
        scanned: how many items were read to find threads.
        units: read units that this took.
        cursor: where another call goes on; None at the end.
    """

    threads: int = 0
    equal: int = 0
    checkpoints: int = 0
    written: int = 0
    gone: int = 0
    differing: int = 0
    differences: tuple[Difference, ...] = ()
    scanned: int = 0
    units: float = 0.0
    cursor: str | None = None

    def and_then(self, later: Self) -> Self:
        """What both did."""
        counts = ("threads", "equal", "checkpoints", "written", "gone", "differing", "scanned")
        sums = {name: getattr(self, name) + getattr(later, name) for name in (*counts, "units")}
        told = (*self.differences, *later.differences)[:TOLD]
        return evolve(self, **sums, differences=told, cursor=later.cursor)


class Migration:
    """Threads of a `DynamoDBSaver` that move to a store."""

    def __init__(
        self,
        old: DynamoDBSaver,
        store: Store | str,
        *,
        ttl: dt.timedelta | None = None,
        mode: Mode = "migrate",
        workers: int = 1,
    ) -> None:
        """Nothing is sent yet.

        Args:
            old: the saver of the old table, with its bucket if it has one.
            store: where to: a store, or a *where* of `Store.connect`.
            ttl: as of `DynastoreSaver`; it counts from now.
            mode: what is done.
            workers: how many threads of the old table are moved at the same time.

        Raises:
            RequestError: something given is wrong.
        """
        if not isinstance(old, DynamoDBSaver):
            raise RequestError(
                f"the old table is given by its saver, DynamoDBSaver(table_name), not {shown(old)}"
            )
        if not isinstance(store, Store | str):
            raise RequestError(f"threads move to a Store, or to its place, not to {shown(store)}")
        if mode not in MODES:
            raise RequestError(f"a mode is {', '.join(map(repr, MODES))}, not {shown(mode)}")
        if type(workers) is not int or workers < 1:
            raise RequestError(f"threads are moved by 1 worker or more, not {shown(workers)}")
        self._workers = workers
        self._old = verbatim(old)
        self._table = Store.connect(old.table_name, client=old.client)
        create = None if mode == "migrate" else False
        self._store = Store.connect(store, create=create) if isinstance(store, str) else store
        self._new = DynastoreSaver(self._store, serde=VERBATIM, ttl=ttl)
        self._mode = mode

    def size(self) -> tuple[int, float]:
        """How many items the old table has, and the read units that finding its threads takes.

        As the table says it, up to six hours ago.
        """
        with told_as_ours():
            table = self._old.client.describe_table(TableName=self._old.table_name)["Table"]
        return table["ItemCount"], table["TableSizeBytes"] / SCANNED_BYTES

    def page(self, cursor: str | None) -> Migrated:
        """Find some threads by a request that scans the old table, and move them.

        Args:
            cursor: of the page before.
        """
        page = self._table.run(thread_page(self._old.table_name, cursor))
        done = self.threads(page.threads)
        return evolve(done, scanned=page.scanned, units=page.units, cursor=page.cursor)

    def threads(self, thread_ids: Iterable[str]) -> Migrated:
        """Move some threads. After a failure no more are begun."""
        done = Migrated()
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                for each in pool.map(self.thread, thread_ids):
                    done = done.and_then(each)
            finally:
                pool.shutdown(cancel_futures=True)
        return done

    def thread(self, thread_id: str) -> Migrated:
        """Move a thread: write what is missing here, and compare all of it.

        One that is here already and broken is told as a difference.

        Raises:
            ServiceError: one of the tables could not be read or written.
        """
        try:
            return self._thread(thread_id)
        except DataError as error:
            told = Difference(thread_id, "", "", f"it cannot be read here: {error}")
            return Migrated(threads=1, differing=1, differences=(told,))

    def _thread(self, thread_id: str) -> Migrated:
        named = self._table.run(checkpoints_of(self._old.table_name, thread_id))
        places = [Place(thread_id, of, each) for of, ids in named.items() for each in ids]
        refused: dict[Place, str] = {}
        written = self._write(thread_id, places, refused) if self._mode == "migrate" else 0
        found = self._compared(thread_id, places, refused)
        if not places and not found.differences:
            none = Difference(
                thread_id, "", "", "there is no such thread in the old table, nor here"
            )
            return Migrated(differing=1, differences=(none,))
        differences = tuple(found.differences[:TOLD])
        return Migrated(
            threads=1,
            equal=int(not written and not found.missing and not differences),
            checkpoints=found.alike,
            written=written or found.missing,
            gone=found.gone,
            differing=len(found.differences),
            differences=differences,
        )

    def _write(self, thread_id: str, places: Sequence[Place], refused: dict[Place, str]) -> int:
        """Write the checkpoints that are missing here, from the oldest on; how many these were."""
        listed = self._here(thread_id)
        here = {_place_of(each): each.checkpoint["channel_versions"] for each in listed}
        written = 0
        for place in places:
            if place in here:
                continue
            old = self._read(place)
            if not isinstance(old, _Old):
                continue
            try:
                self._put(place, old, here)
            except RequestError as error:
                refused[place] = str(error)
                continue
            written += 1
        self._date(thread_id, places)
        return written

    def _here(self, thread_id: str) -> Iterator[CheckpointTuple]:
        """The checkpoints that are here; none in a file that a dry run does not make."""
        try:
            yield from self._new.list({"configurable": {"thread_id": thread_id}})
        except TableNotFound:
            is_embedded = isinstance(self._store.client, SqliteClient)
            if not is_embedded or self._mode != "dry-run":
                raise

    def _date(self, thread_id: str, places: Sequence[Place]) -> None:
        """Have the thread begin when its first checkpoint was made, as lists of threads show it."""
        header = self._store.get(Thread, thread_id=thread_id)
        first = next((each for each in places if not each.namespace), None)
        old = None if first is None else self._read(first)
        if header is None or not isinstance(old, _Old):
            return
        began = dt.datetime.fromisoformat(old.found.checkpoint["ts"])
        if began < header.created_at:
            self._store.update(header, created_at=began)

    def _put(self, place: Place, old: _Old, here: dict[Place, ChannelVersions]) -> None:
        found = old.found
        versions = found.checkpoint["channel_versions"]
        before: ChannelVersions = {}
        config = configured(place)
        del config["configurable"]["checkpoint_id"]
        if found.parent_config is not None:
            config = found.parent_config
            before = here.get(_place_in(config), {})
        changed = {name: each for name, each in versions.items() if before.get(name) != each}
        # The checkpoint last: where it is, all of it is.
        for (path, task_id), writes in groupby(old.writes, key=lambda each: each[0].task):
            sequence = in_sequence({at.at: (at.channel, value) for at, value in writes})
            self._new.put_writes(configured(place), sequence, task_id, path)
        self._new.put(config, found.checkpoint, found.metadata, changed)
        here[place] = versions

    def _compared(
        self, thread_id: str, places: Sequence[Place], refused: Mapping[Place, str]
    ) -> _Compared:
        """What both savers give back of a thread, and what only one does."""
        found, left = _Compared(), dict.fromkeys(places)
        for new in self._here(thread_id):
            place = _place_of(new)
            if place not in left:
                found.tell(place, "it is not in the old table")
                continue
            del left[place]
            self._compare(place, new, found)
        for place in left:
            match self._read(place):
                case None:
                    found.gone += 1
                case str(reason):
                    found.tell(place, reason)
                case _ if place in refused:
                    found.tell(place, refused[place])
                case _ if self._mode == "dry-run":
                    found.missing += 1
                case _:
                    found.tell(place, "it is missing here")
        return found

    def _compare(self, place: Place, new: CheckpointTuple, found: _Compared) -> None:
        match self._read(place):
            case None:
                found.gone += 1
            case str(reason):
                found.tell(place, reason)
            case old:
                found.alike += 1
                for each in differing(old.found, new, old.pending):
                    found.tell(place, f"{each} differs")

    def _read(self, place: Place) -> _Old | str | None:
        """A checkpoint of the old table; why it cannot be read; or None, if its values are gone."""
        try:
            with told_as_ours():
                found = self._old.get_tuple(configured(place))
                if found is None:
                    return None
                pending = found.pending_writes or []
                writes = self._places(place, len(pending)) if pending else []
        except (ValueError, NotImplementedError) as error:
            return f"the old saver cannot read it: {error}. If values are in a bucket, name it"
        if [(each.task_id, each.channel) for each in writes] != [each[:2] for each in pending]:
            return "its writes changed while they were read; stop what writes to the old table"
        values = (value for *_, value in pending)
        return _Old(found, sorted(zip(writes, values, strict=True), key=lambda each: each[0]))

    def _places(self, place: Place, count: int) -> list[WritePlace]:
        """The places of the writes that the old saver gives back: not of those whose values are gone."""
        found = self._table.run(write_places(self._old.table_name, place))
        if len(found) == count:
            return found
        stored = self._old.storage
        return [each for each in found if stored.retrieve_data(each.key, each.service) is not None]


@frozen
class _Old:
    """A checkpoint of the old table, with its writes in the order in which they are applied."""

    found: CheckpointTuple
    writes: Sequence[tuple[WritePlace, Any]]

    @property
    def pending(self) -> list[Write]:
        return [(place.task_id, place.channel, value) for place, value in self.writes]


@define
class _Compared:
    """What was found of a thread: how many checkpoints are alike or differ, are gone, or missing."""

    alike: int = 0
    gone: int = 0
    missing: int = 0
    differences: list[Difference] = field(factory=list)

    def tell(self, place: Place, what: str) -> None:
        difference = Difference(place.thread_id, place.namespace, place.checkpoint_id, what)
        self.differences.append(difference)


def _place_of(found: CheckpointTuple) -> Place:
    return _place_in(found.config)


def _place_in(config: RunnableConfig) -> Place:
    named = config["configurable"]
    return Place(named["thread_id"], named["checkpoint_ns"], named["checkpoint_id"])
