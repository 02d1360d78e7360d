"""The schema as an entity relationship diagram in Mermaid's words.

Entities have the fields of their keys. Those of one partition are joined by its key, and each index
is joined to the entities in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .describing import Collection, Described, Entity

NO_WORD = re.compile(r"\W+")
ENTITY = re.compile(r"#(?=\w+;)")  # Mermaid would read a character of this name


def as_mermaid(described: Described) -> str:
    """The diagram, without a fence."""
    lines = [line for each in described.entities for line in _entity(each)]
    lines += [line for each in described.collections for line in _meeting(each)]
    lines += [line for each in described.entities for line in _indexed(each)]
    return "\n  ".join(["erDiagram", *lines]) + "\n"


def _entity(entity: Entity) -> Iterator[str]:
    primary = {*entity.spec.primary.fields}
    unique = {name for each in entity.spec.uniques for name in each.fields}
    keyed = {name for pattern in entity.spec.patterns for name in pattern.fields} | unique
    yield f"{entity.name} {{"
    for field in entity.fields:
        if field.name in keyed:
            mark = " PK" if field.name in primary else " UK" if field.name in unique else ""
            yield f"  {NO_WORD.sub('_', field.type).strip('_')} {field.name}{mark}"
    yield "}"


def _meeting(collection: Collection) -> Iterator[str]:
    """The header, of which there is one, to the others; else each to the next."""
    headers = [each for each in collection.entities if not each.spec.primary.sort.fields]
    label = _quoted(collection.partition)
    if headers:
        header, *_ = headers
        for each in collection.entities:
            if each is not header:
                many = "o{" if each.spec.primary.sort.fields else "o|"
                yield f"{header.name} ||--{many} {each.name} : {label}"
        return
    for one, other in zip(collection.entities, collection.entities[1:], strict=False):
        yield f"{one.name} }}o--o{{ {other.name} : {label}"


def _indexed(entity: Entity) -> Iterator[str]:
    for key in entity.keys[1:]:
        partition = next(iter(key.texts.values()))
        yield f"{key.index.name} ||--o{{ {entity.name} : {_quoted(f'{key.pattern} {partition}')}"


def _quoted(text: str) -> str:
    """A label; Mermaid has no way to write a quotation mark in it but as an entity."""
    return '"' + ENTITY.sub("#35;", text).replace('"', "#quot;") + '"'
