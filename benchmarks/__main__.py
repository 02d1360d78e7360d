"""Run the benchmarks, print their tables, and draw what there is a picture of."""

from importlib.util import find_spec

from rich.console import Console

from . import agno, cost, langgraph, payloads, planning
from .langgraph import picture

console = Console()
console.print(cost.table())
console.print(payloads.table())
console.print(planning.table())
console.print(agno.table())
console.print(langgraph.table())
courses = langgraph.courses()
console.print(langgraph.course_table(courses))
if find_spec("matplotlib"):
    picture.draw(courses)
    console.print(f"Drawn: {picture.PATH}")
