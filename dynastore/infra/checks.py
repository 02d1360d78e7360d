"""What an option may be; each check is an attrs validator, whose message begins with the option's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from attrs import NOTHING, fields

from ..errors import ModelError, shown

Check: TypeAlias = Callable[[Any, Any, Any], None]
"""Takes the value that has the option, the option, and what it is set to."""


def refused(option: Any, wanted: str, value: object) -> ModelError:
    """The error for an option that is not what is wanted."""
    return ModelError(f"{option.name} is {wanted}, not {shown(value)}")


def flag(_: Any, option: Any, value: object) -> None:
    """True or false."""
    if type(value) is not bool:
        raise refused(option, "true or false", value)


def whole(low: int, high: int) -> Check:
    """A whole number of a range, both ends included."""

    def check(_: Any, option: Any, value: object) -> None:
        if type(value) is not int or not low <= value <= high:
            raise refused(option, f"a whole number from {low:,} to {high:,}", value)

    return check


def one_of(*known: str) -> Check:
    """One of some texts."""

    def check(_: Any, option: Any, value: object) -> None:
        if value not in known:
            raise refused(option, f"one of {', '.join(known)}", value)

    return check


def like(pattern: str, what: str) -> Check:
    """A text of a form; *what* tells a person which."""
    form = re.compile(pattern)

    def check(_: Any, option: Any, value: object) -> None:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise refused(option, what, value)

    return check


def each(check: Check, *, least: int = 0, repeated: bool = False) -> Check:
    """A list, each of which passes a check, and none of which is there twice unless it may."""

    def check_all(owner: Any, option: Any, value: object) -> None:
        if not isinstance(value, tuple) or len(value) < least:
            raise refused(option, "a list of one or more" if least else "a list", value)
        for one in value:
            check(owner, option, one)
        if not repeated and len(set(value)) < len(value):
            raise refused(option, "a list without repetition", [*value])

    return check_all


def pairs(key: Check, check: Check) -> Check:
    """A table of keys and values, each of which passes its check."""

    def check_all(owner: Any, option: Any, value: object) -> None:
        if not isinstance(value, Mapping):
            raise refused(option, "a table of keys and values", value)
        for name, one in value.items():
            key(owner, option, name)
            check(owner, option, one)

    return check_all


def section(cls: type[Any]) -> Check:
    """The value of a section."""

    def check(_: Any, option: Any, value: object) -> None:
        if not isinstance(value, cls):
            raise refused(option, f"a section, [{option.name}]", value)

    return check


def known(cls: type[Any], told: Mapping[str, Any], place: str) -> None:
    """Refuse options that a class does not have, and that it must have and are missing.

    Raises:
        ModelError: which one, with the nearest.
    """
    options = {each.name: each for each in fields(cls)}
    for name in told:
        if name not in options:
            near = get_close_matches(name, options, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(options)}"
            raise ModelError(f"{place}{name} is no option; {hint}")
    for name, option in options.items():
        if option.default is NOTHING and name not in told:
            raise ModelError(f"{place}{name} is missing")
