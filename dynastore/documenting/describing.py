"""All that the pages of a schema show, gathered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from attrs import NOTHING, Factory, frozen

from ..codec.codec import Codec
from ..entities.kept_fields import UNWRITTEN
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..errors import shown
from ..schema import overview
from ..schema.schema import Schema
from ..table import Index, Table
from ..values.hooks import type_name
from .calls import in_python
from .docstrings import Docstring, docstring_of
from .questions import Question, collection_of, questions_of
from .samples import Samples, samples_of
from .sheets import Sheet, sheets_of


@frozen
class FieldRow:
    """A field of an entity.

    Attributes:
        name: of it.
        type: as it is annotated.
        default: in Python; "" where a value must be given.
        roles: what it is besides: a key's part, a payload, the version …
        about: what the docstring says of it.
    """

    name: str
    type: str
    default: str
    roles: Sequence[str]
    about: str


@frozen
class KeyRow:
    """An access pattern, as key templates.

    Attributes:
        pattern: its name.
        index: the index it is on.
        texts: key attribute -> template; "" for a filler.
        notes: when an item is in it, its shards, what its entries carry.
    """

    pattern: str
    index: Index
    texts: Mapping[str, str]
    notes: Sequence[str]


@frozen(eq=False)
class Entity:
    """A class of the schema.

    Attributes:
        schema: the schema that it is in: that of its scope, where only one scope has it.
        codec: its codec.
        about: its docstring.
        fields: in the order of declaration.
        keys: the primary key first.
        uniques: what calls find it by a unique value.
        questions: that it answers.
        samples: of it.
    """

    schema: Schema
    codec: Codec
    about: Docstring
    fields: Sequence[FieldRow]
    keys: Sequence[KeyRow]
    uniques: Sequence[str]
    questions: Sequence[Question]
    samples: Samples

    @property
    def spec(self) -> EntitySpec:
        """What is known of the class."""
        return self.codec.spec

    @property
    def name(self) -> str:
        """Of the class."""
        return self.spec.name

    @property
    def scope(self) -> str:
        """The one scope that has it; "" where all have."""
        return " / ".join(self.schema.scopes)

    def questions_by(self, pattern: str) -> list[Question]:
        """Those that a pattern serves."""
        return [each for each in self.questions if each.plan.paths[0].pattern == pattern]


@frozen(eq=False)
class Collection:
    """Entities that meet in one partition of the table.

    Attributes:
        partition: template of the partition key.
        entities: in the order of their sort keys.
        question: what reads all of them at once, or None.
    """

    partition: str
    entities: Sequence[Entity]
    question: Question | None


@frozen(eq=False, slots=False)
class Described:
    """A schema, as its pages show it.

    Attributes:
        schema: the schema.
        entities: its classes, then those that only one scope has.
        collections: the entities by partition.
        sheets: the sample items in the table and in each index.
    """

    schema: Schema
    entities: Sequence[Entity]
    collections: Sequence[Collection]
    sheets: Sequence[Sheet]

    @property
    def table(self) -> Table:
        """The table."""
        return self.schema.table

    @cached_property
    def matrix(self) -> list[tuple[Entity, list[overview.Row]]]:
        """The access patterns of each entity, with their figures."""
        rows = {each.schema: overview.rows(each.schema) for each in self.entities}
        return [(e, [row for row in rows[e.schema] if row.entity == e.name]) for e in self.entities]

    @cached_property
    def remarks(self) -> list[str]:
        """What is odd about the schema."""
        return overview.remarks(self.schema)


def described(schema: Schema) -> Described:
    """Gather what the pages of a schema show."""
    homes = [schema, *(schema.scoped(name) for name in schema.inside)]
    found: dict[type[Any], Schema] = {}
    for home in homes:
        for cls in home.entities:
            found.setdefault(cls, home.of(cls))
    entities = [_entity(home, home.codec(cls)) for cls, home in found.items()]
    items = [each.item for entity in entities for each in entity.samples.found]
    sheets = sheets_of(items, schema.table.indexes)
    return Described(schema, entities, _collections(entities), sheets)


def _entity(schema: Schema, codec: Codec) -> Entity:
    about = docstring_of(codec.spec.cls)
    return Entity(
        schema=schema,
        codec=codec,
        about=about,
        fields=[_field(codec, name, about) for name in codec.spec.types],
        keys=[_key(codec, pattern) for pattern in codec.spec.patterns],
        uniques=[_unique_call(codec.spec, each.fields) for each in codec.spec.uniques],
        questions=questions_of(schema, codec),
        samples=samples_of(codec, schema.prefix),
    )


def _collections(entities: Sequence[Entity]) -> list[Collection]:
    by_partition: dict[tuple[str, str], list[Entity]] = {}
    for each in entities:
        by_partition.setdefault((each.spec.primary.hash.text, each.scope), []).append(each)
    found = []
    for (partition, _), some in by_partition.items():
        some.sort(key=lambda each: each.spec.primary.sort.text.encode())
        question = collection_of(some[0].schema, [e.codec for e in some]) if some[1:] else None
        found.append(Collection(partition, some, question))
    return found


def _field(codec: Codec, name: str, about: Docstring) -> FieldRow:
    spec = codec.spec
    return FieldRow(
        name=name,
        type=type_text(spec.types[name]),
        default=_default(spec.default(name)),
        roles=[
            *_roles(spec, name),
            *(f"key of {p.name}" for p in spec.patterns if name in p.fields),
        ],
        about=about.attributes.get(name, ""),
    )


def _roles(spec: EntitySpec, name: str) -> list[str]:
    special = {"version": spec.version, "created": spec.created, "updated": spec.updated}
    found = [role for role, field in special.items() if field == name]
    if name == spec.expires:
        after = f", {spec.lifetime} after a write" if spec.lifetime else ""
        found.append(f"expiry{after}")
    found += ["unique" for each in spec.uniques if name in each.fields]
    found += ["payload"] if name in spec.payloads else []
    return found


def _default(default: Any) -> str:
    if default is NOTHING:
        return ""
    if default is UNWRITTEN:
        return "when it is written"
    if not isinstance(default, Factory):  # type: ignore[arg-type]
        return (
            shown(default) if default.__class__.__repr__ is object.__repr__ else in_python(default)
        )
    name = getattr(default.factory, "__name__", "<lambda>")
    return "made anew" if name == "<lambda>" else f"{name}()"


def _key(codec: Codec, pattern: AccessPattern) -> KeyRow:
    slot = codec.slot(pattern)
    index = slot.index
    ranges = [template.text if template else "" for template in slot.ranges]
    texts = dict(zip(index.attributes, [pattern.partition.text, *ranges], strict=True))
    notes = [f"only items with {name} {test}" for name, test in pattern.when.items()]
    notes += [f"spread over {pattern.shards} partitions"] if pattern.shards > 1 else []
    notes += ["across all scopes of a scope"] if pattern.across_scopes else []
    return KeyRow(pattern.name, index, texts, notes)


def _unique_call(spec: EntitySpec, names: Sequence[str]) -> str:
    return f"store.get_unique({', '.join([spec.name, *(f'{name}=…' for name in names)])})"


def type_text(annotation: Any) -> str:
    """A type as it is written, without the modules of its names.

    >>> type_text(dict[str, int] | None)
    'dict[str, int] | None'
    """
    inner = get_args(annotation)
    if annotation is type(None):
        return "None"
    if annotation is ... or isinstance(annotation, str):
        return "..." if annotation is ... else annotation
    origin = get_origin(annotation)
    if origin is Literal:
        return f"Literal[{', '.join(map(in_python, inner))}]"
    if origin in {Union, UnionType}:
        return " | ".join(map(type_text, inner))
    if origin is not None and inner:
        return f"{type_text(origin)}[{', '.join(map(type_text, inner))}]"
    return getattr(annotation, "__name__", None) or type_name(annotation)
