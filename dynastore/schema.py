"""A Schema: one table and the entities in it, checked together.

Immutable and without a global registry: two schemas, of two tests or two agents, never meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

from attrs import Factory, evolve, field, frozen

from . import filters
from .attributes import AttributeMap
from .codec import Codec
from .errors import ModelError, RequestError, UnknownType
from .key_text import is_optional
from .keys import ACROSS, HEADER, KeyTemplate, scope_prefix
from .patterns import AccessPattern
from .plan import Plan
from .planner import PLAIN, Ask, Member, Planner, plan_collection
from .spec import EntitySpec, spec_of
from .table import TYPE, Index, Table, VectorIndex

DEFAULT_NAME = "dynastore"


def _as_tuple(entities: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    if isinstance(entities, type):
        raise ModelError(f"a schema is made of a list: Schema([{entities.__name__}])")
    try:
        return tuple(spec_of(cls).cls for cls in entities)
    except RequestError as error:
        raise ModelError(str(error)) from error


def _default_table(schema: Schema) -> Table:
    patterns: dict[int, list[AccessPattern]] = {}
    for cls in schema.entities:
        for each in spec_of(cls).secondary:
            patterns.setdefault(each.number, []).append(each)
    indexes = [Index(number, fields=_carried(patterns[number])) for number in sorted(patterns)]
    return Table(DEFAULT_NAME, tuple(indexes))


def _carried(patterns: Sequence[AccessPattern]) -> tuple[str, ...] | None:
    """The fields that an index carries for all its patterns together; None for all."""
    if any(each.include is None for each in patterns):
        return None
    return tuple(dict.fromkeys(name for each in patterns for name in each.include or ()))


def _checked_codecs(schema: Schema) -> dict[type[Any], Codec]:
    specs = [spec_of(cls) for cls in schema.entities]
    _check_numbers(schema.table)
    _check_tags(specs)
    for one, other in combinations(specs, 2):
        _check_apart(one, other)
    for spec in specs:
        _check_guards(spec, specs)
    _check_carried(specs, schema.table)
    indexes = {index.number: index for index in schema.table.indexes}
    codecs = {spec.cls: Codec.of(spec, indexes) for spec in specs}
    if schema.table.vectors is not None:
        _check_vectors(codecs.values(), schema.table.vectors)
    return codecs


def _mixed_patterns(schema: Schema) -> dict[type[Any], frozenset[str]]:
    specs = [codec.spec for codec in schema.codecs.values()]
    return {
        spec.cls: frozenset(
            mine.name
            for mine in spec.secondary
            for other in specs
            for theirs in other.secondary
            if other is not spec and mine.number == theirs.number
            if mine.across_scopes is theirs.across_scopes and _adjacent(mine, theirs)
        )
        for spec in specs
    }


def _planners(schema: Schema) -> dict[tuple[type[Any], bool], Planner]:
    return {
        (cls, across): Planner(codec.spec, placements, schema.mixed[cls])
        for cls, codec in schema.codecs.items()
        for across in (False, True)
        for placements in [
            tuple(
                each
                for each in (codec.primary, *codec.secondary)
                if each.pattern.across_scopes is across
            )
        ]
    }


@frozen(eq=False)
class Schema:
    """A table and the entities in it.

    Attributes:
        entities: the entity classes.
        table: where they are kept; by default a table named ``dynastore`` with the indexes that
            the entities use.
        scopes: what every partition key begins with, the outermost scope first.
        codecs: entity class -> its codec. Made once, and kept by schemas derived from this one.
        mixed: entity class -> access patterns that share a stretch of an index with other entities.
        planners: entity class, and whether it is asked for across scopes -> what plans its
            queries; kept like the codecs.
        prefix: what the scopes put before every partition key.

    Raises:
        ModelError: two entities clash, or an entity needs an index that the table does not have.
    """

    entities: tuple[type[Any], ...] = field(converter=_as_tuple)
    table: Table = field(default=Factory(_default_table, takes_self=True))
    scopes: tuple[str, ...] = field(default=(), kw_only=True)
    codecs: Mapping[type[Any], Codec] = field(
        default=Factory(_checked_codecs, takes_self=True), kw_only=True, repr=False
    )
    mixed: Mapping[type[Any], frozenset[str]] = field(
        default=Factory(_mixed_patterns, takes_self=True), kw_only=True, repr=False
    )
    planners: Mapping[tuple[type[Any], bool], Planner] = field(
        default=Factory(_planners, takes_self=True), kw_only=True, repr=False
    )
    prefix: str = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Render the scopes once; every key needs them."""
        object.__setattr__(self, "prefix", scope_prefix(self.scopes))

    def named(self, table_name: str) -> Schema:
        """The same entities in a table of another name."""
        return evolve(self, table=evolve(self.table, name=table_name))

    def scoped(self, name: str) -> Schema:
        """The same entities inside a scope, whose keys all begin with its name.

        Raises:
            RequestError: the name is empty, or no text.
        """
        if not isinstance(name, str) or not name:
            raise RequestError(f"a scope's name is a text of at least one character, not {name!r}")
        try:
            return evolve(self, scopes=(*self.scopes, name))
        except UnicodeEncodeError as error:
            message = f"a scope's name is a text of at least one character in UTF-8: {error}"
            raise RequestError(message) from error

    @cached_property
    def payloads(self) -> Mapping[str, frozenset[str]]:
        """Type tag -> the fields that may be kept in parts; only of entities that have some."""
        specs = [codec.spec for codec in self.codecs.values()]
        return {spec.tag: frozenset(spec.payloads) for spec in specs if spec.payloads}

    def payloads_of(self, item: Mapping[str, Any]) -> frozenset[str]:
        """The fields of an item that may be kept in parts."""
        return self.payloads.get(item.get(TYPE, {}).get("S", ""), frozenset())

    def codec(self, cls: type[Any]) -> Codec:
        """The codec of an entity class.

        Raises:
            RequestError: the class is not in the schema.
        """
        spec = spec_of(cls)
        codec = self.codecs.get(cls)
        if codec is None:
            known = ", ".join(each.__name__ for each in self.entities)
            held = f"has {known}" if known else "is empty"
            raise RequestError(
                f"{spec} is not in this schema, which {held}; add it to Schema([...])"
            )
        return codec

    def plan(
        self,
        cls: type[Any],
        where: Mapping[str, Any],
        combined: Sequence[Any] = (),
        ask: Ask = PLAIN,
    ) -> Plan:
        """How entities of a class are found by their fields; see `planner.Planner.plan`."""
        conditions = filters.conditions(self.codec(cls).spec, where, combined)
        prefix = self.prefix + ACROSS if ask.across_scopes else self.prefix
        return self.planners[cls, ask.across_scopes].plan(conditions, ask, prefix=prefix)

    def plan_collection(
        self,
        classes: Sequence[type[Any]],
        where: Mapping[str, Any],
        combined: Sequence[Any] = (),
        ask: Ask = PLAIN,
    ) -> Plan:
        """How entities of several classes in one partition are found; see `planner.collections`."""
        members = [
            Member(
                self.codec(cls).spec,
                self.planners[cls, False].placements,
                filters.conditions(self.codec(cls).spec, where, combined),
            )
            for cls in classes
        ]
        others = [codec.spec for cls, codec in self.codecs.items() if cls not in classes]
        return plan_collection(members, ask, prefix=self.prefix, others=others)

    def current(self, item: AttributeMap) -> AttributeMap:
        """An item with the fields that its class has today; one of no class here as it is.

        Raises:
            MalformedItem: it cannot be upcast.
        """
        tag = item.get(TYPE, {}).get("S")
        codec = next((each for each in self.codecs.values() if each.spec.tag == tag), None)
        return item if codec is None else dict(codec.current(item))

    def decode(self, item: Mapping[str, Any], classes: Sequence[type[Any]]) -> Any:
        """The entity of an item of one of several classes.

        Raises:
            UnknownType: the item is of none of them.
            MalformedItem: the item does not fit its class.
        """
        tag = item.get(TYPE, {}).get("S")
        for cls in classes:
            codec = self.codec(cls)
            if codec.spec.tag == tag:
                return codec.decode(item)
        raise UnknownType(tag, [self.codec(cls).spec.tag for cls in classes])


def _check_carried(specs: Iterable[EntitySpec], table: Table) -> None:
    carried = {index.number: index.fields for index in table.indexes}
    for spec in specs:
        for pattern in spec.secondary:
            fields = carried.get(pattern.number)
            if fields is None:
                continue
            if lacking := [name for name in pattern.include or () if name not in fields]:
                raise ModelError(
                    f"{spec}.{pattern.name} includes {lacking[0]}, which index {pattern.number} of "
                    f"table {table.name} does not carry; add it to its fields"
                )


def _check_vectors(codecs: Iterable[Codec], index: VectorIndex) -> None:
    """Whatever has the field of the vector index is in it, and DynamoDB refuses other values."""
    for codec in codecs:
        if index.field not in codec.spec.types:
            continue
        where = f"{codec.spec}.{index.field}"
        if (
            not codec.hooks[index.field].kinds <= {"L", "NULL"}
            or index.field in codec.spec.payloads
        ):
            raise ModelError(
                f"{where} is no list of numbers, and the vector index {index.name} is of that "
                "field; name either of them differently"
            )
        if (
            is_optional(codec.spec.types[index.field])
            and codec.spec.default(index.field) is not None
        ):
            raise ModelError(
                f"{where} may be None, so its default is None: no vector is not stored"
            )


def _check_numbers(table: Table) -> None:
    numbers = [index.number for index in table.indexes]
    if 0 in numbers or len(set(numbers)) < len(numbers):
        raise ModelError(f"indexes of table {table.name} need numbers of their own, from 1")


def _check_tags(specs: Iterable[EntitySpec]) -> None:
    seen: dict[str, EntitySpec] = {}
    for spec in specs:
        if spec.tag in seen:
            raise ModelError(
                f"{seen[spec.tag]} and {spec} have one type tag, {spec.tag!r}; give each its own"
            )
        seen[spec.tag] = spec


def _check_apart(one: EntitySpec, other: EntitySpec) -> None:
    """Two entities that may share a partition must have sort keys that cannot be confused."""
    if _adjacent(one.primary, other.primary):
        raise ModelError(
            f"{one} and {other} may share a partition ({one.primary.hash} and {other.primary.hash}), "
            f"and their sort keys overlap ({one.primary.sort} and {other.primary.sort}); "
            "begin each with a word of its own and '#'"
        )


def _check_guards(spec: EntitySpec, others: Iterable[EntitySpec]) -> None:
    """Guards of unique values must have keys that no entity can have."""
    for each in spec.uniques:
        assert each.template is not None, "an entity's constraint has one"
        guard = AccessPattern(0, each.template, (KeyTemplate.parse(HEADER),))
        for other in others:
            if _adjacent(guard, other.primary):
                raise ModelError(
                    f"guards of {spec}.{each.name} may be confused with {other}, whose partition "
                    f"key is {other.primary.hash}; begin that with another word than UNIQUE"
                )


def _adjacent(one: AccessPattern, other: AccessPattern) -> bool:
    mine, theirs = one.sort.lead, other.sort.lead
    return one.partition.overlaps(other.partition) and (
        mine.startswith(theirs) or theirs.startswith(mine)
    )
