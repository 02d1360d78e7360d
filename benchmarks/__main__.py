"""Run the benchmarks and print their tables."""

from rich.console import Console

from . import cost

Console().print(cost.table())
