"""Reading an entity by a value that only it may have: first the value's guard, then what it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ...entities.spec import EntitySpec
from ...entities.uniques import OWNER, Unique
from ...errors import RequestError, shown
from ...requests import GetItem, Key, Steps
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..conditions import moment, visible
from .reads import stored_at

E = TypeVar("E")


def get_unique(
    schema: Schema, cls: type[E], values: Mapping[str, Any], *, consistent: bool = False
) -> Steps[E | None]:
    """Read the entity that has a value which must be unique, in two requests of one item each.

    The value is given up and taken by others while this reads: so the entity is given only if it
    has the value itself, and is else looked for once more, consistently.

    Args:
        schema: where it is.
        cls: the entity class.
        values: a value for every field of one of its unique constraints.
        consistent: whether every write acknowledged before must be seen; costs twice the units.

    Returns:
        The entity, or None if none has the value; None too for one that was last written before
        the class had the constraint.

    Raises:
        RequestError: these are not the fields of a unique constraint, or one is None.
        DataError: the stored item does not fit the class.
    """
    schema = schema.of(cls)
    codec = schema.codec(cls)
    codec.spec.check_fields(values)
    constraint = _constraint(codec.spec, values)
    guard = _guard(codec.spec, constraint, values, schema.prefix)
    if guard is None:
        raise RequestError(f"{codec.spec}: None is no value that is unique; use query()")
    now = yield from moment(codec)
    for strongly in (consistent, True):
        item = visible((yield from GetItem(schema.table.name, guard, strongly)), now)
        owner = owner_of(item or {})
        if owner is None:
            return None
        found: Any = yield from stored_at(schema, codec, owner, strongly, now)
        if found is not None:
            has = {name: getattr(found, name) for name in constraint.fields}
            if _guard(codec.spec, constraint, has, schema.prefix) == guard:
                entity: E = found
                return entity
    return None


def owner_of(guard: AttributeMap) -> Key | None:
    """The entity that a guard names; None where it names none, which no write of ours leaves."""
    match guard.get(OWNER):
        case {"L": [{"S": pk}, {"S": sk}]}:
            return Key(pk, sk)
    return None


def _constraint(spec: EntitySpec, values: Mapping[str, Any]) -> Unique:
    for each in spec.uniques:
        if values.keys() == {*each.fields}:
            return each
    known = "; ".join(" and ".join(each.fields) for each in spec.uniques)
    raise RequestError(
        f"{shown([*values])} are not the fields of a unique() of {spec}; "
        + (f"it has {known}" if known else "it has none, so find it with get() or query()")
    )


def _guard(spec: EntitySpec, unique: Unique, values: Mapping[str, Any], prefix: str) -> Key | None:
    texts = unique.guard(spec.tag, values, prefix)
    return None if texts is None else Key(*texts)
