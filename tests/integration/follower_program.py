"""Follows changes of counters and appends each to a file, until it is killed.

python follower_program.py TABLE_URL FILE
"""

from __future__ import annotations

import os
import sys
import time

from dynastore import Schema, Store, entity, key


@entity("counter")
class Counter:
    name: str
    value: int

    primary = key("COUNTER#{name}", "COUNTER#")


LEASE_SECONDS = 0.2  # that a killed follower keeps its place

SCHEMA = Schema([Counter])


def main(url: str, path: str) -> None:
    sink = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = Store.connect(url, SCHEMA)
    for change in store.changes(Counter, name="sink", save_every=7, lease_seconds=LEASE_SECONDS):
        os.write(sink, f"{os.getpid()} {change.new.name} {change.new.value}\n".encode())
        time.sleep(0.001)  # so that it is killed in the middle


if __name__ == "__main__":
    main(*sys.argv[1:])
