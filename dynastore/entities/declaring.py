"""Entities: attrs classes with named access patterns.

    @entity("note")
    class Note:
        user_id: str
        note_id: str
        topic: str | None = None
        written_at: datetime

        primary = key("USER#{user_id}", "NOTE#{note_id}")
        by_topic = gsi(1, "TOPIC#{topic}", "NOTE", "{written_at}")      # absent without a topic

Everything that can be wrong with one declaration is refused while modules are imported
(`declared`); what can only be wrong between entities is refused by `Schema`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar, dataclass_transform, get_type_hints

import attrs
from attrs import evolve

from ..errors import ModelError, UnknownField
from ..keys.templates import KeyTemplate
from .checks import check
from .evolution import Evolution, Upcaster
from .kept_fields import CREATED, ROLE, UPDATED, VERSION
from .patterns import AccessPattern
from .payload_fields import STORING, decode_when_touched, payload
from .spec import EntitySpec, Hints
from .uniques import Unique

T = TypeVar("T")

_SPECIFIED = type(attrs.field())  # what field(), payload(), version() and the like give


class Inherited(Enum):
    """What a declaration does not say, and the nearest base that is an entity may."""

    INHERITED = "inherited"


INHERITED = Inherited.INHERITED


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field, payload)
)
def entity(
    tag: str,
    /,
    *,
    expires: str | Inherited | None = INHERITED,
    lifetime: dt.timedelta | Inherited | None = INHERITED,
    count: int | None = None,
    item_bytes: int | None = None,
    distinct: Mapping[str, int] | None = None,
    schema: int | None = None,
    upcasters: Mapping[int, Upcaster] | None = None,
) -> Callable[[type[T]], type[T]]:
    """Make a class an entity: a frozen, keyword-only attrs class stored under a type tag.

    Args:
        tag: what the items' TYPE attribute says; it cannot change once items are stored.
        expires: name of a field, a datetime or None, after which the entity is not found any more,
            and DynamoDB deletes its item. Unless it is said, even by None, it is that of the
            nearest base that is an entity.
        lifetime: a second to 100 years: where that field is None, a put or create sets it to so
            much later. Unless it is said, even by None, it is that of the nearest base, too.
        count: how many entities there will be, about. This and the two below are hints by which
            the planner weighs access patterns; they change no answer.
        item_bytes: how large an item is, about.
        distinct: field -> how many different values it has, about.
        schema: number of the schema that the class is of, from 1; items are stored with it, and
            code that says an older one neither replaces nor changes them. Say it from the first
            day: code that says none replaces whatever is stored.
        upcasters: number of a schema -> a function that takes the fields of an item of that schema,
            as a dict, and gives those of the next. Items that older code wrote are read through
            them.

    Raises:
        ModelError: the declaration is wrong; the message says what and where.
    """
    if not isinstance(tag, str) or not tag or tag.startswith("~"):
        raise ModelError(f"an entity needs a type tag: @entity('session'), not {tag!r}")

    hints = Hints(count, item_bytes, dict(distinct or {}))
    evolution = _evolution(tag, schema, upcasters)

    def decorate(cls: type[T]) -> type[T]:
        built = attrs.frozen(kw_only=True)(cls)
        expiry = _expiry(built, expires, lifetime)
        spec = evolve(_spec(built, tag, *expiry, hints), evolution=evolution)
        for name in spec.payloads:
            decode_when_touched(built, name)
        for pattern in spec.patterns:
            setattr(built, pattern.name, pattern)
        for unique in spec.uniques:
            setattr(built, unique.name, unique)
        built.__entity__ = spec  # type: ignore[attr-defined]
        return built

    return decorate


def _evolution(tag: str, schema: int | None, upcasters: Mapping[int, Upcaster] | None) -> Evolution:
    try:
        return Evolution(schema, dict(upcasters or {}))
    except ModelError as error:
        raise ModelError(f"@entity({tag!r}): {error}") from error


def _expiry(
    cls: type[Any],
    expires: str | Inherited | None,
    lifetime: dt.timedelta | Inherited | None,
) -> tuple[str | None, dt.timedelta | None]:
    """When entities of a class expire: as is said, else as those of its base do."""
    specs = (vars(base).get("__entity__") for base in cls.__mro__[1:])
    nearest: EntitySpec | None = next(filter(None, specs), None)
    if isinstance(expires, Inherited):
        expires = nearest.expires if nearest else None
    if isinstance(lifetime, Inherited):
        lifetime = nearest.lifetime if nearest and expires else None
    return expires, lifetime


def _spec(
    cls: type[Any], tag: str, expires: str | None, lifetime: dt.timedelta | None, hints: Hints
) -> EntitySpec:
    types = _types(cls)
    roles = {field.name: field.metadata.get(ROLE) for field in attrs.fields(cls)}
    patterns = _declared_patterns(cls)
    primaries = [pattern for pattern in patterns if pattern.number == 0]
    if len(primaries) != 1:
        raise ModelError(f"{cls.__name__} needs one primary = key(…); it has {len(primaries)}")
    primary = _typed(cls, types, primaries[0])
    identity = KeyTemplate.joined([primary.hash, *primary.ranges])
    secondary = [_typed(cls, types, each) for each in patterns if each.number]
    spec = EntitySpec(
        cls=cls,
        tag=tag,
        types=types,
        primary=primary,
        secondary=tuple(evolve(each, identity=identity) for each in secondary),
        expires=expires,
        version=_only(cls, roles, VERSION),
        created=_only(cls, roles, CREATED),
        updated=_only(cls, roles, UPDATED),
        uniques=_uniques(cls, types),
        payloads={
            field.name: field.metadata[STORING]
            for field in attrs.fields(cls)
            if STORING in field.metadata
        },
        hints=hints,
        lifetime=lifetime,
    )
    check(spec)
    return spec


def _only(cls: type[Any], roles: Mapping[str, Any], wanted: str) -> str | None:
    """The field of a role that one field at most may have."""
    names = [name for name, role in roles.items() if role == wanted]
    if len(names) > 1:
        raise ModelError(f"{cls.__name__} has several {wanted}() fields: {', '.join(names)}")
    return next(iter(names), None)


def _uniques(cls: type[Any], types: Mapping[str, Any]) -> tuple[Unique, ...]:
    found = []
    for name, each in _members(cls).items():
        if not isinstance(each, Unique):
            continue
        where = f"{cls.__name__}.{name}"
        if unknown := [field for field in each.fields if field not in types]:
            raise ModelError(f"{where}: {UnknownField(cls.__name__, unknown[0], tuple(types))}")
        try:
            found.append(each.named(name, types))
        except ModelError as error:
            raise ModelError(f"{where}: {error}") from error
    return tuple(found)


def _members(cls: type[Any]) -> dict[str, Any]:
    """Class attributes, those of its bases included."""
    return {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}


def _types(cls: type[Any]) -> Mapping[str, Any]:
    try:
        hints = get_type_hints(cls)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise ModelError(
            f"{cls.__name__} has an annotation that cannot be resolved: {error}"
        ) from error
    for each in attrs.fields(cls):
        if each.name not in hints:  # attrs then overlooks all fields that are only annotated
            raise ModelError(f"{cls.__name__}.{each.name} has no annotation; write its type")
        if isinstance(each.default, AccessPattern):
            raise ModelError(f"{cls.__name__}.{each.name} is no field; drop its annotation")
        if isinstance(hints[each.name], _SPECIFIED):
            raise ModelError(
                f"{cls.__name__}.{each.name}: its type is missing, and what is after the colon "
                f"belongs after '='; write {each.name}: list[str] = payload()"
            )
    types = {field.name: hints[field.name] for field in attrs.fields(cls)}
    if capital := next((name for name in types if name.isupper()), None):
        raise ModelError(
            f"{cls.__name__}.{capital}: names in capitals are dynastore's; write {capital.lower()}"
        )
    if "when" in types:
        raise ModelError(f"{cls.__name__}.when: when= says conditions; give the field another name")
    if private := next((name for name in types if name.startswith("_")), None):
        raise ModelError(f"{cls.__name__}.{private}: a stored field is public; drop the underscore")
    if alias := next((each.alias for each in attrs.fields(cls) if each.alias != each.name), None):
        raise ModelError(
            f"{cls.__name__}: a field has one name, which calls say; drop alias={alias!r}"
        )
    return types


def _declared_patterns(cls: type[Any]) -> list[AccessPattern]:
    found = [
        evolve(each, name=name)
        for name, each in _members(cls).items()
        if isinstance(each, AccessPattern)
    ]
    numbers = [pattern.number for pattern in found]
    for number in set(numbers):
        if number and numbers.count(number) > 1:
            names = ", ".join(pattern.name for pattern in found if pattern.number == number)
            raise ModelError(f"{cls.__name__} uses index {number} more than once: {names}")
    return found


def _typed(cls: type[Any], types: Mapping[str, Any], pattern: AccessPattern) -> AccessPattern:
    where = f"{cls.__name__}.{pattern.name}"
    for name in (*pattern.fields, *pattern.when, *(pattern.include or ())):
        if name not in types:
            raise ModelError(f"{where}: {UnknownField(cls.__name__, name, tuple(types))}")
    try:
        ranges = tuple(template.typed(types) for template in pattern.ranges)
        return evolve(pattern, hash=pattern.hash.typed(types), ranges=ranges)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error
