"""The planner: filters in, one key condition out.

Pure: a plan is a function of the declarations and the filters, and sends nothing. A pattern serves
a query when every field of its partition key is given by equality; of those that serve, the one
whose key covers most filters wins, and the primary key wins a tie. What the key does not cover is
filtered at the server. A scan is never chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import frozen

from .converter import hooks_of
from .entity import EntitySpec
from .errors import NoAccessPattern, RequestError, shown
from .hooks import type_name
from .key_text import AFTER, escape, plain_type
from .keys import HASH_BYTES, RANGE_BYTES, KeyTemplate, Part, fitting, partition_text
from .patterns import AccessPattern
from .plan import Plan, Tests
from .table import PRIMARY, Index
from .terms import (
    BeginsWith,
    Between,
    Compare,
    Equal,
    IsNone,
    Predicate,
    as_predicate,
    mapped,
)

ORDERED = frozenset({"S", "N", "B"})  # wire types with a "<" at the server; DynamoDB comparators


@frozen
class Reach:
    """How far the key of one access pattern covers the filters.

    Attributes:
        key: key attribute and predicate over its text.
        covered: fields that need no filter any more.
        bound: fields that narrow what is read; those covered, and a range that is filtered too.
        empty: whether a range is empty.
    """

    key: tuple[tuple[str, Predicate], ...]
    covered: frozenset[str]
    bound: int
    empty: bool = False


def plan(
    spec: EntitySpec,
    where: Mapping[str, Any],
    *,
    indexes: Mapping[int, Index],
    prefix: str = "",
    mixed: frozenset[str] = frozenset(),
) -> Plan:
    """Choose the access pattern whose key covers most of the filters.

    Args:
        spec: the entity.
        where: field -> a literal or a predicate.
        indexes: the table's indexes, by number.
        prefix: what the scope puts before every partition key.
        mixed: patterns that may read items of other entities, which are then filtered out.

    Raises:
        NoAccessPattern: no pattern serves the query.
        UnknownField, RequestError: a filter is wrong.
    """
    tests = checked_tests(spec, where)
    missing = {each.name: missing_fields(each, tests) for each in spec.patterns}
    serving = [each for each in spec.patterns if not missing[each.name]]
    if not serving:
        raise NoAccessPattern(spec.name, missing)
    reaches = {each.name: reach(each, _index(each, indexes), tests, prefix) for each in serving}
    best = max(serving, key=lambda each: reaches[each.name].bound)
    chosen = reaches[best.name]
    return Plan(
        classes=(spec.cls,),
        pattern=best.name,
        index=_index(best, indexes),
        key=chosen.key,
        filters={name: test for name, test in tests.items() if name not in chosen.covered},
        tags=(spec.tag,) if best.name in mixed else (),
        passed_over=_passed_over(spec, best, missing),
        empty=chosen.empty or any(_is_empty(spec, name, test) for name, test in tests.items()),
    )


def plan_collection(
    specs: Sequence[EntitySpec],
    where: Mapping[str, Any],
    *,
    indexes: Mapping[int, Index],
    prefix: str = "",
    others: Iterable[EntitySpec] = (),
) -> Plan:
    """One query for entities of several classes that share a partition.

    Args:
        specs: the entities.
        where: field -> a literal or a predicate; every entity has these fields.
        indexes: the table's indexes, by number.
        prefix: what the scope puts before every partition key.
        others: the other entities of the table; theirs are filtered out where they may be met.

    Raises:
        NoAccessPattern: no index has all of them in one partition.
        UnknownField, RequestError: a filter is wrong.
    """
    if not specs:
        raise RequestError("a collection is of at least one entity class")
    tests, *_ = [checked_tests(spec, where) for spec in specs]
    for number in (0, *indexes):
        patterns = [_on(spec, number) for spec in specs]
        shared = [each for each in patterns if each is not None and not missing_fields(each, tests)]
        if len(shared) != len(specs):
            continue
        index = _index(shared[0], indexes)
        found = [reach(each, index, tests, prefix) for each in shared]
        if len({each.key[0] for each in found}) == 1:
            return _collected(specs, shared, index, found, tests, others)
    names = " | ".join(spec.name for spec in specs)
    lacking = {
        f"{spec}.{each.name}": missing_fields(each, tests)
        for spec in specs
        for each in spec.patterns
    }
    raise NoAccessPattern(
        names, {name: f or ("a partition shared by all",) for name, f in lacking.items()}
    )


def checked_tests(spec: EntitySpec, where: Mapping[str, Any]) -> dict[str, Predicate]:
    """The filters as predicates.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be filtered, or not like this.
    """
    spec.check_fields(where)
    tests = {name: as_predicate(value) for name, value in where.items()}
    for name, test in tests.items():
        if name in spec.payloads:
            raise RequestError(
                f"{spec}.{name} is a payload(), which cannot be compared; "
                "keep what you filter by in a field of its own"
            )
        if isinstance(test, BeginsWith):
            _check_prefix(spec, name, test)
        if isinstance(test, (Compare, Between)):
            _check_range(spec, name, test)
    return tests


def _check_prefix(spec: EntitySpec, name: str, test: BeginsWith) -> None:
    if plain_type(spec.types[name]) is not str:
        raise RequestError(f"{spec}.{name} is no text, so nothing begins_with()")
    if not isinstance(test.text, str):
        raise RequestError(f"{spec}.{name} begins with a text, not with {shown(test.text)}")
    try:
        test.text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(f"{spec}.{name} cannot be compared with no Unicode: {error}") from error


def _check_range(spec: EntitySpec, name: str, test: Compare | Between) -> None:
    if ORDERED.isdisjoint(hooks_of(spec.types[name]).kinds):
        kind = type_name(plain_type(spec.types[name]))
        raise RequestError(f"{spec}.{name} is {kind}, which has no order; compare by equality")
    bounds = (test.value,) if isinstance(test, Compare) else (test.low, test.high)
    if None in bounds:
        raise RequestError(f"{spec}.{name} is before or after a value; find None by {name}=None")


def missing_fields(pattern: AccessPattern, tests: Tests) -> tuple[str, ...]:
    """Fields that a pattern would still need by equality; those of a sparse index's predicate too."""
    unbound = [name for name in pattern.hash.fields if not isinstance(tests.get(name), Equal)]
    unmet = [name for name, value in pattern.when.items() if tests.get(name) != as_predicate(value)]
    return tuple(dict.fromkeys([*unbound, *unmet]))


def reach(pattern: AccessPattern, index: Index, tests: Tests, prefix: str) -> Reach:
    """The key conditions that one pattern can make of the filters.

    Range attributes are bound from the left: by equality while every field is known, then by at
    most one range; never by a prefix where all is known, or ``n1`` would find ``n10``.
    """
    equal = {name: test.value for name, test in tests.items() if isinstance(test, Equal)}
    nothing = {name: None for name, test in tests.items() if isinstance(test, IsNone)}
    text = pattern.hash.render(equal)
    assert text is not None, "all fields of the hash are bound"
    key: list[tuple[str, Predicate]] = [
        (index.hash, Equal(fitting(index.hash, partition_text(prefix, text), HASH_BYTES)))
    ]
    covered = {*pattern.hash.fields, *pattern.when}
    for attribute, template in zip(index.ranges, pattern.templates(index), strict=True):
        if template is None:
            break
        known = equal | {
            part.name: None for part in template.parts if part.optional and part.name in nothing
        }
        start, part = template.prefix(known)
        covered |= {name for name in _fields_before(template, part) if name in tests}
        if part is None:
            key.append((attribute, Equal(fitting(attribute, start, RANGE_BYTES))))
            continue
        stretch = _stretch(template, part, start, tests.get(part.name or ""))
        if stretch.condition is not None:
            fits = partial(fitting, attribute, limit_bytes=RANGE_BYTES)
            key.append((attribute, mapped(stretch.condition, fits)))
        exact = {part.name} if stretch.exact and part.name else set()
        bound = len(covered | ({part.name} if stretch.narrows else set()))
        return Reach(tuple(key), frozenset(covered | exact), bound, stretch.empty)
    return Reach(tuple(key), frozenset(covered), len(covered))


@frozen
class Stretch:
    """What one range attribute is limited to by a range on its next field.

    Attributes:
        condition: on the attribute's text; None where any text will do.
        narrows: whether the range on the field is part of it.
        exact: whether it says all that the range says.
        empty: whether nothing can be in it.
    """

    condition: Predicate | None
    narrows: bool = False
    exact: bool = False
    empty: bool = False


def _stretch(template: KeyTemplate, part: Part, start: str, test: Predicate | None) -> Stretch:
    anything = Stretch(BeginsWith(start) if start else None)
    if isinstance(test, BeginsWith):
        prefix = start + escape(test.text)
        # Every text begins with "", and None, which is no text, has a key that does too.
        exact = bool(test.text) or not part.optional
        return Stretch(BeginsWith(prefix) if prefix else None, narrows=True, exact=exact)
    if not isinstance(test, (Compare, Between)):
        return anything
    low, high, exact = _bounds(template, part, start, test)
    if start and not start.endswith("#") and high is None:
        return anything  # a successor of "X" is no safe bound, as that of "X#" is; filtered instead
    if not start and high is None:
        return Stretch(Compare(">=", low), True, exact)
    if not start and low is None:
        return Stretch(Compare("<=", high), True, exact)
    low, high = low or start, high or start[:-1] + AFTER
    return Stretch(Between(low, high), True, exact, empty=low > high)


def _bounds(
    template: KeyTemplate, part: Part, start: str, test: Compare | Between
) -> tuple[str | None, str | None, bool]:
    """The lowest and highest text, both included, and whether they leave nothing to filter.

    After a value comes "#" or the end, and `AFTER` is above both. So value + AFTER is above all
    texts of the value, and below those of the next value.
    """
    follows = not template.ends_with(part)
    lowest = start + AFTER if part.optional else None  # above None
    match test:
        case Between(low, high):
            return (
                start + part.value_text(low),
                start + part.value_text(high) + AFTER * follows,
                True,
            )
        case Compare(">=", low):
            return start + part.value_text(low), None, True
        case Compare(">", low):
            return start + part.value_text(low) + AFTER, None, True
        case Compare("<=", high):
            return lowest, start + part.value_text(high) + AFTER * follows, True
        case Compare(_, high):
            return lowest, start + part.value_text(high), follows


def _is_empty(spec: EntitySpec, name: str, test: Predicate) -> bool:
    """Whether a range holds nothing, which DynamoDB would refuse instead of finding nothing."""
    if not isinstance(test, Between):
        return False
    encode = hooks_of(spec.types[name]).encode
    try:
        ((kind, low),) = encode(test.low).items()
        ((other, high),) = encode(test.high).items()
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"{spec}.{name} cannot be a bound: {error}") from error
    if kind != other or kind not in ORDERED:
        raise RequestError(f"{spec}.{name} is between two texts, numbers or bytes, of one type")
    return Decimal(low) > Decimal(high) if kind == "N" else bool(low > high)


def _fields_before(template: KeyTemplate, part: Part | None) -> list[str]:
    names = []
    for each in template.parts:
        if each is part or each.name is None:
            break
        names.append(each.name)
    return names


def _collected(
    specs: Sequence[EntitySpec],
    patterns: Sequence[AccessPattern],
    index: Index,
    found: Sequence[Reach],
    tests: Tests,
    others: Iterable[EntitySpec],
) -> Plan:
    same = all(each.key == found[0].key for each in found)
    key = found[0].key if same else found[0].key[:1]
    covered = found[0].covered if same else frozenset(patterns[0].hash.fields)
    met = [_on(other, index.number) for other in others]
    crowded = any(each is not None and each.hash.overlaps(patterns[0].hash) for each in met)
    return Plan(
        classes=tuple(spec.cls for spec in specs),
        pattern=" | ".join(dict.fromkeys(pattern.name for pattern in patterns)),
        index=index,
        key=key,
        filters={name: test for name, test in tests.items() if name not in covered},
        tags=tuple(spec.tag for spec in specs) if crowded else (),
        empty=any(_is_empty(specs[0], name, test) for name, test in tests.items()),
    )


def _passed_over(
    spec: EntitySpec, best: AccessPattern, missing: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    return {
        each.name: f"needs {', '.join(missing[each.name])}"
        if missing[each.name]
        else "covers no more"
        for each in spec.patterns
        if each is not best
    }


def _on(spec: EntitySpec, number: int) -> AccessPattern | None:
    return next((each for each in spec.patterns if each.number == number), None)


def _index(pattern: AccessPattern, indexes: Mapping[int, Index]) -> Index:
    return indexes[pattern.number] if pattern.number else PRIMARY
