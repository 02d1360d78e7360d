"""Plans as text, JSON and diagrams say what is sent; the overview says what is odd."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from dynastore import Index, Schema, Table, any_of, entity, gsi, key, one_of, since
from dynastore.capacity import READ_DOLLARS
from dynastore.errors import RequestError
from dynastore.planner.explain import as_mermaid
from dynastore.schema.overview import remarks, rows
from dynastore.testing import memory_store, recorded


@entity("job", count=1_000, item_bytes=2_000, distinct={"owner": 10})
class Job:
    """Something to do."""

    job_id: str
    owner: str
    state: Literal["new", "done"] = "new"
    weight: int = 0
    notes: str = ""

    primary = key("J#{job_id}", "~")
    by_owner = gsi(1, "OWNER#{owner}", "JOB", "{weight}")
    waiting = gsi(2, "NEW", "{weight}", when={"state": "new"}, include=["owner"])


SCHEMA = Schema([Job])


@pytest.fixture
def store() -> Any:
    store = memory_store(SCHEMA)
    store.create_table()
    return store


def test_json_has_what_the_text_has(store):
    jobs = store.query(Job, owner="ann", weight=since(5), notes="x").newest_first().limit(3)
    told = json.loads(jobs.explain("json"))
    (path,) = told["paths"]
    assert path["branches"] == [["GSI1H = 'OWNER#ann'", "GSI1R1 = 'JOB'", "GSI1R2 >= '015'"]]
    assert path["filters_at_the_server"] == ["notes = 'x'"]
    assert told["order"] == {"by": [], "made_by": "index", "newest_first": True}
    assert told["limit"] == 3
    assert told["passed_over"] == dict(jobs.plan.passed_over)
    for text in (*path["branches"][0], "notes = 'x'", "newest first", "the first 3"):
        assert text in jobs.explain()


def test_dollars_are_those_of_the_read_units(store):
    told = json.loads(store.query(Job, owner="ann").explain("json"))["cost"]
    assert told["requests"] == {"floor": 1}
    assert told["items"] == {"expected": 100}  # a tenth of a thousand
    assert told["read_units"] == {"floor": 0.5, "expected": 100 * 2_000 / 4_096 / 2}
    floor = told["dollars_per_million_calls"]["floor"]
    assert floor == pytest.approx(0.5 * READ_DOLLARS)


def test_the_floor_is_what_a_query_takes_that_finds_nothing(store):
    for query in (
        store.query(Job, owner="ann"),
        store.query(Job, owner=one_of("ann", "bob")),
        store.query(Job, state="new"),
        store.query(Job, job_id=one_of("a", "b"), owner="ann"),
        store.query(Job, any_of(owner="ann", job_id="b")),
    ):
        with recorded(store) as sent:
            assert list(query) == []
        assert len(sent) == query.plan.cost.requests
        assert sum(each.units for each in sent) == query.plan.cost.floor


def test_a_diagram_leads_from_what_is_asked_to_the_results(store):
    drawn = store.query(Job, any_of(owner="ann", job_id="b")).order_by("weight").explain("mermaid")
    assert drawn.startswith("flowchart LR\n")
    assert "OWNER#ann" in drawn
    assert drawn.count("--> results") == 2


def test_a_diagram_escapes_what_html_and_mermaid_read_themselves(store):
    drawn = store.query(Job, owner='<b>"&#35;').explain("mermaid")
    assert "owner = '&lt;b&gt;&quot;&amp;# 35;'" in drawn


def test_what_sends_nothing_says_so(store):
    nothing = store.query(Job, owner=one_of())
    assert "nothing to send" in nothing.explain()
    assert "nothing to send" in as_mermaid(nothing.plan)
    assert json.loads(nothing.explain("json"))["paths"] == []


def test_another_form_is_refused(store):
    with pytest.raises(RequestError, match="text, json or mermaid"):
        store.query(Job, owner="ann").explain("yaml")


def test_the_overview_has_a_row_for_each_pattern():
    found = {row.pattern: row for row in rows(SCHEMA)}
    assert [*found] == ["primary", "by_owner", "waiting"]
    assert found["by_owner"].cost.items == 100
    assert found["by_owner"].write_units == 2
    assert found["waiting"].when == "state = 'new'"
    assert found["waiting"].write_units == 1  # its entries are slim


def test_a_partition_for_everything_is_remarked():
    (remark,) = remarks(SCHEMA)
    assert remark.startswith("Job.waiting has all its items in one partition, NEW")


def test_indexes_without_use_and_entities_that_meet_are_remarked():
    @entity("task")
    class Task:
        task_id: str
        owner: str
        primary = key("T#{task_id}", "~")
        by_owner = gsi(1, "OWNER#{owner}", "JOB", "{task_id}")

    table = Table("work", (Index(1), Index(2, fields=("owner",)), Index(7)))
    found = remarks(Schema([Job, Task], table))
    assert "GSI7 of table work is used by no access pattern; drop it" in found
    assert sum("may read items of other entities" in each for each in found) == 2
