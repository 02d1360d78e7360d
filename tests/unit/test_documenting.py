"""The pages of a schema: they say what the codec encodes and what the planner plans, and nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any, Literal, NewType
from uuid import UUID

import attrs
import pytest

import dynastore
from dynastore import Schema, entity, gsi, key, payload
from dynastore.agents import agent_schema
from dynastore.documenting import as_html, as_markdown, described
from dynastore.documenting.calls import in_python
from dynastore.documenting.describing import type_text
from dynastore.documenting.docstrings import docstring_of
from dynastore.documenting.mermaid import as_mermaid
from dynastore.table import Index, Table, VectorIndex
from dynastore.terms import after, begins_with, between, exists, missing, one_of
from dynastore.testing import memory_store
from manual.models import Person, Task, schema

SCHEMAS = {"two entities": schema, "all of agents": agent_schema()}
EXPORTED = {name: getattr(dynastore, name) for name in dynastore.__all__}
NAMES = {
    **EXPORTED,
    "UTC": UTC,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "Decimal": Decimal,
}


@pytest.fixture(scope="module", params=SCHEMAS)
def made(request):
    return described(SCHEMAS[request.param])


@pytest.fixture(scope="module")
def tasks():
    return described(schema)


def test_every_entity_has_samples_that_are_read_again(made):
    for each in made.entities:
        assert each.samples.refusal == ""
        for sample in each.samples.found:
            assert each.codec.decode(sample.item) == sample.entity


def test_a_call_is_python_and_has_the_plan_that_stands_beside_it(made):
    store = memory_store(made.schema)
    names = {cls.__name__: cls for cls in made.schema.entities}
    known = {**NAMES, **names, "store": store}
    for each in made.entities:
        for question in each.questions:
            assert str(eval(question.call, known).plan) == str(question.plan)


def test_the_questions_find_the_samples(made):
    """Stored in a table, the samples are what the calls are about."""
    store = memory_store(made.schema)
    for each in made.entities:
        for sample in each.samples.found:
            store.put(sample.entity)
    known = {**NAMES, "store": store}
    known |= {cls.__name__: cls for cls in made.schema.entities}
    for each in made.entities:
        for question in each.questions:
            assert eval(question.call, known).first() is not None, question.call
    for collection in made.collections:
        if collection.question:
            found = eval(collection.question.call, known).page().entities
            assert {type(e) for e in found} == {e.spec.cls for e in collection.entities}


def test_a_question_stands_under_the_pattern_that_serves_it(made):
    for each in made.entities:
        served = [q for row in each.keys for q in each.questions_by(row.pattern)]
        assert len(served) == len(each.questions)
        assert each.questions_by("primary")


def test_no_question_is_asked_twice(made):
    for each in made.entities:
        calls = [question.call for question in each.questions]
        assert len(set(calls)) == len(calls)


def test_questions_read_as_one_asks_them(tasks):
    task = next(each for each in tasks.entities if each.name == "Task")
    assert [question.title for question in task.questions] == [
        "Task by person_id",
        "one Task, by person_id and task_id",
        "Task by team",
        "Task by team and status",
        "Task by team and status, newest due_at first",
        "Task by team and status, since a due_at",
        "Task between two moments of due_at, with status = 'open'",
    ]


def test_sheets_are_in_the_order_of_their_keys_and_show_what_an_index_carries(tasks):
    table, board, due = tasks.sheets
    ((partition, rows),) = table.partitions
    assert partition == "PERSON#person-1"
    assert [row.ranges for row in rows] == [["TASK#task-1"], ["TASK#task-2"], ["~"]]
    assert [row.tag for row in rows] == ["task", "task", "person"]
    ((_, (first, _)),) = board.partitions
    assert first.ranges == ["TASK", "open", "2026-01-05T09:30:00.000000Z", "-"]
    names = {name for _, rows in due.partitions for row in rows for name, _ in row.attributes}
    assert names == {"PK", "SK", "team"}


def test_what_a_class_refuses_is_said_in_place_of_a_sample():
    @entity("odd")
    class Odd:
        name: str = attrs.field(validator=attrs.validators.matches_re("[0-9]+"))
        primary = key("ODD#{name}", "~")

    (page,) = described(Schema([Odd])).entities
    assert page.samples.found == ()
    assert "No sample could be made: 'name' must match" in as_markdown(described(Schema([Odd])))


def test_entities_of_one_scope_say_so(tmp_path, monkeypatch):
    package = tmp_path / "documented"
    (package / "qa").mkdir(parents=True)
    source = "from dynastore import entity, key\n@entity('{0}')\nclass {1}:\n    name: str\n"
    source += "    primary = key('{1}#{{name}}', '~')\n"
    (package / "__init__.py").write_text(source.format("common", "Common"))
    (package / "qa" / "__init__.py").write_text(source.format("own", "Own"))
    monkeypatch.syspath_prepend(tmp_path)
    made = described(Schema.discover("documented"))
    assert [(each.name, each.scope) for each in made.entities] == [("Common", ""), ("Own", "qa")]
    assert made.entities[1].samples.found[0].item["PK"] == {"S": "@qa#Own#name-1"}
    assert [each.name for each, _ in made.matrix] == ["Common", "Own"]
    assert "scope qa" in as_html(made)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (str, "str"),
        (datetime | None, "datetime | None"),
        (dict[str, list[UUID]], "dict[str, list[UUID]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Literal["a.b", 1], 'Literal["a.b", 1]'),
        (NewType("Name", str), "Name"),
        (Any, "Any"),
        (list[Colour | None], "list[Colour | None]"),
    ],
)
def test_types_are_written_without_their_modules(annotation, text):
    assert type_text(annotation) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('say "x"', '"say \\"x\\""'),
        (None, "None"),
        (Colour.RED, "Colour.RED"),
        (datetime(2026, 1, 5, 9, 30, tzinfo=UTC), "datetime(2026, 1, 5, 9, 30, tzinfo=UTC)"),
        (date(2026, 1, 5), "date(2026, 1, 5)"),
        (timedelta(hours=1), "timedelta(seconds=3600)"),
        (UUID(int=1), 'UUID("00000000-0000-0000-0000-000000000001")'),
        (after(3), "after(3)"),
        (between("a", "b"), 'between("a", "b")'),
        (begins_with("a"), 'begins_with("a")'),
        (one_of("a", None), 'one_of("a", None)'),
        (exists(), "exists()"),
        (missing(), "missing()"),
    ],
)
def test_values_and_terms_are_written_as_in_a_call(value, text):
    assert in_python(value) == text


def test_a_docstring_is_paragraphs_and_what_it_says_of_attributes():
    class Documented:
        """A first line.

        See how it goes:

            open -> done

        Attributes:
            name: what it is
                called.
            size (int): in bytes.

        Raises:
            ValueError: never.
        """

    found = docstring_of(Documented)
    assert found.paragraphs == ["A first line.", "See how it goes:", "    open -> done"]
    assert found.attributes == {"name": "what it is called.", "size": "in bytes."}


def test_a_subclass_does_not_show_the_docstring_of_its_base():
    class Bare(Person):
        pass

    assert docstring_of(Bare).paragraphs == []


def test_the_diagram_joins_what_shares_a_partition_and_what_is_in_an_index(tasks):
    lines = [line.strip() for line in as_mermaid(tasks).splitlines()]
    assert lines[0] == "erDiagram"
    assert 'Person ||--o{ Task : "PERSON#{person_id}"' in lines
    assert 'GSI1 ||--o{ Task : "board TEAM#{team}"' in lines
    assert "str person_id PK" in lines


def test_rows_of_markdown_tables_have_the_cells_of_their_heads(made):
    heads = None
    for line in as_markdown(made).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            heads = None
            continue
        heads = heads or cells
        assert cells == heads, line


class Page(HTMLParser):
    """What is checked of a page: its ids, where its links go, and that its tags match."""

    EMPTY = frozenset({"meta", "br", "rect", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src") if name in found]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


def test_every_link_of_the_page_leads_to_a_place_in_it(made):
    page = Page(as_html(made))
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= {*page.ids}
    assert all(link.startswith("#") for link in page.links)


def test_the_page_needs_nothing_from_anywhere_and_allows_nothing_else(made):
    text = as_html(made)
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)[1]
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}'" in text
    assert re.findall(r"<script|<img|<link|@import|url\(|\sstyle=|\son\w+=", text) == []
    addresses = {*re.findall(r"https?://[^\"'\s<]+", text)}
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_what_a_docstring_says_is_text_and_no_markup():
    @entity("<b>&")
    class Sly:
        """It says <script>alert("x")</script> and `<i>`."""

        name: str
        primary = key("<u>#{name}", "~")

    text = as_html(described(Schema([Sly])))
    Page(text)
    assert "<script>" not in text
    assert "<code>&lt;i&gt;</code>" in text
    assert "&lt;script>" in as_markdown(described(Schema([Sly])))


def test_a_classic_index_a_slim_one_and_none_are_described():
    @entity("note")
    class Note:
        note_id: str
        topic: str | None = None
        text: str = payload(default="")
        primary = key("NOTE#{note_id}", "~")
        by_topic = gsi(1, "TOPIC#{topic}", "{note_id}", include=())

    @entity("alone")
    class Alone:
        name: str
        primary = key("ALONE#{name}", "~")

    classic = described(Schema([Note], Table("notes", (Index(1, 1, ()),))))
    assert [sheet.index.attributes for sheet in classic.sheets][1] == ("GSI1PK", "GSI1SK")
    assert "its keys only" in as_markdown(classic)
    assert "1 entity in one DynamoDB table with 0 indexes" in as_markdown(
        described(Schema([Alone]))
    )
    assert "<svg" in as_html(described(Schema([Alone])))


def test_what_a_table_has_besides_is_said():
    table = attrs.evolve(agent_schema(VectorIndex(8)).table, bucket="pictures", directory_shards=3)
    made = described(Schema(agent_schema().entities, table))
    for form in (as_html(made), as_markdown(made)):
        for part in (
            "Items expire by TTL",
            "bucket pictures",
            "of 8 dimensions",
            "over 3 partitions",
        ):
            assert part in form
    assert "{created_at}" in as_html(made)
    assert "expire" not in as_html(described(Schema([Person])))


def test_the_page_tells_what_fields_are(tasks):
    task = next(each for each in tasks.entities if each.name == "Task")
    roles = {each.name: [*each.roles] for each in task.fields}
    assert roles["revision"] == ["version"]
    assert roles["expires_at"] == ["expiry, 90 days, 0:00:00 after a write"]
    assert roles["notes"] == ["payload"]
    assert roles["due_at"] == ["key of board", "key of due"]
    person = next(each for each in tasks.entities if each.name == "Person")
    assert person.uniques == ["store.get_unique(Person, email=…)"]
    assert {each.name: each.default for each in person.fields}["joined_at"] == "when it is written"
    assert {each.name: each.about for each in person.fields}["email"] == "where reminders go."
    assert Task in schema.entities
