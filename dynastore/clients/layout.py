"""How a table is kept in SQLite, and the SQL that reads and writes it.

An item is one row: its key, the item as JSON, its size, and the key attributes of each index it is
in::

    PK     SK         item                          bytes  GSI1H    GSI1R1  ...
    USER#1 SESSION#1  {"PK":{"S":"USER#1"}, ...}    311    AGENT#7  open    ...

SQLite orders texts by their UTF-8 bytes (its BINARY collation), as DynamoDB does.
"""

from __future__ import annotations

from functools import cached_property

import orjson
from attrs import frozen

from ..capacity import LIMIT_BYTES, item_bytes
from ..errors import ItemTooLarge, RequestError
from ..keys.templates import HASH_BYTES, RANGE_BYTES
from ..requests import Key
from ..requests.vectors import check_vector
from ..table import PRIMARY, Index, Table
from ..values.attributes import AttributeMap, AttributeValue
from ..values.wire_values import utf8
from .metering import Image, entry

# The index on TTL is on the item itself, so that no writer of the file can leave it out.
_TTL = "json_extract(item, '$.TTL.N')"
_END = f"CAST({_TTL} AS INTEGER)"


@frozen
class Layout:
    """A table in the file.

    Attributes:
        number: its number there. It names the SQL table: SQLite takes names that differ in case
            only for one, DynamoDB does not.
        table: its definition.
        computed: numbers of the indexes that were added later. SQLite itself computes their
            columns of the item, so that they are right whoever writes, also those who opened the
            file before and do not know them.
    """

    number: int
    table: Table
    computed: frozenset[int] = frozenset()

    @property
    def rows(self) -> str:
        """Name of the SQL table."""
        return f"dynastore_items_{self.number}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that are written, in the order of `row`."""
        keys = (name for index in self._written for name in index.attributes)
        return ("PK", "SK", "item", "bytes", *keys)

    @cached_property
    def _written(self) -> tuple[Index, ...]:
        """The indexes whose columns are written."""
        return tuple(each for each in self.table.indexes if each.number not in self.computed)

    @property
    def creation(self) -> tuple[str, ...]:
        """The statements that create it."""
        keys = "".join(f", {name} TEXT" for name in self.columns[4:])
        table = (
            f"CREATE TABLE {self.rows} (PK TEXT NOT NULL, SK TEXT NOT NULL, item TEXT NOT NULL, "
            f"bytes INTEGER NOT NULL{keys}, PRIMARY KEY (PK, SK))"
        )
        indexes = (self._index_creation(index) for index in self.table.indexes)
        return (table, *indexes, *([self.vector_index] if self.table.vectors else ()))

    def addition(self, index: Index) -> tuple[str, ...]:
        """The statements that add an index, and make its entries of the items that are stored."""
        texts = {name: f"json_extract(item, '$.{name}.S')" for name in index.attributes}
        has_all = " AND ".join(f"{texts[name]} IS NOT NULL" for name in index.ranges)
        texts[index.hash] = f"CASE WHEN {has_all} THEN {texts[index.hash]} END"
        columns = (
            f"ALTER TABLE {self.rows} ADD COLUMN {name} TEXT GENERATED ALWAYS AS ({text}) VIRTUAL"
            for name, text in texts.items()
        )
        return (*columns, self._index_creation(index))

    def _index_creation(self, index: Index) -> str:
        columns = ", ".join((*index.attributes, "PK", "SK"))
        return (
            f"CREATE INDEX {self.rows}_{index.name} ON {self.rows} ({columns}) "
            f"WHERE {index.hash} IS NOT NULL"
        )

    @property
    def expiry_index(self) -> str:
        """The statement that makes the index on ``TTL``; none but items that expire are in it."""
        return (
            f"CREATE INDEX IF NOT EXISTS {self.rows}_ttl ON {self.rows} ({_END}) "
            f"WHERE {_TTL} IS NOT NULL"
        )

    @property
    def vector_index(self) -> str:
        """The statement that makes the index on items with a vector; it has those items, in order."""
        return f"CREATE INDEX {self.rows}_vectors ON {self.rows} (PK, SK) WHERE {self._has_vector}"

    @cached_property
    def vectors(self) -> str:
        """Reads the items of a partition that have a vector, by sort key."""
        return f"SELECT item FROM {self.rows} WHERE PK = ? AND {self._has_vector} ORDER BY SK"

    @property
    def _has_vector(self) -> str:
        assert self.table.vectors is not None, "the table has a vector index"
        return f"json_type(item, '$.\"{self.table.vectors.field}\".L') = 'array'"

    @cached_property
    def ended(self) -> str:
        """Reads some keys of items that end after one second, and not after another; oldest first."""
        return (
            f"SELECT PK, SK FROM {self.rows} WHERE {_TTL} IS NOT NULL "
            f"AND {_END} > ? AND {_END} <= ? ORDER BY {_END} LIMIT ?"
        )

    @cached_property
    def get(self) -> str:
        """Reads size and item of a key."""
        return f"SELECT bytes, item FROM {self.rows} WHERE PK = ? AND SK = ?"

    @cached_property
    def put(self) -> str:
        """Writes a `row`, over what is there."""
        columns = self.columns
        places = ", ".join("?" * len(columns))
        replaced = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
        return (
            f"INSERT INTO {self.rows} ({', '.join(columns)}) VALUES ({places}) "
            f"ON CONFLICT (PK, SK) DO UPDATE SET {replaced}"
        )

    @cached_property
    def delete(self) -> str:
        """Deletes the row of a key."""
        return f"DELETE FROM {self.rows} WHERE PK = ? AND SK = ?"

    def row(self, image: Image) -> list[str | int | None]:
        """The values of the columns for an item."""
        item = image.item
        row = [item["PK"]["S"], item["SK"]["S"], orjson.dumps(item).decode(), image.size]
        for index in self._written:
            row += entry(index, item) or [None] * len(index.attributes)
        return row

    def image(self, item: AttributeMap) -> Image:
        """An item with its size, once it is known to fit DynamoDB's limits.

        Args:
            item: as `values.kept_item` makes it.

        Raises:
            RequestError: a key attribute is missing, no text, empty or too long; or a vector does
                not fit the vector index.
            ItemTooLarge: it is over 400 KB.
        """
        for name, limit in self._key_limits.items():
            if name in item:
                key_text(name, item[name], limit)
        if "PK" not in item or "SK" not in item:
            raise RequestError("an item needs its primary key, the texts PK and SK")
        if self.table.vectors is not None and self.table.vectors.field in item:
            check_vector(self.table.vectors, vector_in(item[self.table.vectors.field]))
        size = item_bytes(item)
        if size > LIMIT_BYTES:
            raise ItemTooLarge(Key.of(item), size_bytes=size, limit_bytes=LIMIT_BYTES)
        return Image(item, size)

    @cached_property
    def _key_limits(self) -> dict[str, int]:
        """The most bytes of each key attribute."""
        indexes = (PRIMARY, *self.table.indexes)
        return {name: key_limit(index, name) for index in indexes for name in index.attributes}


def vector_in(value: AttributeValue) -> list[float]:
    """The numbers of a vector.

    Raises:
        RequestError: it is no list of numbers.
    """
    numbers = value.get("L")
    if numbers is None or not all(each.keys() == {"N"} for each in numbers):
        raise RequestError("a vector is a list of numbers, such as {'L': [{'N': '0.5'}, …]}")
    return [float(each["N"]) for each in numbers]


def check_key(key: Key) -> None:
    """Refuse a primary key that no item can have.

    Raises:
        RequestError: one of its texts is none, empty or too long.
    """
    key_text("PK", {"S": key.pk}, HASH_BYTES)
    key_text("SK", {"S": key.sk}, RANGE_BYTES)


def key_limit(index: Index, name: str) -> int:
    """The most bytes of a key attribute of an index."""
    return HASH_BYTES if name == index.hash else RANGE_BYTES


def key_text(name: str, value: AttributeValue, limit: int) -> str:
    """The text of a key attribute, of 1 to *limit* bytes.

    Raises:
        RequestError: it is no text, empty, or too long.
    """
    if value.keys() != {"S"}:
        raise RequestError(f"{name} is a key attribute and must be a text, such as {{'S': 'x'}}")
    text = utf8(value["S"])
    if not text:
        raise RequestError(
            f"{name} is a key attribute and cannot be empty; leave it out, or give it a text"
        )
    if len(text) * 4 > limit and len(text.encode()) > limit:
        raise RequestError(
            f"{name} is {len(text.encode()):,} bytes long; as a key attribute it holds {limit:,}"
        )
    return text


def loaded(text: str) -> AttributeMap:
    """The item of a row."""
    item: AttributeMap = orjson.loads(text)
    return item
