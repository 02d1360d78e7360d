"""What a query brings, printed: for a pipe, for programs, and for who likes no full screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from ...codec.codec import vars_of
from ...entities.spec import spec_of
from ...schema.schema import Schema
from ..saying import visible
from . import texts
from .looks import Look
from .trees import Branch, fields

DEPTH = 2  # levels of a value


def show(console: Console, schema: Schema, found: Look, plan: str) -> None:
    """Print the plan, a tree of the entities by partition, and what it took."""
    console.print(Text(plan, "dim"))
    tree = Tree(Text(visible(found.step.text), "bold"))
    for partition, entities in found.by_partition(schema).items():
        branch = tree.add(Text(visible(partition), "bold"))
        for entity in entities:
            _grow(branch.add(Text(texts.title(entity))), fields(entity), DEPTH)
    console.print(tree)
    console.print(Text(took(found)))


def took(found: Look) -> str:
    """What a person reads of the requests, and how to go on."""
    step = found.step
    more = f"; more: --cursor {found.cursor}" if found.cursor else ""
    return f"{step.found:,} found by {step.requests or 'no request'}, {step.units:g} units{more}"


def lines(schema: Schema, found: Look) -> Iterator[bytes]:
    """A JSON object for each entity; the summary last."""
    for entity in found.entities:
        values = {name: _plain(value) for name, value in vars_of(entity).items()}
        yield _json({"entity": spec_of(type(entity)).name, **values})
    step = found.step
    requests = [each.operation for each in step.sent]
    summary = {"found": step.found, "requests": requests, "units": step.units}
    yield _json({**summary, "cursor": found.cursor})


def patterns(schema: Schema) -> Iterator[bytes]:
    """A JSON object for each access pattern, with the query that it serves."""
    for cls in schema.entities:
        spec = spec_of(cls)
        for pattern in spec.patterns:
            told = {"entity": spec.name, "pattern": pattern.name, "index": pattern.number}
            yield _json({**told, "query": texts.template(spec, pattern)})


def _grow(tree: Tree, branches: Iterator[Branch], depth: int) -> None:
    for branch in branches:
        inner = tree.add(Text(branch.line))
        if branch.opens and depth > 1:
            _grow(inner, branch.branches(), depth - 1)


def _plain(value: Any) -> Any:
    """What JSON can hold of a value: bytes as their number, sets as lists, all else as it is."""
    match value:
        case bytes():
            return texts.brief(value)
        case set() | frozenset():
            return [_plain(each) for each in sorted(value, key=repr)]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    if hasattr(type(value), "__attrs_attrs__"):
        return {
            each.name: _plain(getattr(value, each.name)) for each in type(value).__attrs_attrs__
        }
    return value


def _json(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told, default=texts.brief)
