"""Slim indexes on every engine: what they carry is read from them, the rest is fetched by key."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Index, Schema, Table, entity, exists, gsi, key, ref, since
from dynastore.errors import TableMismatch
from dynastore.requests import BatchGetItem, GetItem, Query
from dynastore.telemetry.recording import recorded

from .engines import PAIRS

pytestmark = pytest.mark.on(*PAIRS)

TITLES = ["tea", "rum", "tea", None]


@entity("memo")
class Memo:
    """A memo, which one index carries the title of, and another nothing."""

    owner: str
    memo_id: str
    team: str = "core"
    title: str | None = None
    text: str = ""
    visits: int = 0

    primary = key("OWNER#{owner}", "MEMO#{memo_id}")
    titled = gsi(1, "TEAM#{team}", "MEMO", "{memo_id}", include=("title",))
    bare = gsi(2, "VISITS#{visits}", "MEMO", "{memo_id}", include=())


@entity("poll")
class Poll:
    """Another entity in the partitions of the same indexes."""

    owner: str
    poll_id: str
    team: str = "core"
    title: str | None = None
    visits: int = 0

    primary = key("OWNER#{owner}", "POLL#{poll_id}")
    titled = gsi(1, "TEAM#{team}", "POLL", "{poll_id}", include=("title",))
    bare = gsi(2, "VISITS#{visits}", "POLL", "{poll_id}", include=())


SCHEMA = Schema([Memo, Poll])
PATTERNS: list[dict[str, Any]] = [{"team": "core"}, {"visits": 0}]


def memo(number: int, **changes: Any) -> Memo:
    told = {"title": TITLES[number % 4], "text": f"text {number % 2}"}
    return Memo(**{"owner": "ann", "memo_id": f"m{number:03}", **told, **changes})


MEMOS = [memo(number) for number in range(4)]


@pytest.fixture
def store(open_store, settled):
    store = open_store(SCHEMA)
    for each in MEMOS:
        store.put(each)
        store.put(Poll(owner="ann", poll_id=each.memo_id, title=each.title))
    settled()
    return store


def sent_by(store: Any, call: Any) -> tuple[Any, list[type]]:
    """The result of a call, and the kinds of requests that it sent."""
    with recorded(store) as sent:
        result = call()
    return result, [type(each.request) for each in sent]


@pytest.mark.parametrize("where", PATTERNS)
def test_a_query_gives_whole_entities_that_are_fetched_by_key(store, where):
    found, sent = sent_by(store, lambda: list(store.query(Memo, **where)))
    assert found == MEMOS
    assert sent == [Query, BatchGetItem]
    assert list(store.query(Memo, **where).newest_first()) == MEMOS[::-1]


@pytest.mark.parametrize("where", PATTERNS)
def test_pages_fetch_only_what_is_on_them(store, where):
    page, sent = sent_by(store, lambda: store.query(Memo, **where).page(limit=1))
    assert page.entities == MEMOS[:1]
    assert sent == [Query, GetItem]
    rest = store.query(Memo, **where).page(limit=9, cursor=page.cursor)
    assert rest.entities == MEMOS[1:]
    piece, sent = sent_by(store, lambda: store.query(Memo, **where).slice(2, 9))
    assert (piece.entities, piece.total) == (MEMOS[2:], 4)
    assert sent == [Query, BatchGetItem]


@pytest.mark.parametrize("where", PATTERNS)
def test_over_a_hundred_are_fetched_in_batches(store, settled, where):
    more = [memo(number) for number in range(4, 130)]
    for each in more:
        store.put(each)
    settled()
    found, sent = sent_by(store, lambda: list(store.query(Memo, **where)))
    assert found == MEMOS + more
    assert sent == [Query, BatchGetItem, BatchGetItem]


@pytest.mark.parametrize("where", PATTERNS)
def test_counting_fetches_nothing(store, where):
    assert sent_by(store, store.query(Memo, **where).count) == (4, [Query])


def test_a_selection_of_what_the_index_carries_fetches_nothing(store):
    found, sent = sent_by(store, lambda: list(store.query(Memo, team="core").select("title")))
    assert found == [{"title": title} for title in TITLES]
    assert sent == [Query]


@pytest.mark.parametrize(
    ("where", "fields"),
    [({"team": "core"}, ("title", "text")), ({"visits": 0}, ("title",))],
)
def test_a_selection_of_more_is_fetched(store, where, fields):
    found, sent = sent_by(store, lambda: list(store.query(Memo, **where).select(*fields)))
    assert found == [{name: getattr(each, name) for name in fields} for each in MEMOS]
    assert sent == [Query, BatchGetItem]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ({"team": "core", "title": "tea"}, [0, 2]),
        ({"team": "core", "title": None}, [3]),
        ({"team": "core", "title": exists(), "memo_id": since("m001")}, [1, 2]),
    ],
)
def test_a_filter_on_what_the_index_carries_is_the_servers(store, where, numbers):
    found = store.query(Memo, **where)
    assert found.plan.paths[0].checks == ()
    assert list(found) == [MEMOS[number] for number in numbers]
    assert sent_by(store, found.count) == (len(numbers), [Query])
    titles, sent = sent_by(store, lambda: list(found.select("title")))
    assert titles == [{"title": TITLES[number]} for number in numbers]
    assert sent == [Query]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ({"team": "core", "text": "text 1"}, [1, 3]),
        ({"team": "core", "text": "text 0", "title": "tea"}, [0, 2]),
        ({"visits": 0, "title": "tea"}, [0, 2]),
        ({"visits": 0, "title": None, "text": "text 1"}, [3]),
    ],
)
def test_a_filter_on_what_the_index_does_not_carry_is_checked_on_whole_items(store, where, numbers):
    found = store.query(Memo, **where)
    wanted = [MEMOS[number] for number in numbers]
    assert sent_by(store, lambda: list(found)) == (wanted, [Query, BatchGetItem])
    assert sent_by(store, found.count) == (len(numbers), [Query, BatchGetItem])
    assert list(found.select("memo_id")) == [{"memo_id": each.memo_id} for each in wanted]
    assert found.page(limit=1).entities == wanted[:1]


def test_a_collection_of_slim_entries_is_whole(store):
    found = list(store.collection(Memo, Poll, team="core"))
    assert [type(each) for each in found] == [Memo] * 4 + [Poll] * 4
    assert found[:4] == MEMOS


def test_what_was_deleted_after_the_index_was_read_is_left_out(store, engine):
    # Where the index lags, it is still asked for; where it does not, this only deletes.
    store.delete(ref(Memo, owner="ann", memo_id="m001"))
    left = [MEMOS[0], *MEMOS[2:]]
    for where in PATTERNS:
        found = store.query(Memo, **where)
        assert list(found) == left
        assert found.slice(0, 9).entities == left
        assert found.page(limit=4).entities == left
    carried = list(store.query(Memo, team="core").select("title"))
    lags = engine == "sqlite-lagging"  # what an index alone tells is as old as the index
    assert carried == [{"title": each.title} for each in (MEMOS if lags else left)]


def test_what_changed_after_the_index_was_read_is_asked_for_again(store):
    store.update(ref(Memo, owner="ann", memo_id="m000"), title="gin")
    store.update(ref(Memo, owner="ann", memo_id="m001"), team="other")
    assert list(store.query(Memo, team="core", title="tea")) == [MEMOS[2]]
    assert [each.memo_id for each in store.query(Memo, team="core")] == ["m000", "m002", "m003"]


def made(open_store: Any, *indexes: Index) -> Any:
    """A store of the schema, on a table that was made with other indexes."""
    open_store(Schema([Memo, Poll], Table("dynastore", indexes))).create_table()
    return open_store(SCHEMA, create=False)


@pytest.mark.parametrize(
    "indexes",
    [
        (Index(1, fields=("title",)), Index(2, fields=())),
        (Index(1, fields=("text", "title")), Index(2, fields=("title",))),
        (Index(1), Index(2)),
    ],
    ids=["as much", "more", "all"],
)
def test_a_table_whose_indexes_carry_enough_is_fine(open_store, settled, indexes):
    store = made(open_store, *indexes)
    store.create_table()
    store.put(MEMOS[0])
    settled()
    for where in PATTERNS:
        assert list(store.query(Memo, **where)) == MEMOS[:1]
        assert list(store.query(Memo, **where).select("title")) == [{"title": "tea"}]


@entity("memo")
class Grown:
    """A memo whose index has to carry more than the one before."""

    owner: str
    memo_id: str
    team: str = "core"
    title: str | None = None
    text: str = ""
    visits: int = 0

    primary = key("OWNER#{owner}", "MEMO#{memo_id}")
    titled = gsi(1, "TEAM#{team}", "MEMO", "{memo_id}", include=("title", "text", "visits"))
    bare = gsi(2, "VISITS#{visits}", "MEMO", "{memo_id}")


def test_a_table_whose_indexes_carry_too_little_is_refused_with_what_they_lack(open_store):
    open_store(SCHEMA).create_table()
    with pytest.raises(TableMismatch) as mismatch:
        open_store(Schema([Grown]), create=False).create_table()
    assert mismatch.value.differences == (
        "index GSI1 does not carry text, visits",
        "index GSI2 carries its keys only, not all attributes",
    )
