"""The table of DynamoDBSaver, of langgraph-checkpoint-aws: what its methods do not tell.

They give back a checkpoint with its values. They do not tell which threads there are, nor the place
of a write in its task and the path of the task; of these items only the names are read:

    CHECKPOINT_t1          #1f0a…        a checkpoint of thread t1, outermost namespace
    WRITES_t1##1f0a…       7c1e…#0       the first write of task 7c1e… after it
    CHUNK_t1##1f0a…        CHUNK         the values, unless they are in a bucket

Source: langgraph-checkpoint-aws 1.2.6, checkpoint/dynamodb/unified_repository.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import orjson
import ormsgpack
from attrs import frozen
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from ...agents.checkpoints.saving import Place
from ...errors import InvalidCursor
from ...requests import Query, QueryPage, Scan, Steps
from ...table import PRIMARY
from ...terms import BeginsWith, Conditions, Equal
from ...values.attributes import AttributeMap

if TYPE_CHECKING:
    from langgraph_checkpoint_aws import DynamoDBSaver

CHECKPOINT = "CHECKPOINT_"

VERBATIM = JsonPlusSerializer(__unpack_ext_hook__=ormsgpack.Ext)
"""Reads what an application's classes wrote without these classes, and writes the same bytes.

LangGraph's own gives back something else where it cannot import a class, or may not.
"""


def verbatim(saver: DynamoDBSaver) -> DynamoDBSaver:
    """The same saver, which gives back values as they are stored."""
    twin = copy(saver)
    twin.serializer = copy(saver.serializer)
    twin.serializer.serde = VERBATIM
    twin.repo = copy(saver.repo)
    twin.repo.serializer = twin.serializer
    return twin


@frozen
class ThreadPage:
    """Threads that one request found.

    Attributes:
        threads: their ids, in no order.
        scanned: how many items were read, those of other kinds too.
        units: read units that this took.
        cursor: where the next page begins; None at the end.
    """

    threads: Sequence[str]
    scanned: int
    units: float
    cursor: str | None


def thread_page(table: str, cursor: str | None) -> Steps[ThreadPage]:
    """Find threads, as the keys of checkpoints name them. It reads all items of the table, by pages.

    A thread comes once, though its checkpoints may be on several pages.

    Args:
        table: the old table.
        cursor: of the page before.

    Raises:
        InvalidCursor: it is none of a page before.
    """
    start = None if cursor is None else _key_of(cursor)
    page = yield from Scan(
        table,
        (("PK", BeginsWith({"S": CHECKPOINT})),),
        start_key=start,
        attributes=("PK",),
    )
    before = None if start is None else start["PK"]["S"]
    names = dict.fromkeys(item["PK"]["S"] for item in page.items)
    found = [name.removeprefix(CHECKPOINT) for name in names if name != before]
    after = None if page.last_key is None else _cursor_of(page.last_key)
    return ThreadPage(found, page.scanned, page.units, after)


def checkpoints_of(table: str, thread_id: str) -> Steps[dict[str, list[str]]]:
    """The ids of a thread's checkpoints by namespace, from the oldest on."""
    where = (("PK", Equal({"S": f"{CHECKPOINT}{thread_id}"})),)
    found: dict[str, list[str]] = defaultdict(list)
    for item in (yield from _all(table, where, ("ns", "id"))):
        found[item["ns"]["S"]].append(item["id"]["S"])
    return {namespace: sorted(ids) for namespace, ids in found.items()}


@frozen(order=True)
class WritePlace:
    """Where one write of a task belongs; they are applied in this order.

    Attributes:
        task_path: where the task is in its graph.
        task_id: the task.
        at: the place in the task: from 0 on, or below for special ones such as errors.
        channel: what is written to.
        service: which service has the value.
        key: the value's key there.
    """

    task_path: str
    task_id: str
    at: int
    channel: str
    service: str
    key: str

    @property
    def task(self) -> tuple[str, str]:
        """The path of the task, and its id."""
        return self.task_path, self.task_id


def write_places(table: str, place: Place) -> Steps[list[WritePlace]]:
    """The places of the writes after a checkpoint, in the order in which DynamoDBSaver gives them."""
    thread, namespace, checkpoint = place.thread_id, place.namespace, place.checkpoint_id
    where = (("PK", Equal({"S": f"WRITES_{thread}#{namespace}#{checkpoint}"})),)
    names = ("task_path", "task_id", "idx", "channel", "ref_loc", "ref_key")
    return [
        WritePlace(
            item.get("task_path", {"S": ""})["S"],
            item["task_id"]["S"],
            int(item["idx"]["N"]),
            item["channel"]["S"],
            item["ref_loc"]["S"],
            item["ref_key"]["S"],
        )
        for item in (yield from _all(table, where, names))
    ]


def in_sequence(writes: Mapping[int, tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The writes of a task as they were given to ``put_writes``, so that each gets its place again.

    A special write has a place below 0, and leaves the one empty that it had in the sequence.
    """
    special = [write for at, write in sorted(writes.items()) if at < 0]
    ordinary = {at: write for at, write in writes.items() if at >= 0}
    return list(_filled(ordinary, special))


def _filled(
    ordinary: dict[int, tuple[str, Any]], special: list[tuple[str, Any]]
) -> Iterator[tuple[str, Any]]:
    for at in range(max(ordinary, default=-1) + 1):
        if at in ordinary:
            yield ordinary[at]
        elif special:
            yield special.pop()
    yield from special


def _all(table: str, where: Conditions, names: tuple[str, ...]) -> Steps[list[AttributeMap]]:
    found: list[AttributeMap] = []
    start: AttributeMap | None = None
    while True:
        page: QueryPage = yield from Query(
            table, PRIMARY, where, start_key=start, consistent=True, attributes=names
        )
        found += page.items
        start = page.last_key
        if start is None:
            return found


def _cursor_of(key: AttributeMap) -> str:
    return orjson.dumps([key["PK"]["S"], key["SK"]["S"]]).hex()


def _key_of(cursor: str) -> AttributeMap:
    try:
        pk, sk = map(str, orjson.loads(bytes.fromhex(cursor)))
    except ValueError as error:
        raise InvalidCursor(f"{cursor!r} is no cursor of this command") from error
    return {"PK": {"S": pk}, "SK": {"S": sk}}
