"""Law 7 for one entity: after any update, and any race, every index says what the item says."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore import increment, ref, unset
from dynastore.requests import GetItem, UpdateItem
from dynastore.telemetry.recording import recorded
from dynastore.testing import memory_store
from dynastore.values.wire_values import kept_item

from .answering import key_of
from .generating import DAY, DEFAULTED, FAMILIES, FIELDS, NOW, schemas, things

CHANGES = {name: st.sampled_from(FIELDS[name].values) | st.just(unset()) for name in DEFAULTED} | {
    "rank": st.sampled_from(FIELDS["rank"].values) | st.integers(-3, 3).map(increment)
}
some_schemas = st.sampled_from(FAMILIES).flatmap(schemas)


def changes(schema: Any) -> st.SearchStrategy[dict[str, Any]]:
    """What becomes of some fields that are not part of the primary key."""
    spec = schema.codec(schema.entities[0]).spec
    names = [name for name in CHANGES if name in spec.types and name not in spec.primary.fields]
    return st.fixed_dictionaries({}, optional={name: CHANGES[name] for name in names})


def stored(schema: Any, drawn: list[dict[str, Any]]) -> tuple[Any, dict[Any, Any]]:
    """A store with things, and the same things by primary key."""
    (thing,) = schema.entities
    store = memory_store(schema, clock=lambda: NOW - 2 * DAY)  # before any of them expires
    kept = {}
    for values in drawn:
        each = store.put(thing(**values))
        kept[key_of(each)] = each
    return store, kept


@given(some_schemas, st.data())
def test_after_any_update_every_item_is_the_one_that_a_put_would_write(schema, data):
    (thing,) = schema.entities
    store, kept = stored(schema, data.draw(st.lists(things(schema), min_size=1, max_size=4)))
    codec = schema.codec(thing)
    for change in data.draw(st.lists(changes(schema).filter(bool), max_size=4)):
        target = data.draw(st.sampled_from(list(kept.values())))
        key_values = dict(zip(dict.fromkeys(thing.primary.fields), key_of(target), strict=True))
        given_as = data.draw(st.sampled_from([ref(thing, **key_values), target]))
        changed = store.update(given_as, **change)
        kept[key_of(changed)] = changed
        with recorded(store) as sent:
            assert store.get(thing, **key_values) == changed
        item = store.client.answer(sent[0].request).value
        assert item == kept_item(codec.encode(changed, ""))


class Interrupted:
    """A client that lets another writer in before the first write."""

    overlaps = False

    def __init__(self, store: Any, other: Any) -> None:
        self.client = store.client
        self.observers = store.client.observers
        self.other: Any = other

    def send(self, request: Any) -> Any:
        if isinstance(request, UpdateItem) and self.other is not None:
            other, self.other = self.other, None
            other()
        return self.client.send(request)


@given(some_schemas, st.data())
def test_writers_that_race_leave_no_stale_index(schema, data):
    (thing,) = schema.entities
    values = data.draw(things(schema))
    mine, theirs = data.draw(changes(schema)), data.draw(changes(schema))
    if not mine or not theirs:
        return
    store, _ = stored(schema, [values])
    key_values = {name: values[name] for name in thing.primary.fields}
    target = ref(thing, **key_values)
    raced = evolve(store, client=Interrupted(store, lambda: store.update(target, **theirs)))
    changed = raced.update(target, **mine)
    get = GetItem(schema.table.name, schema.codec(thing).key(key_values, ""))
    assert store.client.send(get) == kept_item(schema.codec(thing).encode(changed, ""))
