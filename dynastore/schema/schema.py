"""A Schema: one table and the entities in it, checked together.

Immutable and without a global registry: two schemas, of two tests or two agents, never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

from attrs import Factory, evolve, field, frozen

from ..codec.codec import Codec
from ..entities.spec import spec_of
from ..errors import ModelError, RequestError, UnknownType
from ..keys.addresses import renamed
from ..keys.templates import ACROSS, scope_prefix
from ..planner import PLAIN, Ask, Member, Planner, filters, plan_collection
from ..planner.plan import Plan
from ..table import TYPE, Table
from ..values.attributes import AttributeMap
from . import discovery
from .checks import adjacent, check_together, check_vectors, table_of

DEFAULT_NAME = "dynastore"


def _as_tuple(entities: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    if isinstance(entities, type):
        raise ModelError(f"a schema is made of a list: Schema([{entities.__name__}])")
    try:
        return tuple(spec_of(cls).cls for cls in entities)
    except RequestError as error:
        raise ModelError(str(error)) from error


def _default_table(schema: Schema) -> Table:
    return table_of(schema.entities, DEFAULT_NAME)


def _fitting(entities: Sequence[type[Any]], table: Table) -> Schema:
    """The schema of some entities that were found in files.

    Raises:
        ModelError: some of them do not fit; with the lines that they are written in.
    """
    try:
        return Schema(entities, table)
    except ModelError as error:
        culprits = _clashing(entities, table)
        places = "; ".join(f"{discovery.place_of(cls)}: {cls.__name__}" for cls in culprits)
        raise ModelError(f"{places}: {error}") from error


def _clashing(entities: Sequence[type[Any]], table: Table) -> Sequence[type[Any]]:
    """The one, or the first two, that make no schema."""
    for some in [*combinations(entities, 1), *combinations(entities, 2)]:
        try:
            Schema(some, table)
        except ModelError:
            return some
    return entities


def _by_table(schemas: Iterable[Schema]) -> list[Schema]:
    found: dict[str, Schema] = {}
    for each in schemas:
        found.setdefault(each.table.name, each)
    return [*found.values()]


def _checked_codecs(schema: Schema) -> dict[type[Any], Codec]:
    specs = [spec_of(cls).spread(schema.table.directory_shards) for cls in schema.entities]
    check_together(specs, schema.table)
    indexes = {index.number: index for index in schema.table.indexes}
    codecs = {spec.cls: Codec.of(spec, indexes) for spec in specs}
    if schema.table.vectors is not None:
        check_vectors(codecs.values(), schema.table.vectors)
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
            if mine.across_scopes is theirs.across_scopes and adjacent(mine, theirs)
        )
        for spec in specs
    }


def _planners(schema: Schema) -> dict[tuple[type[Any], bool], Planner]:
    return {
        (cls, across): Planner(codec.spec, slots, schema.mixed[cls])
        for cls, codec in schema.codecs.items()
        for across in (False, True)
        for slots in [
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
        inside: name of an outermost scope -> its schema, where that is another one: of another
            table, or with more entities.
        apart: entity class -> its schema, where the class is kept in another table; see `of`.
        shared: the table that has the entries of the scopes, where a `Placement` says in which
            tables scopes are kept; else None.
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
    inside: Mapping[str, Schema] = field(factory=dict, kw_only=True, repr=False)
    apart: Mapping[type[Any], Schema] = field(factory=dict, kw_only=True, repr=False)
    shared: Schema | None = field(default=None, kw_only=True, repr=False)
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

    @classmethod
    def discover(
        cls, package: str, *, beside: Iterable[type[Any]] = (), table: Table | None = None
    ) -> Schema:
        """The entities that are written in a package; see `discovery` for where.

        Those directly in the package, in its modules and in its sub-package ``shared`` are for all;
        those of any other sub-package, ``common_qa``, are beside them in the scope of that name.
        Each is told by a line of the log.

        Args:
            package: its name, such as ``app.agents``; all its modules are imported.
            beside: more that are for all, such as `agents.ENTITIES`.
            table: where they are kept; by default one with the indexes that all of them use.

        Raises:
            ModelError: a module cannot be imported, there is no entity, or two clash; with the file
                and the line.
        """
        found = discovery.found_in(package)
        shared = [*beside, *found.shared]
        everything = [*shared, *(each for own in found.own.values() for each in own)]
        kept = table or table_of(everything, DEFAULT_NAME)
        inside = {scope: _fitting([*shared, *own], kept) for scope, own in found.own.items()}
        return evolve(_fitting(shared, kept), inside=inside)

    def named(self, table_name: str) -> Schema:
        """The same entities in a table of another name; names of private tables begin with it."""
        old = self.table.name
        return self.on(lambda each: evolve(each, name=renamed(each.name, old, table_name)))

    def on(self, changed: Callable[[Table], Table]) -> Schema:
        """The same entities where the table, and those of scopes and classes apart, are changed."""
        return evolve(
            self,
            table=changed(self.table),
            inside={scope: each.on(changed) for scope, each in self.inside.items()},
            apart={cls: each.on(changed) for cls, each in self.apart.items()},
            shared=self.shared and self.shared.on(changed),
        )

    def scoped(self, name: str) -> Schema:
        """The same entities inside a scope, whose keys all begin with its name.

        Raises:
            RequestError: the name is empty, or no text.
        """
        if not isinstance(name, str) or not name:
            raise RequestError(f"a scope's name is a text of at least one character, not {name!r}")
        home = self if self.scopes else self.inside.get(name, self)
        apart = {cls: each.scoped(name) for cls, each in home.apart.items()}
        try:
            return evolve(home, scopes=(*self.scopes, name), inside={}, apart=apart)
        except UnicodeEncodeError as error:
            message = f"a scope's name is a text of at least one character in UTF-8: {error}"
            raise RequestError(message) from error

    def of(self, cls: type[Any]) -> Schema:
        """The schema of the table that a class is kept in."""
        return self.apart.get(cls, self)

    def together(self, classes: Iterable[type[Any]]) -> Schema:
        """The schema of the one table that some classes are kept in.

        Raises:
            RequestError: they are kept in several.
        """
        if not self.apart:
            return self
        homes = {self.of(cls).table.name: cls for cls in classes}
        if len(homes) > 1:
            (one, first), (other, second), *_ = homes.items()
            raise RequestError(
                f"{first.__name__} is kept in table {one} and {second.__name__} in {other}, and one "
                "request reads one table; make a call for each"
            )
        return self.of(next(iter(homes.values()))) if homes else self

    def check_whole(self) -> None:
        """Refuse what goes by a table as a whole, where classes are kept in others.

        Raises:
            RequestError: some are.
        """
        if self.apart:
            names = ", ".join(sorted({each.table.name for each in (self, *self.apart.values())}))
            raise RequestError(
                f"scope {self.scopes[0]!r} is in tables {names}, and this goes by one as a whole: "
                "connect to each of them by its name, without a Placement"
            )

    @property
    def tables(self) -> list[Schema]:
        """A schema for each table that its calls use: its own, those of classes apart, the shared."""
        return _by_table([self, *self.apart.values(), *([self.shared] if self.shared else [])])

    @property
    def all_tables(self) -> list[Schema]:
        """A schema for each table of it, and of the scopes inside of it that have others."""
        return _by_table([*self.tables, *(t for each in self.inside.values() for t in each.tables)])

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
        codec = self.of(cls).codecs.get(cls) if isinstance(cls, type) else None
        if codec is None:
            spec = spec_of(cls)
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
        planner = self.of(cls).planners[cls, ask.across_scopes]
        return planner.plan(conditions, ask, prefix=prefix)

    def plan_collection(
        self,
        classes: Sequence[type[Any]],
        where: Mapping[str, Any],
        combined: Sequence[Any] = (),
        ask: Ask = PLAIN,
    ) -> Plan:
        """How entities of several classes in one partition are found; see `planner.collections`."""
        home = self.together(classes)
        members = [
            Member(
                self.codec(cls).spec,
                home.planners[cls, False].slots,
                filters.conditions(self.codec(cls).spec, where, combined),
            )
            for cls in classes
        ]
        others = [codec.spec for cls, codec in home.codecs.items() if cls not in classes]
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
