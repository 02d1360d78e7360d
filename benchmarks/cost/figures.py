"""What calls take in tables of several sizes: of entities, of adapters, and beside the peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Self

from attrs import frozen

from ..agno import TOPICS
from ..langgraph.calls import as_cost, saver_costs, store_costs
from ..langgraph.meters import ours
from . import messages, patterns
from .among import Among, among
from .measured import ITEMS, Cost
from .patterns import Floored

SESSIONS = 100  # of the calls' own, or memories, traces, ...
PEER_SIZES = (100, 1_000)  # of what a call is about, or of checkpoints of other threads
OF_PEERS = ("sessions", "memories", "knowledge", "evals", "traces")  # that Agno's DynamoDb has

Costs = Mapping[str, Cost]


@frozen
class Figures:
    """Costs by size.

    Attributes:
        plain: size of the table -> call on messages -> what it takes.
        entities: size -> access pattern -> what it takes.
        adapters: size -> call of an adapter -> what it takes.
        beside: size -> call that a peer may have too -> what it takes of ours.
    """

    plain: Mapping[int, Costs]
    entities: Mapping[int, Mapping[str, Floored]]
    adapters: Mapping[int, Costs]
    beside: Mapping[int, Costs]

    @classmethod
    def measured(cls, items: Sequence[int] = ITEMS, sizes: Sequence[int] = PEER_SIZES) -> Self:
        """All of them."""
        entities: dict[int, Mapping[str, Floored]] = {}
        adapters: dict[int, Costs] = {}
        for size in items:
            with among(size) as table:
                entities[size] = table.entity_costs()
                adapters[size] = adapter_costs(table)
        plain = {size: messages.costs(size) for size in items}
        return cls(plain, entities, adapters, {size: beside(size) for size in sizes})

    @property
    def growing(self) -> list[str]:
        """Calls that cost more in the largest table than in the smallest, though they need not."""
        return [
            *_growing(self.plain),
            *_growing(
                {n: {c: f.cost for c, f in each.items()} for n, each in self.entities.items()}
            ),
            *(name for name in _growing(self.adapters) if name not in of_all()),
        ]

    @property
    def above(self) -> list[str]:
        """Access patterns above the bar of units, and no reason is told."""
        last = self.entities[max(self.entities)]
        return [name for name, each in last.items() if each.times > patterns.BAR and not each.why]

    def json(self) -> Mapping[str, Any]:
        """All of it, as JSON: requests and units."""
        return {
            "plain": _json(self.plain, _pair),
            "entities": _json(
                self.entities, lambda each: [*_pair(each.cost), each.floor, each.why]
            ),
            "adapters": _json(self.adapters, _pair),
            "beside": _json(self.beside, _pair),
            "growing": self.growing,
            "above": self.above,
        }


def adapter_costs(table: Among) -> Costs:
    """What calls of both adapters take among the items of a table."""
    return {**_agno(table), **_langgraph(table)}


def of_all() -> set[str]:
    """Calls whose contract is about all there is: a total, a page in the order of any field."""
    calls = chain.from_iterable(
        ((f"Agno {topic}: {name}", call) for name, call in each.calls.items())
        for topic, each in TOPICS.items()
    )
    return {name for name, call in calls if call.requests(10**6) != call.requests(SESSIONS)}


def beside(size: int) -> Costs:
    """What calls take that a peer may have too, with so many things of the kind."""
    found = {
        f"Agno {topic}: {name}": each
        for topic in OF_PEERS
        for name, each in TOPICS[topic].costs(size).items()
    }
    savers = {f"LangGraph: {name}": as_cost(each) for name, each in saver_costs(ours).items()}
    return {**found, **savers}


def _agno(table: Among) -> dict[str, Cost]:
    found = {}
    for topic, each in TOPICS.items():
        with table.opened() as store:
            costs = each.costs(SESSIONS, store)
        found |= {f"Agno {topic}: {name}": cost for name, cost in costs.items()}
    return found


def _langgraph(table: Among) -> dict[str, Cost]:
    with table.opened() as store:
        savers = {name: as_cost(each) for name, each in saver_costs(partial(ours, store)).items()}
    with table.opened() as store:
        found = {**savers, **store_costs(store)}
    return {f"LangGraph: {name}": cost for name, cost in found.items()}


def _growing(by_size: Mapping[int, Costs]) -> list[str]:
    small, large = by_size[min(by_size)], by_size[max(by_size)]
    return [name for name, cost in large.items() if _more(cost, small[name])]


def _more(cost: Cost, than: Cost) -> bool:
    return cost.requests > than.requests or cost.units > than.units


def _json(by_size: Mapping[int, Mapping[str, Any]], of: Callable[[Any], Any]) -> Mapping[str, Any]:
    return {str(n): {name: of(each) for name, each in some.items()} for n, some in by_size.items()}


def _pair(cost: Cost) -> list[float]:
    return [cost.requests, cost.units]
