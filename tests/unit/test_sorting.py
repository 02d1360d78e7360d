"""Orders that no index has: made in memory, up to a bound."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Schema, entity, key
from dynastore.errors import RequestError
from dynastore.operations.reading import reader
from dynastore.testing import memory_store, recorded


@entity("coin")
class Coin:
    """A coin."""

    box: str
    name: str
    worth: int | None = None
    metal: bytes = b""

    primary = key("BOX#{box}", "COIN#{name}")


@pytest.fixture
def store() -> Any:
    store = memory_store(Schema([Coin]))
    store.create_table()
    for number, worth in enumerate([5, None, 1, 5, 12]):
        store.put(Coin(box="b", name=f"c{number}", worth=worth, metal=bytes([worth or 0])))
    return store


def test_none_comes_first_and_ties_are_in_the_order_of_the_key(store):
    coins = store.query(Coin, box="b").order_by("worth")
    assert [coin.name for coin in coins] == ["c1", "c2", "c0", "c3", "c4"]
    assert [coin.name for coin in coins.newest_first()] == ["c4", "c3", "c0", "c2", "c1"]


@pytest.mark.parametrize("field", ["worth", "metal"])
def test_a_page_goes_on_behind_its_last_one_though_that_is_gone(store, field):
    coins = store.query(Coin, box="b").order_by(field)
    page = coins.page(limit=3)
    store.delete(page.entities[-1])
    rest = coins.page(cursor=page.cursor)
    assert [coin.name for coin in rest.entities] == ["c3", "c4"]


def test_too_many_are_an_error_that_names_the_index(store, monkeypatch):
    monkeypatch.setattr(reader, "SORTED_ITEMS", 4)
    with pytest.raises(RequestError, match=r'by_box = gsi\(1, "BOX#\{box\}", "\{worth\?\}"\)'):
        list(store.query(Coin, box="b").order_by("worth"))


def test_each_page_reads_everything_and_the_plan_says_why(store):
    coins = store.query(Coin, box="b").order_by("worth")
    with recorded(store) as sent:
        assert len(coins.page(limit=1).entities) == 1
    assert sent[0].request.limit is None
    assert "sorted in memory by worth" in str(coins.plan)


def test_a_cursor_does_not_mind_the_order_of_keywords(store):
    page = store.query(Coin, box="b", worth=5).page(limit=1)
    rest = store.query(Coin, worth=5, box="b").page(cursor=page.cursor)
    assert [coin.name for coin in (*page.entities, *rest.entities)] == ["c0", "c3"]
