"""Short words for figures and requests, the same in all forms."""

from __future__ import annotations

from ..planner.plan import NOT_EXPIRED, Cost, Plan, counted
from ..schema.overview import Row
from ..table import TTL, Index
from .describing import Described


def size(described: Described) -> str:
    """How many entities there are, in how many indexes."""
    entities, indexes = len(described.entities), len(described.table.indexes)
    return (
        f"{entities} {'entity' if entities == 1 else 'entities'} in one DynamoDB table with "
        f"{indexes} {'index' if indexes == 1 else 'indexes'}"
    )


def beside(described: Described) -> list[str]:
    """What a table has besides its keys and indexes, a sentence each."""
    table, vectors = described.table, described.table.vectors
    found = []
    if any(each.spec.expires for each in described.entities):
        found.append(f"Items expire by {TTL}, in epoch seconds.")
    if table.bucket is not None:
        found.append(f"Large payloads are in the S3 bucket {table.bucket}.")
    if vectors is not None:
        found.append(
            f"The vector index {vectors.name} finds what is nearest by {vectors.field}, of "
            f"{vectors.dimensions:,} dimensions ({vectors.distance}), in a partition."
        )
    if table.directory_shards > 1:
        found.append(f"Lists of everything are spread over {table.directory_shards} partitions.")
    return found


def projection(index: Index) -> str:
    """What the entries of an index carry."""
    if index.fields is None:
        return "all attributes"
    return ", ".join(index.fields) or "its keys only"


def request(plan: Plan) -> str:
    """Which requests a plan sends first: ``Query on GSI1``."""
    told = [f"{path.request} on {path.index.name or 'the table'}" for path in plan.paths]
    told += ["then BatchGetItem"] if any(path.hydrated for path in plan.paths) else []
    return ", ".join(dict.fromkeys(told))


def conditions(plan: Plan) -> list[str]:
    """What they ask, a line each."""
    lines = (line for path in plan.paths for line in path.lines)
    return [line.replace(NOT_EXPIRED, "not expired") for line in lines]


def cost(cost: Cost) -> str:
    """What a plan takes at least, and about."""
    plural = "request" if cost.requests == 1 else "requests"
    least = f"{cost.requests} {plural}, {counted(cost.floor)} read units at least"
    if cost.units <= cost.floor:
        return least
    return f"{least}; about {counted(cost.units)} for {cost.items:,.0f} items"


def range_text(row: Row) -> str:
    """The range components of an access pattern, as one reads them."""
    return ", ".join(row.ranges)
