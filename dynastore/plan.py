"""A Plan: how one query will be served. Printing it explains it; making it sent nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from .errors import RequestError
from .table import PRIMARY, Index
from .terms import Predicate

Tests: TypeAlias = Mapping[str, Predicate]


@frozen
class Plan:
    """How one query will be served. Printing it explains it.

    Attributes:
        classes: the entity classes asked for.
        pattern: name of the access pattern chosen.
        index: the index it is on.
        key: key attribute and predicate over its text, the hash attribute first.
        filters: field -> what is checked at the server after reading; this lowers no cost.
        tags: type tags to keep, where other entities share what is read; else empty.
        passed_over: name of each other pattern -> why it does not serve.
        empty: whether the filters contradict each other, so that nothing is sent.
        newest_first: whether the index is read backwards.
        consistent: whether the read is strongly consistent.
    """

    classes: tuple[type[Any], ...]
    pattern: str
    index: Index
    key: tuple[tuple[str, Predicate], ...]
    filters: Tests
    tags: tuple[str, ...] = ()
    passed_over: Mapping[str, str] = field(factory=dict)
    empty: bool = False
    newest_first: bool = False
    consistent: bool = False

    def __str__(self) -> str:
        where = self.index.name or "the primary key"
        lines = [
            f"Query {' | '.join(cls.__name__ for cls in self.classes)} by {self.pattern} on {where}"
        ]
        if self.empty:
            lines.append("  nothing to send: the filters exclude each other")
        lines += [f"  {name} {test}" for name, test in self.key]
        lines += [f"  filter at the server: {name} {test}" for name, test in self.filters.items()]
        if self.tags:
            lines.append(f"  filter at the server: TYPE in {', '.join(self.tags)}")
        if self.newest_first:
            lines.append("  newest first")
        if self.consistent:
            lines.append("  strongly consistent")
        lines += [f"  passed over {name}: {why}" for name, why in self.passed_over.items()]
        return "\n".join(lines)


def reversed_order(made: Plan) -> Plan:
    """The plan, reading the index in the opposite direction."""
    return evolve(made, newest_first=not made.newest_first)


def consistently(made: Plan) -> Plan:
    """The plan with strongly consistent reads.

    Raises:
        RequestError: it reads an index, which is eventually consistent only.
    """
    if made.index != PRIMARY:
        raise RequestError(
            f"{made.pattern} is on {made.index.name}, and DynamoDB keeps indexes eventually consistent; "
            "query by the primary key, or leave consistent() out"
        )
    return evolve(made, consistent=True)
