"""Moves a scope, and says each stage as it comes, until it is done or killed.

python move_program.py TABLE_URL SCOPE TO RATE [URL_OF_US]
"""

from __future__ import annotations

import sys

from dynastore import Placement, Schema, Store, Table, entity, field, gsi, key, payload, unique

# So short that a test need not wait for minutes; SQLite answers a request in milliseconds.
REQUEST_SECONDS = 0.6
LEASE_SECONDS = 1.0  # two thirds of it are longer than a request
SHARED, PRIVATE = "shared", "shared.qa"


@entity("note")
class Note:
    name: str
    text: str = ""
    tags: set[str] = field(factory=set)
    data: bytes = payload(default=b"", compress_over=None, offload_over=100)

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


INDEXES = Schema([Note, Counter, Slug]).table.indexes
SCHEMA = Schema([Note, Counter, Slug], Table(SHARED, INDEXES, bucket="loads"))


def placement(url: str, us: str | None) -> Placement:
    """What the mover goes by, and the writers."""
    return Placement(url, places={} if us is None else {"us": us})


def main(url: str, scope: str, to: str, rate: str, us: str | None = None) -> None:
    stage = None
    with Store.connect(placement(url, us), SCHEMA) as store:
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
