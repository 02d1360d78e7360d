"""The embedded engine: DynamoDB's answers, limits, errors and capacity."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from dynastore.capacity import item_bytes
from dynastore.changes import Increment, SetTo, Unset
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.awaiting import run_async
from dynastore.clients.base import run
from dynastore.clients.layout import Layout
from dynastore.clients.selecting import after_prefix, selection
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import (
    ConditionFailed,
    ItemTooLarge,
    RequestError,
    ServiceError,
    TableNotFound,
)
from dynastore.requests import (
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    Query,
    Request,
    UpdateItem,
)
from dynastore.requests.tables import (
    CreateTable,
    DescribeTable,
    DescribeTimeToLive,
    UpdateTimeToLive,
)
from dynastore.table import PRIMARY, Index, Table
from dynastore.terms import Absent, BeginsWith, Between, Compare, Equal, OneOf, Present

ONE, TWO = Index(1, 2), Index(2, 1)
TABLE = Table("agents", (ONE, TWO))
KEY = Key("USER#1", "SESSION#1")


@pytest.fixture(params=["file", "memory"])
def client(request, tmp_path):
    """A client on a new table."""
    path = ":memory:" if request.param == "memory" else str(tmp_path / "agent.db")
    client = SqliteClient(path)
    client.send(CreateTable(TABLE))
    yield client
    client.close()


def item(key=KEY, **attributes):
    """An item of a key."""
    return {**key.attributes, **attributes}


def put(client, key=KEY, **attributes):
    """Store an item."""
    client.send(PutItem("agents", item(key, **attributes)))


def units(client, request):
    """The capacity a request takes."""
    counted = []

    def observer(request):
        return counted.append

    client.observers.append(observer)
    try:
        client.send(request)
    except ConditionFailed:
        pass
    finally:
        client.observers.remove(observer)
    assert [sent.request for sent in counted] == [request]
    return counted[0].units


def sized(size, key=KEY, **attributes):
    """An item of so many bytes."""
    rest = item(key, **attributes, body={"S": ""})
    return {**rest, "body": {"S": "x" * (size - item_bytes(rest))}}


# Tables


def test_a_created_table_describes_its_keys_and_indexes(client):
    described = client.send(DescribeTable("agents"))
    assert described.active
    assert described.key_schemas == {
        None: ("PK", "SK"),
        "GSI1": ("GSI1H", "GSI1R1", "GSI1R2"),
        "GSI2": ("GSI2PK", "GSI2SK"),
    }
    assert described.projections == {"GSI1": None, "GSI2": None}


def test_creating_a_table_twice_is_refused_as_aws_does(client):
    with pytest.raises(ServiceError, match="exists already") as caught:
        client.send(CreateTable(Table("agents")))
    assert caught.value.code == "ResourceInUseException"
    assert client.send(DescribeTable("agents")).key_schemas.keys() == {None, "GSI1", "GSI2"}


def test_table_names_that_differ_in_case_are_two_tables(client):
    client.send(CreateTable(Table("Agents")))
    client.send(PutItem("Agents", item(where={"S": "upper"})))
    assert client.send(GetItem("agents", KEY)) is None


@pytest.mark.parametrize(
    "name", ["ab", "a" * 256, 'a"b; DROP', "a b c", "grüße", "abc\n", "\ud800ab"]
)
def test_a_table_name_that_aws_refuses_is_refused(client, name):
    with pytest.raises(RequestError, match="no table name"):
        client.send(CreateTable(Table(name)))
    with pytest.raises(RequestError, match="no table name"):
        client.send(GetItem(name, KEY))


@pytest.mark.parametrize("indexes", [(Index(0, 1),), (Index(1), Index(1, 1))])
def test_indexes_need_numbers_of_their_own(client, indexes):
    with pytest.raises(RequestError, match="numbers of their own"):
        client.send(CreateTable(Table("other", indexes)))


@pytest.mark.parametrize(
    "request_",
    [
        GetItem("other", KEY),
        PutItem("other", item()),
        UpdateItem("other", KEY, {}),
        DeleteItem("other", KEY),
        BatchGetItem("other", (KEY,)),
        Query("other", PRIMARY, (("PK", Equal({"S": "a"})),)),
        DescribeTable("other"),
        DescribeTimeToLive("other"),
        UpdateTimeToLive("other"),
    ],
    ids=lambda request: request.operation,
)
def test_a_missing_table_is_told_with_what_to_do(client, request_):
    with pytest.raises(
        TableNotFound,
        match=r"adapter's setup\(\), or connect with create=True",
    ):
        client.send(request_)


def test_asking_for_a_missing_table_leaves_no_file(tmp_path):
    client = SqliteClient(str(tmp_path / "agent.db"))
    with pytest.raises(TableNotFound):
        client.send(PutItem("agents", item()))
    client.close()
    assert list(tmp_path.iterdir()) == []


def test_a_refused_table_leaves_no_file(tmp_path):
    client = SqliteClient(str(tmp_path / "agent.db"))
    with pytest.raises(RequestError):
        client.send(CreateTable(Table("!")))
    assert list(tmp_path.iterdir()) == []


def test_a_table_found_missing_is_found_once_another_client_created_it(tmp_path):
    first, second = (SqliteClient(str(tmp_path / "agent.db")) for _ in range(2))
    with pytest.raises(TableNotFound):
        first.send(GetItem("agents", KEY))
    second.send(CreateTable(TABLE))
    assert first.send(GetItem("agents", KEY)) is None
    first.close()
    second.close()


def test_time_to_live_is_enabled_once(client):
    assert client.send(DescribeTimeToLive("agents")) is None
    client.send(UpdateTimeToLive("agents"))
    assert client.send(DescribeTimeToLive("agents")) == "TTL"
    with pytest.raises(RequestError, match="enabled already"):
        client.send(UpdateTimeToLive("agents"))


def test_a_request_the_engine_does_not_know_is_refused(client):
    class ListTables(Request[None]):
        operation = "ListTables"

    with pytest.raises(RequestError, match="does not answer ListTables"):
        client.send(ListTables())


# Writes


def test_what_was_put_is_read_back_as_from_the_network(client):
    put(
        client,
        text={"S": "é\x00"},
        data={"B": b"\xff"},
        number={"N": "1.0"},
        tags={"SS": ["b", "a"]},
    )
    assert client.send(GetItem("agents", KEY, consistent=True)) == item(
        text={"S": "é\x00"}, data={"B": "/w=="}, number={"N": "1"}, tags={"SS": ["b", "a"]}
    )


def test_a_put_replaces_the_whole_item(client):
    put(client, a={"S": "1"})
    put(client, b={"S": "2"})
    assert client.send(GetItem("agents", KEY)) == item(b={"S": "2"})


def test_a_failed_condition_brings_the_stored_item_and_writes_nothing(client):
    put(client, n={"N": "1"})
    for request in (
        PutItem("agents", item(), (("PK", Absent()),)),
        UpdateItem("agents", KEY, {"n": SetTo({"N": "2"})}, (("n", Compare(">", {"N": "1"})),)),
        DeleteItem("agents", KEY, (("n", Equal({"N": "2"})),)),
    ):
        with pytest.raises(ConditionFailed) as caught:
            client.send(request)
        assert caught.value.key == KEY
        assert caught.value.stored == item(n={"N": "1"})
    assert client.send(GetItem("agents", KEY)) == item(n={"N": "1"})


def test_a_failed_condition_on_nothing_brings_none(client):
    with pytest.raises(ConditionFailed) as caught:
        client.send(DeleteItem("agents", KEY, (("PK", Present()),)))
    assert caught.value.stored is None


def test_an_update_of_a_missing_item_creates_it(client):
    after = client.send(UpdateItem("agents", KEY, {"n": Increment({"N": "1"}, {"N": "4"})}))
    assert after == item(n={"N": "5"})
    assert client.send(GetItem("agents", KEY)) == after


@pytest.mark.parametrize("changes", [{}, {"x": Unset()}])
def test_an_update_that_sets_nothing_still_creates_the_item(client, changes):
    assert client.send(UpdateItem("agents", KEY, changes)) == item()
    assert client.send(GetItem("agents", KEY)) == item()


def test_an_update_with_a_condition_on_a_missing_item_creates_none(client):
    with pytest.raises(ConditionFailed):
        client.send(UpdateItem("agents", KEY, {"n": SetTo({"N": "1"})}, (("PK", Present()),)))
    assert client.send(GetItem("agents", KEY)) is None


@pytest.mark.parametrize("change", [SetTo({"S": "x"}), Unset()])
@pytest.mark.parametrize("name", ["PK", "SK"])
def test_the_primary_key_cannot_be_changed(client, name, change):
    with pytest.raises(RequestError, match="cannot be changed"):
        client.send(UpdateItem("agents", KEY, {name: change}))


def test_a_delete_returns_what_was_there(client):
    put(client, n={"N": "1"})
    assert client.send(DeleteItem("agents", KEY)) == item(n={"N": "1"})
    assert client.send(DeleteItem("agents", KEY)) is None


def test_a_refused_change_leaves_the_item_and_the_client_usable(client):
    put(client, s={"S": "x"})
    with pytest.raises(RequestError):
        client.send(UpdateItem("agents", KEY, {"s": Increment({"N": "1"})}))
    put(client, s={"S": "y"})
    assert client.send(GetItem("agents", KEY)) == item(s={"S": "y"})


# Limits


def test_an_item_holds_400_kb_with_its_names(client):
    client.send(PutItem("agents", sized(400 * 1024)))
    with pytest.raises(ItemTooLarge) as caught:
        client.send(PutItem("agents", sized(400 * 1024 + 1)))
    assert caught.value.size_bytes == 400 * 1024 + 1


@pytest.mark.parametrize("name", ["", "n" * 65_536, "é" * 32_768])
def test_a_name_has_1_to_65535_bytes(client, name):
    for item in ({name: {"S": "x"}}, {"map": {"M": {name: {"S": "x"}}}}):
        with pytest.raises(RequestError, match=r"name has 1 to 65,535 bytes"):
            client.send(PutItem("agents", {**KEY.attributes, **item}))


def test_an_update_cannot_make_an_item_too_large(client):
    client.send(PutItem("agents", sized(400 * 1024)))
    with pytest.raises(ItemTooLarge):
        client.send(UpdateItem("agents", KEY, {"n": SetTo({"N": "1"})}))
    assert "n" not in client.send(GetItem("agents", KEY))


LONG_PK, LONG_SK = "é" * 1_024, "é" * 512


def test_keys_hold_2048_and_1024_bytes(client):
    key = Key(LONG_PK, LONG_SK)
    put(client, key, GSI1H={"S": LONG_PK}, GSI1R1={"S": LONG_SK}, GSI1R2={"S": LONG_SK})
    assert client.send(GetItem("agents", key))


@pytest.mark.parametrize(
    "key",
    [
        Key("", "a"),
        Key("a", ""),
        Key(LONG_PK + "a", "a"),
        Key("a", LONG_SK + "a"),
        Key("\ud800", "a"),
    ],
    ids=["empty PK", "empty SK", "long PK", "long SK", "surrogate"],
)
def test_a_key_that_no_item_can_have_is_refused_everywhere(client, key):
    for request in (
        GetItem("agents", key),
        PutItem("agents", item(key)),
        UpdateItem("agents", key, {}),
        DeleteItem("agents", key),
        BatchGetItem("agents", (KEY, key)),
    ):
        with pytest.raises(RequestError):
            client.send(request)


@pytest.mark.parametrize(
    "attributes",
    [
        {"GSI1H": {"S": ""}},
        {"GSI1R2": {"N": "1"}},
        {"GSI2SK": {"NULL": True}},
        {"GSI1H": {"S": LONG_PK + "a"}},
        {"GSI1R1": {"S": LONG_SK + "a"}},
        {"GSI2SK": {"S": LONG_SK + "a"}},
    ],
    ids=lambda attributes: next(iter(attributes)),
)
def test_index_keys_are_texts_of_limited_length(client, attributes):
    with pytest.raises(RequestError, match=next(iter(attributes))):
        put(client, **attributes)
    changes = {name: SetTo(value) for name, value in attributes.items()}
    with pytest.raises(RequestError, match=next(iter(attributes))):
        client.send(UpdateItem("agents", KEY, changes))
    assert client.send(GetItem("agents", KEY)) is None


def test_an_item_needs_its_primary_key(client):
    with pytest.raises(RequestError, match="PK and SK"):
        client.send(PutItem("agents", {"PK": {"S": "a"}}))


@pytest.mark.parametrize(
    "keys",
    [(), (KEY, KEY), tuple(Key("a", str(n)) for n in range(101))],
    ids=["none", "twice the same", "101"],
)
def test_a_batch_has_1_to_100_different_keys(client, keys):
    with pytest.raises(RequestError, match="batch"):
        client.send(BatchGetItem("agents", keys))


def test_a_batch_returns_what_is_there(client):
    put(client)
    batch = client.send(BatchGetItem("agents", (Key("no", "one"), KEY)))
    assert (batch.items, batch.unprocessed) == ([item()], ())


def test_a_batch_of_over_16_mb_leaves_the_rest_unprocessed(client):
    keys = tuple(Key("a", str(number)) for number in range(45))
    for key in keys:
        client.send(PutItem("agents", sized(400 * 1024, key)))
    batch = client.send(BatchGetItem("agents", keys))
    assert len(batch.items) == 40  # 16 MB / 400 KB, and a bit
    assert batch.unprocessed == keys[40:]
    assert units(client, BatchGetItem("agents", keys)) == 40 * 50


@pytest.mark.parametrize(
    "writes",
    [
        (),
        (PutItem("agents", item()), DeleteItem("agents", KEY)),
        tuple(PutItem("agents", item(Key("a", str(n)))) for n in range(26)),
        (PutItem("agents", item(), (("PK", Absent()),)),),
        (DeleteItem("agents", KEY), DeleteItem("other", Key("a", "b"))),
        tuple(
            PutItem("agents", item(Key("a", str(n)), blanks={"L": [{"S": ""}] * 150_000}))
            for n in range(13)
        ),
        (PutItem("agents", item()), DeleteItem("agents", Key("a", ""))),
        (DeleteItem("agents", KEY), PutItem("agents", item(Key("a", "b"), body={"NS": []}))),
    ],
    ids=["none", "one twice", "26", "condition", "tables", "17 MB", "no key", "bad value"],
)
def test_a_batch_of_writes_that_dynamodb_refuses_writes_nothing(client, writes):
    put(client, body={"S": "old"})
    with pytest.raises(RequestError):
        client.send(BatchWriteItem(writes))
    assert client.send(GetItem("agents", KEY)) == item(body={"S": "old"})
    assert client.send(GetItem("agents", Key("a", "0"))) is None


def test_a_batch_puts_and_deletes(client):
    put(client)
    other = item(Key("a", "b"), GSI1H={"S": "x"}, GSI1R1={"S": "y"}, GSI1R2={"S": "z"})
    writes = (DeleteItem("agents", KEY), PutItem("agents", other))
    assert client.send(BatchWriteItem(writes)) == ()
    assert client.send(GetItem("agents", KEY)) is None
    assert client.send(GetItem("agents", Key("a", "b"))) == other


def test_a_batch_takes_the_units_of_its_writes(client):
    put(client, body={"S": "x" * 2_000})
    indexed = item(Key("a", "b"), GSI1H={"S": "x"}, GSI1R1={"S": "y"}, GSI1R2={"S": "z"})
    nothing = DeleteItem("agents", Key("no", "one"))
    writes = (DeleteItem("agents", KEY), PutItem("agents", indexed), nothing)
    assert units(client, BatchWriteItem(writes)) == 2 + 2 + 1


# Queries


def names(page):
    """Sort keys of a page's items."""
    return [each["SK"]["S"] for each in page.items]


def query(*key, index=PRIMARY, **rest):
    """A query of partition "p"."""
    return Query("agents", index, ((index.hash, Equal({"S": "p"})), *key), **rest)


def fill(client, *sort_keys, **attributes):
    """Items of partition "p"."""
    for sort_key in sort_keys:
        put(client, Key("p", sort_key), **attributes)


def test_a_page_that_read_its_limit_tells_a_last_key_even_at_the_end(client):
    fill(client, "a", "b")
    page = client.send(query(limit=2))
    assert page.last_key == Key("p", "b").attributes
    rest = client.send(query(limit=2, start_key=page.last_key))
    assert (rest.items, rest.last_key) == ([], None)


def test_limit_counts_items_read_not_kept(client):
    fill(client, "a", "b")
    fill(client, "c", kept={"BOOL": True})
    page = client.send(query(filter=(("kept", Present()),), limit=2))
    assert (page.count, page.last_key) == (0, Key("p", "b").attributes)


def test_a_page_ends_with_the_item_that_brings_it_to_1_mb(client):
    for sort_key in "abcd":
        client.send(PutItem("agents", sized(400 * 1024, Key("p", sort_key))))
    page = client.send(query())
    assert names(page) == ["a", "b", "c"]
    assert page.last_key == Key("p", "c").attributes
    assert names(client.send(query(start_key=page.last_key))) == ["d"]


def test_an_item_is_in_an_index_only_with_all_key_attributes(client):
    put(client, GSI1H={"S": "p"}, GSI1R1={"S": "a"})
    assert client.send(query(index=ONE)).count == 0
    client.send(UpdateItem("agents", KEY, {"GSI1R2": SetTo({"S": "b"})}))
    assert client.send(query(index=ONE)).count == 1
    client.send(UpdateItem("agents", KEY, {"GSI1H": Unset()}))
    assert client.send(query(index=ONE)).count == 0


def test_a_last_key_of_an_index_has_its_attributes_and_the_primary_key(client):
    put(client, GSI2PK={"S": "p"}, GSI2SK={"S": "a"}, other={"S": "x"})
    page = client.send(query(index=TWO, limit=1))
    assert page.last_key == item(GSI2PK={"S": "p"}, GSI2SK={"S": "a"})


def test_a_count_has_no_items(client):
    fill(client, "a", "b")
    page = client.send(query(count_only=True))
    assert (len(page.items), page.count) == (0, 2)


def test_a_whole_key_with_itself_as_start_has_nothing_after_it(client):
    fill(client, "a")
    whole = query(("SK", Equal({"S": "a"})), start_key=Key("p", "a").attributes)
    assert client.send(whole).items == []


def test_a_prefix_of_the_last_characters_finds_them(client):
    fill(client, "a", "\U0010ffff", "\U0010ffffz", "\ud7ff", "\ud7ffz", "\ue000")
    last = client.send(query(("SK", BeginsWith({"S": "\U0010ffff"}))))
    assert names(last) == ["\U0010ffff", "\U0010ffffz"]
    before = client.send(query(("SK", BeginsWith({"S": "\ud7ff"}))))
    assert names(before) == ["\ud7ff", "\ud7ffz"]


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("ab", "ac"),
        ("a\U0010ffff", "b"),
        ("a\U0010ffff\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("\ud7ff", "\ue000"),
        ("\x00", "\x01"),
    ],
)
def test_a_prefix_ends_before_its_successor(prefix, end):
    assert after_prefix(prefix) == end


def test_the_newest_write_is_read_after_a_page_was_left_early(client):
    fill(client, "a", "b", "c")
    client.send(query(limit=1))
    fill(client, "d")
    assert names(client.send(query())) == ["a", "b", "c", "d"]


A = {"S": "a"}


@pytest.mark.parametrize(
    "refused",
    [
        query(index=ONE, consistent=True),
        query(index=Index(3)),
        query(index=Index(1, 4)),
        query(limit=0),
        query(filter=(("SK", Equal(A)),)),
        query(index=ONE, filter=(("GSI1R2", Equal(A)),)),
        query(filter=(("x", Between({"N": "2"}, {"N": "1"})),)),
        query(("SK", Equal({"S": ""}))),
        query(("SK", BeginsWith({"S": ""}))),
        query(("SK", Equal({"N": "1"}))),
        query(("SK", Equal({"S": LONG_SK + "a"}))),
        query(("SK", Between({"S": "b"}, A))),
        query(("SK", OneOf((A,)))),
        query(("SK", Present())),
        query(("x", Equal(A))),
        query(("PK", Equal(A))),
        query(("SK", Equal(A)), ("SK", Equal(A))),
        query(("GSI1R2", Equal(A)), index=ONE),
        query(("GSI1R1", BeginsWith(A)), ("GSI1R2", Equal(A)), index=ONE),
        Query("agents", PRIMARY, ()),
        Query("agents", PRIMARY, (("SK", Equal(A)),)),
        Query("agents", PRIMARY, (("PK", Compare("<", A)),)),
        query(start_key={}),
        query(start_key={"PK": {"S": "p"}}),
        query(start_key={"PK": {"S": "p"}, "SK": {"N": "1"}}),
        query(start_key={"PK": {"S": "p"}, "SK": {"S": ""}}),
        query(start_key=Key("other", "a").attributes),
        query(("SK", Compare(">", {"S": "b"})), start_key=Key("p", "a").attributes),
        query(index=ONE, start_key=Key("p", "a").attributes),
    ],
    ids=repr,
)
def test_a_query_that_aws_refuses_is_refused(client, refused):
    with pytest.raises(RequestError):
        client.send(refused)


def test_a_query_of_an_index_may_filter_by_the_primary_key(client):
    put(client, GSI2PK={"S": "p"}, GSI2SK=A)
    assert client.send(query(index=TWO, filter=(("SK", Equal({"S": KEY.sk})),))).count == 1


@pytest.mark.parametrize("index", [PRIMARY, ONE, TWO])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("term", [None, BeginsWith(A), Between(A, A), Compare("<", A), Equal(A)])
def test_every_query_reads_one_range_of_one_index_without_sorting(
    client, index, newest_first, term
):
    asked = query(
        *([(index.ranges[0], term)] if term else []), index=index, newest_first=newest_first
    )
    start = {name: {"S": "p"} for name in (*index.attributes, "PK", "SK")}
    start[index.ranges[0]] = {"S": "A" if isinstance(term, Compare) else "a"}
    for each in (asked, evolve(asked, start_key=start)):
        select = selection(Layout(1, TABLE), each)
        with client._reads as connection:
            explained = connection.execute(f"EXPLAIN QUERY PLAN {select.sql}", select.values)
            ((*_, detail),) = explained
        assert detail.startswith("SEARCH dynastore_items_1 USING INDEX")
        assert (index.name or "sqlite_autoindex_dynastore_items_1_1") in detail
        searched_by_hash_alone = detail.count("?") == 1
        assert searched_by_hash_alone == (term is None and each.start_key is None)


# Capacity


@pytest.mark.parametrize(
    ("size", "expected"), [(100, 0.5), (4_096, 0.5), (4_097, 1.0), (40_000, 5.0)]
)
def test_a_get_takes_half_a_unit_for_4_kb_and_twice_that_when_consistent(client, size, expected):
    client.send(PutItem("agents", sized(size)))
    assert units(client, GetItem("agents", KEY)) == expected
    assert units(client, GetItem("agents", KEY, consistent=True)) == 2 * expected


def test_reading_nothing_takes_the_least(client):
    assert units(client, GetItem("agents", KEY)) == 0.5
    assert units(client, query()) == 0.5
    assert units(client, query(consistent=True)) == 1
    assert units(client, BatchGetItem("agents", (KEY, Key("a", "b")))) == 1


def test_a_batch_rounds_each_item_up(client):
    keys = (Key("p", "a"), Key("p", "b"))
    for key in keys:
        client.send(PutItem("agents", sized(1_000, key)))
    assert units(client, BatchGetItem("agents", keys)) == 1


def test_a_query_adds_up_what_it_read_before_it_rounds(client):
    for sort_key in "abcdefgh":
        client.send(PutItem("agents", sized(1_024, Key("p", sort_key))))
    assert units(client, query()) == 1
    assert units(client, query(filter=(("x", Present()),))) == 1
    assert units(client, query(limit=5)) == 1
    assert units(client, query(limit=4, count_only=True)) == 0.5


def test_a_write_takes_the_larger_of_before_and_after(client):
    assert units(client, PutItem("agents", sized(3_000))) == 3
    assert units(client, PutItem("agents", sized(100))) == 3
    assert units(client, PutItem("agents", sized(2_048))) == 2
    assert units(client, UpdateItem("agents", KEY, {"body": Unset()})) == 2
    assert units(client, DeleteItem("agents", KEY)) == 1
    assert units(client, DeleteItem("agents", KEY)) == 1


def test_a_refused_write_takes_what_writing_the_stored_item_takes(client):
    refused = (("x", Present()),)
    assert units(client, PutItem("agents", sized(5_000), refused)) == 1
    put(client)
    client.send(PutItem("agents", sized(2_500)))
    assert units(client, PutItem("agents", sized(9_000), refused)) == 3


ENTRY = {"GSI2PK": {"S": "p"}, "GSI2SK": {"S": "a"}}
MOVED = {"GSI2PK": {"S": "p"}, "GSI2SK": {"S": "b"}}


@pytest.mark.parametrize(
    ("before", "after", "index_units"),
    [
        ((1_500, {}), (1_500, {}), 0),
        (None, (1_500, ENTRY), 2),
        ((1_500, {}), (1_500, ENTRY), 2),
        ((2_500, ENTRY), (100, {}), 3),
        ((2_500, ENTRY), None, 3),
        ((2_500, ENTRY), (1_500, ENTRY), 3),
        ((2_500, ENTRY), (1_500, MOVED), 5),
        ((2_500, ENTRY), (2_500, ENTRY), 0),
    ],
    ids=["outside", "new", "enters", "leaves", "deleted", "changes", "moves", "same"],
)
def test_an_index_takes_units_for_what_changes_in_it(client, before, after, index_units):
    if before:
        client.send(PutItem("agents", sized(before[0], **before[1])))
    request = PutItem("agents", sized(after[0], **after[1])) if after else DeleteItem("agents", KEY)
    table_units = -(-max(each[0] for each in (before, after) if each) // 1_024)
    assert units(client, request) == table_units + index_units


def test_each_index_counts_for_itself(client):
    both = {**ENTRY, "GSI1H": {"S": "p"}, "GSI1R1": {"S": "a"}, "GSI1R2": {"S": "b"}}
    assert units(client, PutItem("agents", item(**both))) == 3
    assert units(client, UpdateItem("agents", KEY, {"GSI1R2": SetTo({"S": "c"})})) == 1 + 2 + 1


def test_observers_see_a_write_that_is_already_stored(tmp_path):
    client, other = (SqliteClient(str(tmp_path / "agent.db")) for _ in range(2))
    client.send(CreateTable(TABLE))
    seen = []
    client.observers.append(
        lambda request: lambda sent: seen.append(other.send(GetItem("agents", KEY)))
    )
    put(client)
    assert seen == [item()]
    client.close()
    other.close()


# Threads and loops


def test_threads_lose_no_increment(client):
    def count(_):
        client.send(UpdateItem("agents", KEY, {"n": Increment({"N": "1"}, {"N": "0"})}))
        return client.send(GetItem("agents", KEY))["n"]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    assert client.send(GetItem("agents", KEY)) == item(n={"N": "200"})


def test_a_closed_client_says_so(client):
    client.close()
    with pytest.raises(RequestError, match="closed"):
        client.send(GetItem("agents", KEY))


def counted_up():
    """An operation: creates the table, then counts."""
    yield from CreateTable(TABLE)
    for _ in range(3):
        yield from UpdateItem("agents", KEY, {"n": Increment({"N": "1"}, {"N": "0"})})
    return (yield from GetItem("agents", KEY))


def test_operations_run_on_both_clients(tmp_path):
    blocking = SqliteClient(str(tmp_path / "blocking.db"))
    awaited = AsyncSqliteClient(SqliteClient(str(tmp_path / "awaited.db")))
    assert run(counted_up(), blocking) == item(n={"N": "3"})
    assert asyncio.run(run_async(counted_up(), awaited)) == item(n={"N": "3"})
    blocking.close()
    asyncio.run(awaited.close())


def test_one_awaited_client_serves_loops_one_after_the_other(tmp_path):
    client = AsyncSqliteClient(SqliteClient(str(tmp_path / "agent.db")))
    asyncio.run(client.send(CreateTable(TABLE)))
    asyncio.run(client.send(PutItem("agents", item())))
    assert asyncio.run(client.send(GetItem("agents", KEY))) == item()
    asyncio.run(client.close())


def test_awaited_requests_use_one_thread_and_observers_run_on_the_loop():
    client = AsyncSqliteClient(SqliteClient(":memory:"))
    told = []
    client.observers.append(lambda request: lambda sent: told.append(threading.get_ident()))

    async def work():
        await client.send(CreateTable(TABLE))
        increment = UpdateItem("agents", KEY, {"n": Increment({"N": "1"}, {"N": "0"})})
        await asyncio.gather(*(client.send(increment) for _ in range(20)))
        return await client.send(GetItem("agents", KEY))

    before = set(threading.enumerate())
    assert asyncio.run(work()) == item(n={"N": "20"})
    (own,) = (each for each in threading.enumerate() if each not in before)
    assert own.name.startswith("dynastore-sqlite")
    assert set(told) == {threading.get_ident()}
    asyncio.run(client.close())


def test_awaited_conditions_fail_with_units_told():
    client = AsyncSqliteClient(SqliteClient(":memory:"))
    told = []
    client.observers.append(lambda request: told.append)
    asyncio.run(client.send(CreateTable(TABLE)))
    with pytest.raises(ConditionFailed):
        asyncio.run(client.send(DeleteItem("agents", KEY, (("PK", Present()),))))
    assert [sent.units for sent in told] == [0, 1]
    asyncio.run(client.close())


def test_a_closed_awaited_client_says_so():
    client = AsyncSqliteClient(SqliteClient(":memory:"))
    asyncio.run(client.close())
    with pytest.raises(RequestError, match="closed"):
        asyncio.run(client.send(GetItem("agents", KEY)))
