"""Moves a scope, and says each stage as it comes, until it is done or killed.

python move_program.py TABLE_URL SCOPE TO
"""

from __future__ import annotations

import sys

from dynastore import Schema, Store, entity, field, gsi, key, unique

# So short that a test need not wait for minutes; SQLite answers a request in milliseconds.
REQUEST_SECONDS = 0.6
LEASE_SECONDS = 1.0  # two thirds of it are longer than a request
SHARED, PRIVATE = "shared", "shared.qa"


@entity("note")
class Note:
    name: str
    text: str = ""
    tags: set[str] = field(factory=set)

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("counter")
class Counter:
    """What all writers count together: a write that is carried out twice is seen."""

    name: str
    count: int = 0

    primary = key("COUNTER#{name}", "~")


@entity("slug")
class Slug:
    """With a guard, which is an item of its own."""

    name: str
    text: str

    primary = key("SLUG#{name}", "~")
    one_text = unique("text")


SCHEMA = Schema([Note, Counter, Slug]).named(SHARED)


def main(url: str, scope: str, to: str, rate: str) -> None:
    stage = None
    with Store.connect(url, SCHEMA) as store:
        for moved in store.move_scope(
            scope,
            to,
            units_per_second=float(rate),
            request_seconds=REQUEST_SECONDS,
            lease_seconds=LEASE_SECONDS,
        ):
            if moved.stage != stage:
                stage = moved.stage
                print(stage, flush=True)
    print(moved, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
