"""What Agno's DynamoDb and langgraph-checkpoint-aws send, on moto: requests, units and bytes.

They are kept in `benchmarks/figures/peers.json`, and shown beside ours by ``cost`` and ``langgraph``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import astuple

from ..cost.figures import PEER_SIZES
from . import agno, checkpoints

COMMAND = "python -m benchmarks peers --write"
PACKAGES = ("agno", "langgraph-checkpoint-aws", "langgraph", "langgraph-checkpoint", "moto")


def measured() -> Mapping[str, Any]:
    """All of it, as JSON: of a call its requests, units, bytes, and how often it asked for a table."""
    return {
        "costs": {
            str(size): {name: [*astuple(each)] for name, each in _costs(size).items()}
            for size in PEER_SIZES
        },
        "threads": checkpoints.threads(),
    }


def _costs(size: int) -> Mapping[str, Any]:
    return {**agno.costs(size), **checkpoints.costs(size)}
