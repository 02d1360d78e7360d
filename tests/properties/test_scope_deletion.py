"""Deleting a scope takes all of it and of those in it, and nothing of any other, whatever their names."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynastore import Schema, Table, entity, gsi, key, payload, unique
from dynastore.clients.base import run
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.operations.scopes.deleting import delete_scope
from dynastore.operations.scopes.registry import Known
from dynastore.requests import Key, Scan
from dynastore.requests.objects import ListObjectsV2
from dynastore.table import SCOPE, Index
from dynastore.testing import memory_store

pytestmark = pytest.mark.scans

MONDAY = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
BUCKET = "agent-payloads"


@entity("note")
class Note:
    """A note, named as hostilely as its scope."""

    owner: str
    text: str = ""
    body: bytes = payload(default=b"", offload_over=10)

    primary = key("{owner}", "NOTE#{text}")
    by_text = gsi(1, "{text}", "{owner}")
    everywhere = gsi(2, "NOTES", "{owner}", across_scopes=True)
    one_text = unique("text")


SCHEMA = Schema([Note], Table("notes", (Index(1), Index(2)), bucket=BUCKET))

# Prefixes of each other, and all that means something in a key, an object's name or a pattern.
PIECES = ["a", "b", "#", "@", "*", "$", "/", "_", "~", "é", "\U0010ffff", "scope", "@#scope", "$40"]
names = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
)
paths = st.lists(names, max_size=3).map(tuple)


def scoped(store, path):
    for name in path:
        store = store.scope(name)
    return store


def noise(text):
    """Large enough for the bucket, and the same for the same text."""
    return b"".join(sha256(f"{text}{number}".encode()).digest() for number in range(10))


def write(store, path):
    here = scoped(store, path)
    for text in ("@a#", "a", f"@{''.join(path)}#"):
        here.put(Note(owner=text, text=text, body=noise(text)))


def sending(request):
    return (yield from request)


def stored(store):
    """All items but the entries of scopes, and the names of all objects."""
    page = store.run(sending(Scan(SCHEMA.table.name)))
    objects = store.run(sending(ListObjectsV2(BUCKET, "", 1_000)))
    assert (page.last_key, objects.last) == (None, None)
    items = {Key.of(item): item for item in page.items if item["TYPE"]["S"] != SCOPE}
    return items, {each.name for each in objects.objects}


def furnished(everything):
    """A store in which something was written under each path; the time stands still."""
    store = memory_store(SCHEMA, clock=lambda: MONDAY)
    for path in sorted(everything):
        write(store, path)
    return store


class Killed(BaseException):
    """The process ends."""


class Mortal:
    """A client of a process that is killed after some requests."""

    overlaps = False

    def __init__(self, client, requests):
        self.client, self.left = client, requests
        self.observers = client.observers

    def send(self, request, /, *, deadline=None):
        if self.left == 0:
            raise Killed
        self.left -= 1
        return self.client.send(request, deadline=deadline)


@given(victim=paths.filter(bool), others=st.sets(paths, max_size=5))
@example(victim=("a",), others={("a#",), ("a@",), ("@a",), ("ab",), ("a", "b"), ()})
@example(victim=("a", "b"), others={("a#@b",), ("a",), ("b",), ("a", "b#"), ("a", "b", "c")})
@example(victim=("a",), others={("a/scope-b",), ("a/",), ("scope-a",)})
@example(victim=("_",), others={("_5f",), ("__",), ("/",), ("_", "/"), ("_2f",)})
def test_all_of_a_scope_goes_and_nothing_of_another(victim, others):
    everything = {victim, *others}
    gone = {path for path in everything if path[: len(victim)] == victim}
    with furnished(everything) as store, furnished(everything - gone) as expected:
        around = scoped(store, victim[:-1])
        seen = around.delete_scope(victim[-1], dry_run=True)
        done = around.delete_scope(victim[-1])
        assert done.is_empty
        assert done.objects > 0
        assert stored(store) == stored(expected)
        assert (done.items, done.objects) == (seen.items, seen.objects)
        siblings = {path[len(victim) - 1] for path in everything - gone if _is_inside(path, victim)}
        assert {*around.scopes()} == siblings


def _is_inside(path, victim):
    return len(path) >= len(victim) and path[: len(victim) - 1] == victim[:-1]


@given(requests=st.integers(0, 40), name=names, inner=names)
@example(requests=6, name="a", inner="@#scope")
def test_after_a_kill_at_any_request_the_next_call_leaves_nothing(requests, name, inner):
    other = f"{name}x"
    with (
        furnished({(name,), (name, inner), (other,)}) as store,
        furnished({(other,)}) as without,
    ):
        expected = stored(without)
        schema = store.schema.scoped(name)
        steps = delete_scope(schema, Known(), ScanOptions())
        try:
            done = run(steps, Mortal(store.client, requests))
        except Killed:
            assert name in [*store.scopes()]
        else:
            assert done.is_empty
        assert store.delete_scope(name).is_empty
        assert name not in [*store.scopes()]
        assert stored(store) == expected
