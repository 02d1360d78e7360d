"""Looks: a query as text, what it brought, and what that took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ...capacity import READ_DOLLARS, WRITE_DOLLARS
from ...clients.observing import Sent
from ...codec.codec import vars_of
from ...requests import GetItem, Key, Steps
from ...schema.schema import Schema
from ...stores.scanned import Scanned
from ...stores.store import Store
from ...telemetry.recording import recorded
from ...values.attributes import AttributeMap
from ..asking import asked

PAGE = 25  # entities of one look

SCAN_COST = (
    "Scan of the whole table, a page of up to 1 MB at a time\n"
    "  0.5 read units for each 4,096 bytes, of all classes and scopes, whatever is asked"
)


@frozen
class Step:
    """What one look took.

    Attributes:
        text: the query.
        sent: its requests.
        found: how many entities it brought.
    """

    text: str
    sent: Sequence[Sent]
    found: int

    @property
    def units(self) -> float:
        """Capacity units of all requests."""
        return sum(each.units for each in self.sent)

    @property
    def dollars(self) -> float:
        """What a million such looks cost, on demand."""
        return sum(
            each.units * (WRITE_DOLLARS if each.request.writes else READ_DOLLARS)
            for each in self.sent
        )

    @property
    def requests(self) -> str:
        """The requests by name, such as ``Query, 2 BatchGetItem``."""
        counts: dict[str, int] = {}
        for each in self.sent:
            counts[each.operation] = counts.get(each.operation, 0) + 1
        return ", ".join(
            name if count == 1 else f"{count} {name}" for name, count in counts.items()
        )


@frozen
class Look:
    """What a query brought.

    Attributes:
        entities: in its order.
        cursor: where the next page begins; None at the end.
        step: what it took.
    """

    entities: Sequence[Any]
    cursor: str | None
    step: Step

    def by_partition(self, schema: Schema) -> Mapping[str, Sequence[Any]]:
        """The entities by the partition key of the table, in the order in which they came."""
        found: dict[str, list[Any]] = {}
        for entity in self.entities:
            found.setdefault(key_of(schema, entity).pk, []).append(entity)
        return found


def explained(store: Store, text: str) -> str:
    """How a query would be served and what it would cost, or what a scan costs. Sends nothing.

    Raises:
        RequestError: it is no query, or no access pattern serves it.
    """
    question = asked(store, text)
    return SCAN_COST if isinstance(question, Scanned) else str(question.plan)


def look(store: Store, text: str, *, limit: int = PAGE, cursor: str | None = None) -> Look:
    """A page of what a query asks for.

    Args:
        store: where.
        text: the query; ``scan(Session)`` brings what one request to the table does.
        limit: how many entities at most; a scan brings up to 1 MB.
        cursor: that of the page before.

    Raises:
        RequestError: it is no query, or no access pattern serves it.
    """
    question = asked(store, text, cursor)
    stretch: dict[str, Any] = (
        {} if isinstance(question, Scanned) else {"limit": limit, "cursor": cursor}
    )
    with recorded(store) as sent:
        page = question.page(**stretch)
    return Look(page.entities, page.cursor, Step(text, tuple(sent), len(page.entities)))


def key_of(schema: Schema, entity: Any) -> Key:
    """The primary key of an entity."""
    return schema.codec(type(entity)).key(vars_of(entity), schema.of(type(entity)).prefix)


def stored(store: Store, entity: Any) -> tuple[AttributeMap | None, Step]:
    """An entity's item as the table has it, and what reading that took."""
    key = key_of(store.schema, entity)
    with recorded(store) as sent:
        item = store.run(_item(store.schema.of(type(entity)).table.name, key))
    return item, Step(f"{key.pk} | {key.sk}", tuple(sent), int(item is not None))


def _item(table: str, key: Key) -> Steps[AttributeMap | None]:
    return (yield from GetItem(table, key))
