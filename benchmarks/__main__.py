"""Run the benchmarks and print their tables."""

from rich.console import Console

from . import agno, cost, payloads, planning

console = Console()
console.print(cost.table())
console.print(payloads.table())
console.print(planning.table())
console.print(agno.table())
