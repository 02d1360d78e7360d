"""Payloads of any size: what is written is what is read, and nothing is left over."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from dynastore import (
    Create,
    Put,
    Schema,
    Update,
    append,
    entity,
    gsi,
    if_missing,
    key,
    payload,
    prepend,
    ref,
    unset,
    version,
)
from dynastore.errors import (
    ConditionFailed,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
)
from dynastore.requests import Scan
from dynastore.table import PART

DAY = dt.datetime(2126, 11, 1, tzinfo=dt.UTC)
LARGE = 700_000  # bytes: two parts


def noise(seed, size=LARGE):
    return random.Random(seed).randbytes(size)


@entity("page", expires="expires_at")
class Page:
    """A page of a book: a sort key without a literal lead."""

    book: str
    number: int
    title: str = ""
    notes: str = ""
    expires_at: dt.datetime | None = None
    image: bytes = payload(default=b"")
    words: list[str] = payload(factory=list, offload_over=2_000)

    primary = key("{book}", "{number:4}")
    by_title = gsi(1, "TITLE#{title}", "{number:4}", include=["title"])


@entity("draft")
class Draft:
    """Something with a lock."""

    book: str
    text: str = payload(default="")
    revision: int = version()

    primary = key("DRAFT#{book}", "~")


SCHEMA = Schema([Page, Draft])


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


@pytest.fixture
def parts(store):
    """The parts that the table holds, by scan."""

    def parts():
        def steps():
            start, found = None, []
            while True:
                page = yield from Scan(store.schema.table.name, start_key=start, consistent=True)
                found += page.items
                if page.last_key is None:
                    return [each for each in found if each["TYPE"]["S"] == PART]
                start = page.last_key

        return store.run(steps())

    return parts


def page(number=1, **fields):
    return Page(book="b", number=number, **fields)


ONE = ref(Page, book="b", number=1)


@pytest.mark.scans
@pytest.mark.parametrize(
    "fields",
    [
        {"image": noise(1)},
        {"words": ["one", "two"] * 3_000},
        {"words": [f"{each:x}" for each in range(20_000)]},
        {"image": noise(1), "words": [noise(n, 50).hex() for n in range(9_000)]},
        {"image": noise(2, 250_000), "notes": "x" * 300_000},
    ],
    ids=["two parts", "compressed", "a part by its bound", "two fields", "what does not fit"],
)
def test_what_was_put_is_read(store, fields):
    written = page(**fields)
    assert store.put(written) == written
    assert store.get(Page, book="b", number=1) == written
    assert store.get_many([ONE, ref(Page, book="b", number=2)]) == [written, None]
    assert list(store.query(Page, book="b")) == [written]


@pytest.mark.scans
def test_parts_are_met_by_no_query_and_no_scan(store, parts):
    for number in range(3):
        store.put(page(number, image=noise(number)))
    assert len(parts()) == 6
    pages = store.query(Page, book="b")
    assert pages.count() == 3
    assert [each.number for each in pages.newest_first()] == [2, 1, 0]
    assert [each.image for each in pages] == [noise(number) for number in range(3)]
    assert sorted(each.number for each in store.scan(Page)) == [0, 1, 2]
    assert {each.image for each in store.scan(Page)} == {noise(number) for number in range(3)}
    assert store.collection(Page, book="b").count() == 3


def test_a_list_without_the_payload_reads_no_parts(store, settled):
    from dynastore.testing import recorded

    store.put(page(image=noise(1), title="t"))
    settled()
    target = getattr(store, "target", store)
    with recorded(target) as sent:
        assert list(store.query(Page, book="b").select("title")) == [{"title": "t"}]
        assert list(store.query(Page, title="t").select("title")) == [{"title": "t"}]
    assert [each.request.operation for each in sent] == ["Query", "Query"]
    assert store.query(Page, book="b").select("image").first() == {"image": noise(1)}
    assert store.query(Page, title="t").first().image == noise(1)


@pytest.mark.scans
def test_a_replaced_value_leaves_no_parts(store, parts):
    store.put(page(image=noise(1)))
    store.put(page(image=noise(2)))
    assert len(parts()) == 2
    assert store.get(Page, book="b", number=1).image == noise(2)
    store.put(page(image=noise(2), title="renamed"))
    assert len(parts()) == 2
    store.put(page(image=b"small"))
    assert parts() == []


@pytest.mark.scans
def test_two_fields_with_one_value_are_kept_apart(store, parts):
    store.put(page(image=noise(1), words=[noise(1, 9_000).hex()]))
    store.put(page(image=noise(1), words=[]))
    assert store.get(Page, book="b", number=1).image == noise(1)
    assert len(parts()) == 2


@pytest.mark.scans
def test_a_deleted_entity_comes_back_whole_and_leaves_nothing(store, parts):
    store.put(page(image=noise(1)))
    assert store.delete(ONE) == page(image=noise(1))
    assert parts() == []
    assert store.get(Page, book="b", number=1) is None


@pytest.mark.scans
def test_scopes_keep_their_parts_apart(store, parts):
    team = store.scope("team")
    store.put(page(image=noise(1)))
    team.put(page(image=noise(2)))
    assert store.get(Page, book="b", number=1).image == noise(1)
    assert team.get(Page, book="b", number=1).image == noise(2)
    team.delete(ONE)
    assert store.get(Page, book="b", number=1).image == noise(1)
    assert not [each for each in parts() if each["PK"]["S"].startswith("@team")]


@pytest.mark.scans
def test_an_update_sets_a_payload_of_any_size(store, parts):
    store.put(page())
    for image in (noise(1), b"small", noise(2, 100_000), noise(3)):
        assert store.update(ONE, image=image).image == image
        assert store.get(Page, book="b", number=1).image == image
    updated = store.update(ONE, title="t")
    assert updated.image == noise(3)


@pytest.mark.parametrize("change", [append("x"), prepend("x")])
def test_what_may_be_compressed_is_set_as_a_whole(store, change):
    store.put(page(words=["a"]))
    with pytest.raises(RequestError, match="set the whole value"):
        store.update(ONE, words=change)


@pytest.mark.scans
def test_parts_expire_with_their_item(store, parts):
    store.put(page(image=noise(1), expires_at=DAY))
    expiry = {"N": str(int(DAY.timestamp()))}
    assert [each["TTL"] for each in parts()] == [expiry] * 2
    later = DAY + dt.timedelta(days=1)
    store.update(ONE, expires_at=later)
    assert [each["TTL"] for each in parts()] == [{"N": str(int(later.timestamp()))}] * 2
    store.update(ONE, expires_at=None)
    assert [each.get("TTL") for each in parts()] == [None] * 2
    assert store.get(Page, book="b", number=1).image == noise(1)
    store.update(ONE, expires_at=DAY)  # in copies, which end with it
    assert [each["TTL"] for each in parts()] == [expiry] * 2
    assert store.get(Page, book="b", number=1).image == noise(1)


@pytest.mark.parametrize("words", [["small"], ["compressed"] * 500])
def test_a_value_that_is_in_no_parts_does_not_keep_an_item_from_ending_later(store, words):
    store.put(page(image=b"small", words=words, expires_at=DAY))
    later = DAY + dt.timedelta(days=1)
    assert store.update(ONE, expires_at=later) == page(
        image=b"small", words=words, expires_at=later
    )


@pytest.mark.scans
def test_an_update_leaves_no_parts_of_what_it_replaces(store, parts):
    store.put(page(image=noise(1), words=[noise(1, 9_000).hex()]))
    assert len(parts()) == 3
    assert store.update(ONE, image=noise(2), notes="n").notes == "n"
    assert len(parts()) == 3
    updated = store.update(ONE, image=b"small", title="t")
    assert updated == store.get(Page, book="b", number=1)
    assert (updated.image, updated.title, len(parts())) == (b"small", "t", 1)
    assert store.update(ONE, image=if_missing(noise(3))).image == b"small"
    assert store.update(ONE, words=unset()).words == []
    assert parts() == []


def test_a_write_that_is_refused_changes_nothing(store):
    first = store.put(Draft(book="b", text=noise(1).hex()))
    second = store.put(Draft(book="b", text=noise(2).hex(), revision=1))
    with pytest.raises(RevisionConflict):
        store.put(Draft(book="b", text=noise(3).hex(), revision=1))
    with pytest.raises(ConditionFailed):
        store.update(ref(Draft, book="b"), text=noise(4).hex(), when={"revision": 9})
    assert store.get(Draft, book="b") == second != first


@pytest.mark.scans
def test_a_transaction_writes_payloads_of_any_size(store, parts):
    one, two = page(1, image=noise(1)), page(2, image=noise(2))
    store.transact(Create(one), Put(two))
    assert store.transact_get(ONE, ref(Page, book="b", number=2)) == [one, two]
    store.transact(Update(ONE, image=noise(3), words=["new"]), Put(page(2)))
    assert store.get(Page, book="b", number=1) == page(1, image=noise(3), words=["new"])
    assert store.get(Page, book="b", number=2) == page(2)
    with pytest.raises(TransactionCanceled):
        store.transact(Update(ONE, image=noise(4)), Create(page(2)))
    assert store.get(Page, book="b", number=1).image == noise(3)


@pytest.mark.scans
def test_a_moved_entity_takes_its_payloads_along(store, parts):
    store.put(page(image=noise(1)))
    assert store.move(ONE, number=7) == page(7, image=noise(1))
    assert store.get(Page, book="b", number=7) == page(7, image=noise(1))
    assert store.get(Page, book="b", number=1) is None
    assert len(parts()) == 2


@pytest.mark.parametrize("image", [b"", b"a", noise(1, 900), noise(1, 90_000)])
def test_an_entity_with_bytes_is_moved(store, image):
    store.put(page(image=image, words=["one"] * 400))
    assert store.move(ONE, number=7) == page(7, image=image, words=["one"] * 400)


def test_an_upsert_makes_and_changes_payloads(store):
    target = ref(Draft, book="b")
    assert store.upsert(target, text=noise(1).hex()).text == noise(1).hex()
    assert store.upsert(target, text=if_missing("other")).text == noise(1).hex()
    assert store.upsert(target, text=noise(2).hex()).text == noise(2).hex()
