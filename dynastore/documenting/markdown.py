"""The pages of a schema as one Markdown file, with the diagram as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..planner.plan import counted
from . import words
from .describing import Described, Entity, KeyRow
from .mermaid import as_mermaid
from .questions import Question
from .sheets import Sheet

MARKUP = re.compile(r"`[^`]*`|^ {4}.*$|<(?!br>)", re.MULTILINE)  # code, or what begins a tag


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
        [str(i.name), f"`{i.hash}`", ", ".join(f"`{r}`" for r in i.ranges), words.projection(i)]
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
        keys = f"`{row.partition}` \\| `{words.range_text(row)}`"
        keys += f" only if {row.when}" if row.when else ""
        figures = [f"{row.cost.items:,.0f}", counted(row.cost.units), str(row.write_units)]
        rows.append([f"{row.entity}.{row.pattern}", row.index.name or "table", keys, *figures])
    yield from _table(["Pattern", "Index", "Partition \\| range", "Items", "Read", "Write"], rows)
    yield from (f"- {_plain(remark)}" for remark in described.remarks)
    yield ""


def _collections(described: Described) -> Iterator[str]:
    for each in described.collections:
        yield f"- `{each.partition}`: {', '.join(entity.name for entity in each.entities)}"
        if each.question:
            yield f"  <br>`{each.question.call}`: {words.request(each.question.plan)}"
    yield ""


def _entity(entity: Entity) -> Iterator[str]:
    yield f"### {entity.name}\n"
    where = (
        f", in scope {entity.scope} only, table {entity.schema.table.name}" if entity.scope else ""
    )
    yield f"TYPE `{entity.spec.tag}`{where}.\n"
    for paragraph in entity.about.paragraphs:
        yield _plain(paragraph.replace("``", "`")) + "\n"
    rows = [
        [
            f"`{f.name}`",
            f"`{f.type}`",
            f"`{f.default}`" if f.default else "",
            ", ".join(f.roles),
            f.about,
        ]
        for f in entity.fields
    ]
    yield from _table(["Field", "Type", "Default", "Is", "About"], rows)
    yield from _table(["Pattern", "Index", "Keys", "Notes"], [_key(each) for each in entity.keys])
    for text in entity.uniques:
        yield f"Unique: `{text}`\n"
    yield from _table(["Question", "Call", "Request", "Cost"], map(_question, entity.questions))
    if entity.samples.refusal:
        yield f"No sample could be made: {entity.samples.refusal}\n"


def _key(key: KeyRow) -> list[str]:
    texts = "<br>".join(f"{name} = `{text or '-'}`" for name, text in key.texts.items())
    return [key.pattern, key.index.name or "table", texts, "; ".join(key.notes)]


def _question(question: Question) -> list[str]:
    asked = "<br>".join([words.request(question.plan), *words.conditions(question.plan)])
    return [question.title, f"`{question.call}`", asked, words.cost(question.plan.cost)]


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"### {sheet.name}\n"
    rows: list[list[str]] = []
    for partition, items in sheet.partitions:
        for place, item in enumerate(items):
            shown = ", ".join(f"{name}: {value}" for name, value in item.attributes)
            ranges = [f"`{text}`" for text in item.ranges]
            rows.append(["" if place else f"`{partition}`", *ranges, item.tag, shown])
    heads = [sheet.index.hash, *sheet.index.ranges, "TYPE", "Attributes"]
    yield from _table(heads, rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _cell(text: str) -> str:
    """A text in a cell: on one line, and no bar of it ends the cell."""
    return _plain(text.replace("\n", " ").replace("\\|", "|").replace("|", "\\|"))


def _plain(text: str) -> str:
    """A text without HTML, but for the line breaks that are ours; code keeps what it has."""
    return MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else found[0], text)
