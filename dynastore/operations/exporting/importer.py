"""Importing: items are written as an export has them, what belongs to an item before it.

A line that is written again is what it was, so an import that was killed goes on where it last knew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from attrs import evolve, field, frozen

from ...capacity import item_bytes, write_units
from ...codec.payload_objects import Owner
from ...entities.uniques import GUARD
from ...errors import DataError, RequestError
from ...keys.templates import ACROSS, scope_prefix
from ...requests import Key, PutItem, Steps, Wait
from ...requests.objects import HeadObject, PutObject
from ...schema.schema import Schema
from ...table import CONSUMER, PART, SCOPE, TYPE
from ...values.attributes import AttributeMap, as_sent
from ..together import IN_FLIGHT, read_together, send_all
from ..writing.batches import WINDOW, write_plainly
from .lines import Header, Line, StoredForm, Total, read_line

WINDOW_BYTES = 32 * 1024 * 1024  # of lines that are held at once; one may be larger
INDEX_HASH = re.compile(r"GSI\d+(?:PK|H)")  # names of attributes; see `table.Index.hash`
OURS = frozenset({CONSUMER, GUARD, PART, SCOPE, ""})  # TYPE of what no entity is


@frozen
class Checked:
    """An export that is whole.

    Attributes:
        header: what it is of.
        total: what is in it.
    """

    header: Header
    total: Total

    def check_fits(self, schema: Schema, *, others: bool) -> None:
        """Refuse to import what a schema cannot read.

        Args:
            schema: of the table that it is imported to.
            others: whether items are welcome whose types the schema does not know.

        Raises:
            RequestError: it has such items, or objects, and the table has no bucket.
        """
        known = {codec.spec.tag for codec in schema.codecs.values()} | OURS
        unknown = sorted(self.total.entities.keys() - known)
        if unknown and not others:
            raise RequestError(
                f"the export has items of type {', '.join(unknown)}, which this schema does not "
                "know; import it with the schema that does, or with --unknown-types as they are"
            )
        if self.total.objects.items and schema.table.bucket is None:
            raise RequestError(
                f"the export has {self.total.objects.items:,} objects, and the table of this schema "
                "has no bucket; name it: --bucket, or Table(..., bucket=...)"
            )


@frozen
class Window:
    """Lines that are written at the same time.

    Attributes:
        items: that are no parts.
        parts: of payloads.
        objects: for the bucket.
        end: number of the last line, from 1.
        size_bytes: of the lines.
    """

    items: tuple[AttributeMap, ...] = field(repr=False)
    parts: tuple[AttributeMap, ...] = field(repr=False)
    objects: tuple[StoredForm, ...] = field(repr=False)
    end: int
    size_bytes: int


def check(lines: Iterable[bytes], where: str) -> Checked:
    """Read an export to its end, and see that it is whole. Nothing is sent.

    Args:
        lines: all of them.
        where: they are, for errors.

    Raises:
        DataError: a line is damaged or lacking, or the lines are not what the last one says.
    """
    header: Header | None = None
    found, end = Total(), None
    for number, line in numbered(lines, where):
        if end is not None or isinstance(line, Header) != (number == 1):
            raise DataError(f"{where}, line {number}: it is out of place; the export is damaged")
        match line:
            case Header():
                header = line
            case Total():
                end = line
            case StoredForm():
                found = found.with_object(line)
            case _:
                found = found.with_item(line)
        if header is not None and header.scopes:
            _check_inside(line, header.scopes, f"{where}, line {number}")
    if header is None or end is None:
        raise DataError(
            f"{where} is cut off: it has no last line; go on with the export, or make another one"
        )
    if evolve(found, missing=end.missing) != end:
        raise DataError(
            f"{where} is damaged: it has {found.items.items:,} items with checksum "
            f"{found.items.checksum:032x} and {found.objects.items:,} objects, and its last line says "
            f"{end.items.items:,}, {end.items.checksum:032x} and {end.objects.items:,}"
        )
    return Checked(header, end)


def _check_inside(line: Line, scopes: Sequence[str], where: str) -> None:
    """Refuse what an export of a scope cannot have: what is of another one, or is found there.

    Raises:
        DataError: an item, an object or an entry of an index is outside of the scope.
    """
    match line:
        case StoredForm(owner=owner):
            found = {"PK": owner.pk}
        case dict():
            hashes = [name for name in line if name == "PK" or INDEX_HASH.fullmatch(name)]
            found = {name: line[name].get("S", "") for name in hashes}
        case _:
            return
    inside = scope_prefix(scopes)
    across = tuple(scope_prefix(scopes[:at]) + ACROSS for at in range(len(scopes)))
    for name, text in found.items():
        if not text.startswith(inside) and (name == "PK" or not text.startswith(across)):
            raise DataError(
                f"{where}: its {name} {text[:60]!r} is outside of scope {'/'.join(scopes)}, which the "
                "export is of; somebody has changed it"
            )


def numbered(lines: Iterable[bytes], where: str, after: int = 0) -> Iterator[tuple[int, Line]]:
    """Lines with their numbers from 1, those behind a number.

    Raises:
        DataError: one is damaged; it says which.
    """
    for number, text in enumerate(lines, 1):
        if number <= after:
            continue
        try:
            line = read_line(text)
        except DataError as error:
            raise DataError(f"{where}, line {number}: {error}") from error
        yield number, line


def windows(lines: Iterable[bytes], where: str, after: int) -> Iterator[Window]:
    """What is written at the same time, of the lines behind a number.

    Raises:
        DataError: a line is damaged.
    """
    items: dict[Key, AttributeMap] = {}
    parts: dict[Key, AttributeMap] = {}
    objects: list[StoredForm] = []
    end, size = after, 0
    for number, line in numbered(lines, where, after):
        match line:
            case StoredForm():
                objects.append(line)
                size += len(line.body)
            case dict():
                of_type = parts if line.get(TYPE) == {"S": PART} else items
                of_type[Key.of(line)] = line
                size += item_bytes(line)
        end = number
        if len(items) + len(parts) >= WINDOW or size >= WINDOW_BYTES:
            yield Window((*items.values(),), (*parts.values(),), (*objects,), end, size)
            items, parts, objects, size = {}, {}, [], 0
    yield Window((*items.values(),), (*parts.values(),), (*objects,), end, size)


def write(schema: Schema, window: Window, rate: float | None) -> Steps[None]:
    """Write a window: objects, then parts, then items; then wait as long as that takes of the rate.

    Raises:
        RequestError: an object of another table has the name of one of these.
        DynastoreError: something could not be written; write it again.
    """
    for at in range(0, len(window.objects), IN_FLIGHT):
        yield from _put_objects(schema, window.objects[at : at + IN_FLIGHT])
    for some in (window.parts, window.items):
        yield from write_plainly(PutItem(schema.table.name, _sent(each)) for each in some)
    if rate is not None:
        units = sum(_units(schema, each) for each in (*window.parts, *window.items))
        yield from Wait(units / rate)


def _put_objects(schema: Schema, objects: Sequence[StoredForm]) -> Steps[None]:
    """Write objects that are not there; whoever refers to them is written after them."""
    bucket, table = str(schema.table.bucket), schema.table.name
    told = yield from read_together([HeadObject(bucket, each.name) for each in objects])
    new = [
        each
        for each, found in zip(objects, told, strict=True)
        if not is_there(each.name, bucket, table, found)
    ]
    yield from send_all(put_of(each, bucket, table) for each in new)


def is_there(name: str, bucket: str, table: str, metadata: Mapping[str, str] | None) -> bool:
    """Whether an object is in the bucket already, as one of the table.

    Raises:
        RequestError: it is one of another table, whose sweep would delete it.
    """
    owner = Owner.of(metadata or {})
    if owner is not None and owner.table != table:
        raise RequestError(
            f"bucket {bucket} has the payloads of table {owner.table}, and {name} is one of them; a "
            f"sweep of that table would delete it. Give table {table} a bucket of its own"
        )
    return owner is not None


def put_of(stored: StoredForm, bucket: str, table: str) -> PutObject:
    """What writes an object as one of a table."""
    owner = Owner(table, stored.owner, stored.field)
    digest = sha256(stored.body).digest()
    return PutObject(bucket, stored.name, stored.body, digest, owner.metadata)


def _sent(item: AttributeMap) -> AttributeMap:
    sent: AttributeMap = as_sent({"M": item})["M"]
    return sent


def _units(schema: Schema, item: AttributeMap) -> float:
    """At most; entries of an index may be smaller than the item."""
    entries = sum(index.hash in item for index in schema.table.indexes)
    return write_units(item_bytes(item)) * (1 + entries)
