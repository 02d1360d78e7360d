"""What planning takes, against building the expressions of the same query with PynamoDB.

Both in one process, in turns, so that a busy machine slows both. A plan is more than expressions:
it weighs all access patterns. So it may take as long where its shape was seen before, and ten times
as long where it was not. Where a query is several requests, PynamoDB builds that many expressions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from attrs import frozen
from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import Condition
from rich.table import Table

from dynastore import Schema, any_of, between, one_of, since

from .cost.messages import START, Message

ROUNDS, CALLS = 20, 200
MONDAY = START + dt.timedelta(days=4)
FRIDAY = START + dt.timedelta(days=8)

HASH: Attribute[Any] = UnicodeAttribute(attr_name="GSI1H")
KIND: Attribute[Any] = UnicodeAttribute(attr_name="GSI1R1")
SENT: Attribute[Any] = UTCDateTimeAttribute(attr_name="GSI1R2")
LIKES: Attribute[Any] = NumberAttribute(attr_name="likes")
USER: Attribute[Any] = UnicodeAttribute(attr_name="user_id")


def by_pynamodb() -> Any:
    """The key condition and the filter of one query, with their names and values."""
    key = (HASH == "TOPIC#tea") & (KIND == "MESSAGE") & SENT.between(MONDAY, FRIDAY)
    return _built(key, (LIKES >= 5) & (USER == "ann"))


def _built(*conditions: Condition) -> Any:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    return [each.serialize(names, values) for each in conditions], names, values


SCHEMA = Schema([Message])
SPAN = between(MONDAY, FRIDAY)
QUERIES: Mapping[str, tuple[int, Callable[[], Any]]] = {  # with the number of their requests
    "one stretch": (
        1,
        lambda: SCHEMA.plan(
            Message, {"topic": "tea", "sent_at": SPAN, "likes": since(5), "user_id": "bob"}
        ),
    ),
    "three stretches": (
        3,
        lambda: SCHEMA.plan(
            Message, {"topic": one_of("tea", "rum", "ale"), "sent_at": SPAN, "likes": since(5)}
        ),
    ),
    "two access patterns": (
        2,
        lambda: SCHEMA.plan(Message, {"likes": since(5)}, [any_of(topic="tea", user_id="ann")]),
    ),
}


@frozen
class Ratio:
    """How many times as long as building its expressions with PynamoDB a plan takes.

    Attributes:
        seen: where a query of its shape was planned before.
        new: where none was.
    """

    seen: float
    new: float


def ratios() -> dict[str, Ratio]:
    """Of each kind of query; the median of some rounds."""
    return {name: _ratio(*query) for name, query in QUERIES.items()}


def table() -> Table:
    """All ratios."""
    shown = Table(title="Planning, in times of building the same expressions with PynamoDB")
    for heading in ("query", "shape seen before", "new shape"):
        shown.add_column(heading, justify="left" if heading == "query" else "right")
    for name, ratio in ratios().items():
        shown.add_row(name, f"{ratio.seen:.2f}", f"{ratio.new:.2f}")
    return shown


def _ratio(requests: int, query: Callable[[], Any]) -> Ratio:
    def anew() -> None:
        SCHEMA.planners[Message, False].forget()
        query()

    seen, new = [], []
    for _ in range(ROUNDS):
        peer = requests * _seconds(by_pynamodb)
        seen.append(_seconds(query) / peer)
        new.append(_seconds(anew) / peer)
    return Ratio(sorted(seen)[ROUNDS // 2], sorted(new)[ROUNDS // 2])


def _seconds(call: Callable[[], Any]) -> float:
    call()
    began = perf_counter()
    for _ in range(CALLS):
        call()
    return perf_counter() - began
