"""Access paths: what a choice makes of the values of one query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, product
from typing import Any, Literal

from attrs import evolve, frozen

from ..entities.index_slots import IndexSlot
from ..entities.spec import EntitySpec
from ..errors import RequestError
from ..keys.templates import HASH_BYTES, Part, fitting, partition_text
from ..keys.text import BUCKETS, buckets_between
from ..table import Index
from ..terms import (
    AnyOf,
    Between,
    Compare,
    Condition,
    Conditions,
    Equal,
    Predicate,
    names_of,
)
from .choice import BRANCHES, Choice, possible_values, usable
from .facts import VALUES, Facts
from .filters import is_unclear
from .plan import AccessPath, Branch
from .reach import Reach, place_of, reach


@frozen
class Drawn:
    """One branch as it was drawn up.

    Attributes:
        branch: the stretch of the index.
        reach: what its key says.
        values: field -> its one value in this branch.
    """

    branch: Branch
    reach: Reach
    values: Mapping[str, Any]


@frozen
class Division:
    """Who sees to which conditions, by their places.

    Attributes:
        filters: those that the server filters by.
        checks: those that the client checks.
        hydrated: whether whole items have to be fetched.
    """

    filters: tuple[int, ...]
    checks: tuple[int, ...]
    hydrated: bool


def path_of(
    spec: EntitySpec,
    choice: Choice,
    drawn: Sequence[Drawn],
    conditions: Conditions,
    division: Division,
    tags: tuple[str, ...],
) -> AccessPath:
    """The access path of a choice.

    Args:
        spec: the entity.
        choice: how the query is served.
        drawn: its branches, one or more.
        conditions: what is asked.
        division: who sees to which of the conditions.
        tags: of the entity, where the pattern may read items of others.
    """
    return AccessPath(
        pattern=choice.slot.pattern.name,
        index=choice.slot.index,
        branches=tuple(each.branch for each in drawn),
        conditions=conditions,
        method="GetItem" if choice.complete else "Query",
        filters=tuple(conditions[at] for at in division.filters),
        checks=tuple(conditions[at] for at in division.checks),
        expiry_at=expiry_at([spec], choice.slot.index, by_key=choice.complete),
        tags=tags,
        hydrated=division.hydrated,
        merged_by=_merging_place(choice, drawn),
    )


def expiry_at(
    specs: Iterable[EntitySpec], index: Index, *, by_key: bool
) -> Literal["server", "client"] | None:
    """Who leaves out expired items: GetItem filters nothing, and keys alone do not say when."""
    if all(spec.expires is None for spec in specs):
        return None
    return "client" if by_key or index.fields == () else "server"


def drawn_up(spec: EntitySpec, choice: Choice, facts: Facts, prefix: str) -> list[Drawn]:
    """The branches of a choice in the order they are read; none where no item can be there.

    Args:
        spec: the entity.
        choice: how the query is served.
        facts: what is asked of each field.
        prefix: of the scope, or "".

    Raises:
        RequestError: there are more than 100, or a value cannot be part of a key.
    """
    drawn = _drawn(spec, choice, facts, prefix)
    some = list(islice(drawn, 2))
    if len(some) < 2:
        return some
    kept: dict[Branch, Drawn] = {}  # two values may have one text, such as 0 and -0
    for each in chain(some, drawn):
        kept.setdefault(each.branch, each)
        if len(kept) > BRANCHES:
            raise too_many(f"{spec}.{choice.slot.pattern.name}")
    return _in_order(choice, list(kept.values()))


def division_of(
    spec: EntitySpec, choice: Choice, facts: Facts, conditions: Conditions, found: Reach
) -> Division:
    """Who sees to what the key does not say, of conditions with one signature always alike."""
    left = [at for at, each in enumerate(conditions) if not _covered(choice, facts, found, each)]
    filters = tuple(at for at in left if _can_filter(spec, choice, conditions[at]))
    checks = tuple(at for at in left if at not in filters)
    checked = names_of(tuple(conditions[at] for at in checks))
    hydrated = choice.reading.hydrated or not choice.slot.index.carries(checked)
    return Division(filters, checks, hydrated)


def _drawn(spec: EntitySpec, choice: Choice, facts: Facts, prefix: str) -> Iterator[Drawn]:
    slot = choice.slot
    partitions = _open_buckets(slot, facts)
    attribute = slot.index.hash
    for values in _bindings(spec, choice, facts):
        found = reach(slot, _sorted_by(choice, values), facts.ranges)
        if found.empty:
            continue
        for moments in partitions:
            everything = {**values, **moments} if moments else values
            for text in slot.pattern.partition_texts(everything):
                fields = slot.pattern.hash.fields
                hashed = fitting(attribute, partition_text(prefix, text), HASH_BYTES, fields)
                yield Drawn(Branch(((attribute, Equal(hashed)), *found.key)), found, values)


def too_many(what: str) -> RequestError:
    """The error of a plan that would send too much."""
    return RequestError(
        f"this query would read more than {BRANCHES} stretches of {what}; "
        "ask for fewer values or a shorter time at once"
    )


def _bindings(spec: EntitySpec, choice: Choice, facts: Facts) -> Iterable[dict[str, Any]]:
    """Each combination of the values of the key's fields."""
    values: dict[str, Sequence[Any]] = {}
    for name, part in choice.keyed:
        given = facts.values.get(name, ())
        some = given if part is None else usable(given, part) or possible_values(spec, part)
        if some or part is not None:
            values[name] = some
    if all(len(some) == 1 for some in values.values()):
        return [{name: some[0] for name, some in values.items()}]
    # One by one: of a million combinations the first hundred say that it is too many.
    return (dict(zip(values, each, strict=True)) for each in product(*values.values()))


def _sorted_by(choice: Choice, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of the range key's fields, as far as the choice goes."""
    if len(values) <= len(choice.bound):
        return values
    return {name: value for name, value in values.items() if name in choice.bound}


def _open_buckets(slot: IndexSlot, facts: Facts) -> Sequence[dict[str, Any]]:
    """Each combination of the buckets that ranges of the partition key's fields touch."""
    moments: dict[str, Sequence[Any]] = {}
    cut = [part for part in slot.pattern.hash.parts if part.bucket is not None]
    # Of several buckets of one field the shortest counts, which tells the others.
    for part in sorted(cut, key=lambda each: BUCKETS[str(each.bucket)]):
        if part.name not in facts.values:
            moments[str(part.name)] = _buckets(part, facts.ranges[str(part.name)])
    if not moments:
        return [{}]
    return [dict(zip(moments, each, strict=True)) for each in product(*moments.values())]


def _buckets(part: Part, tests: Sequence[Predicate]) -> Sequence[Any]:
    lows: list[Any] = []
    highs: list[Any] = []
    for test in tests:
        match test:
            case Between(low, high):
                lows.append(low)
                highs.append(high)
            case Compare((">" | ">="), low):
                lows.append(low)
            case Compare(_, high):
                highs.append(high)
            case _:
                pass
    for moment in (*lows, *highs):
        part.value_text(moment)  # refuses what is no moment, or has no time zone
    return buckets_between(max(lows), min(highs), str(part.bucket), BRANCHES + 1)


def _in_order(choice: Choice, drawn: list[Drawn]) -> list[Drawn]:
    if len(drawn) < 2:
        return drawn
    if choice.complete and choice.ordering == "merged":
        return sorted(drawn, key=lambda each: (_suffix(choice, each), _texts(each.branch)))
    if choice.ordering == "merged":
        drawn = [
            evolve(each, branch=evolve(each.branch, skipped=_skipped(choice, each)))
            for each in drawn
        ]
    return sorted(drawn, key=lambda each: _texts(each.branch))


def _texts(branch: Branch) -> list[str]:
    """Where a branch begins; branches of one partition do not overlap."""
    return [_lowest(test) for _, test in branch.key]


def _lowest(test: Predicate) -> str:
    match test:
        case Equal(text) | Compare((">" | ">="), text):
            return str(text)
        case Between(low, _):
            return str(low)
        case Compare():
            return ""
        case _:
            return str(test.text)  # type: ignore[union-attr]


def _suffix(choice: Choice, each: Drawn) -> str:
    _, skipped = _place(choice, each)
    return _lowest(each.branch.key[1][1])[skipped:]


def _skipped(choice: Choice, each: Drawn) -> int:
    return _place(choice, each)[1]


def _place(choice: Choice, each: Drawn) -> tuple[int, int]:
    if choice.start is None:
        return 0, 0
    values = _sorted_by(choice, each.values)
    return place_of(choice.slot, values, choice.start)


def _merging_place(choice: Choice, drawn: Sequence[Drawn]) -> int | None:
    if choice.ordering != "merged" or choice.complete or len(drawn) < 2:
        return None
    return _place(choice, drawn[0])[0]


def _covered(choice: Choice, facts: Facts, found: Reach, condition: Condition) -> bool:
    """Whether the key says all that a condition says."""
    if isinstance(condition, AnyOf):
        return False
    name, test = condition
    if isinstance(test, VALUES) and name in choice.bound:
        return _is_given(choice, facts, name)
    return condition in found.exact or choice.slot.pattern.when.get(name) == test


def _is_given(choice: Choice, facts: Facts, name: str) -> bool:
    """Whether the key has the values that were asked for, and not all that there are."""
    part = next((part for part in choice.slot.parts if part.name == name), None)
    return part is None or bool(usable(facts.values[name], part))


def _can_filter(spec: EntitySpec, choice: Choice, condition: Condition) -> bool:
    """Whether the server can filter by a condition on what is read."""
    if choice.complete:
        return False  # GetItem filters nothing
    carried = choice.slot.index.carries(names_of((condition,)))
    return carried and not is_unclear(spec, condition)
