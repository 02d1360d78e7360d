"""Findings: what can be wrong with the items of a table, and how much of it there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from ... import table
from ...errors import DynastoreError, MalformedItem, shown
from ...requests import Key
from ...values.attributes import AttributeValue


@frozen
class Malformed:
    """An item that does not fit its class. It is for a person to repair, or to migrate.

    Attributes:
        key: its primary key.
        entity: name of the class that its TYPE says.
        error: what is wrong.
    """

    key: Key
    entity: str
    error: DynastoreError

    def __str__(self) -> str:
        if not isinstance(self.error, MalformedItem):
            return f"{self.entity} {self.key} is malformed: {self.error}"
        return f"{self.entity} {self.key} is malformed at {self.error.path}: {self.error.reason}"


@frozen
class Misplaced:
    """An item under another primary key than its fields imply: no call by its fields finds it.

    Attributes:
        key: its primary key.
        entity: name of its class.
        implied: the key that it should have.
    """

    key: Key
    entity: str
    implied: Key

    def __str__(self) -> str:
        return f"{self.entity} {self.key} is misplaced: its fields imply {self.implied}"


@frozen
class Difference:
    """An attribute that is not what the item's fields imply.

    Attributes:
        stored: as it is; None where there is none.
        implied: as it should be; None where none should be.
    """

    stored: AttributeValue | None
    implied: AttributeValue | None

    def __str__(self) -> str:
        return f"{_shown(self.stored)}, not {_shown(self.implied)}"


@frozen
class Drifted:
    """An item whose index attributes or TTL are not what its fields imply.

    Attributes:
        key: its primary key.
        entity: name of its class.
        differences: attribute name -> what is wrong with it.
        mended: whether the attributes were written as they should be.
    """

    key: Key
    entity: str
    differences: Mapping[str, Difference]
    mended: bool = False

    def __str__(self) -> str:
        state = f"has drifted{_mended(self.mended)}"
        return f"{self.entity} {self.key} {state}: {_listed(self.differences)}"


@frozen
class Outdated:
    """An item of an older schema that indexes have otherwise than its class has them today.

    Queries on them miss it, or find it where it is no longer, until it is upcast.

    Attributes:
        key: its primary key.
        entity: name of its class.
        stored: number of the schema that it is of.
        known: number of the schema that its class has today.
        differences: attribute name -> what an upcast will change of index attributes and TTL.
    """

    key: Key
    entity: str
    stored: int
    known: int
    differences: Mapping[str, Difference]

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.key} is of schema {self.stored}, not {self.known}; an upcast will "
            f"mend it: {_listed(self.differences)}"
        )


@frozen
class Unguarded:
    """An entity of which no guard protects a unique value: another may take the same.

    Attributes:
        key: its primary key.
        entity: name of its class.
        constraint: name of the unique constraint.
        values: field of the constraint -> value.
        guard: primary key of the guard that is missing, or expires at another time.
        mended: whether the guard was put.
    """

    key: Key
    entity: str
    constraint: str
    values: Mapping[str, Any]
    guard: Key
    mended: bool = False

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.key} is unguarded{_mended(self.mended)}: nothing keeps "
            f"{_fields(self.values)} unique, as {self.constraint} says"
        )


@frozen
class Duplicated:
    """An entity whose unique value is another's. It is for a person to say whose it is.

    Attributes:
        key: its primary key.
        entity: name of its class.
        constraint: name of the unique constraint.
        values: field of the constraint -> value.
        holder: primary key of the entity that has the value.
    """

    key: Key
    entity: str
    constraint: str
    values: Mapping[str, Any]
    holder: Key

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.key} is a duplicate of {self.holder}, which has "
            f"{_fields(self.values)}; {self.constraint} says that one may"
        )


@frozen
class Orphaned:
    """A guard of a value that its entity does not have: nobody can take the value.

    Attributes:
        key: its primary key.
        entity: name of the class whose value it guards.
        constraint: name of the unique constraint.
        owner: primary key of the entity that it names; None where it names none.
        mended: whether it was removed.
    """

    key: Key
    entity: str
    constraint: str
    owner: Key | None
    mended: bool = False

    def __str__(self) -> str:
        owner = "no entity" if self.owner is None else f"{self.owner}, which has no such value"
        return (
            f"guard {self.key} of {self.entity}.{self.constraint} is orphaned"
            f"{_mended(self.mended)}: it is of {owner}"
        )


Finding: TypeAlias = Malformed | Misplaced | Outdated | Drifted | Unguarded | Duplicated | Orphaned
"""What is wrong with one item."""


@frozen
class Tally:
    """What was found so far.

    Attributes:
        items: how many were examined.
        guards: how many of these are guards of the schema's unique constraints.
        parts: how many are parts of payloads. They are counted, not examined.
        consumers: how many are places of consumers of changes, likewise.
        unknown: TYPE -> how many items have it, and are of no class or constraint of the schema;
            None for items without one. They are not examined.
        newer: how many are of newer schemas than their classes here. They are left alone.
        older: how many are of older schemas, for an upcast to rewrite.
        malformed: how many do not fit their class.
        misplaced: how many are under another key than their fields imply.
        outdated: how many of the older ones indexes have otherwise than they will once upcast.
        drifted: how many had index attributes or a TTL other than their fields imply.
        unguarded: how many unique values had no guard, or one that expires at another time.
        duplicated: how many unique values were another entity's too.
        orphaned: how many guards were of no entity that has their value.
        mended: how many of these were mended.
    """

    items: int = 0
    guards: int = 0
    parts: int = 0
    consumers: int = 0
    scopes: int = 0
    unknown: Mapping[str | None, int] = field(factory=dict)
    newer: int = 0
    older: int = 0
    malformed: int = 0
    misplaced: int = 0
    outdated: int = 0
    drifted: int = 0
    unguarded: int = 0
    duplicated: int = 0
    orphaned: int = 0
    mended: int = 0

    @property
    def wrong(self) -> int:
        """How many items and values are wrong, and stay so."""
        of_items = self.malformed + self.misplaced + self.outdated + self.drifted
        return of_items + self.unguarded + self.duplicated + self.orphaned - self.mended

    def with_other(self, tag: str | None) -> Tally:
        """One more item that the schema does not know."""
        match tag:
            case table.PART:
                return evolve(self, parts=self.parts + 1)
            case table.CONSUMER:
                return evolve(self, consumers=self.consumers + 1)
            case table.SCOPE:
                return evolve(self, scopes=self.scopes + 1)
        return evolve(self, unknown={**self.unknown, tag: self.unknown.get(tag, 0) + 1})

    def with_finding(self, finding: Finding) -> Tally:
        """One more finding."""
        match finding:
            case Malformed():
                return evolve(self, malformed=self.malformed + 1)
            case Misplaced():
                return evolve(self, misplaced=self.misplaced + 1)
            case Outdated():
                return evolve(self, outdated=self.outdated + 1)
            case Duplicated():
                return evolve(self, duplicated=self.duplicated + 1)
            case Drifted(mended=mended):
                found = evolve(self, drifted=self.drifted + 1)
            case Unguarded(mended=mended):
                found = evolve(self, unguarded=self.unguarded + 1)
            case Orphaned(mended=mended):
                found = evolve(self, orphaned=self.orphaned + 1)
        return evolve(found, mended=self.mended + mended)


def _listed(differences: Mapping[str, Difference]) -> str:
    return "; ".join(f"{name} is {each}" for name, each in differences.items())


def _shown(value: AttributeValue | None) -> str:
    return "missing" if value is None else repr(next(iter(value.values())))


def _mended(mended: bool) -> str:
    return " (mended)" if mended else ""


def _fields(values: Mapping[str, Any]) -> str:
    return " and ".join(f"{name}={shown(value)}" for name, value in values.items())
