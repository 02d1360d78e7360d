"""How far a key reaches: the key condition that one access pattern makes of some filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ..entities.index_slots import IndexSlot
from ..keys.templates import RANGE_BYTES, KeyTemplate, Part, fitting
from ..keys.text import AFTER, escape
from ..terms import BeginsWith, Between, Compare, Conditions, Equal, Predicate
from .plan import KeyCondition


@frozen
class Reach:
    """The range attributes of one branch.

    Attributes:
        key: range attribute and predicate over its text, from the left.
        exact: the fields and ranges that the key says all of, so that they need no filter.
        empty: whether nothing can be in it.
    """

    key: KeyCondition
    exact: Conditions = ()
    empty: bool = False


@frozen
class Stretch:
    """What one range attribute is limited to by ranges on its next field.

    Attributes:
        condition: on the attribute's text; None where any text will do.
        exact: the ranges that it says all of.
        empty: whether nothing can be in it.
    """

    condition: Predicate | None
    exact: tuple[Predicate, ...] = ()
    empty: bool = False


def reach(
    slot: IndexSlot,
    values: Mapping[str, Any],
    ranges: Mapping[str, Sequence[Predicate]],
) -> Reach:
    """The conditions on the range attributes of an index.

    They are bound from the left: by equality while every field has a value, then by at most one
    range; never by a prefix where all is known, or ``n1`` would find ``n10``.

    Args:
        slot: of the access pattern.
        values: field -> its one value.
        ranges: field -> ranges that it must be in, if it has no value.
    """
    key: list[tuple[str, Predicate]] = []
    for attribute, template in zip(slot.index.ranges, slot.ranges, strict=True):
        if template is None:
            break
        start, part = template.prefix(values)
        if part is None:
            key.append((attribute, Equal(fitting(attribute, start, RANGE_BYTES, template.fields))))
            continue
        found = _stretch(template, part, start, ranges.get(part.name or "", ()))
        if found.condition is not None:
            _check_length(attribute, found.condition, template.fields)
            key.append((attribute, found.condition))
        exact = tuple((str(part.name), test) for test in found.exact)
        return Reach(tuple(key), exact, found.empty)
    return Reach(tuple(key))


def _check_length(attribute: str, condition: Predicate, fields: Sequence[str]) -> None:
    match condition:
        case Between(low, high):
            fitting(attribute, low, RANGE_BYTES, fields)
            fitting(attribute, high, RANGE_BYTES, fields)
        case Compare(_, text) | BeginsWith(text):
            fitting(attribute, text, RANGE_BYTES, fields)
        case _:
            raise AssertionError(f"{attribute} {condition} is no range")


def place_of(slot: IndexSlot, values: Mapping[str, Any], name: str) -> tuple[int, int]:
    """Where a field's text begins: the place of its range attribute, and a number of characters.

    Args:
        slot: of the access pattern.
        values: field -> its one value, for every field before it.
        name: the field.
    """
    known = {field: value for field, value in values.items() if field != name}
    for place, template in enumerate(slot.ranges):
        if template is not None and name in template.fields:
            start, _ = template.prefix(known)
            return place, len(start)
    raise AssertionError(f"{name} is no range field of {slot.pattern.name}")


def _stretch(template: KeyTemplate, part: Part, start: str, tests: Sequence[Predicate]) -> Stretch:
    if not tests:
        return Stretch(BeginsWith(start) if start else None)
    if len(tests) == 1 and isinstance(tests[0], BeginsWith):
        return _prefixed(part, start, tests[0])
    # Of several ranges the closest bounds count; a prefix among them is filtered.
    sides = [(test, *_bounds(template, part, start, test)) for test in tests]
    low = max((low for _, low, _, _ in sides if low is not None), default=None)
    high = min((high for _, _, high, _ in sides if high is not None), default=None)
    exact = tuple(test for test, _, _, exact in sides if exact)
    if start and not start.endswith("#") and high is None:
        # A successor of "X" is no safe bound, as that of "X#" is; filtered instead.
        return Stretch(BeginsWith(start))
    if low is None and high is None:
        return Stretch(BeginsWith(start) if start else None, exact)
    if not start and high is None:
        return Stretch(Compare(">=", low), exact)
    if not start and low is None:
        return Stretch(Compare("<=", high), exact)
    low, high = low or start, high or start[:-1] + AFTER
    return Stretch(Between(low, high), exact, empty=low > high)


def _prefixed(part: Part, start: str, test: BeginsWith) -> Stretch:
    prefix = start + escape(test.text)
    # Every text begins with "", and None, which is no text, has a key that does too.
    exact = bool(test.text) or not part.optional
    return Stretch(BeginsWith(prefix) if prefix else None, (test,) if exact else ())


def _bounds(
    template: KeyTemplate, part: Part, start: str, test: Predicate
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
        case _:
            return None, None, False
