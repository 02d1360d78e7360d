"""The day with options: longer, as a soak, or on a table of one's own."""

from __future__ import annotations

from typing import Annotated

from rich.console import Console
from typer import BadParameter, Exit, Option, run

from . import SECONDS, day_table, soak_table
from .budget import Budget, account
from .runs import Target, day, day_on, here
from .soaking import soak

console = Console()


def main(
    *,
    seconds: Annotated[float, Option(min=0.1, help="Of each stretch.")] = SECONDS,
    soak_minutes: Annotated[
        float, Option("--soak", min=0, help="Minutes of the same day; fails if memory grows.")
    ] = 0,
    table: Annotated[
        str | None, Option(help="A table of yours; made if it is not there, and not deleted.")
    ] = None,
    region: Annotated[str | None, Option(help="Its region.")] = None,
    endpoint_url: Annotated[str | None, Option(help="Another server than AWS's.")] = None,
    spend: Annotated[
        float | None, Option(min=0, help="Dollars at most, for units on demand in us-east-1.")
    ] = None,
) -> None:
    """Measure a day of agents' traffic. All that is written is in the scope "benchmark"."""
    if table is None and (region or endpoint_url or spend is not None):
        raise BadParameter("--region, --endpoint-url and --spend are about a --table")
    if table is None:
        _here(seconds, soak_minutes)
        return
    budget, target = account(endpoint_url, spend), Target(table, region, endpoint_url)
    if soak_minutes:
        console.print(soak_table(soak(target, budget, soak_minutes)))
    else:
        console.print(day_table(day_on(target, budget, seconds)))
    console.print(f"{budget.requests:,} requests, ${budget.spent:.6f}")
    if budget.over:
        console.print("The money was over; what is not shown needs a higher --spend.")
        raise Exit(1 if soak_minutes else 0)  # a soak that was cut short has shown nothing


def _here(seconds: float, soak_minutes: float) -> None:
    if soak_minutes:
        with here(0) as target:
            console.print(soak_table(soak(target, Budget(), soak_minutes)))
        return
    console.print(day_table(day(seconds)))


if __name__ == "__main__":
    run(main)
