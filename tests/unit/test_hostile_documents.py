"""Pages of classes whose docstrings, tags, keys and defaults have all that Markdown and HTML obey."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import groupby
from typing import Literal

import pytest

pytest.importorskip("jinja2", reason="needs the extra dynastore[cli]")

from markdown_it import MarkdownIt

from dynastore import Schema, entity, gsi, key
from dynastore.documenting import as_html, as_markdown, as_workbench, described
from dynastore.documenting.docstrings import docstring_of
from dynastore.documenting.mermaid import as_mermaid

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
IMAGE = "<img src=x>"


@entity(f"wild`{IMAGE}|\n# tag")
class Wild:
    r"""Wild <img src=1> and `` ` <img src=code> ``, \` <img src=2> ` and ``` <img src=3> `.

    ` <img src=4>``

    Indented
        <img src=5>

    - an item

        <img src=6>

    # A heading <img src=7>

    Another
    =======

    ```python
    x = "<img src=code>"

    y = `z`
    ```

    ~~~
    never closed <img src=code>

    # Attributes

    Attributes:
        name: ` <img src=8>`` | a bar, and \` <img src=9> `
    """

    name: str = f"a` {IMAGE} `b|c\\|d\\"
    kind: Literal["a`<img>", '"><img>', "x\\|y"] = "a`<img>"

    primary = key("W`<img>`|[a](b)#name;#{name}", "K`{kind}")
    listed = gsi(1, "K;%%```|<img>*", "{name}", when={"kind": "x\\|y"})


@entity("tame")
class Tame:
    name: str

    primary = key("W`<img>`|[a](b)#name;#{name}", "TAME")


SCHEMA = Schema([Wild, Tame])
SECTIONS = (
    *("Table dynastore", "Keys and indexes", "Diagram", "Access patterns", "Collections"),
    *("Entities", "Wild", "Tame", "Sample items", "Table", "GSI1"),
)


class Parsed(HTMLParser):
    """Which elements a page has, the texts of its headings and of its code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.headings: list[str] = []
        self.codes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        if tag in {"h1", "h2", "h3"}:
            self.headings.append("")
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag):
        self.elements.append(f"/{tag}")

    def handle_data(self, data):
        opened = [each for each in self.elements if each in {"h1", "h2", "h3", "/h1", "/h2", "/h3"}]
        if opened and not opened[-1].startswith("/"):
            self.headings[-1] += data
        codes = [each for each in self.elements if each in {"code", "/code"}]
        if codes and codes[-1] == "code":
            self.codes[-1] += data


@pytest.fixture(scope="module")
def read() -> Parsed:
    """The Markdown page, as a reader of CommonMark with tables has it."""
    return Parsed(MarkdownIt("commonmark").enable("table").render(as_markdown(described(SCHEMA))))


def test_markdown_has_no_element_and_no_heading_but_its_own(read):
    assert "img" not in read.elements
    assert tuple(read.headings) == SECTIONS


def test_markdown_has_the_same_number_of_cells_in_each_row_of_a_table():
    """Counted as GitHub does: a backslash escapes what follows, also another one."""
    lines = as_markdown(described(SCHEMA)).splitlines()
    bars = [re.sub(r"\\.", "", each).count("|") if each.startswith("|") else 0 for each in lines]
    tables = [{*some} for is_table, some in groupby(bars, bool) if is_table]
    assert len(tables) == 10
    assert all(len(each) == 1 for each in tables)


@pytest.mark.parametrize(
    "text",
    [
        "W`<img>`|[a](b)#name;#{name}",
        f"wild`{IMAGE}|\n# tag",
        "K`{kind}",
        '"a` <img src=x> `b|c\\\\|d\\\\"',
        " ` <img src=code> ".strip(),
        'x = "<img src=code>"\n\ny = `z`\n',
        "never closed <img src=code>\n\n# Attributes\n",
    ],
)
def test_what_markdown_shows_as_code_is_the_text_as_it_is(read, text):
    assert text in read.codes


def test_html_has_no_element_of_theirs():
    page = Parsed(as_html(described(SCHEMA)))
    assert "img" not in page.elements
    assert "W`<img>`|[a](b)#name;#{name}" in page.codes


def test_code_between_fences_is_one_paragraph():
    paragraphs = docstring_of(Wild).paragraphs
    assert '    x = "<img src=code>"\n\n    y = `z`' in paragraphs
    assert paragraphs[-1].startswith("    never closed")


def test_a_diagram_reads_no_character_by_its_name():
    assert '"W`<img>`|[a](b)#35;name;#{name}"' in as_mermaid(described(SCHEMA))


@pytest.mark.parametrize(
    "form", [as_markdown, as_html, lambda pages: str(as_workbench(pages, NOON))]
)
def test_a_schema_of_nothing_has_pages(form):
    assert "dynastore" in form(described(Schema([])))
