"""Exports or imports a table in small pieces, and says so after each, until it is done or killed.

python -m tests.integration.export_program export|import TABLE_URL SHELF
"""

from __future__ import annotations

import sys
from typing import Any

from dynastore import Schema, Store, entity, gsi, key, payload, unique
from dynastore.operations.exporting import exporter, importer, wholes
from dynastore.stores.exports import export, load, shelf_of


@entity("note")
class Note:
    name: str
    text: str = ""
    tags: frozenset[str] = frozenset()
    data: bytes = payload(default=b"", compress_over=None)

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("slug")
class Slug:
    """With a guard, which is an item of its own."""

    name: str
    text: str

    primary = key("SLUG#{name}", "~")
    one_text = unique("text")


SCHEMA = Schema([Note, Slug])


def fill(store: Store, count: int) -> None:
    """Write some items of each kind, in scopes and outside."""
    for number in range(count):
        place = store.scope("team") if number % 3 == 0 else store
        place.put(Note(name=f"n{number}", text=f"text {number}", tags=frozenset("ab")))
        place.put(Slug(name=f"s{number}", text=f"slug {number}"))


def shrink() -> list[tuple[Any, str, int]]:
    """What makes pieces and windows small."""
    return [
        (exporter, "PIECE_BYTES", 600),
        (wholes, "TOGETHER_BYTES", 0),
        (importer, "WINDOW", 4),
    ]


def main(what: str, url: str, place: str) -> None:
    for module, name, value in shrink():
        setattr(module, name, value)
    shelf = shelf_of(place)
    with Store.connect(url, SCHEMA) as store:
        if what == "export":
            export(store, shelf, progress=lambda total: print(total.items.items, flush=True))
        else:
            load(store, shelf, progress=lambda loaded: print(loaded.line, flush=True))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
