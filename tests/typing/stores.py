"""What stores give back, as type checkers see it."""

import datetime as dt
from typing import Any, assert_type

import dynastore
from dynastore import (
    AccessPattern,
    AsyncStore,
    Change,
    Check,
    Create,
    Delete,
    Page,
    Put,
    Ref,
    Results,
    Slice,
    Store,
    Update,
    any_of,
    entity,
    gsi,
    key,
    not_,
    payload,
    ref,
)


@entity("note")
class Note:
    user_id: str
    note_id: str
    written_at: dt.datetime
    topic: str | None = None

    primary = key("USER#{user_id}", "NOTE#{note_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "{written_at}")


@entity("tag")
class Tag:
    user_id: str
    name: str

    rules: list[str] = payload(factory=list, offload_over=10_000)

    primary = key("USER#{user_id}", "TAG#{name}")


def writes(store: Store, note: Note) -> None:
    one = ref(Note, user_id="ann", note_id="n1")
    assert_type(store.update(one, topic="tea"), Note)
    assert_type(store.update(one, topic="tea").topic, str | None)
    assert_type(store.move(one, note_id="n2"), Note)
    assert_type(store.move(note, note_id="n2"), Note)
    assert_type(store.upsert(one, topic="tea"), Note)
    assert_type(Update(one, topic="tea", when={"topic": None}), Update[Note])
    assert_type(Update(note, topic="tea"), Update[Note])
    assert_type(Delete(one, when=any_of(topic="tea")), Delete[Note])
    assert_type(Delete(note), Delete[Note])
    assert_type(Check(one, topic="tea"), Check[Note])
    assert_type(Check(note), Check[Note])
    store.transact(Create(note), Put(note), Update(one, topic="tea"), Delete(one), Check(one))
    store.transact(one)  # type: ignore[arg-type]
    store.upsert(note, topic="tea")  # type: ignore[arg-type]


async def awaited_writes(store: AsyncStore, note: Note) -> None:
    one = ref(Note, user_id="ann", note_id="n1")
    assert_type(await store.update(one, topic="tea"), Note)
    assert_type(await store.update(note, topic="tea"), Note)
    assert_type(await store.move(one, note_id="n2"), Note)


def blocking(store: Store, note: Note) -> None:
    assert_type(store.get(Note, user_id="ann", note_id="n1"), Note | None)
    assert_type(store.get_unique(Note, topic="tea"), Note | None)
    assert_type(store.put(note), Note)
    assert_type(store.update(note, topic="tea"), Note)
    assert_type(store.put(note, lifetime=dt.timedelta(hours=1)), Note)
    assert_type(store.touch(note, lifetime=dt.timedelta(hours=1)), Note)
    assert_type(store.touch(ref(Note, user_id="ann", note_id="n1")), Note)
    assert_type(store.delete(ref(Note, user_id="ann", note_id="n1")), Note | None)
    assert_type(store.put_many([note], duplicates="refuse"), list[Note])
    assert_type(store.put_many({note.note_id: note}.values()), list[Note])
    assert_type(store.put_many(each for each in [note]), int)
    assert_type(store.delete_many([note, ref(Note, user_id="ann", note_id="n1")]), int)
    store.delete_many(iter([note]), progress=print)
    results = store.query(Note, user_id="ann").newest_first()
    assert_type(results.page(limit=2), Page[Note])
    assert_type(results.first(), Note | None)
    assert_type(results.order_by("topic").limit(3).consistent().slice(0, 2), Slice[Note])
    assert_type(results.select("topic").first(), dict[str, Any] | None)
    assert_type(results.explain("json"), str)
    assert_type(store.query(Note, any_of(topic=not_("tea"), user_id="ann")), Results[Note])
    for each in results:
        assert_type(each, Note)
        assert_type(each.topic, str | None)
    assert_type(store.scan(Note, segments=2, topic="tea").page(), Page[Note])
    for found in store.scan(Note, units_per_second=5):
        assert_type(found, Note)
    for either in store.collection(Note, Tag, user_id="ann"):
        assert_type(either, Note | Tag)
    for change in store.changes(Note, name="index"):
        assert_type(change, Change[Note])
        assert_type(change.old, Note | None)
        assert_type(change.key, Ref[Note])
    for one in store.changes(Note, Tag, follow=False, on_gap="oldest"):
        assert_type(one, Change[Note | Tag])


async def awaited(store: AsyncStore, note: Note) -> None:
    assert_type(await store.get(Note, user_id="ann", note_id="n1"), Note | None)
    assert_type(await store.put(note), Note)
    assert_type(await store.touch(ref(Note, user_id="ann", note_id="n1")), Note)
    assert_type(await store.put_many([note]), list[Note])
    assert_type(await store.put_many(iter([note])), int)
    assert_type(await store.query(Note, user_id="ann").page(), Page[Note])
    assert_type(
        await store.query(Note, user_id="ann").select("topic").slice(0, 1), Slice[dict[str, Any]]
    )
    async for each in store.query(Note, user_id="ann"):
        assert_type(each, Note)
    assert_type(await store.scan(Note).page(), Page[Note])
    async for found in store.scan(Note):
        assert_type(found, Note)
    async for change in store.changes(Note):
        assert_type(change, Change[Note])


def declarations() -> None:
    assert_type(Tag(user_id="ann", name="tea").rules, list[str])
    assert_type(Note.by_topic, AccessPattern)
    Note(user_id="ann", note_id="n1", written_at=dt.datetime.now(dt.UTC))
    Note(user_id="ann", note_id="n1")  # type: ignore[call-arg]
    Note("ann", "n1", dt.datetime.now(dt.UTC))  # type: ignore[call-arg]


def refused(store: Store, note: Note) -> None:
    store.put_many([note], duplicates="first")  # type: ignore[call-overload]
    note.topic = "rum"  # type: ignore[misc]
    dynastore.Stor  # type: ignore[attr-defined]
