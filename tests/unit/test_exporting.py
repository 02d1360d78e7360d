"""What an exporter reads while others write, and what an item brings with it."""

from __future__ import annotations

import pytest

from dynastore import Schema, Table, entity, key, payload, ref
from dynastore.clients.base import run
from dynastore.codec.payloads import Pointer
from dynastore.errors import ChangesTrimmed, RequestError
from dynastore.operations.exporting import exporter, wholes
from dynastore.operations.exporting.exporter import Exporter
from dynastore.operations.exporting.lines import fingerprint, read_line
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.requests import BatchGetItem, DeleteItem, GetItem, Key, PutItem, Wait
from dynastore.requests.objects import DeleteObject
from dynastore.requests.tables import DescribeTable
from dynastore.stores.exports import export, load, shelf_of, total_of
from dynastore.testing import memory_store, recorded

pytestmark = pytest.mark.scans


@entity("doc")
class Doc:
    name: str
    count: int = 0
    data: bytes = payload(default=b"", compress_over=None, offload_over=100)

    primary = key("DOC#{name}", "~")


@entity("doc")
class Renamed:
    name: str
    primary = key("DOCUMENT#{name}", "~")


SCHEMA = Schema([Doc])
IN_BUCKET = Schema([Doc], Table("dynastore", bucket="docs"))
OBJECT = b"x" * 500


class Busy:
    """A client beside which others write, after each of its first requests of some kinds."""

    overlaps = False

    def __init__(self, client, kinds, write, times):
        self._client, self._kinds, self._write, self._left = client, kinds, write, times
        self.observers = client.observers

    def send(self, request, **options):
        answer = self._client.send(request, **options)
        if type(request).__name__ in self._kinds and self._left:
            self._left -= 1
            self._write(self._left)
        return answer


def exported(schema, client, **options):
    """The lines, and the total."""
    made = Exporter(schema, ScanOptions(**options))
    lines = []
    while not made.done:
        lines += run(made.piece(), client).lines
    return [read_line(each) for each in lines], made.total


@pytest.fixture(params=[1, 2, 3])
def times(request):
    return request.param


def test_an_item_whose_parts_were_replaced_is_read_again(times):
    store = memory_store(SCHEMA)
    store.put(Doc(name="d", data=b"old" * 100))

    def replace(left):
        store.put(Doc(name="d", count=left + 1, data=b"%d" % left * 300))

    lines, total = exported(SCHEMA, Busy(store.client, {"Scan", "GetItem"}, replace, times))
    part, item = lines
    assert total.missing == 0
    assert item["count"] == {"N": "1"}
    pointer = Pointer.of(item["data"])
    assert part["SK"]["S"].startswith(pointer.write)


def test_an_item_that_was_deleted_with_its_parts_is_left_out():
    store = memory_store(SCHEMA)
    store.put(Doc(name="d", data=b"old" * 100))
    busy = Busy(store.client, {"Scan"}, lambda _: store.delete(ref(Doc, name="d")), 1)
    assert exported(SCHEMA, busy)[0] == []


def test_an_item_whose_parts_are_lost_is_exported_and_counted():
    store = memory_store(SCHEMA)
    store.put(Doc(name="d", data=b"old" * 100))
    store.put(Doc(name="e", data=b"old" * 100))
    (lost, *_), _ = exported(SCHEMA, store.client)
    store.client.send(DeleteItem("dynastore", Key.of(lost)))
    lines, total = exported(SCHEMA, store.client)
    assert (total.missing, len(lines), total.entities) == (1, 3, {"doc": 2, "~part": 1})


def test_parts_that_no_item_refers_to_are_left_out():
    store = memory_store(SCHEMA)
    store.put(Doc(name="d", data=b"old" * 100))
    store.put_many([Doc(name="d")])  # which leaves the parts that it replaces
    assert exported(SCHEMA, store.client)[1].entities == {"doc": 1}


def test_bytes_that_only_look_like_a_pointer_lack_nothing():
    store = memory_store(SCHEMA)
    store.create_table()
    pointers = (Pointer(bytes(32), 10, 1, 7), Pointer(bytes(32), 10, 0, 7))
    for number, pointer in enumerate(pointers):
        raw = {"PK": {"S": "RAW"}, "SK": {"S": f"{number}"}, "mine": pointer.attribute}
        store.client.send(PutItem("dynastore", raw))
    assert exported(SCHEMA, store.client)[1].missing == 0


def test_an_object_without_a_bucket_to_look_into_is_refused():
    store = memory_store(IN_BUCKET)
    store.put(Doc(name="d", data=OBJECT))
    with pytest.raises(RequestError, match=r"data of DOC#d ~ is in a bucket.*--bucket"):
        exported(SCHEMA, store.client)


def test_objects_are_read_after_their_item_and_checked():
    store = memory_store(IN_BUCKET)
    store.put(Doc(name="d", data=OBJECT))
    with recorded(store) as sent:
        (stored, item), total = exported(IN_BUCKET, store.client)
    assert [type(each.request).__name__ for each in sent] == ["Scan", "GetObject"]
    assert (bytes(stored.body), stored.field) == (b"\x10" + OBJECT, "data")
    assert stored.owner.pk == item["PK"]["S"]
    store.client.send(DeleteObject("docs", stored.name))
    assert exported(IN_BUCKET, store.client)[1].missing == 1
    assert total.objects.items == 1


def test_objects_that_are_there_are_not_written_again(tmp_path):
    store = memory_store(IN_BUCKET)
    store.put(Doc(name="d", data=OBJECT))
    export(store, shelf := shelf_of(str(tmp_path / "dump")))
    with recorded(store) as sent:
        load(store, shelf, into_existing=True)
    names = [type(each.request).__name__ for each in sent]
    assert "HeadObject" in names
    assert "PutObject" not in names


def test_a_rate_is_kept_by_reads_of_parts_too():
    store = memory_store(SCHEMA)
    store.put(Doc(name="d", data=bytes(200_000)))
    steps = Exporter(SCHEMA, ScanOptions(units_per_second=100.0)).piece()
    waits, answer = [], None
    try:
        while True:
            asked = steps.send(answer)
            if isinstance(asked, Wait):
                waits.append(asked.seconds)
                answer = None
            else:
                answer = run(iter(asked), store.client)
    except StopIteration:
        pass
    # The scan passes the part, for half a unit each 4,096 bytes; then it is read, consistently.
    assert waits == [0.245, 0.49]


def test_a_piece_holds_no_more_than_it_has_to(monkeypatch):
    """However many large payloads the items of a round have, they are read a few at a time."""
    monkeypatch.setattr(wholes, "TOGETHER_BYTES", 1_000)
    monkeypatch.setattr(exporter, "PIECE_BYTES", 5_000)
    store = memory_store(SCHEMA)
    store.put_many([Doc(name=f"d{number}", data=bytes(1_500)) for number in range(20)])
    made = Exporter(SCHEMA, ScanOptions())
    pieces = []
    with recorded(store) as sent:
        while not made.done:
            pieces.append(run(made.piece(), store.client))
    assert max(sum(map(len, each.lines)) for each in pieces) < 10_000
    reads = [each.request for each in sent if isinstance(each.request, BatchGetItem | GetItem)]
    assert len(reads) == 20


def test_a_table_that_was_made_again_is_not_the_one_before():
    """So no import goes on behind what was written to that."""

    def identity(table_id):
        told = {"TableStatus": "ACTIVE", "KeySchema": [], "TableArn": "arn", "TableId": table_id}
        return DescribeTable("dynastore").read({"Table": told}).identity

    assert identity("one") != identity("two")


def test_a_fingerprint_tells_schemas_of_other_keys_apart():
    assert fingerprint(SCHEMA) == fingerprint(Schema([Doc], Table("another-table", bucket="docs")))
    assert fingerprint(SCHEMA) != fingerprint(Schema([Renamed]))


def test_a_consumer_of_changes_is_told_that_the_stream_is_another_one(tmp_path):
    """Two files have streams of one name, and numbers from 1 on."""
    old, new = memory_store(SCHEMA), memory_store(SCHEMA)
    assert [*old.changes(Doc, name="search", follow=False)] == []
    old.put_many([Doc(name=f"d{number}") for number in range(9)])
    assert len([*old.changes(Doc, name="search", follow=False)]) == 9
    total = export(old, shelf := shelf_of(str(tmp_path / "dump")))
    load(new, shelf)
    new.put(Doc(name="later"))
    with pytest.raises(ChangesTrimmed, match="search"):
        next(iter(new.changes(Doc, name="search", follow=False)))
    assert total_of(old) == total_of(memory_copy(shelf)) == total


def memory_copy(shelf):
    """A table that an export was imported to."""
    made = memory_store(SCHEMA)
    load(made, shelf)
    return made
