"""The physical table: a primary key and numbered, overloaded indexes.

Attribute names in capitals (PK, SK, TYPE, TTL, GSI1H, GSI1R1 …) are ours; names in lower case are
fields of entities. So the two never collide, and whoever reads an item in the console sees which
is which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar, get_args

from attrs import frozen

from .errors import ModelError
from .keys.addresses import name_in

V = TypeVar("V")

TYPE = "TYPE"  # the entity's tag
CONSUMER = "~consumer"  # TYPE of consumers of changes
SCOPE = "~scope"  # TYPE of entries in the registry of scopes
PART = "~part"  # TYPE of parts of payloads; no entity's tag begins with "~"
SCHEMA = "SCHEMA"  # number of the schema that the item was written by
TTL = "TTL"  # when DynamoDB may delete the item, in epoch seconds

RANGES = 4  # range attributes of an index; DynamoDB allows 1 to 4 since November 2025
NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # of a table; DynamoDB naming rules
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # S3 bucket naming rules
INDEX_LIMIT = 20  # global secondary indexes of a table; DynamoDB quotas
CARRIED_LIMIT = 20  # attributes beside keys that a slim index can carry; CreateTable reference
ALL_CARRIED_LIMIT = 100  # those of all slim indexes of a table together; DynamoDB quotas
SHARDS_LIMIT = 100  # each is a request of every query; as many as a plan may have branches
DIMENSIONS_LIMIT = 4_096  # of a vector in a vector index; DynamoDB quotas

Distance: TypeAlias = Literal["COSINE", "DOT_PRODUCT", "EUCLIDEAN"]
"""How far two vectors are apart. The nearest have the least, but the highest dot product."""


@frozen
class Index:
    """The primary key (number 0), or a global secondary index shared by all entities.

    An index has one hash attribute and one to four range attributes, all of them text. The primary
    key always has one range attribute.

    Attributes:
        number: 0 for the primary key, 1 to 20 for a GSI.
        range_count: how many range attributes it has. 1 is the classic form (``GSI1PK``,
            ``GSI1SK``) of tables and engines without multi-attribute keys.
        fields: those that its entries carry beside the keys, so that they are slim; None for all,
            ``()`` for keys only.
    """

    number: int
    range_count: int = RANGES
    fields: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB does not have."""
        # 1.0 and True are in the range too, and would name an index GSITrueH
        if type(self.number) is not int or self.number not in range(INDEX_LIMIT + 1):
            raise ModelError(f"{self}: a table has indexes 1 to {INDEX_LIMIT}")
        if type(self.range_count) is not int or self.range_count not in range(1, RANGES + 1):
            raise ModelError(f"{self}: an index has 1 to {RANGES} range attributes")
        if self.number == 0 and self.range_count != 1:
            raise ModelError(f"{self}: the primary key has one range attribute")
        if self.number == 0 and self.fields is not None:
            raise ModelError(f"{self}: the table itself has all fields")
        if len(self.carried or ()) > CARRIED_LIMIT:
            raise ModelError(
                f"{self}: an index carries {CARRIED_LIMIT - 2} fields at most, besides TYPE and TTL; "
                "leave some out, or carry all"
            )

    @cached_property
    def name(self) -> str | None:
        """Name of the index in requests; None for the primary key."""
        return f"GSI{self.number}" if self.number else None

    @cached_property
    def hash(self) -> str:
        """Name of its hash attribute."""
        return f"{self.name or ''}{'PK' if self.range_count == 1 else 'H'}"

    @cached_property
    def ranges(self) -> tuple[str, ...]:
        """Names of its range attributes, in the order they sort."""
        if self.range_count == 1:
            return (f"{self.name or ''}SK",)
        return tuple(f"{self.name}R{place}" for place in range(1, self.range_count + 1))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Names of all its key attributes, the hash attribute first."""
        return (self.hash, *self.ranges)

    @cached_property
    def entry_key(self) -> tuple[str, ...]:
        """Names of the attributes that order its entries and tell them apart; its own first.

        A page's last key (LastEvaluatedKey) is made of them.
        """
        return tuple(dict.fromkeys((*self.attributes, "PK", "SK")))

    @cached_property
    def carried(self) -> tuple[str, ...] | None:
        """Names of the attributes in its entries beside its own keys and PK, SK; None for all.

        Where fields are carried, so is what tells whose they are and when they expire.
        """
        return self.fields and (TYPE, TTL, *self.fields)

    def carries(self, names: Iterable[str]) -> bool:
        """Whether its entries have all of some fields."""
        return self.fields is None or {*names} <= {*self.fields}

    def key_in(self, item: Mapping[str, V]) -> dict[str, V]:
        """The `entry_key` of an item, which says where a query goes on after it."""
        return {name: item[name] for name in self.entry_key}


PRIMARY = Index(0, 1)


@frozen
class VectorIndex:
    """A vector index of the table: finds the items of one partition whose vectors are nearest.

    It holds the items that have the field. The partition is that of the primary key, so that
    nothing outside of it is ever found. DynamoDB has such indexes since August 2026, on tables on
    demand; they lag behind writes.

    Attributes:
        dimensions: of each vector, 1 to 4,096; a write with another number is refused.
        field: name of the field that holds an item's vector: a list of floats, or None where the
            item is not in the index.
        distance: how far two vectors are apart.
        name: its name in AWS.
        fields: those that its entries carry beside the keys and the vector, so that they are slim;
            None for all.
    """

    dimensions: int
    field: str = "vector"
    distance: Distance = "COSINE"
    name: str = "VECTORS"
    fields: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB does not have."""
        if type(self.dimensions) is not int or self.dimensions not in range(
            1, DIMENSIONS_LIMIT + 1
        ):
            raise ModelError(f"{self}: a vector has 1 to {DIMENSIONS_LIMIT:,} dimensions")
        if self.distance not in get_args(Distance):
            raise ModelError(f"{self}: a distance is one of {', '.join(get_args(Distance))}")
        if not NAME.fullmatch(self.name):
            raise ModelError(f"{self}: a name is 3 to 255 letters, digits, '_', '-' and '.'")
        if not self.field.isidentifier() or self.field.isupper():
            raise ModelError(f"{self}: {self.field!r} is no name of a field")
        # The vector is one of those that count.
        if len(self.carried or ()) >= CARRIED_LIMIT:
            raise ModelError(
                f"{self}: a vector index carries {CARRIED_LIMIT - 3} fields at most, besides TYPE, "
                "TTL and the vector; leave some out, or carry all"
            )

    @cached_property
    def carried(self) -> tuple[str, ...] | None:
        """Names of the attributes in its entries beside PK, SK and the vector; None for all."""
        return self.fields and (TYPE, TTL, *self.fields)


@frozen
class Table:
    """One DynamoDB table that all entities of a schema share.

    Attributes:
        name: its name in AWS, 3 to 255 characters; its address where a placement keeps it elsewhere.
        indexes: its global secondary indexes, by number.
        bucket: name of the S3 bucket that keeps the payloads which leave their items; without one
            they are kept in parts beside them.
        vectors: its vector index, or None.
        directory_shards: over how many partitions each list of everything is spread: that of an access
            pattern whose partition key has no field, and no shards of its own. One partition takes
            1,000 write units a second; such a list is read by a request for each. Once there are
            items, another number takes a `reindex`.
    """

    name: str
    indexes: tuple[Index, ...] = ()
    bucket: str | None = None
    vectors: VectorIndex | None = None
    directory_shards: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB does not have, and no bucket can be called."""
        if type(self.directory_shards) is not int or self.directory_shards not in range(
            1, SHARDS_LIMIT + 1
        ):
            raise ModelError(
                f"directory_shards are 1 to {SHARDS_LIMIT}, not {self.directory_shards!r}"
            )
        if self.bucket is not None and not BUCKET.fullmatch(name_in(self.bucket)):
            raise ModelError(
                f"{self.bucket!r} names no bucket: 3 to 63 lower-case letters, digits, '-' and '.'"
            )
        carried = sum(len(index.carried or ()) for index in self.indexes)
        if carried > ALL_CARRIED_LIMIT:
            raise ModelError(
                f"the slim indexes of {self.name} carry {carried} attributes, and a table has "
                f"{ALL_CARRIED_LIMIT} for all of them; let some carry fewer, or all"
            )
        if self.vectors and self.vectors.name in [index.name for index in self.indexes]:
            raise ModelError(f"two indexes of {self.name} are named {self.vectors.name}")

    def index(self, number: int) -> Index | None:
        """The index of a number, or None if the table does not have it."""
        if number == 0:
            return PRIMARY
        return next((index for index in self.indexes if index.number == number), None)
