"""The pages of a schema as one Markdown file, with the diagram as Mermaid text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ..planner.plan import counted
from . import words
from .describing import Described, Entity, KeyRow
from .mermaid import as_mermaid
from .questions import Question
from .sheets import Sheet

# Of prose, as CommonMark reads it: an escaped character, code, backquotes alone, what begins a tag.
MARKUP = re.compile(r"\\.|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|`+|<", re.DOTALL)
BLOCK = re.compile(
    r"^ {0,3}(?=#|>|~~~|```|=+\s*$|--+\s*$)", re.MULTILINE
)  # a heading, a quotation, a fence
SPECIAL = re.compile(r"[\\`*<\[\]&]")  # of a text that is no prose
NO_WORD = re.compile(r"[^\w ]|_")


def as_markdown(described: Described) -> str:
    """The file."""
    return "\n".join(_lines(described)).rstrip() + "\n"


def _lines(described: Described) -> Iterator[str]:
    table = described.table
    yield f"# Table {table.name}\n"
    yield f"{words.size(described)}. Made of the schema by `dynastore docs`.\n"
    yield "## Keys and indexes\n"
    rows = [["the table", "`PK`", "`SK`", "all attributes"]]
    rows += [
        [str(i.name), f"`{i.hash}`", ", ".join(map(_code, i.ranges)), words.projection(i)]
        for i in table.indexes
    ]
    yield from _table(["Index", "Partition key", "Range key", "Carries"], rows)
    for sentence in words.beside(described):
        yield f"{sentence}\n"
    yield "## Diagram\n"
    yield f"```mermaid\n{as_mermaid(described)}```\n"
    yield "## Access patterns\n"
    yield from _matrix(described)
    yield "## Collections\n"
    yield from _collections(described)
    yield "## Entities\n"
    for entity in described.entities:
        yield from _entity(entity)
    yield "## Sample items\n"
    for sheet in described.sheets:
        yield from _sheet(sheet)


def _matrix(described: Described) -> Iterator[str]:
    yield (
        "Items, and the read units that they take, are of one whole partition; write units are of one "
        "put. They follow the hints of `@entity(count=, item_bytes=, distinct=)`, or defaults.\n"
    )
    rows = []
    for row in (row for _, some in described.matrix for row in some):
        keys = f"{_code(row.partition)} | {_code(words.range_text(row))}"
        keys += f" only if {_text(row.when)}" if row.when else ""
        figures = [f"{row.cost.items:,.0f}", counted(row.cost.units), str(row.write_units)]
        rows.append([f"{row.entity}.{row.pattern}", row.index.name or "table", keys, *figures])
    yield from _table(["Pattern", "Index", "Partition | range", "Items", "Read", "Write"], rows)
    yield from (f"- {_text(remark)}" for remark in described.remarks)
    yield ""


def _collections(described: Described) -> Iterator[str]:
    for each in described.collections:
        yield f"- {_code(each.partition)}: {', '.join(entity.name for entity in each.entities)}"
        if each.question:
            yield f"  <br>{_code(each.question.call)}: {words.request(each.question.plan)}"
    yield ""


def _entity(entity: Entity) -> Iterator[str]:
    yield f"### {entity.name}\n"
    where = (
        f", in scope {entity.scope} only, table {entity.schema.table.name}" if entity.scope else ""
    )
    yield f"TYPE {_code(entity.spec.tag)}{where}.\n"
    for paragraph in entity.about.paragraphs:
        yield _paragraph(paragraph) + "\n"
    rows = [
        [
            _code(f.name),
            _code(f.type),
            _code(f.default) if f.default else "",
            ", ".join(f.roles),
            _prose(f.about),
        ]
        for f in entity.fields
    ]
    yield from _table(["Field", "Type", "Default", "Is", "About"], rows)
    yield from _table(["Pattern", "Index", "Keys", "Notes"], [_key(each) for each in entity.keys])
    for text in entity.uniques:
        yield f"Unique: {_code(text)}\n"
    yield from _table(["Question", "Call", "Request", "Cost"], map(_question, entity.questions))
    if entity.samples.refusal:
        yield f"No sample could be made: {_text(entity.samples.refusal)}\n"


def _key(key: KeyRow) -> list[str]:
    texts = "<br>".join(f"{name} = {_code(text or '-')}" for name, text in key.texts.items())
    return [key.pattern, key.index.name or "table", texts, _text("; ".join(key.notes))]


def _question(question: Question) -> list[str]:
    conditions = map(_text, words.conditions(question.plan))
    asked = "<br>".join([words.request(question.plan), *conditions])
    return [_text(question.title), _code(question.call), asked, words.cost(question.plan.cost)]


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"### {sheet.name}\n"
    rows: list[list[str]] = []
    for partition, items in sheet.partitions:
        for place, item in enumerate(items):
            shown = ", ".join(f"{name}: {_text(value)}" for name, value in item.attributes)
            ranges = map(_code, item.ranges)
            rows.append(["" if place else _code(partition), *ranges, _text(item.tag), shown])
    heads = [sheet.index.hash, *sheet.index.ranges, "TYPE", "Attributes"]
    yield from _table(heads, rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_cell, heads))} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _cell(markdown: str) -> str:
    """What is in a cell: on one line, and no bar of it ends the cell."""
    return markdown.replace("\n", " ").replace("|", "\\|")


def _code(text: str) -> str:
    """A text as code; where backquotes cannot hold it, as the element that they stand for."""
    if "`" in text or "\\|" in text or text.endswith("\\"):
        return f"<code>{NO_WORD.sub(_entity_of, text)}</code>"
    return f"`{text}`".replace("\n", " ")


def _text(text: str) -> str:
    """A text that is no Markdown, as it is."""
    return SPECIAL.sub(_entity_of, text)


def _paragraph(text: str) -> str:
    """A paragraph of a docstring: code in a fence, and of others no line begins a block of its own."""
    if all(line.startswith("    ") for line in text.splitlines() if line.strip()):
        longest = max(map(len, re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{textwrap.dedent(text)}\n{fence}"
    return BLOCK.sub(r"\\", _prose(text))


def _prose(text: str) -> str:
    """Markdown of somebody, without HTML; its code has what it has."""
    return MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else found[0], text)


def _entity_of(found: re.Match[str]) -> str:
    return "&lt;" if found[0] == "<" else f"&#{ord(found[0])};"
