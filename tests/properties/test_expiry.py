"""To a write an expired item is none: whatever it asks, it goes as where nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dynastore import Check, Delete, Put, Schema, Update, all_of, ref
from dynastore.errors import DynastoreError

from .answering import empty_store
from .generating import EXPIRES, GONE, NOW, combinations, schemas, terms, things

OVER = [moment for moment in GONE if moment is not None and moment <= NOW.replace(microsecond=0)]


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives back, or the error that it raises."""
    try:
        return call()
    except DynastoreError as error:
        return type(error), str(error)


@st.composite
def writes(draw: st.DrawFn, schema: Schema) -> tuple[Any, Callable[[Any], Any]]:
    """An expired thing, and a write of another with its key, which may ask something of it."""
    (thing,) = schema.entities
    names = [*schema.codec(thing).spec.types]
    values = draw(things(schema))
    old = thing(**values | {EXPIRES: draw(st.sampled_from(OVER))})
    identity = {name: values[name] for name in thing.primary.fields}
    new = thing(**draw(things(schema)) | identity)
    one = st.sampled_from(names).flatmap(lambda name: terms(name).map(lambda test: {name: test}))
    when = draw(st.none() | one | one | combinations(names).map(all_of))
    target = draw(st.sampled_from([new, ref(thing, **identity)]))
    ends = {EXPIRES: draw(st.sampled_from(GONE))}
    calls: list[Callable[[Any], Any]] = [
        lambda store: store.put(new, when=when),
        lambda store: store.create(new),
        lambda store: store.delete(target, when=when),
        lambda store: store.update(target, when=when, **ends),
        lambda store: store.transact(Put(new, when)),
        lambda store: store.transact(Delete(target, when)),
        lambda store: store.transact(Update(target, when=when, **ends)),
        lambda store: store.transact(Check(target)),
    ]
    return old, draw(st.sampled_from(calls))


@given(schemas("expiring"), st.data())
@settings(max_examples=3 * settings.default.max_examples)
def test_a_write_goes_as_where_nothing_is_stored(schema, data):
    old, write = data.draw(writes(schema))
    empty, with_expired = empty_store(schema), empty_store(schema)
    with_expired.put(old)
    assert outcome(lambda: write(with_expired)) == outcome(lambda: write(empty))
    key = {name: getattr(old, name) for name in type(old).primary.fields}
    assert with_expired.get(type(old), **key) == empty.get(type(old), **key)
