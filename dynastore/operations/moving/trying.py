"""A dry run of a move: what would be copied, and whether that could begin."""

from __future__ import annotations

from attrs import evolve

from ...capacity import item_bytes
from ...codec.payload_objects import name_prefix, written_at
from ...requests import BATCH_KEYS
from ...requests.objects import ListObjectsV2
from ..objects import owners_of
from ..scopes.locations import read_location
from .parties import Parties
from .sides import Moving, On, Telling
from .stages import MoveOptions, ScopeMoved, State


def tried(parties: Parties, options: MoveOptions) -> Telling[ScopeMoved, None]:
    """Count what would be copied: scans both tables, and writes nothing.

    Raises:
        RequestError: the scope does not live there, or the target has items of it.
    """
    location = yield from On("home", read_location(parties.home, parties.scope))
    parties.check_lives_in(location.table)
    moved = State.new(parties, options.segments).moved
    sweep = parties.sweep("target", options.scan)
    while not sweep.done:
        parties.check_is_free((yield from On("target", sweep.round())))
        sweep.take_all()
        yield moved
    moved = evolve(moved, stage="copying")
    sweep = parties.sweep("source", options.scan)
    while not sweep.done:
        items = yield from On("source", sweep.round())
        sweep.take_all()
        size = moved.size_bytes + sum(map(item_bytes, items))
        moved = evolve(moved, items=moved.items + len(items), size_bytes=size)
        yield moved
    parties.check_is_something(moved.items)
    yield evolve(moved, objects=(yield from _objects(parties)))


def _objects(parties: Parties) -> Moving[int]:
    """How many objects the scope has in the bucket of the source."""
    bucket = parties.source.table.bucket
    found, after = 0, ""
    while bucket is not None:
        listing = ListObjectsV2(bucket, name_prefix((parties.scope,)), BATCH_KEYS, after)
        page = yield from On("source", listing)
        ours = [each for each in page.objects if written_at(each.name) is not None]
        owners = yield from On("source", owners_of(bucket, parties.table("source"), ours))
        found += len(owners)
        if page.last is None:
            break
        after = page.last
    return found
