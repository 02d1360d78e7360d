"""Advice where no access pattern serves: what the nearest one lacks, and which one would serve."""

from __future__ import annotations

from collections.abc import Mapping

from ..entities.spec import EntitySpec
from ..errors import NoAccessPattern
from ..keys.text import is_optional, renderer
from ..table import INDEX_LIMIT, RANGES
from .choice import Ask
from .facts import Facts


def no_access_pattern(
    spec: EntitySpec, facts: Facts, ask: Ask, lacking: Mapping[str, tuple[str, ...]]
) -> NoAccessPattern:
    """The error of a query that no pattern serves, with the declaration of one that would."""
    return NoAccessPattern(spec.name, lacking, declaration(spec, facts, ask))


def declaration(spec: EntitySpec, facts: Facts, ask: Ask) -> str | None:
    """The line of code that would serve a query; None where its fields cannot be part of a key.

    Fields with known values make the partition key, the order and then a range the range key.
    """
    hashed = [
        name
        for name, values in facts.values.items()
        # Partitions have no order: several values of a field to sort by are part of the range key.
        if None not in values and (len(values) == 1 or name not in ask.order) and _keyed(spec, name)
    ]
    ranged = [name for name in (*ask.order, *facts.ranges) if _keyed(spec, name)]
    sorted_by = [name for name in dict.fromkeys(ranged) if name not in hashed]
    number = _free_number(spec)
    if number is None or not (hashed or sorted_by):
        return None
    hash_template = "#".join(f"{name.upper()}#{{{name}}}" for name in hashed)
    if not hashed:
        # A tag may be any text, of which a template cannot hold all.
        plain = spec.tag.replace("-", "_").isidentifier()
        hash_template = f"{spec.tag if plain else spec.name}S".upper()
    rest = sorted_by or [name for name in spec.primary.fields if name not in hashed][:1]
    components = [_component(spec, name) for name in rest] or ["~"]
    if len(components) > RANGES:
        components[RANGES - 1 :] = ["#".join(components[RANGES - 1 :])]
    name = f"by_{'_and_'.join(hashed or sorted_by)}"
    if name in {*spec.types, *(pattern.name for pattern in spec.patterns)}:
        name = f"{name}_{number}"
    given = [f'"{each}"' for each in (hash_template, *components)]
    given += ["across_scopes=True"] if ask.across_scopes else []
    return f"{name} = gsi({number}, {', '.join(given)})"


def _keyed(spec: EntitySpec, name: str) -> bool:
    """Whether values of a field can be part of a key."""
    if name in spec.payloads or name == spec.version:
        return False
    try:
        renderer(spec.types[name])
    except TypeError:
        return False
    return True


def _component(spec: EntitySpec, name: str) -> str:
    return f"{{{name}?}}" if is_optional(spec.types[name]) else f"{{{name}}}"


def _free_number(spec: EntitySpec) -> int | None:
    used = {pattern.number for pattern in spec.patterns}
    return next((number for number in range(1, INDEX_LIMIT + 1) if number not in used), None)
