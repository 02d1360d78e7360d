"""What access patterns cost on a table of one's own, by the units that DynamoDB tells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from typer import Option, run

from dynastore import Store
from dynastore.agents import ENTITIES

from ..workload.budget import Budget, account
from ..workload.day import SCOPE
from .patterns import Floored, calls, groups

console = Console()


def main(
    *,
    table: Annotated[str, Option(help="Your table; made if it is not there, and not deleted.")],
    region: Annotated[str | None, Option(help="Its region.")] = None,
    endpoint_url: Annotated[str | None, Option(help="Another server than AWS's.")] = None,
    spend: Annotated[
        float | None, Option(min=0, help="Dollars at most, for units on demand in us-east-1.")
    ] = None,
    items: Annotated[int, Option(min=0, help="Put beside those that are asked for.")] = 1_000,
    only: Annotated[
        list[str] | None, Option(help="An entity, such as Session; all without any.")
    ] = None,
) -> None:
    """Measure every access pattern of the ready-made entities. All is written in the scope "benchmark"."""
    budget = account(endpoint_url, spend)
    classes = [cls for cls in ENTITIES if not only or cls.__name__ in only]
    settings = {"region_name": region, "endpoint_url": endpoint_url, "create": True}
    with Store.connect(table, **settings).scope(SCOPE) as store, store.observed(budget):
        found = measured(store, budget, items, classes)
    console.print(shown(found))
    console.print(f"{budget.requests:,} requests, ${budget.spent:.6f}")
    if budget.over:
        console.print("The money was over; what is not shown needs a higher --spend.")


def measured(
    store: Store, budget: Budget, items: int, classes: Sequence[type[Any]]
) -> dict[str, Floored]:
    """What each call takes, as far as the money goes, among so many items that are put first."""
    for entity in chain.from_iterable(groups(items, classes)):
        if not budget.begin():
            return {}
        store.put(entity)
        budget.end()
    found: dict[str, Floored] = {}
    following = calls(store, classes)
    while budget.begin():
        name, each = next(following, ("", None))
        budget.end()
        if each is None:
            break
        found[name] = each
    return found


def shown(found: dict[str, Floored]) -> Table:
    """Requests, units, and units in times of what is returned or written."""
    made = Table(title="Access patterns of the ready-made entities")
    made.add_column("call")
    for heading in ("requests / units", "floor", "times"):
        made.add_column(heading, justify="right")
    for name, each in found.items():
        made.add_row(name, str(each.cost), f"{each.floor:g}", f"{each.times:.2f}")
    return made


if __name__ == "__main__":
    run(main)
