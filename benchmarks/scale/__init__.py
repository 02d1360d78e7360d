"""At which rate key designs throttle, on simulated partitions, for a billion sessions.

Nothing is sent. Calls of agents are drawn by a seed, so each run gives the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import ceil

from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.table import Table

from dynastore.agents import agent_schema

from .drawing import (
    MEMORIES,
    SESSIONS,
    SPANS,
    TENANTS,
    Design,
    Drawing,
    constant_patterns,
    share,
)
from .partitions import (
    NEW_PARTITIONS,
    PARTITION_BYTES,
    WRITE_LIMIT,
    Outcome,
    Simulated,
)
from .units import sizes

SEED = 1
RATES = (30, 100, 300, 1_000, 3_000, 10_000, 30_000)  # turns a second
MINUTES = 8
TURNS = 1_000  # of each minute that are drawn
MINUTE = 60  # seconds
SHARDS = 16
ONE, SCOPED, SHARDED = "one application", "tenants are scopes", f"{SHARDS} shards"
DESIGNS = (Design(ONE), Design(SCOPED, scoped=True), Design(SHARDED, shards=SHARDS))
KINDS = (
    "begin a session",
    "save a session",
    "save a run",
    "save a memory",
    "save a trace",
    "save a span",
)
YEAR_SECONDS = 365 * 24 * 60 * 60


@frozen
class Ceiling:
    """How much one partition key takes.

    Attributes:
        key: the partition key.
        index: where it is; 0 is the table.
        a_turn: write units that a turn takes of it.
    """

    key: str
    index: int
    a_turn: float

    def turns(self, design: Design) -> float:
        """Turns a second from which on it throttles: the largest tenant's, where tenants are scopes."""
        apart = 1 / share(1, TENANTS) if design.scoped else 1
        return WRITE_LIMIT * design.shards * apart / self.a_turn


def ceilings() -> list[Ceiling]:
    """Those of the constant partition keys that turns write, the lowest first."""
    created, turns = sizes().created, sizes().turns
    a_turn = {
        "SPANS": SPANS * created["span"][3],
        "TRACES": created["trace"][3],
        "MEMORIES": MEMORIES * created["memory"][3],
        "SESSIONS": created["session"][3] / turns,
        "THREADS": created["thread"][3] / turns,
    }
    return [Ceiling(key, 3, units) for key, units in a_turn.items()]


@cache
def outcomes(seed: int = SEED) -> Mapping[tuple[str, int], Outcome]:
    """What became of the last minute's calls: design and turns a second -> outcome."""
    counts = {number: partitions(held) for number, held in sizes().session_bytes.items()}
    found = {}
    for design in DESIGNS:
        drawn = Drawing.of(design, seed).minutes(MINUTES, TURNS)
        for rate in RATES:
            found[design.name, rate] = Simulated(counts).run(drawn, rate * MINUTE / TURNS)
    return found


def partitions(session_bytes: float) -> int:
    """How many an index has when it holds all sessions."""
    return max(NEW_PARTITIONS, ceil(SESSIONS * session_bytes / PARTITION_BYTES))


def tables(seed: int = SEED) -> list[Table]:
    """What is throttled at which rate, and how much each constant partition key takes."""
    found = outcomes(seed)
    return [*(_throttled(each, found) for each in DESIGNS), _ceilings(), _constant()]


def _throttled(design: Design, found: Mapping[tuple[str, int], Outcome]) -> Table:
    shown = _table(f"Throttled: {design.name}", "turns a second", *map("{:,}".format, RATES))
    for kind in KINDS:
        parts = (found[design.name, rate].throttled(kind) for rate in RATES)
        shown.add_row(kind, *(f"{part:.0%}" if part >= 0.005 else "" for part in parts))
    splits = (found[design.name, rate].partitions[3] for rate in RATES)
    shown.add_row("partitions of GSI3", *map("{:,}".format, splits))
    return shown


def _ceilings() -> Table:
    names = [each.name for each in DESIGNS]
    shown = _table("Turns a second from which on a key throttles", "key", "units a turn", *names)
    for each in ceilings():
        cells = (f"{each.turns(design):,.0f}" for design in DESIGNS)
        shown.add_row(each.key, f"{each.a_turn:.2f}", *cells)
    return shown


def _constant() -> Table:
    """All keys that are the same for every entity of a class, written or not in a turn."""
    shown = _table("Partition keys that name no field", "entity", "pattern", "index", "key")
    for name, pattern in constant_patterns(agent_schema()):
        index = f"GSI{pattern.number}" if pattern.number else "table"
        shown.add_row(name, pattern.name, index, pattern.hash.text)
    return shown


def _table(title: str, first: str, *headings: str) -> Table:
    shown = Table(title=title, box=SIMPLE_HEAD, show_edge=False)
    shown.add_column(first)
    for heading in headings:
        shown.add_column(heading, justify="right")
    return shown


def sessions_a_second(years: float = 1) -> float:
    """How many sessions are begun a second, on average, where all of them are made in some years."""
    return SESSIONS / (years * YEAR_SECONDS)
