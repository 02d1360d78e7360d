"""What every access pattern of every ready-made entity takes, among so many other items.

A page of twenty is asked for by each pattern, and one entity by each primary key; and one is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import field, frozen

from dynastore import Store, ref
from dynastore.agents import ENTITIES
from dynastore.capacity import item_bytes, read_units
from dynastore.clients.metering import Image, written
from dynastore.entities.patterns import AccessPattern
from dynastore.entities.spec import spec_of
from dynastore.telemetry.recording import Sent
from dynastore.testing import recorded
from dynastore.values.attributes import AttributeMap

from .entities import made, shared_values
from .measured import Cost

ASKED = "asked"  # the group that is asked for
PAGE = 20
NEW = 500_000  # number of an entity that is written: none of the others has it
GROUP = 50  # entities that others share a partition with
BAR = 1.25  # of the floor, at most

SLIM = "an index entry first, then each item by its key"
CLAIMED = "a claim on a unique value is written with it, in a transaction"


@frozen
class Floored:
    """What a call takes, and what it cannot do without.

    Attributes:
        cost: of the call.
        floor: units of what it returns, or of what it writes with its index entries.
        why: what else it pays for, where that is above the bar; "" where it is not.
    """

    cost: Cost
    floor: float
    why: str = field(default="", eq=False)

    @property
    def times(self) -> float:
        """Its units, in times of the floor."""
        return self.cost.units / self.floor


def groups(items: int, classes: Sequence[type[Any]] = ENTITIES) -> Iterator[list[Any]]:
    """So many entities, of all classes in turn, some at a time; first those that are asked for.

    The others begin later, so that a list of all has those that are asked for first.
    """
    for cls in classes:
        yield [made(cls, ASKED, number) for number in range(PAGE)]
    each = PAGE + items // len(classes)
    for cls in classes:
        for first in range(PAGE, each, GROUP):
            numbers = range(first, min(first + GROUP, each))
            yield [made(cls, f"other-{number // GROUP}", number) for number in numbers]


def fill(store: Store, items: int, classes: Sequence[type[Any]] = ENTITIES) -> None:
    """Put so many items, and those that are asked for."""
    for some in groups(items, classes):
        store.put_many(some)


def calls(store: Store, classes: Sequence[type[Any]] = ENTITIES) -> Iterator[tuple[str, Floored]]:
    """Each call with what it takes; it is made when it is asked for."""
    for cls in classes:
        yield from _of_entity(store, cls)


def _of_entity(store: Store, cls: type[Any]) -> Iterator[tuple[str, Floored]]:
    spec = spec_of(cls)
    one = made(cls, ASKED, 1)
    key = {name: getattr(one, name) for name in spec.primary.fields}
    yield f"{spec}: get", _read(store, lambda: [store.get(cls, **key)])
    for pattern in spec.patterns:
        if pattern is not spec.primary or _has_many(pattern):
            yield f"{spec}: {pattern.name or 'primary'}", _read(store, _page(store, cls, pattern))
    new = made(cls, "new", NEW)
    target = ref(cls, **{name: getattr(new, name) for name in key})
    yield f"{spec}: put", _written(store, new, lambda: store.put(new))
    yield f"{spec}: delete", _written(store, new, lambda: store.delete(target))


def _has_many(pattern: AccessPattern) -> bool:
    """Whether a partition has several entities."""
    return any(each.fields for each in pattern.ranges)


def _page(store: Store, cls: type[Any], pattern: AccessPattern) -> Callable[[], Sequence[Any]]:
    """Reads twenty entities of a partition; of one that has a single one, that."""
    own = {name for each in spec_of(cls).primary.ranges for name in each.fields}
    by_number = [name for name in pattern.hash.fields if name in own]
    where = dict(shared_values(cls, ASKED, pattern.hash.fields))
    one = made(cls, ASKED, 1)
    where |= {name: getattr(one, name) for name in by_number}
    where |= {name: getattr(one, name) for name in pattern.when}
    results = store.query(cls, **where)
    return lambda: results.page(limit=PAGE).entities


def _read(store: Store, call: Callable[[], Sequence[Any]]) -> Floored:
    with recorded(store) as sent:
        found = call()
    if not found or None in found:
        raise RuntimeError("an entity that was put is not found")
    sizes = [item_bytes(_item(store, each)) for each in found]
    is_slim = {each.operation for each in sent} >= {"Query", "BatchGetItem"}
    parts = [[size] for size in sizes] if is_slim else [sizes]
    floor = sum(read_units(sum(part), consistent=False) for part in parts)
    return _floored(sent, floor, SLIM)


def _written(store: Store, entity: Any, call: Callable[[], Any]) -> Floored:
    with recorded(store) as sent:
        call()
    item = _item(store, entity)
    floor = written(store.schema.table.indexes, None, Image(item, item_bytes(item)))
    return _floored(sent, floor, CLAIMED)


def _floored(sent: Sequence[Sent], floor: float, why: str) -> Floored:
    cost = Cost(len(sent), sum(each.units for each in sent))
    return Floored(cost, floor, why if cost.units > BAR * floor else "")


def _item(store: Store, entity: Any) -> AttributeMap:
    return store.schema.codec(type(entity)).encode(entity, store.schema.prefix)
