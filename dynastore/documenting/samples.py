"""Sample entities: made of the types of their fields, the same ones every time.

A sample has a value in every field that a key is made of, so that it is in its indexes, and the
defaults elsewhere. Fields of one name have one value in all classes: a session and its runs meet in
one partition, as they do in the table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args, get_origin
from uuid import UUID

import attrs
from attrs import NOTHING, frozen

from ..codec.codec import Codec
from ..entities.implication import holds
from ..entities.spec import EntitySpec
from ..errors import DynastoreError
from ..keys.text import choices, is_optional, plain_type
from ..terms import BeginsWith, Between, Compare, Equal, OneOf, Predicate
from ..values.attributes import AttributeMap

MOMENT = dt.datetime(2026, 1, 5, 9, 30, tzinfo=dt.UTC)
DEEPEST = 4  # of values in values; a type that holds itself ends there

PLAIN: Mapping[Any, tuple[Any, Any]] = {
    bool: (False, True),
    int: (1, 2),
    float: (0.5, 1.5),
    Decimal: (Decimal("1.5"), Decimal("2.5")),
    bytes: (b"\x01", b"\x02"),
    bytearray: (bytearray(b"\x01"), bytearray(b"\x02")),
    dt.datetime: (MOMENT, MOMENT + dt.timedelta(hours=1)),
    dt.date: (MOMENT.date(), MOMENT.date() + dt.timedelta(days=1)),
    dt.timedelta: (dt.timedelta(hours=1), dt.timedelta(hours=2)),
    UUID: (UUID(int=1), UUID(int=2)),
}


@frozen
class Sample:
    """One entity as the table stores it.

    Attributes:
        entity: the entity.
        item: its item.
    """

    entity: Any
    item: AttributeMap


@frozen
class Samples:
    """The samples of a class.

    Attributes:
        found: one, or two that share a partition.
        refusal: why there is none; "" where there are some.
    """

    found: Sequence[Sample] = ()
    refusal: str = ""


def samples_of(codec: Codec, prefix: str) -> Samples:
    """A sample of a class, and a second one of the same partition where that can have several.

    Args:
        codec: of the class, on its table.
        prefix: of the scope that they are in, or "".
    """
    spec = codec.spec
    varied = [*spec.primary.sort.fields[-1:], *(f for each in spec.uniques for f in each.fields)]
    try:
        made = [_made(spec, {})]
        if spec.primary.sort.fields:
            made.append(_made(spec, {name: value(name, spec.types[name], 1) for name in varied}))
        return Samples([Sample(each, codec.encode(each, prefix)) for each in made])
    except (DynastoreError, ValueError, TypeError) as error:  # a class may refuse values of its own
        return Samples(refusal=str(next(iter(error.args), error)))


def values_of(spec: EntitySpec) -> dict[str, Any]:
    """Field -> its sample value, of the fields that keys are made of."""
    found: dict[str, Any] = {}
    for pattern in spec.patterns:
        for name in pattern.fields:
            found.setdefault(name, value(name, spec.types[name]))
        for name, test in pattern.when.items():
            found[name] = satisfying(test, spec.types[name], found.get(name))
    return found


def value(name: str, annotation: Any, which: int = 0, depth: int = 0) -> Any:
    """The sample value of a field.

    Args:
        name: of the field; a text is made of it.
        annotation: its type.
        which: 0 or 1, for two values that differ where the type has two.
        depth: how many values it is inside of.
    """
    kind = plain_type(annotation)
    if possible := choices(kind):
        return possible[which % len(possible)]
    if kind is str:
        return f"{name.removesuffix('_id') or name}-{which + 1}"
    if kind in PLAIN:
        return PLAIN[kind][which]
    if depth >= DEEPEST:
        return None
    return _composed(name, kind, depth + 1)


def satisfying(test: Predicate, annotation: Any, first: Any) -> Any:
    """A value for which a predicate holds, as far as one is found; *first* if it does."""
    kind = plain_type(annotation)
    named = _named_in(test)
    candidates = [first, *named, *(choices(kind) or ()), value("sample", kind), None]
    for each in candidates:
        if (each is not None or is_optional(annotation)) and _holds(test, each):
            return each
    return first


def _named_in(test: Predicate) -> Sequence[Any]:
    match test:
        case Equal(value=known) | Compare(value=known) | BeginsWith(text=known):
            return [known]
        case Between(low, high):
            return [low, high]
        case OneOf(values):
            return values
    return []


def _holds(test: Predicate, candidate: Any) -> bool:
    try:
        return holds(test, candidate)
    except TypeError:  # of another type than what it is compared with
        return False


def _made(spec: EntitySpec, varied: Mapping[str, Any]) -> Any:
    needed = {
        name: value(name, kind)
        for name, kind in spec.types.items()
        if spec.default(name) is NOTHING
    }
    kept = {name: MOMENT for name in (spec.created, spec.updated) if name is not None}
    return spec.cls(**{**needed, **kept, **values_of(spec), **varied})


def _composed(name: str, kind: Any, depth: int) -> Any:
    """A value of a type that is made of others: a container, or a class of attrs."""
    origin = get_origin(kind) or kind
    inner = get_args(kind)
    if origin is dict or origin is Mapping:
        return {name: value(name, inner[1], depth=depth)} if inner else {}
    if origin is tuple and inner and inner[-1] is not ...:
        return tuple(value(name, each, depth=depth) for each in inner)
    if origin in {set, frozenset} and inner:
        return origin([value(name, inner[0], depth=depth)])
    if origin in {list, tuple, Sequence} and inner:
        made = [value(name, inner[0], depth=depth)]
        return tuple(made) if origin is tuple else made
    if isinstance(origin, type) and attrs.has(origin):
        return _instance(origin, depth)
    if isinstance(origin, type) and origin in {list, set, frozenset, tuple}:
        return origin()
    return _of_union(name, kind, depth)


def _instance(cls: type[Any], depth: int) -> Any:
    """An object of an attrs class; its fields with a default keep it."""
    needed = [each for each in attrs.fields(attrs.resolve_types(cls)) if each.default is NOTHING]
    return cls(**{each.alias: value(each.name, each.type, depth=depth) for each in needed})


def _of_union(name: str, kind: Any, depth: int) -> Any:
    """A value of the first type of a union; a text where a type says nothing, as Any."""
    for each in get_args(kind):
        return value(name, each, depth=depth)
    return f"{name}-1"
