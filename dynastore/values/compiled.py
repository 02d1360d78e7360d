"""Decoders: attribute values by name -> an object of an attrs class, in one compiled function.

    Call <- decode({"name": {"S": "find"}, "seconds": {"N": "0.25"}, "failed": …})

is, for ``name: str``, ``seconds: float = 0.0`` and a field whose hook has no text of its own::

    def decode(item):
        get = item.get
        found = new(twin)
        found.name = item["name"]["S"]
        found.seconds = (default1 if (v := get("seconds")) is None else float(v["N"]))
        found.failed = read2(item["failed"])
        found.__class__ = made
        return found

`making` has the last lines, and others for classes that need them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import NOTHING, Factory

from .attributes import AttributeValue
from .hooks import EMPTY_SET, Hooks
from .making import ending

Fields = Mapping[str, AttributeValue]


def decoder(
    cls: type[Any], hooks: Mapping[str, Hooks], opened: Mapping[str, Callable[[Any], Any]]
) -> Callable[[Fields], Any]:
    """What makes an object of its fields; it raises KeyError where one is missing.

    Args:
        cls: the class.
        hooks: of each field.
        opened: what reads fields instead of their hooks.
    """
    known: dict[str, Any] = {"moment": dt.datetime.fromisoformat, "empty": EMPTY_SET}
    values, rest = {}, []
    for at, field in enumerate(attrs.fields(cls)):
        reads = _reads(hooks[field.name])
        if not reads or field.name in opened:
            known[f"read{at}"] = opened.get(field.name, hooks[field.name].decode)
            reads = f"read{at}({{0}})"
        if isinstance(field.default, Factory) and field.default.takes_self:  # type: ignore[arg-type]
            rest.append(f"    if (v := get({field.name!r})) is not None:")
            rest.append(f"        rest[{field.alias!r}] = {reads.format('v')}")
            continue
        known[f"default{at}"] = field.default
        is_set = hooks[field.name].is_set
        values[field.name] = _value(field, f"default{at}", reads, is_set=is_set)
    last, names = ending(cls, values)
    known |= names
    first = ["def decode(item):", "    get = item.get"]
    source = "\n".join([*first, *(["    rest = {}", *rest] if rest else []), *last])
    exec(compile(source, f"<dynastore decoder of {cls.__qualname__}>", "exec"), known)  # noqa: S102
    decode: Callable[[Fields], Any] = known["decode"]
    return decode


def _reads(hooks: Hooks) -> str:
    """The text that reads an attribute value, ``{0}``; empty where there is no short one."""
    if not hooks.reads:
        return ""
    (kind,) = hooks.kinds - {"NULL"}
    if "NULL" not in hooks.kinds:
        return hooks.reads.format(f'{{0}}["{kind}"]')
    held = hooks.reads.format(f'w["{kind}"]')
    return f'(None if "NULL" in (w := {{0}}) else {held})'


def _value(field: Any, default: str, reads: str, *, is_set: bool) -> str:
    """The text of the value of a field."""
    found = f"get({field.name!r})"
    if is_set:
        return reads.format(f"({found} or empty)")
    if field.default is NOTHING:
        return reads.format(f"item[{field.name!r}]")
    absent = f"{default}.factory()" if isinstance(field.default, Factory) else default  # type: ignore[arg-type]
    return f"({absent} if (v := {found}) is None else {reads.format('v')})"
