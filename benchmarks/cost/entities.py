"""Entities of any class, made by their declarations: what fills a table, and what is asked for.

Entities of a group share what an access pattern finds them by, and are told apart by their numbers.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Mapping
from enum import Enum
from functools import cache
from itertools import chain
from random import Random
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from dynastore.entities.spec import EntitySpec, spec_of

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CONTENT_BYTES = 600  # of a payload; random, so that little of it is compressed away


def made(cls: type[Any], group: str, number: int) -> Any:
    """An entity, by its group and its number in it."""
    spec = spec_of(cls)
    named = _named(spec)
    values = {
        name: _value(annotation, name, group if name in _shared(spec) else "", number)
        for name, annotation in spec.types.items()
        if name in named or name in spec.payloads or spec.default(name) is attrs.NOTHING
    }
    return cls(**values | _whens(spec))


def shared_values(cls: type[Any], group: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    """What all entities of a group have in some fields."""
    types = spec_of(cls).types
    return {name: _value(types[name], name, group, 0) for name in names}


@cache
def _shared(spec: EntitySpec) -> frozenset[str]:
    """Fields that a group shares: those of partition keys, unless they tell its entities apart."""
    own = {name for each in spec.primary.ranges for name in each.fields}
    hashes = {name for each in spec.patterns for name in each.hash.fields}
    return frozenset(hashes - (own or {*spec.primary.hash.fields}) - {*_whens(spec)})


@cache
def _named(spec: EntitySpec) -> frozenset[str]:
    """Fields that access patterns go by, or uniques."""
    patterns = chain.from_iterable((*each.fields, *each.when) for each in spec.patterns)
    return frozenset({*patterns, *chain.from_iterable(each.fields for each in spec.uniques)})


def _whens(spec: EntitySpec) -> dict[str, Any]:
    """What fields must be for an entity to be in its indexes, as far as one value is named."""
    tests = chain.from_iterable(each.when.items() for each in spec.secondary)
    return {name: test.value for name, test in tests if hasattr(test, "value")}


def _value(annotation: Any, name: str, group: str, number: int) -> Any:
    """A value of a type: of the group where one is given, otherwise of the number."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _value(next(each for each in arguments if each is not NoneType), name, group, number)
    if origin is Literal:
        return arguments[0]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if attrs.has(annotation):
        attrs.resolve_types(annotation)
        needed = [each for each in attrs.fields(annotation) if each.default is attrs.NOTHING]
        return annotation(**{f.name: _value(f.type, f.name, group, number) for f in needed})
    if annotation is str:
        return f"{name}-{group}" if group else f"{name}-{number:07}"
    if annotation is bytes:
        return b'{"data": "%s"}' % b64encode(Random(number).randbytes(CONTENT_BYTES))
    return _plain(annotation, 0 if group else number)


def _plain(annotation: Any, number: int) -> Any:
    if annotation is dt.datetime:
        return START + dt.timedelta(minutes=number)
    if annotation is dt.date:
        return START.date() + dt.timedelta(days=number)
    if annotation in (int, float):
        return annotation(number)
    return (get_origin(annotation) or annotation)()  # a collection, empty
