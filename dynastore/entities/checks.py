"""What can be wrong with one declaration, refused while modules are imported."""

from __future__ import annotations

import datetime as dt
from typing import Any

from attrs import NOTHING, Factory

from ..errors import ModelError, UnknownField, shown
from ..keys.templates import HEADER
from ..keys.text import is_optional, plain_type
from .lifetimes import refusal
from .patterns import AccessPattern
from .spec import EntitySpec

MOST = 10**18  # that a hint may say; costs are floats


def check(spec: EntitySpec) -> None:
    """Refuse a declaration that is wrong.

    Raises:
        ModelError: it says what and where.
    """
    for pattern in spec.patterns:
        _check_hash(spec, pattern)
        _check_ranges(spec, pattern)
        _check_roles(spec, pattern)
    _check_primary(spec)
    _check_hints(spec)
    _check_special_fields(spec)
    _check_defaults(spec)


def _check_hash(spec: EntitySpec, pattern: AccessPattern) -> None:
    where = f"{spec}.{pattern.name}"
    if pattern.hash.lead.startswith("@"):
        raise ModelError(f"{where}: a partition key cannot begin with '@', which begins a scope")
    if any(part.optional for part in pattern.hash.parts):
        raise ModelError(
            f"{where}: no '?' in a partition key; an item without the field is not in the index"
        )


def _check_ranges(spec: EntitySpec, pattern: AccessPattern) -> None:
    for part in pattern.sort.parts:
        if part.bucket:
            raise ModelError(
                f"{spec}.{pattern.name}: {part.name} is cut to its {part.bucket} in a partition "
                "key only; a range component sorts by all of it"
            )
        if part.name is not None and not part.optional and is_optional(spec.types[part.name]):
            raise ModelError(
                f"{spec}.{pattern.name}: {part.name} may be None, which would hide the item; "
                f"write {{{part.name}?}} to sort None first"
            )


def _check_roles(spec: EntitySpec, pattern: AccessPattern) -> None:
    used = {*pattern.fields, *pattern.when}
    if payloads := used & spec.payloads.keys():
        raise ModelError(
            f"{spec}.{pattern.name}: {payloads.pop()} is a payload(), which no key can hold"
        )
    if spec.version in used:
        raise ModelError(
            f"{spec}.{pattern.name}: {spec.version} changes with every write, which no key should"
        )
    if pattern.number == 0 and spec.updated in used:
        raise ModelError(
            f"{spec}.{pattern.name}: {spec.updated} changes with every write, which tells no "
            "entities apart"
        )


def _check_primary(spec: EntitySpec) -> None:
    primary = spec.primary
    where = f"{spec}.{primary.name}"
    if buckets := [part.name for part in primary.hash.parts if part.bucket]:
        raise ModelError(
            f"{where}: {buckets[0]} is cut to a bucket, which tells no entities apart; use a gsi()"
        )
    if hidden := [name for name in primary.fields if is_optional(spec.types[name])]:
        raise ModelError(f"{where}: {hidden[0]} may be None, and a primary key may not")
    lead = primary.sort.lead
    if lead and not (lead[0].isascii() and lead[0].isalpha()) and not lead.startswith(HEADER):
        raise ModelError(
            f"{where}: a sort key begins with a letter (or is '~'), not with {lead[0]!r}"
        )


def _check_hints(spec: EntitySpec) -> None:
    spec_hints = spec.hints
    if unknown := [name for name in spec_hints.distinct if name not in spec.types]:
        raise ModelError(f"{spec}: distinct= {UnknownField(spec.name, unknown[0], [*spec.types])}")
    numbers = (spec_hints.count, spec_hints.item_bytes, *spec_hints.distinct.values())
    wrong = [n for n in numbers if n is not None and not (type(n) is int and 1 <= n <= MOST)]
    if wrong:
        raise ModelError(
            f"{spec}: a hint is a whole number from 1 to {MOST:.0e}, not {shown(wrong[0])}"
        )


def _check_special_fields(spec: EntitySpec) -> None:
    if spec.expires is not None:
        if spec.expires not in spec.types:
            raise ModelError(f"{spec}: expires={spec.expires!r} names no field")
        if plain_type(spec.types[spec.expires]) is not dt.datetime:
            raise ModelError(f"{spec}.{spec.expires}: expires= needs a datetime or None")
    if spec.lifetime is not None:
        if spec.expires is None:
            raise ModelError(f"{spec}: lifetime= needs expires=, the field that it sets")
        if why := refusal(spec.lifetime):
            raise ModelError(f"{spec}: lifetime= {why}")
    for name in (spec.created, spec.updated):
        if name is not None and spec.types[name] is not dt.datetime:
            raise ModelError(f"{spec}.{name}: created() and updated() are of type datetime")
    changing = {spec.version, spec.updated, *spec.payloads}
    for each in spec.uniques:
        if wrong := [name for name in each.fields if name in changing]:
            raise ModelError(f"{spec}.{each.name}: {wrong[0]} cannot be unique")
    if spec.version is not None and spec.types[spec.version] is not int:
        raise ModelError(f"{spec}.{spec.version}: version() counts, so its type is int")


def _check_defaults(spec: EntitySpec) -> None:
    """Refuse a default that entities would share, and change for each other."""
    for name in spec.types:
        default = spec.default(name)
        if default is NOTHING or isinstance(default, Factory):  # type: ignore[arg-type]
            continue
        if type(default).__hash__ is None:  # lists, dicts, sets; classes that compare and change
            specifier = "payload" if name in spec.payloads else "field"
            raise ModelError(
                f"{spec}.{name}: all entities would share its default, {shown(default)}; "
                f"write {specifier}(factory={_maker(default)})"
            )


def _maker(default: Any) -> str:
    is_plain = type(default) in {list, dict, set, bytearray} and not default
    return type(default).__name__ if is_plain else "lambda: …"
