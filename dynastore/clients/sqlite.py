"""The embedded engine: requests answered from one SQLite file, or in memory.

It is no emulator. It answers our requests, whose conditions and changes are values, with
DynamoDB's limits, errors and capacity units, and each write is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import frozen

from ..capacity import read_units
from ..clock import Clock, utc_now
from ..errors import ConditionFailed, ServiceError, TableNotFound, TransactionCanceled
from ..requests import (
    Batch,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    PutItem,
    Query,
    Request,
    Scan,
    SearchVectors,
    TransactGetItems,
    TransactWriteItems,
    UpdateItem,
)
from ..requests.objects import DeleteObject, GetObject, HeadObject, ListObjectsV2, PutObject
from ..requests.streams import DescribeStream, GetRecords, GetShardIterator
from ..requests.tables import CreateTable, DescribeTable, DescribeTimeToLive, UpdateTimeToLive
from ..table import TTL
from ..values.attributes import AttributeMap
from . import catalog, expiring, lanes, nearest, stored_objects, stream_log, transacting
from .acting import Compiled, Effect, stored
from .batching import check_keys, check_writes, fitting
from .deadlines import Deadline
from .lanes import Lane
from .layout import Layout, check_key
from .metering import refused, written
from .observing import Exchange, Observer
from .paging import query_page, scan_page, scan_rows
from .selecting import as_kept, selection

R = TypeVar("R")


@frozen
class Answer:
    """What became of a request that was carried out.

    Attributes:
        value: the response, or the refusal of a conditional write or of a transaction.
        units: capacity it took, of the table and its indexes together.
    """

    value: Any
    units: float = 0.0


class SqliteClient:
    """A blocking client on an SQLite file, for any number of threads and processes.

    Two connections: writes wait for each other and for the disk, reads only for each other. More
    of them would gain nothing, since reading is Python work under its global lock.

    Attributes:
        observers: told of each request, in the thread that called.
        overlaps: False; requests at once are no faster.
    """

    overlaps = False

    def __init__(self, path: str, clock: Clock = utc_now) -> None:
        """Nothing is opened or made yet.

        Args:
            path: of the file, which `CreateTable` makes; ``:memory:`` keeps everything in memory,
                for this client and this process alone.
            clock: what time it is, for deleting what has expired.
        """
        self.observers: list[Observer] = []
        self._path = None if path == ":memory:" else Path(path).absolute()
        self._writes = Lane(self._path)
        self._reads = Lane(self._path) if self._path else self._writes
        self._layouts: dict[str, Layout] = {}
        self._rounds = expiring.Rounds(clock)
        self._answers: dict[type[Request[Any]], Callable[[Any], Answer]] = {
            GetItem: self._get,
            Query: self._query,
            Scan: self._scan,
            SearchVectors: self._search,
            **dict.fromkeys((PutItem, UpdateItem, DeleteItem), self._write),
            BatchGetItem: self._get_batch,
            BatchWriteItem: self._write_batch,
            TransactWriteItems: self._transact,
            TransactGetItems: self._get_together,
            **dict.fromkeys((DescribeStream, GetShardIterator, GetRecords), self._stream),
            **dict.fromkeys((PutObject, DeleteObject), self._write_object),
            **dict.fromkeys((GetObject, HeadObject, ListObjectsV2), self._read_object),
            CreateTable: self._create,
            DescribeTable: self._describe,
            DescribeTimeToLive: self._expiry,
            UpdateTimeToLive: self._let_expire,
        }

    def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*.

        Args:
            request: what to carry out.
            deadline: no wait for other threads and processes passes it. What has begun ends.

        Raises:
            RequestError: DynamoDB would refuse it; nothing was written.
            ConditionFailed: a condition did not hold; its ``stored`` is the stored item.
            TransactionCanceled: an action could not be carried out; the others were not either.
            ServiceError: there is no such table, or SQLite refused or failed.
        """
        with Exchange(self.observers, request) as exchange:
            return reported(exchange, request, self.answer_within(request, deadline))

    def answer_within(self, request: Request[Any], deadline: Deadline | None) -> Answer:
        """`answer`, with no wait past a deadline."""
        if deadline is None:
            return self.answer(request)
        with lanes.waiting_until(deadline):
            return self.answer(request)

    def close(self) -> None:
        """Close the file. The client cannot be used afterwards."""
        self._reads.close()
        self._writes.close()

    def answer(self, request: Request[Any]) -> Answer:
        """Carry out *request*, untold to observers; raises as `send` does, but no ConflictError."""
        try:
            return self._carried_out(request)
        except ConditionFailed as error:
            return Answer(error, refused(cast("AttributeMap | None", error.stored)))

    def _carried_out(self, request: Request[Any]) -> Answer:
        carry_out = self._answers.get(type(request))
        if carry_out is None:
            from . import file_backups  # for operators, and not for agents

            return Answer(file_backups.answer(request, self._path, self._reads))
        return carry_out(request)

    def _get(self, request: GetItem) -> Answer:
        check_key(request.key)
        layout = self._layout(request.table)
        with self._reads as connection:
            image = stored(connection, layout, request.key)
        units = read_units(image.size if image else 0, consistent=request.consistent)
        return Answer(image and image.item, units)

    def _get_batch(self, request: BatchGetItem) -> Answer:
        check_keys(request.keys)
        layout = self._layout(request.table)
        with self._reads as connection:
            images = fitting(stored(connection, layout, key) for key in request.keys)
        sizes = [image.size if image else 0 for image in images]
        batch = Batch([image.item for image in images if image], request.keys[len(images) :])
        return Answer(batch, sum(read_units(size, consistent=request.consistent) for size in sizes))

    def _query(self, request: Query) -> Answer:
        layout = self._layout(request.table)
        query = as_kept(layout, request)
        select = selection(layout, query)
        # A SELECT left open would keep showing its connection the past.
        with (
            self._reads as connection,
            closing(connection.execute(select.sql, select.values)) as rows,
        ):
            return Answer(*query_page(rows, query))

    def _scan(self, request: Scan) -> Answer:
        layout = self._layout(request.table)
        scan = as_kept(layout, request)
        sql, values = scan_rows(layout, scan)
        with self._reads as connection, closing(connection.execute(sql, values)) as rows:
            page = scan_page(rows, scan)
        return Answer(page, page.units)

    def _search(self, request: SearchVectors) -> Answer:
        layout = self._layout(request.table)
        nearest.check(layout, request)
        with self._reads as connection:
            return Answer(nearest.found(connection, layout, request))

    def _write(self, request: PutItem | UpdateItem | DeleteItem) -> Answer:
        layout = self._layout(request.table)
        action = Compiled.of(layout, request)
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            effect = action.effect(connection)
            effect.store(connection)
            self._rounds.pass_by(connection, layout)
        units = written(layout.table.indexes, effect.before, effect.after)
        return Answer(_told(request, effect), units)

    def _transact(self, request: TransactWriteItems) -> Answer:
        transacting.check(request)
        actions = [Compiled.of(self._layout(each.table), each) for each in request.actions]
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            outcome = transacting.carried_out(connection, request, actions)
            self._rounds.pass_by(connection, actions[0].layout)
        if isinstance(outcome, transacting.Canceled):
            return Answer(outcome.error, outcome.units)
        return Answer(None, outcome)

    def _get_together(self, request: TransactGetItems) -> Answer:
        transacting.check(request)
        layout = self._layout(request.table)
        with self._reads as connection, connection:
            connection.execute("BEGIN")  # one snapshot for all
            images = [stored(connection, layout, key) for key in request.keys]
        return Answer(*transacting.read_together(images))

    def _write_batch(self, request: BatchWriteItem) -> Answer:
        """Put and delete in one transaction, so that the disk is waited for once.

        DynamoDB promises less: each item is written for itself.
        """
        check_writes(request.actions)
        layout = self._layout(request.table)
        actions = [Compiled.of(layout, each) for each in request.actions]
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            effects = [each.effect(connection) for each in actions]
            for each in effects:
                each.store(connection)
            self._rounds.pass_by(connection, layout)
        indexes = layout.table.indexes
        return Answer((), sum(written(indexes, each.before, each.after) for each in effects))

    def _stream(self, request: stream_log.StreamRequest) -> Answer:
        layout = self._layout(request.table)
        with self._reads as connection:
            if stream_log.begun(connection, layout):
                return Answer(stream_log.answer(connection, layout, request))
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            stream_log.begin(connection, layout)
            return Answer(stream_log.answer(connection, layout, request))

    def _write_object(self, request: stored_objects.Writing) -> Answer:
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            stored_objects.write(connection, request)
        return Answer(None)

    def _read_object(self, request: stored_objects.Reading) -> Answer:
        with self._reads as connection:
            return Answer(stored_objects.read(connection, request))

    def _create(self, request: CreateTable) -> Answer:
        catalog.check(request.table)
        if self._path:
            lanes.create(self._path)
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            is_new = catalog.create(connection, request.table)
        if is_new:
            return Answer(None)
        name = request.table.name
        self._layouts.pop(name, None)  # it may have got indexes
        raise ServiceError(
            "ResourceInUseException", f"table {name} exists already; use it, or another name"
        )

    def _describe(self, request: DescribeTable) -> Answer:
        return Answer(catalog.description(self._layout(request.table).table))

    def _expiry(self, request: DescribeTimeToLive) -> Answer:
        layout = self._layout(request.table)
        with self._reads as connection:
            return Answer(TTL if catalog.expires(connection, layout) else None)

    def _let_expire(self, request: UpdateTimeToLive) -> Answer:
        layout = self._layout(request.table)
        with self._writes as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            catalog.let_expire(connection, layout)
        return Answer(None)

    def _layout(self, name: str) -> Layout:
        """How a table is kept, looked up once: whoever knows more indexes sends CreateTable first."""
        known = self._layouts.get(name)
        return known or self._layouts.setdefault(name, self._found(name))

    def _found(self, name: str) -> Layout:
        catalog.check_name(name)
        if self._path is None or not lanes.is_missing(self._path):
            with self._reads as connection:
                layout = catalog.find(connection, name)
            if layout:
                return layout
        where = self._path or "memory"
        raise TableNotFound(
            "ResourceNotFoundException",
            f"there is no table {name} in {where}; call create_table() or an adapter's setup(), or "
            "connect with create=True",
        )


def reported(exchange: Exchange, request: Request[R], answer: Answer) -> R:
    """The response of a request that was carried out, or its refusal, as its observers are told."""
    exchange.units = answer.units
    if isinstance(answer.value, ConditionFailed | TransactionCanceled):
        raise answer.value
    return cast("R", answer.value)


def _told(request: PutItem | UpdateItem | DeleteItem, effect: Effect) -> AttributeMap | None:
    """What a write answers: of an update the item that it asks for, of others the old one."""
    if isinstance(request, UpdateItem):
        image = {"ALL_NEW": effect.after, "ALL_OLD": effect.before}.get(request.returns)
        return image.item if image else {}
    return effect.before.item if effect.before and request.returns_old else None
