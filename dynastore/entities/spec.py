"""What is known of an entity class, and refs: its primary keys without entities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

import attrs
from attrs import frozen

from ..errors import RequestError, UnknownField, shown
from .evolution import Evolution
from .patterns import AccessPattern
from .payload_fields import Storing
from .uniques import Unique

E = TypeVar("E")


@frozen
class Hints:
    """What is known of the data of an entity, for the planner to weigh patterns by.

    Attributes:
        count: how many entities there are; a guess is enough.
        item_bytes: how large an item is.
        distinct: field -> how many different values it has.
    """

    count: int | None = None
    item_bytes: int | None = None
    distinct: Mapping[str, int] = attrs.field(factory=dict)


@frozen(eq=False)
class EntitySpec:
    """What the planner and the codec know of one entity class.

    Attributes:
        cls: the class.
        tag: what the items' TYPE attribute says.
        types: field name -> annotation, in the order of declaration.
        primary: the primary key.
        secondary: access patterns on other indexes, in the order of declaration.
        expires: the field that says when items may be deleted, or None.
        version: the field that counts writes, or None.
        created: the field that says when the entity was first written, or None.
        updated: the field that says when it was last written, or None.
        uniques: its unique constraints.
        payloads: fields that may grow large, and how each is stored.
        hints: what is known of the data.
        lifetime: from a write on until what says nothing else expires, or None.
        evolution: the schemas that it had.
    """

    cls: type[Any]
    tag: str
    types: Mapping[str, Any]
    primary: AccessPattern
    secondary: tuple[AccessPattern, ...]
    expires: str | None
    version: str | None
    created: str | None
    updated: str | None
    uniques: tuple[Unique, ...]
    payloads: Mapping[str, Storing]
    hints: Hints = Hints()
    lifetime: dt.timedelta | None = None
    evolution: Evolution = attrs.field(factory=Evolution)

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.cls.__name__

    def spread(self, shards: int) -> EntitySpec:
        """The same where a list of everything is over so many partitions, unless it says how many."""
        if shards == 1:
            return self
        secondary = tuple(
            attrs.evolve(each, shards=shards) if not each.hash.fields and each.shards == 1 else each
            for each in self.secondary
        )
        return attrs.evolve(self, secondary=secondary)

    @cached_property
    def is_timed(self) -> bool:
        """Whether what is written of an entity depends on the time."""
        return bool(self.created or self.updated or self.uniques or self.expires)

    @property
    def patterns(self) -> tuple[AccessPattern, ...]:
        """All access patterns, the primary key first."""
        return (self.primary, *self.secondary)

    def check_fields(self, names: Mapping[str, Any]) -> None:
        """Refuse a keyword that names no field.

        Raises:
            UnknownField: with the closest name.
        """
        for name in names:
            if name not in self.types:
                raise UnknownField(self.name, name, tuple(self.types))

    def check_key_names(self, key: Mapping[str, Any]) -> None:
        """Refuse what is not a value for each field of the primary key, and nothing else.

        Raises:
            UnknownField: a keyword names no field.
            RequestError: a field is missing, or a keyword is no key field.
        """
        if key.keys() == self._key_names and not any(each is None for each in key.values()):
            return
        self.check_fields(key)
        fields = dict.fromkeys(self.primary.fields)
        wanted = " and ".join(fields)
        if missing := [name for name in fields if key.get(name) is None]:
            is_unique = any(key.keys() == {*each.fields} for each in self.uniques)
            hint = f"; get_unique() finds it by {' and '.join(key)}" if is_unique else ""
            raise RequestError(
                f"{self} is found by {wanted}; {' and '.join(missing)} is missing{hint}"
            )
        extra = " and ".join(name for name in key if name not in fields)
        raise RequestError(f"{self} is found by {wanted}; filter by {extra} with query()")

    def check_key(self, values: Mapping[str, Any]) -> None:
        """Refuse an empty key field, unless the field is empty by default, which says it may be.

        Raises:
            RequestError: a value is None or empty.
        """
        for name in self.primary.fields:
            value = values[name]
            if value is None or (value in ("", b"") and value != self.default(name)):
                raise RequestError(
                    f"{self}.{name} is empty; a key field needs at least one character"
                )

    def default(self, name: str) -> Any:
        """What a field is if nothing is given; `attrs.NOTHING` if something has to be."""
        return self._defaults[name]

    @cached_property
    def _key_names(self) -> frozenset[str]:
        return frozenset(self.primary.fields)

    @cached_property
    def _defaults(self) -> Mapping[str, Any]:
        return {field.name: field.default for field in attrs.fields(self.cls)}

    def __str__(self) -> str:
        return self.name


@frozen
class Ref(Generic[E]):
    """A primary key without its entity; made by `ref`.

    Attributes:
        cls: the entity class.
        values: key field and value, in the order of the key.
    """

    cls: type[E]
    values: tuple[tuple[str, Any], ...]


def ref(cls: type[E], /, **key: Any) -> Ref[E]:
    """The primary key of an entity, for calls that need no more.

    Args:
        cls: the entity class.
        key: a value for every field of its primary key, and nothing else.

    Raises:
        RequestError: a key field is missing or empty, or a keyword is no key field.
    """
    spec = spec_of(cls)
    spec.check_key_names(key)
    spec.check_key(key)
    return Ref(cls, tuple((name, key[name]) for name in dict.fromkeys(spec.primary.fields)))


def spec_of(cls: type[Any]) -> EntitySpec:
    """The spec that ``@entity`` made for a class.

    Raises:
        RequestError: the class is not an entity.
    """
    spec = vars(cls).get("__entity__") if isinstance(cls, type) else None
    if not isinstance(spec, EntitySpec):
        raise RequestError(_no_class(cls))
    return spec


def entity_class(entity: object) -> type[Any]:
    """The class of what is to be an entity.

    Raises:
        RequestError: it is none: a class, a ref, several entities at once.
    """
    if _entity_spec(entity) is not None:
        return type(entity)
    if isinstance(entity, Ref):
        raise RequestError(
            f"a ref is the key of {entity.cls.__name__} without the rest; "
            "put() and create() take the whole entity, update() and delete() a ref"
        )
    if isinstance(entity, type):
        spec = spec_of(entity)
        raise RequestError(f"{spec} is the class: give an entity of it, or {_ref_text(spec)}")
    if isinstance(entity, Iterable) and not isinstance(entity, str | bytes):
        raise RequestError(
            f"{type(entity).__name__} is no entity; put_many() and delete_many() take several"
        )
    raise RequestError(_no_class(type(entity)))


def shown_briefly(value: object) -> str:
    """A value as a message shows it. Of an entity it has the key, as the rest may be personal."""
    spec = _entity_spec(value)
    if spec is not None:
        key = ", ".join(f"{name}={getattr(value, name)!r}" for name in spec.primary.fields)
        return f"{spec}({key})"
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return f"a {type(value).__name__} of {len(value)}"
    return shown(value)


def _entity_spec(value: object) -> EntitySpec | None:
    """The spec of an entity's class; None for all else."""
    spec = vars(type(value)).get("__entity__")
    return spec if isinstance(spec, EntitySpec) else None


def _no_class(found: object) -> str:
    """Why something is no entity class."""
    if isinstance(found, Ref):
        name = found.cls.__name__
        key = ", ".join(f"{field}=…" for field, _ in found.values)
        return f"a class stands here, not a ref: {name}, {key}; get_many([...]) takes refs"
    spec = _entity_spec(found)
    if spec is not None:
        return f"the class stands here, not an entity of it: {spec}, as in {_ref_text(spec)}"
    name = getattr(found, "__name__", None) or shown(found)
    return f"{name!r} is no entity: decorate the class with @entity"


def _ref_text(spec: EntitySpec) -> str:
    return f"ref({spec}, {', '.join(f'{name}=…' for name in spec.primary.fields)})"
