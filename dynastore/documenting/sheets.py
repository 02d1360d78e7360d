"""Sample items as people draw a single table: a row for each item, those of a partition together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import orjson
from attrs import frozen

from ..keys.templates import FILLER
from ..table import PRIMARY, TYPE, Index
from ..values.attributes import AttributeMap, AttributeValue

LONGEST = 48  # characters of a value that are shown


@frozen
class SheetRow:
    """One item.

    Attributes:
        ranges: text of each range attribute.
        tag: its TYPE.
        attributes: the others that the index carries: name and value, shortened.
    """

    ranges: Sequence[str]
    tag: str
    attributes: Sequence[tuple[str, str]]


@frozen
class Sheet:
    """The table, or one index of it.

    Attributes:
        index: which; the primary key for the table.
        partitions: partition key and its items, in the order of the index.
    """

    index: Index
    partitions: Sequence[tuple[str, Sequence[SheetRow]]]

    @property
    def name(self) -> str:
        """The index's name, or what the table is called here."""
        return self.index.name or "Table"


def sheets_of(items: Sequence[AttributeMap], indexes: Iterable[Index]) -> list[Sheet]:
    """The sheet of the table, and one for each index."""
    return [_sheet(items, index) for index in (PRIMARY, *indexes)]


def _sheet(items: Sequence[AttributeMap], index: Index) -> Sheet:
    entries = sorted((each for each in items if index.hash in each), key=lambda e: _place(e, index))
    partitions = groupby(entries, key=lambda entry: entry[index.hash]["S"])
    return Sheet(index, [(text, [_row(e, index) for e in found]) for text, found in partitions])


def _place(item: AttributeMap, index: Index) -> list[bytes]:
    """Where an entry sorts: DynamoDB compares the bytes of its texts."""
    return [item[name]["S"].encode() for name in index.entry_key]


def _row(item: AttributeMap, index: Index) -> SheetRow:
    return SheetRow(
        ranges=[item[name]["S"] for name in index.ranges],
        tag=item[TYPE]["S"],
        attributes=[(name, shown(item[name])) for name in _carried(item, index)],
    )


def _carried(item: AttributeMap, index: Index) -> Iterator[str]:
    """The attributes of an entry beside its keys: first those that are ours, then the fields.

    In an index, the table's own key is one of them. Fillers say nothing.
    """
    carried = index.carried
    for name in sorted(item, key=lambda name: (not name.isupper(), name if name.isupper() else "")):
        is_key = name in {*index.attributes, TYPE} or item[name] == {"S": FILLER}
        if not is_key and (carried is None or name in {*carried, "PK", "SK"}):
            yield name


def shown(attribute: AttributeValue) -> str:
    """A value as a person reads it, shortened."""
    text = _text(attribute)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _text(attribute: AttributeValue) -> str:
    ((kind, value),) = attribute.items()
    if kind in {"S", "N"}:
        return str(value)
    if kind == "B":
        return "1 byte" if len(value) == 1 else f"{len(value):,} bytes"
    return orjson.dumps(_plain(attribute)).decode()


def _plain(attribute: Mapping[str, object]) -> object:
    ((kind, value),) = attribute.items()
    match kind, value:
        case "M", dict():
            return {name: _plain(each) for name, each in value.items()}
        case "L", list():
            return [_plain(each) for each in value]
        case "B", _:
            return "…"
        case "NULL", _:
            return None
        case "BS", list():
            return ["…"] * len(value)
    return value
