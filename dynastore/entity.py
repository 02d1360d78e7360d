"""Entities: attrs classes with named access patterns.

    @entity("note")
    class Note:
        user_id: str
        note_id: str
        topic: str | None = None
        written_at: datetime

        primary = key("USER#{user_id}", "NOTE#{note_id}")
        by_topic = gsi(1, "TOPIC#{topic}", "NOTE", "{written_at}")      # absent without a topic

Everything that can be wrong with one declaration is refused here, while modules are imported; what
can only be wrong between entities is refused by `Schema`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, dataclass_transform, get_type_hints

import attrs
from attrs import evolve, frozen

from .errors import ModelError, RequestError, UnknownField, shown
from .evolution import Evolution, Upcaster
from .key_text import is_optional, plain_type
from .keys import HEADER, KeyTemplate
from .lifetimes import refusal
from .patterns import AccessPattern
from .payload_fields import STORING, Storing, decode_when_touched, payload
from .uniques import Unique

E = TypeVar("E")
T = TypeVar("T")

ROLE = "dynastore"  # in an attrs field's metadata: what the field is to us
VERSION, CREATED, UPDATED = "version", "created", "updated"

UNWRITTEN = dt.datetime(1, 1, 1, tzinfo=dt.UTC)  # when an entity was written that is not stored yet

MOST = 10**18  # that a hint may say; costs are floats


def version() -> Any:
    """An optimistic lock: an int that counts the writes of an entity, from 0 for one not stored yet.

    A write of an entity whose revision is no longer the stored one raises `RevisionConflict`.
    """
    return attrs.field(default=0, metadata={ROLE: VERSION})


def created() -> Any:
    """When the entity was first written, by the store's clock: a datetime, in UTC.

    The put of an entity that was read keeps it; until the first write it is `UNWRITTEN`, the year 1.
    """
    return attrs.field(default=UNWRITTEN, metadata={ROLE: CREATED})


def updated() -> Any:
    """When the entity was last written, by the store's clock: a datetime, in UTC.

    Every put, create and update sets it, and the index attributes that depend on it. Until the
    first write it is `UNWRITTEN`, the year 1.
    """
    return attrs.field(default=UNWRITTEN, metadata={ROLE: UPDATED})


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
        return attrs.fields_dict(self.cls)[name].default

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
    spec.check_fields(key)
    fields = dict.fromkeys(spec.primary.fields)
    wanted = " and ".join(fields)
    if missing := [name for name in fields if key.get(name) is None]:
        raise RequestError(f"{spec} is found by {wanted}; {' and '.join(missing)} is missing")
    if extra := [name for name in key if name not in fields]:
        raise RequestError(
            f"{spec} is found by {wanted}; filter by {' and '.join(extra)} with query()"
        )
    spec.check_key(key)
    return Ref(cls, tuple((name, key[name]) for name in fields))


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field, payload)
)
def entity(
    tag: str,
    /,
    *,
    expires: str | None = None,
    lifetime: dt.timedelta | None = None,
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
            and DynamoDB deletes its item.
        lifetime: a second to 100 years: where that field is None, a put or create sets it to so
            much later.
        count: how many entities there will be, about. This and the two below are hints by which
            the planner weighs access patterns; they change no answer.
        item_bytes: how large an item is, about.
        distinct: field -> how many different values it has, about.
        schema: number of the schema that the class is of, from 1; items are stored with it, and
            code of an older one does not replace them.
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
        spec = evolve(_spec(built, tag, expires, lifetime, hints), evolution=evolution)
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


def spec_of(cls: type[Any]) -> EntitySpec:
    """The spec that ``@entity`` made for a class.

    Raises:
        RequestError: the class is not an entity.
    """
    spec = vars(cls).get("__entity__") if isinstance(cls, type) else None
    if not isinstance(spec, EntitySpec):
        raise RequestError(
            f"{getattr(cls, '__name__', cls)!r} is no entity: decorate the class with @entity"
        )
    return spec


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
    _check(spec)
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
    types = {field.name: hints[field.name] for field in attrs.fields(cls)}
    if capital := next((name for name in types if name.isupper()), None):
        raise ModelError(
            f"{cls.__name__}.{capital}: names in capitals are dynastore's; write {capital.lower()}"
        )
    if "when" in types:
        raise ModelError(f"{cls.__name__}.when: when= says conditions; give the field another name")
    if private := next((name for name in types if name.startswith("_")), None):
        raise ModelError(f"{cls.__name__}.{private}: a stored field is public; drop the underscore")
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


def _check(spec: EntitySpec) -> None:
    for pattern in spec.patterns:
        _check_hash(spec, pattern)
        _check_ranges(spec, pattern)
        _check_roles(spec, pattern)
    _check_primary(spec)
    _check_hints(spec)
    _check_special_fields(spec)


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
