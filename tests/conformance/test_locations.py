"""Where a scope lives, as its entry says: sealed, settled and unsealed by one mover, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Schema, entity, gsi, key
from dynastore.errors import SealTaken
from dynastore.operations.scopes.locations import (
    Location,
    read_location,
    seal,
    settle,
    unseal,
)

from .drivers import at_once


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("bare")
class Bare:
    name: str

    primary = key("BARE#{name}", "~")


SCHEMA = Schema([Note])
NEVER_MOVED = Location()


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


def now(store):
    return store.run(read_location(store.schema, "qa"))


def test_a_scope_that_nobody_wrote_to_has_no_entry(store):
    assert now(store) == Location(registered=False)


def test_an_entry_of_a_scope_that_never_moved_says_nothing(store):
    store.scope("qa").put(Note(name="a"))
    assert now(store) == NEVER_MOVED


def test_what_one_mover_sealed_no_other_can(store):
    store.scope("qa").put(Note(name="a"))
    assert store.run(seal(store.schema, "qa", "one")) == Location(mover="one")
    assert now(store).sealed
    with pytest.raises(SealTaken) as taken:
        store.run(seal(store.schema, "qa", "two"))
    assert (taken.value.mover, taken.value.holder) == ("two", "one")
    for steps in (
        settle(store.schema, "qa", "two", "elsewhere"),
        unseal(store.schema, "qa", "two"),
    ):
        with pytest.raises(SealTaken):
            store.run(steps)
    assert now(store) == Location(mover="one")


def test_a_scope_that_is_sealed_before_its_first_write_is_listed(store, settled):
    store.run(seal(store.schema, "qa", "one"))
    store.scope("qa").put(Note(name="a"))  # registers nothing anew
    settled()
    assert list(store.scopes()) == ["qa"]
    assert now(store) == Location(mover="one")


def test_a_scope_is_settled_elsewhere_and_moved_back(store):
    store.run(seal(store.schema, "qa", "one"))
    assert store.run(settle(store.schema, "qa", "one", "elsewhere")) == Location("elsewhere")
    assert store.run(seal(store.schema, "qa", "two")) == Location("elsewhere", "two")
    assert store.run(unseal(store.schema, "qa", "two")) == Location("elsewhere")
    assert now(store) == Location("elsewhere")


def test_a_mover_may_repeat_each_call(store):
    for _ in range(2):
        assert store.run(seal(store.schema, "qa", "one")) == Location(mover="one")
    for _ in range(2):
        assert store.run(unseal(store.schema, "qa", "one")) == NEVER_MOVED
    store.run(seal(store.schema, "qa", "one"))
    for _ in range(2):
        assert store.run(settle(store.schema, "qa", "one", "elsewhere")) == Location("elsewhere")


def test_nothing_is_settled_that_is_not_sealed(store):
    with pytest.raises(SealTaken) as taken:
        store.run(settle(store.schema, "qa", "one", "elsewhere"))
    assert taken.value.holder is None
    assert now(store) == Location(registered=False)


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_of_many_movers_at_once_one_gets_the_seal(store):
    def sealing(store, number):
        return store.run(seal(store.schema, "qa", f"m{number}"))

    found = at_once(store, sealing, 5)
    assert sum(isinstance(each, SealTaken) for each in found) == 4


def test_scopes_of_a_table_without_indexes_are_sealed_too(open_store):
    store = open_store(Schema([Bare]).named("bare-locations"))
    store.run(seal(store.schema, "qa", "one"))
    assert store.run(settle(store.schema, "qa", "one", "elsewhere")) == Location("elsewhere")
