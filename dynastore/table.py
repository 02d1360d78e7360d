"""The physical table: a primary key and numbered, overloaded indexes.

Attribute names in capitals (PK, SK, TYPE, TTL, GSI1H, GSI1R1 …) are ours; names in lower case are
fields of entities. So the two never collide, and whoever reads an item in the console sees which
is which.
"""

from __future__ import annotations

import re

from attrs import frozen

from .errors import ModelError

TYPE = "TYPE"  # the entity's tag
TTL = "TTL"  # when DynamoDB may delete the item, in epoch seconds

RANGES = 4  # range attributes of an index; DynamoDB allows 1 to 4 since November 2025
NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # of a table; DynamoDB naming rules
INDEX_LIMIT = 20  # global secondary indexes of a table; DynamoDB quotas


@frozen
class Index:
    """The primary key (number 0), or a global secondary index shared by all entities.

    An index has one hash attribute and one to four range attributes, all of them text. The primary
    key always has one range attribute.

    Attributes:
        number: 0 for the primary key, 1 to 20 for a GSI.
        range_count: how many range attributes it has. 1 is the classic form (``GSI1PK``,
            ``GSI1SK``) of tables and engines without multi-attribute keys.
    """

    number: int
    range_count: int = RANGES

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB does not have."""
        # 1.0 and True are in the range too, and would name an index GSITrueH
        if type(self.number) is not int or self.number not in range(INDEX_LIMIT + 1):
            raise ModelError(f"{self}: a table has indexes 1 to {INDEX_LIMIT}")
        if type(self.range_count) is not int or self.range_count not in range(1, RANGES + 1):
            raise ModelError(f"{self}: an index has 1 to {RANGES} range attributes")
        if self.number == 0 and self.range_count != 1:
            raise ModelError(f"{self}: the primary key has one range attribute")

    @property
    def name(self) -> str | None:
        """Name of the index in requests; None for the primary key."""
        return f"GSI{self.number}" if self.number else None

    @property
    def hash(self) -> str:
        """Name of its hash attribute."""
        return f"{self.name or ''}{'PK' if self.range_count == 1 else 'H'}"

    @property
    def ranges(self) -> tuple[str, ...]:
        """Names of its range attributes, in the order they sort."""
        if self.range_count == 1:
            return (f"{self.name or ''}SK",)
        return tuple(f"{self.name}R{place}" for place in range(1, self.range_count + 1))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of all its key attributes, the hash attribute first."""
        return (self.hash, *self.ranges)


PRIMARY = Index(0, 1)


@frozen
class Table:
    """One DynamoDB table that all entities of a schema share.

    Attributes:
        name: its name in AWS, 3 to 255 characters.
        indexes: its global secondary indexes, by number.
    """

    name: str
    indexes: tuple[Index, ...] = ()

    def index(self, number: int) -> Index | None:
        """The index of a number, or None if the table does not have it."""
        if number == 0:
            return PRIMARY
        return next((index for index in self.indexes if index.number == number), None)
