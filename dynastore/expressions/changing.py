"""Changes, carried out on items in memory as DynamoDB carries them out.

For the embedded engine, and for what an update made of an item that it brought back as it was
before. They are compiled first, which checks what they are given; the function that comes out is then
applied to an item as `wire_values.kept_item` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from ..changes import (
    Add,
    Append,
    Change,
    Discard,
    IfMissing,
    Increment,
    Inside,
    Path,
    Prepend,
    SetTo,
    Unset,
)
from ..errors import RequestError
from ..values.attributes import AttributeMap, AttributeValue
from ..values.hooks import SET_KINDS
from ..values.wire_values import canonical, kept_attribute
from .nested import Edit, inside, shown_path

# Two numbers of 38 digits between 1E-130 and 1E+126 add up exactly in 257 digits.
_EXACT = Context(prec=300)


def changer(
    changes: Mapping[str | Path, Change],
) -> Callable[[Mapping[str, AttributeValue]], AttributeMap]:
    """What *changes* make of an item, as a function that returns a new item.

    The function raises RequestError where an attribute is missing or of a type that does not allow
    its change.

    Raises:
        RequestError: DynamoDB would refuse an operand.
    """
    edits = [(name, _edit(name, change)) for name, change in changes.items() if type(name) is str]
    inner = [
        (path, _edit(shown_path(path), change, level=len(path)))
        for path, change in changes.items()
        if type(path) is tuple
    ]

    def changed(item: Mapping[str, AttributeValue]) -> AttributeMap:
        edited = {name: edit(item.get(name)) for name, edit in edits}
        edited |= inside(item, inner)
        return {name: value for name, value in {**item, **edited}.items() if value is not None}

    return changed


def _edit(name: str, change: Change, level: int = 1) -> Edit:
    match change:
        case SetTo(value):
            new = kept_attribute(name, value, level)
            return lambda old: new
        case IfMissing(value):
            only = kept_attribute(name, value, level)
            return lambda old: only if old is None else old
        case Unset():
            return lambda old: None
        case Increment(by, start):
            step = _operand(name, by, "N")
            return _grown(name, start, "N", lambda number: _sum(name, number, step))
        case Append(values, start):
            added = _operand(name, values, "L", level)
            return _grown(name, start, "L", lambda members: [*members, *added])
        case Prepend(values, start):
            first = _operand(name, values, "L", level)
            return _grown(name, start, "L", lambda members: [*first, *members])
        case Add(members):
            return _with_members(name, members)
        case Discard(members):
            return _without_members(name, members)
        case Inside():
            raise RequestError(f"{name}: parts are changed by their paths, each by itself")


def _grown(name: str, start: AttributeValue | None, kind: str, grow: Callable[[Any], Any]) -> Edit:
    first = None if start is None else {kind: _operand(name, start, kind)}

    def edit(old: AttributeValue | None) -> AttributeValue:
        current = first if old is None else old
        if current is None:
            raise RequestError(f"{name} is not stored, so nothing can be added to it; give a start")
        if kind not in current:
            raise RequestError(
                f"{name} is stored as {next(iter(current))}; adding to it takes {kind}"
            )
        return {kind: grow(current[kind])}

    return edit


def _with_members(name: str, members: AttributeValue) -> Edit:
    kind, added = _set(name, members)

    def edit(old: AttributeValue | None) -> AttributeValue:
        held = [] if old is None else _members(name, old, kind)
        return kept_attribute(name, {kind: [*dict.fromkeys([*held, *added])]})

    return edit


def _without_members(name: str, members: AttributeValue) -> Edit:
    kind, gone = _set(name, members)

    def edit(old: AttributeValue | None) -> AttributeValue | None:
        held = [] if old is None else _members(name, old, kind)
        left = [member for member in held if member not in gone]
        return {kind: left} if left else None  # there are no empty sets

    return edit


def _set(name: str, members: AttributeValue) -> tuple[str, Any]:
    ((kind, held),) = kept_attribute(name, members).items()
    if kind not in SET_KINDS.values():
        sets = ", ".join(SET_KINDS.values())
        raise RequestError(f"{name} is changed by a {kind}; this change takes {sets}")
    return kind, held


def _members(name: str, stored: AttributeValue, kind: str) -> Any:
    if kind not in stored:
        raise RequestError(
            f"{name} is stored as {next(iter(stored))}, and its members are no {kind}"
        )
    return stored[kind]


def _operand(name: str, value: AttributeValue, kind: str, level: int = 1) -> Any:
    kept = kept_attribute(name, value, level)
    if kind not in kept:
        raise RequestError(f"{name} is changed by a {next(iter(kept))}; this change takes {kind}")
    return kept[kind]


def _sum(name: str, number: str, step: str) -> str:
    try:
        return canonical(_EXACT.add(Decimal(number), Decimal(step)))
    except RequestError as error:
        raise RequestError(f"{name} cannot grow by {step}: {error}") from error
