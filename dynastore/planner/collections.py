"""Plans for item collections: entities of several classes in one partition, read together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from attrs import frozen

from ..entities.index_slots import IndexSlot
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..errors import NoAccessPattern, RequestError
from ..keys.templates import HASH_BYTES, fitting, partition_text
from ..table import PRIMARY
from ..terms import (
    AnyOf,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Conditions,
    Equal,
    Predicate,
    names_of,
)
from ..values.converter import hooks_of
from .choice import Ask
from .facts import Facts
from .filters import is_empty, is_unclear
from .paths import expiry_at
from .plan import AccessPath, Branch, Cost, KeyCondition, Plan
from .planning import check_order
from .reach import Reach, reach


@frozen(eq=False)
class Member:
    """One of the classes of a collection.

    Attributes:
        spec: the entity.
        slots: of its access patterns, the primary key first.
        conditions: what is asked, over its fields.
    """

    spec: EntitySpec
    slots: tuple[IndexSlot, ...]
    conditions: Conditions


@frozen
class Shared:
    """Where a member is found on an index.

    Attributes:
        slot: of its access pattern there.
        partition: the text of the partition key.
        reach: how far its range key goes.
    """

    slot: IndexSlot
    partition: str
    reach: Reach


def plan_collection(
    members: Sequence[Member], ask: Ask, *, prefix: str = "", others: Iterable[EntitySpec] = ()
) -> Plan:
    """One query for entities of several classes that share a partition.

    Args:
        members: the classes.
        ask: order and consistency.
        prefix: what the scope puts before every partition key.
        others: the other entities of the table; theirs are filtered out where they may be met.

    Raises:
        NoAccessPattern: no index has all of them in one partition.
        UnknownField, RequestError: they cannot be sorted, or not be read consistently.
    """
    if not members:
        raise RequestError("a collection is of at least one entity class")
    for member in members:
        check_order(member.spec, ask.order)
    _check_alike(members, ask.order, "sort by another field")
    filtered = [name for member in members for name in names_of(member.conditions)]
    _check_alike(members, filtered, "filter by another field, or read the classes one by one")
    numbers = sorted({each.pattern.number for member in members for each in member.slots})
    for number in numbers:
        found = [_on(member, number, prefix) for member in members]
        shared = [each for each in found if each is not None]
        if len(shared) == len(members) and len({each.partition for each in shared}) == 1:
            return _plan(members, shared, ask, others)
    raise _apart(members)


def _on(member: Member, number: int, prefix: str) -> Shared | None:
    """Where a member is found on an index; None where its partition is not known."""
    facts = Facts.of(member.conditions)
    single = {name: some[0] for name, some in facts.values.items() if len(some) == 1}
    for slot in member.slots:
        pattern = slot.pattern
        if pattern.number != number or _lacks(pattern, single, member.conditions):
            continue
        text = pattern.hash.render(single)
        if text is None:
            continue
        keyed = {
            part.name
            for part in slot.parts
            if single.get(str(part.name)) is not None or part.optional
        }
        values = {name: value for name, value in single.items() if name in keyed}
        return Shared(slot, partition_text(prefix, text), reach(slot, values, facts.ranges))
    return None


def _lacks(pattern: AccessPattern, single: object, conditions: Conditions) -> bool:
    buckets = any(part.bucket for part in pattern.hash.parts)
    return (
        pattern.shards > 1
        or buckets
        or any((name, test) not in conditions for name, test in pattern.when.items())
    )


def _plan(
    members: Sequence[Member], shared: Sequence[Shared], ask: Ask, others: Iterable[EntitySpec]
) -> Plan:
    conditions = members[0].conditions
    path = _path(members, shared, others)
    _check_consistent(path, ask)
    return Plan(
        classes=tuple(member.spec.cls for member in members),
        paths=(path,),
        conditions=conditions,
        order=ask.order,
        ordering="memory" if ask.order else "index",
        newest_first=ask.newest_first,
        consistent=ask.consistent,
        limit=ask.limit,
        empty=is_empty(conditions)
        or Facts.of(conditions).contradictory
        or any(each.reach.empty for each in shared),
        costing=partial(_cost, consistent=ask.consistent),
    )


def _path(
    members: Sequence[Member], shared: Sequence[Shared], others: Iterable[EntitySpec]
) -> AccessPath:
    """One stretch of one index, with all members in it."""
    slot = shared[0].slot
    index = slot.index
    hashed = fitting(index.hash, shared[0].partition, HASH_BYTES, slot.pattern.hash.fields)
    conditions = members[0].conditions
    same = all(each.reach == shared[0].reach for each in shared)
    ranges = shared[0].reach.key if same else _common(index.ranges[0], [s.reach for s in shared])
    left = tuple(each for each in conditions if not _covered(each, shared, same=same))
    slim = index.fields is not None
    checks = tuple(
        each for each in left if slim or any(is_unclear(member.spec, each) for member in members)
    )
    tags = tuple(member.spec.tag for member in members)
    return AccessPath(
        pattern=" | ".join(dict.fromkeys(each.slot.pattern.name for each in shared)),
        index=index,
        branches=(Branch(((index.hash, Equal(hashed)), *ranges)),),
        conditions=conditions,
        method="Query",
        filters=tuple(each for each in left if each not in checks),
        checks=checks,
        expiry_at=expiry_at([member.spec for member in members], index, by_key=False),
        tags=tags if _is_crowded(shared[0].slot.pattern, others) else (),
        hydrated=slim,
    )


def _is_crowded(pattern: AccessPattern, others: Iterable[EntitySpec]) -> bool:
    """Whether entities that were not asked for may be in the partition too."""
    return any(
        theirs.number == pattern.number and theirs.partition.overlaps(pattern.partition)
        for other in others
        for theirs in other.patterns
    )


def _cost(*, consistent: bool) -> Cost:
    """What one request takes that finds little."""
    units = 1.0 if consistent else 0.5
    return Cost(1, units, 1, units)


def _check_alike(members: Sequence[Member], names: Iterable[str], doing: str) -> None:
    """Refuse fields that are stored in several forms: no condition or order fits all of them."""
    for name in names:
        kinds: set[str] = set()
        for member in members:
            kinds |= hooks_of(member.spec.types[name]).kinds - {"NULL"}
        if len({member.spec.types[name] for member in members}) > 1 and len(kinds) > 1:
            classes = ", ".join(member.spec.name for member in members)
            raise RequestError(f"{name} is of several types in {classes}; {doing}")


def _check_consistent(path: AccessPath, ask: Ask) -> None:
    if ask.consistent and path.index != PRIMARY:
        raise RequestError(
            f"{path.pattern} is on {path.index.name}, and DynamoDB keeps indexes eventually "
            "consistent; query by the primary key, or leave consistent() out"
        )


def _covered(condition: Condition, shared: Sequence[Shared], *, same: bool) -> bool:
    """Whether the key says all that a condition says, for every member."""
    if isinstance(condition, AnyOf):
        return False
    name, test = condition
    patterns = [each.slot.pattern for each in shared]
    if isinstance(test, Equal) and all(name in pattern.hash.fields for pattern in patterns):
        return True
    if all(pattern.when.get(name) == test for pattern in patterns):
        return True
    return same and condition in shared[0].reach.exact


def _common(attribute: str, reaches: Sequence[Reach]) -> KeyCondition:
    """The stretch that all members begin with: a sub-collection by its sort prefix."""
    texts = [_beginning(each) for each in reaches]
    prefix = _shared_start(texts)
    return ((attribute, BeginsWith(prefix)),) if prefix else ()


def _beginning(found: Reach) -> str:
    """What the first range attribute begins with."""
    if not found.key:
        return ""
    test: Predicate = found.key[0][1]
    match test:
        case Equal(text) | BeginsWith(text):
            return str(text)
        case Between(low, high):
            return _shared_start([str(low), str(high)])
        case Compare():
            return ""
        case _:
            return ""


def _shared_start(texts: Sequence[str]) -> str:
    lowest, highest = min(texts), max(texts)
    pairs = enumerate(zip(lowest, highest, strict=False))
    return next((lowest[:at] for at, (mine, theirs) in pairs if mine != theirs), lowest)


def _apart(members: Sequence[Member]) -> NoAccessPattern:
    names = " | ".join(member.spec.name for member in members)
    lacking = {
        f"{member.spec}.{each.pattern.name}": _missing(each.pattern, member.conditions)
        for member in members
        for each in member.slots
    }
    return NoAccessPattern(
        names, {name: f or ("a partition shared by all",) for name, f in lacking.items()}
    )


def _missing(pattern: AccessPattern, conditions: Conditions) -> tuple[str, ...]:
    facts = Facts.of(conditions)
    unbound = [name for name in pattern.hash.fields if len(facts.values.get(name, ())) != 1]
    unmet = [name for name, test in pattern.when.items() if (name, test) not in conditions]
    return tuple(dict.fromkeys([*unbound, *unmet]))
