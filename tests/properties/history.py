"""A history: writers that race on one engine, and what must be stored at every moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from dynastore import Ref
from dynastore.codec.payloads import Pointer
from dynastore.entities.uniques import GUARD, OWNER
from dynastore.requests import Key, Request, Scan
from dynastore.table import PART, TTL
from dynastore.values.attributes import AttributeMap, binary_of
from dynastore.values.wire_values import kept_item

from .history_calls import Call
from .history_entities import CLASSES, SCHEMA, key_of
from .history_writer import Scene, Writer
from .model import expired, ref_of

Stored = Mapping[Key, AttributeMap]


class History(Scene):
    """What happened on one engine.

    Attributes:
        live: writers that are not over yet.
        target: what the last of them is about.
        classes: what they write.
    """

    def __init__(
        self,
        send: Callable[[Request[Any]], Any],
        table: str,
        classes: Sequence[type[Any]] = CLASSES,
    ) -> None:
        super().__init__(send)
        self.classes = classes
        self.live: list[Writer] = []
        self.target: Ref[Any] | None = None
        self._table = table

    def begin(self, call: Call) -> None:
        """Let a writer begin."""
        self.live.append(Writer(self, call))
        self._bury()

    def step(self, at: int, fate: str) -> None:
        """Let a writer go on, or die."""
        writer = self.live[at % len(self.live)]
        writer.die() if fate == "dies" else writer.step(fate)
        self._bury()

    def check(self) -> None:
        """What is stored is what the model says, keys of all indexes and guards included."""
        codecs = {codec.spec.tag: codec for codec in SCHEMA.codecs.values()}
        items = {Key.of(item): item for item in self._items()}
        stored = {}
        for item in items.values():
            tag = item["TYPE"]["S"]
            if tag in {GUARD, PART}:
                continue
            codec = codecs[tag]
            found = codec.decode(_whole(item, items))
            stored[ref_of(found)] = found
            implied = codec.encode_split(found, "").item
            payloads = codec.spec.payloads.keys()
            assert _without(item, payloads) == _without(implied, payloads), "law 7"
        assert stored == self.model.entities
        self._check_guards(items)

    def _check_guards(self, items: Stored) -> None:
        """Each unique value has its guard. One that is left of what has expired may be there."""
        guards = {
            each["PK"]["S"]: tuple(part["S"] for part in each[OWNER]["L"])
            for each in items.values()
            if each["TYPE"]["S"] == GUARD
        }
        implied = {
            unique.guard(spec.tag, attrs.asdict(each), "")[0]: (key_of(each).pk, key_of(each).sk)
            for each in self.model.entities.values()
            if not expired(each, self.model.now)
            for spec in [SCHEMA.codec(type(each)).spec]
            for unique in spec.uniques
            if None not in [getattr(each, name) for name in unique.fields]
        }
        left = {
            each["PK"]["S"]
            for each in items.values()
            if TTL in each and int(each[TTL]["N"]) <= self.model.now.timestamp()
        }
        assert implied.items() <= guards.items()
        assert guards.keys() <= implied.keys() | left

    def _items(self) -> Iterator[dict[str, Any]]:
        start = None
        while True:
            page = self.send(Scan(self._table, consistent=True, start_key=start))
            yield from page.items
            start = page.last_key
            if start is None:
                return

    def _bury(self) -> None:
        self.live = [writer for writer in self.live if writer.pending is not None]


def _whole(item: AttributeMap, items: Stored) -> AttributeMap:
    """An item whose pointers lead to parts that are there, and are what was written."""
    found = dict(item)
    for name in SCHEMA.payloads_of(item):
        pointer = Pointer.of(item[name]) if name in item else None
        if pointer is not None:
            parts = [items.get(key) for key in pointer.keys(Key.of(item), name, "")]
            assert None not in parts, f"parts of {Key.of(item)} are missing"
            form = b"".join(binary_of(part["DATA"]) for part in parts if part)
            assert pointer.fits(form), f"parts of {Key.of(item)} are not what was written"
            late = all(_end(part) >= _end(item) for part in parts if part)
            assert late, f"parts of {Key.of(item)} expire before it"
            found[name] = {"B": form}
    return found


def _end(item: AttributeMap) -> float:
    """When DynamoDB may delete it."""
    return int(item[TTL]["N"]) if TTL in item else math.inf


def _without(item: AttributeMap, names: Any) -> AttributeMap:
    return {name: value for name, value in kept_item(item).items() if name not in names}
