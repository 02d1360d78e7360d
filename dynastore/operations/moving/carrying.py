"""Objects of a scope: those of payloads that are in a bucket.

They are never changed, so whatever is there under a name is what it has to be. An object says which
table it was written for. Where both tables share a bucket, objects change hands: they are written again,
under the same name, for the other table; or the sweep of the old one would take them for litter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from attrs import evolve

from ...codec.payload_objects import Owner, name_prefix, written_at
from ...keys.addresses import address, name_in, place_in
from ...requests import BATCH_KEYS
from ...requests.objects import GetObject, ListObjectsV2, ObjectsPage, PutObject, StoredObject
from ..objects import owners_of
from ..together import IN_FLIGHT, read_together, send_all
from .parties import Parties
from .sides import Moving, On
from .tail import Tail


class Objects:
    """Brings the objects of a scope to where it moves."""

    def __init__(self, parties: Parties, tail: Tail) -> None:
        """Nothing is sent yet."""
        self._parties = parties
        self._tail = tail
        self._prefix = name_prefix((parties.scope,))

    def carry(self) -> Moving[int]:
        """Write those that the target has not; how many."""
        source, target = self._parties.source.table.bucket, self._parties.target.table.bucket
        if source is None or target is None:
            return 0
        carried, after, theirs = 0, "", _Names(target, self._prefix)
        while True:
            page = yield from On("source", self._page(source, after))
            there = yield from theirs.up_to(page)
            new = [each for each in page.objects if each.name not in there]
            table = self._parties.table("source")
            owners = yield from On("source", owners_of(source, table, _ours(new)))
            yield from self._rewrite(owners, source, target)
            carried += len(owners)
            if page.last is None:
                return carried
            after = page.last

    def hand_over(self) -> Moving[None]:
        """Let those that both tables share be the target's from now on."""
        bucket, theirs = self._parties.target.table.bucket, self._parties.source.table.bucket
        if bucket is None or theirs is None or name_in(bucket) != name_in(theirs):
            return
        # Of one name at two places they may be one, which says of its objects what it is asked as.
        table = address(place_in(bucket), name_in(self._parties.table("source")))
        after = ""
        while True:
            page = yield from On("target", self._page(bucket, after))
            owners = yield from On("target", owners_of(bucket, table, _ours(page.objects)))
            yield from self._rewrite(owners, theirs, bucket)
            if page.last is None:
                return
            after = page.last

    def _page(self, bucket: str, after: str) -> ListObjectsV2:
        return ListObjectsV2(bucket, self._prefix, BATCH_KEYS, after)

    def _rewrite(
        self, owners: Mapping[StoredObject, Owner], source: str, target: str
    ) -> Moving[None]:
        """Write objects for the target's table, ten at a time."""
        found = [*owners.items()]
        for at in range(0, len(found), IN_FLIGHT):
            some = found[at : at + IN_FLIGHT]
            reads = [GetObject(source, each.name) for each, _ in some]
            bodies = yield from On("source", read_together(reads))
            yield from self._tail.hold()
            puts = [
                _put(target, each.name, body, evolve(owner, table=self._parties.table("target")))
                for (each, owner), body in zip(some, bodies, strict=True)
                if body is not None  # a sweep has deleted it just now
            ]
            yield from On("target", send_all(puts))


class _Names:
    """Names of the objects that a bucket has, read in their order beside those of another."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._names: set[str] = set()
        self._last: str | None = ""

    def up_to(self, page: ObjectsPage) -> Moving[set[str]]:
        """Those among the names of a page, which comes after the pages before."""
        highest = max((each.name for each in page.objects), default="")
        while self._last is not None and self._last < highest:
            mine = ListObjectsV2(self._bucket, self._prefix, BATCH_KEYS, self._last)
            answer = yield from On("target", mine)
            self._names |= {each.name for each in answer.objects}
            self._last = answer.last
        there = {each.name for each in page.objects} & self._names
        self._names = {each for each in self._names if each > highest}
        return there


def _ours(objects: Sequence[StoredObject]) -> list[StoredObject]:
    return [each for each in objects if written_at(each.name) is not None]


def _put(bucket: str, name: str, body: bytes | bytearray, owner: Owner) -> PutObject:
    return PutObject(bucket, name, body, sha256(body).digest(), owner.metadata)
