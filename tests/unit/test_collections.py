"""Collections: entities of several classes in one partition, read by one query."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Schema, any_of, begins_with, entity, field, gsi, key, one_of, size
from dynastore.errors import NoAccessPattern, RequestError, UnknownField
from dynastore.testing import memory_store, recorded


@entity("album")
class Album:
    """A record."""

    album_id: str
    title: str
    rank: int = 0
    shelf: str | None = None

    primary = key("ALBUM#{album_id}", "A")
    by_shelf = gsi(1, "SHELF#{shelf}", "{rank}")


@entity("track")
class Track:
    """A piece of a record."""

    album_id: str
    number: int
    title: str
    rank: int = 0
    shelf: str | None = None

    primary = key("ALBUM#{album_id}", "TRACK#{number}")
    by_shelf = gsi(1, "SHELF#{shelf}", "{rank}")


@entity("review")
class Review:
    """What somebody says of a record."""

    album_id: str
    critic: str
    title: str = ""
    words: list[str] = field(factory=list)

    primary = key("ALBUM#{album_id}", "REVIEW#{critic}")


@pytest.fixture
def store() -> Any:
    store = memory_store(Schema([Album, Track, Review]))
    store.create_table()
    for shelf, album in (("jazz", "a"), ("jazz", "b")):
        store.put(Album(album_id=album, title=f"Album {album}", rank=5, shelf=shelf))
        for number in (2, 1, 10):
            title = f"Track {number}"
            store.put(Track(album_id=album, number=number, title=title, rank=number, shelf=shelf))
        store.put(Review(album_id=album, critic="zoe", title="Fine"))
    return store


def names(found: Any) -> list[str]:
    return [f"{type(each).__name__} {each.title}" for each in found]


def test_a_partition_is_one_query_in_its_order(store):
    with recorded(store) as sent:
        found = list(store.collection(Album, Track, Review, album_id="a"))
    assert names(found) == [
        "Album Album a",
        "Review Fine",
        "Track Track 1",
        "Track Track 2",
        "Track Track 10",
    ]
    assert len(sent) == 1


def test_they_are_grouped_by_class(store):
    grouped = store.collection(Album, Track, Review, album_id="a").by_class()
    assert {cls: len(found) for cls, found in grouped.items()} == {Album: 1, Track: 3, Review: 1}
    assert store.collection(Track, Review, album_id="none").by_class() == {Track: [], Review: []}


def test_others_in_the_partition_are_left_out(store):
    found = store.collection(Album, Review, album_id="a")
    assert names(found) == ["Album Album a", "Review Fine"]
    assert found.count() == 2


def test_filters_are_for_all_of_them(store):
    some = store.collection(Album, Track, any_of(title="Track 1", rank=5), album_id="a")
    assert names(some) == ["Album Album a", "Track Track 1"]
    long = store.collection(Album, Track, album_id="a", title=size(8))
    assert names(long) == ["Track Track 10"]
    assert [name for name, _ in long.plan.paths[0].checks] == ["title"]


def test_they_can_be_sorted_and_limited(store):
    by_rank = store.collection(Album, Track, album_id="a").order_by("rank", "title")
    assert [each.rank for each in by_rank] == [1, 2, 5, 10]
    assert names(by_rank.newest_first().limit(2)) == ["Track Track 10", "Album Album a"]
    assert "sorted in memory by rank" in str(by_rank.plan)


def test_an_index_holds_a_collection_too(store):
    found = list(store.collection(Album, Track, shelf="jazz"))
    assert [each.rank for each in found] == [1, 1, 2, 2, 5, 5, 10, 10]
    page = store.collection(Album, Track, shelf="jazz").page(limit=3)
    rest = store.collection(Album, Track, shelf="jazz").page(cursor=page.cursor)
    assert [*page.entities, *rest.entities] == found


def test_a_prefix_of_the_sort_key_is_a_part_of_the_collection(store):
    one = store.collection(Track, album_id="a", number=1)
    assert names(one) == ["Track Track 1"]


@pytest.mark.parametrize(
    ("classes", "where", "error"),
    [
        ((Album, Review), {"shelf": "jazz"}, UnknownField),
        ((Album, Track), {"title": "x"}, NoAccessPattern),
        ((Album, Track), {"album_id": one_of("a", "b")}, NoAccessPattern),
        ((), {"album_id": "a"}, RequestError),
        ((Album, Track), {"album_id": begins_with("a")}, NoAccessPattern),
    ],
)
def test_what_shares_no_partition_is_refused(store, classes, where, error):
    with pytest.raises(error):
        store.collection(*classes, **where)


def test_an_order_that_not_all_have_is_refused(store):
    both = store.collection(Album, Review, album_id="a")
    with pytest.raises(UnknownField):
        both.order_by("rank")
    with pytest.raises(RequestError):
        store.collection(Review, album_id="a").order_by("words")
    with pytest.raises(RequestError, match="read whole"):
        both.select("title")


def test_an_index_is_not_read_consistently(store):
    assert store.collection(Album, Track, album_id="a").consistent().plan.consistent
    with pytest.raises(RequestError, match="eventually consistent"):
        store.collection(Album, Track, shelf="jazz").consistent()
