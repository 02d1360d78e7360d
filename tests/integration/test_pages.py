"""A page costs what it shows, however much the table holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dynastore import Schema, any_of, entity, gsi, key, one_of
from dynastore.testing import memory_store, recorded

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SIZES = (200, 20_000)


@entity("post")
class Post:
    """Something that was said."""

    post_id: str
    author: str
    topic: str
    said_at: dt.datetime
    text: str = ""

    primary = key("P#{post_id}", "~")
    by_author = gsi(1, "AUTHOR#{author}", "{said_at}")
    by_topic = gsi(2, "TOPIC#{topic}", "{said_at}", shards=4)
    slim = gsi(3, "POSTS", "{said_at}", include=["author"])


QUERIES = {
    "a partition": lambda store: store.query(Post, author="ann").newest_first(),
    "three partitions, merged": lambda store: (
        store.query(Post, author=one_of("ann", "bob", "cleo")).order_by("said_at").newest_first()
    ),
    "shards": lambda store: store.query(Post, topic="tea").order_by("said_at"),
    "two patterns": lambda store: store.query(Post, any_of(author="ann", topic="tea")).order_by(
        "said_at"
    ),
    "slim": lambda store: store.query(Post, author=one_of("ann", "bob", "cleo")).limit(20),
}


def filled(size: int) -> Any:
    """A store with so many posts of three authors on two topics, written in one transaction."""
    store = memory_store(Schema([Post]))
    store.create_table()
    client = store.client
    layout, codec = client._layout(store.schema.table.name), store.schema.codec(Post)
    rows = []
    for number in range(size):
        post = Post(
            post_id=f"{number:06}",
            author=("ann", "bob", "cleo")[number % 3],
            topic=("tea", "rum")[number % 2],
            said_at=START + dt.timedelta(seconds=number % 1_000),
        )
        rows.append(layout.row(layout.image(codec.encode(post, ""))))
    with client._writes as connection, connection:
        connection.executemany(layout.put, rows)
    return store


@pytest.fixture(scope="module")
def stores() -> list[Any]:
    return [filled(size) for size in SIZES]


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_of_twenty_sends_the_same_in_a_hundred_times_as_much(stores, name):
    told = []
    for store in stores:
        results = QUERIES[name](store)
        with recorded(store) as sent:
            page = results.page(limit=20)
        assert len(page.entities) == 20
        told.append([each.request for each in sent])
    assert told[0] == told[1]


def test_a_merge_reads_a_page_of_each_branch_and_then_of_those_used_up(stores):
    (store, _) = stores
    results = QUERIES["three partitions, merged"](store)
    with recorded(store) as sent:
        page = results.page(limit=20)
    assert [each.request.limit for each in sent] == [15, 15, 15]  # twice its share, and one
    with recorded(store) as sent:
        results.page(limit=20, cursor=page.cursor)
    assert len(sent) == 3


def test_no_more_is_read_than_is_consumed(stores):
    (store, _) = stores
    with recorded(store) as sent:
        for number, _ in enumerate(store.query(Post, author="ann")):
            if number == 10:
                break
    assert len(sent) == 1
