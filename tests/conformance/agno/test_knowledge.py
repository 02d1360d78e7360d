"""What users of Agno's own DynamoDB storage meet today, and must not meet here: knowledge."""

from __future__ import annotations

from random import Random

import pytest
from agno.knowledge.content import ContentStatus

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.requests import Scan
from dynastore.testing import recorded

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN, document

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def test_every_column_round_trips(db, open_db):
    row = document(
        description="é" * 2_000,
        metadata={"a": [1, 2.5, None, {"b": "\ud800"}], "_agno": {}},
        type="pdf",
        size=2**40,
        linked_to="docs",
        access_count=0,
        status="failed",
        status_message="why",
        external_id="x-1",
        updated_at=BEGAN + 1,
    )
    assert db.upsert_knowledge_content(row) is row
    assert open_db().get_knowledge_content("k0") == row
    assert db.get_knowledge_contents() == ([row], 1)


def test_a_status_may_be_one_of_agnos(db, open_db):
    row = document()
    for status in (ContentStatus.PROCESSING, ContentStatus.COMPLETED):
        row.status = status
        db.upsert_knowledge_content(row)
        assert open_db().get_knowledge_content("k0").status == status.value


def test_what_a_row_leaves_out_stays(db, open_db):
    db.upsert_knowledge_content(document(metadata={"k": 1}, status="processing", linked_to="docs"))
    for other in (db, open_db()):
        other.upsert_knowledge_content(document(status="completed", created_at=None))
        found = other.get_knowledge_content("k0")
        assert (found.status, found.metadata, found.linked_to) == ("completed", {"k": 1}, "docs")
        assert found.created_at == BEGAN


def test_what_is_everybodys_is_read_by_all_and_written_by_none_of_them(db, open_db):
    db.upsert_knowledge_content(document(user_id=None))
    for other in (db, open_db()):
        with pytest.raises(ValueError, match="k0 not found"):
            other.upsert_knowledge_content(document(user_id="ann", name="hers"))
        other.delete_knowledge_content("k0", user_id="ann")
        assert other.get_knowledge_content("k0", user_id="ann").name == "file 0"
    db.delete_knowledge_content("k0")
    assert db.get_knowledge_content("k0") is None


def test_what_is_another_users_is_neither_read_nor_written(db, open_db):
    db.upsert_knowledge_content(document(user_id="ann"))
    for other in (db, open_db()):
        with pytest.raises(ValueError, match="k0 not found"):
            other.upsert_knowledge_content(document(user_id="bob", name="his"))
        other.delete_knowledge_content("k0", user_id="bob")
        assert other.get_knowledge_content("k0", user_id="bob") is None
        assert other.get_knowledge_contents(user_id="bob") == ([], 0)
    assert db.get_knowledge_content("k0", user_id="ann").name == "file 0"


def test_of_racing_users_one_owns_a_document(db, store):
    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        row = document(user_id=f"user-{number}", name=f"of user-{number}")
        return kind(store).upsert_knowledge_content(row)

    outcomes = at_once(store, call, 10)
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert [type(each) for each in lost] == [ValueError] * 9
    found = db.get_knowledge_content("k0")
    assert found.name == f"of {found.user_id}"


def test_lists_honour_filters_pages_and_orders(db):
    for number, user in enumerate(("ann", "bob", None, "ann", "ann")):
        base = "docs" if number < 4 else "faq"
        db.upsert_knowledge_content(document(number, user, linked_to=base, size=10 - number))

    def ids(total, **options):
        rows, found = db.get_knowledge_contents(**options)
        assert found == total
        return [int(each.id.removeprefix("k")) for each in rows]

    assert ids(5, limit=2, page=2, sort_by="created_at", sort_order="asc") == [2, 3]
    assert ids(5, limit=2, page=3, sort_by="created_at", sort_order="desc") == [0]
    assert ids(5, limit=1, page=9) == []
    assert ids(4, linked_to="docs", sort_by="name", sort_order="desc") == [3, 2, 1, 0]
    assert ids(4, user_id="ann", sort_by="size", sort_order="asc") == [4, 3, 2, 0]
    assert ids(3, user_id="ann", linked_to="docs", limit=1, sort_by="created_at") == [3]
    with pytest.raises(ValueError, match="without `limit`"):
        db.get_knowledge_contents(page=2)


def test_an_index_entry_of_before_shows_nothing_of_another_user(db, settled):
    db.upsert_knowledge_content(document(user_id=None, linked_to="docs"))
    settled()
    db.delete_knowledge_content("k0")
    db.upsert_knowledge_content(document(user_id="bob", linked_to="docs"))
    assert db.unsettled.get_knowledge_contents(user_id="ann", linked_to="docs")[0] == []


@pytest.mark.scans
def test_a_document_is_of_any_size_and_leaves_nothing(db, open_db, store):
    noise = Random(1).randbytes(450_000).hex()  # does not fit an item, compressed or not
    row = document(metadata={"text": noise})
    db.upsert_knowledge_content(row)
    assert open_db().get_knowledge_content("k0") == row
    assert db.get_knowledge_contents()[0] == [row]
    open_db().delete_knowledge_content("k0", user_id="ann")
    assert store.run(_items(store)) == 0


def _items(store):
    page = yield from Scan(store.schema.table.name)
    return len(page.items)


def test_a_document_takes_a_request_for_each_call(db):
    def sent_by(call, *given, **named):
        with recorded(db.store) as sent:
            getattr(db, call)(*given, **named)
        return [each.request.operation for each in sent]

    assert sent_by("upsert_knowledge_content", document()) == ["PutItem"]
    assert sent_by("upsert_knowledge_content", document(status="ready")) == ["UpdateItem"]
    assert sent_by("get_knowledge_content", "k0", user_id="ann") == ["GetItem"]
    assert sent_by("delete_knowledge_content", "k0", user_id="ann") == ["DeleteItem"]
