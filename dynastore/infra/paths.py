"""Two JSON values, compared: where they differ, and what is in each.

Members of a list are told apart by what names them, so that an index that was put in front of others is
one addition, and not a change of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

# What names a member of a list in CloudFormation: an index, an attribute, a tag, a statement, a rule, …
NAMES = ("IndexName", "AttributeName", "Sid", "Key", "Id", "Region", "Name", "RuleName")


class _Absent:
    """There is no value at a path, which is not the same as null."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@frozen
class Difference:
    """A place where two values differ.

    Attributes:
        path: such as ``GlobalSecondaryIndexes[GSI2].Projection.ProjectionType``.
        before: what is there in the one; ABSENT where nothing is.
        after: what is there in the other.
    """

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Where two JSON values differ, as deep as they have their form in common.

    Args:
        before: the one.
        after: the other.
        path: where both are.
    """
    if before == after:
        return
    old, new = _members(before), _members(after)
    if old is None or new is None or isinstance(before, Mapping) != isinstance(after, Mapping):
        yield Difference(path, before, after)
        return
    form = "{}[{}]" if isinstance(before, Sequence) else "{}.{}" if path else "{}{}"
    for name in dict.fromkeys((*old, *new)):
        place = form.format(path, name)
        yield from differences(old.get(name, ABSENT), new.get(name, ABSENT), place)


def _members(value: Any) -> Mapping[str, Any] | None:
    """What is in a value, by name; None where it is one of a kind, or its members have no names."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        return None
    for name in NAMES:
        named = {each[name]: each for each in value if isinstance(each.get(name), str)}
        if len(named) == len(value):
            return named
    return None
