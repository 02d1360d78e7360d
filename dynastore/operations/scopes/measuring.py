"""How much each scope holds: what is in the table is counted, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import field, frozen

from ...capacity import item_bytes
from ...errors import RequestError, shown
from ...keys.templates import scopes_in
from ...requests import Purpose, Steps
from ...schema.schema import Schema
from ...table import PART, SCOPE, TYPE
from ...terms import BeginsWith, Conditions
from ...values.attributes import AttributeMap
from ..reading.scanner import ScanOptions, Sweep

Scope: TypeAlias = tuple[str, ...]
"""Names of a scope and of those that it is in, the outermost first; empty for no scope."""


@frozen
class Held:
    """What a scope holds, without the scopes in it.

    Attributes:
        items: in the table, without parts; guards of unique values and its entry in the registry are
            items, too.
        parts: of payloads.
        size_bytes: of all of these in the table, names of attributes included. Entries of indexes and
            objects in a bucket are not in it.
    """

    items: int = 0
    parts: int = 0
    size_bytes: int = 0

    def and_(self, other: Held) -> Held:
        """Both together."""
        return Held(
            self.items + other.items,
            self.parts + other.parts,
            self.size_bytes + other.size_bytes,
        )


@frozen
class ScopeSizes:
    """How much each scope holds.

    Attributes:
        by_scope: scope -> what it holds, sorted by names.
        cursor: where the next call goes on; None at the end of the table.
    """

    by_scope: Mapping[Scope, Held] = field(factory=dict)
    cursor: str | None = None

    def and_then(self, later: ScopeSizes) -> ScopeSizes:
        """This call and the one that went on where it ended, as one."""
        return ScopeSizes(_together(self.by_scope, later.by_scope), later.cursor)


def scope_sizes(
    schema: Schema,
    options: ScanOptions,
    *,
    cursor: str | None = None,
    rounds: int | None = None,
) -> Steps[ScopeSizes]:
    """Count the items of each scope, and their bytes.

    It scans the table, and pays for that: half a read unit for each 4,096 bytes. It keeps some
    hundred bytes for each scope.

    Args:
        schema: the table; only the store's scope, and the scopes in it, are counted.
        options: segments, and read units that it takes in a second.
        cursor: of the call before.
        rounds: after how many rounds of requests to stop; without, at the end of the table.

    Raises:
        RequestError: the rounds are below 1.
        InvalidCursor: the cursor is damaged, or of another table, scope or number of segments.
        DynastoreError: something could not be read; call again with the same cursor.
    """
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise RequestError(f"a count has a whole number of rounds, at least 1, not {shown(rounds)}")
    schema.check_whole()
    inside: Conditions = (("PK", BeginsWith({"S": schema.prefix})),) if schema.prefix else ()
    purpose = Purpose(SCOPE, "scan")
    sweep = Sweep(
        schema.table.name, inside, options, cursor, kind="measure scopes", purpose=purpose
    )
    found: dict[Scope, Held] = {}
    done = 0
    while not sweep.done and (rounds is None or done < rounds):
        for item in (yield from sweep.round()):
            scope = scopes_in(item["PK"]["S"])
            found[scope] = found.get(scope, Held()).and_(_held(item))
        sweep.take_all()
        done += 1
    return ScopeSizes(dict(sorted(found.items())), sweep.cursor)


def _held(item: AttributeMap) -> Held:
    is_part = item.get(TYPE, {}).get("S") == PART
    return Held(int(not is_part), int(is_part), item_bytes(item))


def _together(one: Mapping[Scope, Held], other: Mapping[Scope, Held]) -> Mapping[Scope, Held]:
    scopes = sorted({*one, *other})
    return {each: one.get(each, Held()).and_(other.get(each, Held())) for each in scopes}
