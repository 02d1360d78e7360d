"""Scopes on the terminal: as a tree, as a table of sizes, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shlex import quote
from typing import TypeAlias

import orjson
from attrs import asdict, frozen
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from ..operations.scopes.measuring import Held, Scope, ScopeSizes
from ..stores.store import Store
from .saying import as_markup, visible


@frozen
class Cut:
    """A list that has more names than were asked for.

    Attributes:
        inside: the scope whose list it is.
        after: the last name that was shown.
    """

    inside: Scope
    after: str


Listed: TypeAlias = Scope | Cut


def listed(
    store: Store, around: Scope, depth: int, limit: int, after: str | None
) -> Iterator[Listed]:
    """The scopes inside a store's, each followed by those inside it.

    Args:
        store: the store.
        around: the names of its own scopes.
        depth: how many levels.
        limit: how many names of one list.
        after: the name after which the outermost list starts.
    """
    page = store.scopes().page(limit=limit, cursor=after)
    for name in page.entities:
        yield (*around, name)
        if depth > 1:
            yield from listed(store.scope(name), (*around, name), depth - 1, limit, None)
    if page.cursor is not None:
        yield Cut(around, page.cursor)


def lines(found: Iterable[Listed]) -> Iterator[str]:
    """A JSON object for each scope and for each list that was cut, and a summary."""
    scopes = 0
    for each in found:
        scopes += not isinstance(each, Cut)
        yield _json({"scope": each} if not isinstance(each, Cut) else asdict(each))
    yield _json({"scopes": scopes})


def show(console: Console, found: Iterable[Listed], table: str, around: Scope) -> None:
    """Print a tree."""
    tree = Tree(escape(f"{table} {path(around)}".rstrip()), highlight=False)
    nodes = {around: tree}
    for each in found:
        if isinstance(each, Cut):
            whose = "".join(f" --scope {quote(name)}" for name in each.inside)
            more = f"… more:{whose} --after {quote(each.after)}"
            nodes[each.inside].add(as_markup(more), style="dim")
        else:
            nodes[each] = nodes[each[:-1]].add(as_markup(each[-1]))
    console.print(tree)


def path(scope: Scope) -> str:
    """The names of a scope and of those around it, as a person reads them."""
    return " / ".join(map(visible, scope))


def size_lines(sizes: ScopeSizes) -> Iterator[str]:
    """A JSON object for each scope, and a summary."""
    for scope, held in sizes.by_scope.items():
        yield _json({"scope": scope, **asdict(held)})
    yield _json({"scopes": len(sizes.by_scope), **asdict(_sum(sizes)), "cursor": sizes.cursor})


def show_sizes(console: Console, sizes: ScopeSizes) -> None:
    """Print a row for each scope, and the sum of all."""
    table = Table(header_style="bold", show_footer=True)
    all_of = _sum(sizes)
    table.add_column("Scope", footer="all", overflow="fold")
    for heading, count in zip(("Items", "Parts", "Bytes"), _texts(all_of), strict=True):
        table.add_column(heading, footer=count, justify="right", no_wrap=True)
    for scope, held in sizes.by_scope.items():
        table.add_row(escape(path(scope)) or "[dim](no scope)[/dim]", *_texts(held))
    console.print(table)


def total(sizes: ScopeSizes) -> str:
    """How much was counted so far."""
    return f"{len(sizes.by_scope):,} scopes, {_sum(sizes).items:,} items"


def _sum(sizes: ScopeSizes) -> Held:
    together = Held()
    for held in sizes.by_scope.values():
        together = together.and_(held)
    return together


def _texts(held: Held) -> tuple[str, str, str]:
    return f"{held.items:,}", f"{held.parts:,}", f"{held.size_bytes:,}"


def _json(told: object) -> str:
    return orjson.dumps(told).decode()
