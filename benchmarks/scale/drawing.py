"""Calls of agents, drawn: whose they are by Zipf's law, their keys by dynastore's own schema."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import log
from random import Random
from typing import Any

from attrs import evolve, frozen

from dynastore import Schema
from dynastore.agents import (
    Checkpoint,
    Memory,
    Run,
    Session,
    Span,
    Thread,
    Trace,
    agent_schema,
)
from dynastore.clients.metering import entry
from dynastore.codec.codec import vars_of
from dynastore.entities.patterns import AccessPattern
from dynastore.table import PRIMARY, Index
from dynastore.values.attributes import AttributeMap

from .partitions import Call, Place, Touch, load, place
from .units import Sizes, Units, sizes

SESSIONS = 10**9
TENANTS = 10**6
USERS = 10**8
COMPONENTS = 5  # agents of a tenant
MEMORIES = 0.2  # that a turn leaves; assumed
SPANS = 8  # of a turn that is traced: the run, its calls of the model and of tools; assumed
CHECKPOINTS = 3  # of a turn of a graph with two nodes
SEEN = 8  # turns of the sample that meet a partition key, for it to be told from others
BEGAN = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


@frozen
class Design:
    """How keys are laid out.

    Attributes:
        name: what it is called in tables.
        scoped: whether each tenant is a scope; else all of them share one.
        shards: of each access pattern whose partition key names no field.
    """

    name: str
    scoped: bool = False
    shards: int = 1


def rank(draw: Random, count: int) -> int:
    """One of so many, from 1, by Zipf's law: the k-th is met in proportion to 1/k, closely.

    It is the continuous law, cut: the first of a million has 5.0 % instead of 6.9 %, and no table of
    a million sums is needed.
    """
    return min(count, int((count + 1) ** draw.random()))


def share(first: int, count: int) -> float:
    """What part of all draws of `rank` gives one of them."""
    return log((first + 1) / first) / log(count + 1)


@frozen
class Drawing:
    """Draws the calls of turns.

    Attributes:
        design: how keys are laid out.
        draw: chooses.
        schema: makes keys.
        sizes: what calls take.
    """

    design: Design
    draw: Random
    schema: Schema
    sizes: Sizes

    @classmethod
    def of(cls, design: Design, seed: int) -> Drawing:
        """One that draws the same for the same seed."""
        return cls(design, Random(seed), agent_schema(), sizes())

    def minutes(self, count: int, turns: int) -> list[list[Call]]:
        """The calls of so many turns of each of some minutes."""
        drawn = [self._minute(number, turns) for number in range(count)]
        met = Counter(key for minute in drawn for turn in minute for key in _keys_of(turn))
        return [[_with_even(call, met) for turn in minute for call in turn] for minute in drawn]

    def _minute(self, number: int, turns: int) -> list[list[Call]]:
        moment, minute = BEGAN + dt.timedelta(minutes=number), dt.timedelta(minutes=1)
        return [
            [*self._turn(number * turns + turn, moment + turn * minute / turns)]
            for turn in range(turns)
        ]

    def _turn(self, number: int, now: dt.datetime) -> Iterator[Call]:
        tenant = rank(self.draw, TENANTS)
        users = max(1, int(USERS * share(tenant, TENANTS)))
        user = f"{tenant:x}-{rank(self.draw, users):x}"
        scope = f"t{tenant:x}" if self.design.scoped else None
        made = _Made(self.draw, user, f"{tenant:x}-{rank(self.draw, COMPONENTS)}", now)
        schema = self.schema if scope is None else self.schema.scoped(scope)
        session = made.session(made.an_id())
        created = self.sizes.created
        if _is_due(number, 1 / self.sizes.turns):
            yield self._write(schema, "begin a session", session, created["session"])
            yield self._write(schema, "begin a thread", made.thread(), created["thread"])
            yield self._read(schema, "list a user's sessions", session, 1, self.sizes.listed)
        yield self._read(schema, "load a session", session, 0, self.sizes.loaded)
        yield self._read(schema, "read a user's memories", made.memory(), 0, self.sizes.remembered)
        yield self._write(schema, "save a run", made.run(session), created["run"])
        yield self._write(schema, "save a session", session, self.sizes.resaved)
        if _is_due(number, MEMORIES):
            yield self._write(schema, "save a memory", made.memory(), created["memory"])
        yield self._write(schema, "save a trace", made.trace(), created["trace"])
        yield self._write(schema, "save a span", made.span(), created["span"], SPANS)
        yield self._write(
            schema, "put a checkpoint", made.checkpoint(), created["checkpoint"], CHECKPOINTS
        )

    def _write(
        self, schema: Schema, kind: str, entity: Any, units: Units, times: float = 1
    ) -> Call:
        item = self._keys(schema, entity)
        touches = [
            Touch(index.number, place_in(index, item), load(units[index.number], 0))
            for index in (PRIMARY, *schema.table.indexes)
            if units.get(index.number) and entry(index, item) is not None
        ]
        return Call(kind, tuple(touches), times)

    def _read(self, schema: Schema, kind: str, entity: Any, number: int, units: float) -> Call:
        index = PRIMARY if number == 0 else _index(schema, number)
        where = place_in(index, self._keys(schema, entity))
        return Call(kind, (Touch(number, where, load(0, units)),))

    def _keys(self, schema: Schema, entity: Any) -> AttributeMap:
        codec = schema.codec(type(entity))
        _, item = codec.implied(entity, schema.prefix)
        if self.design.shards == 1:
            return item
        for pattern in codec.spec.secondary:
            if not pattern.hash.fields:
                text = sharded(pattern, self.design.shards).partition_text(vars_of(entity))
                if text is not None:
                    name = _index(schema, pattern.number).hash
                    item[name] = {"S": schema.prefix + text}
        return item


def _is_due(number: int, part: float) -> bool:
    """Whether a turn is one of those of which there is such a part, at even distances."""
    return int((number + 1) * part) > int(number * part)


def _keys_of(turn: Sequence[Call]) -> set[tuple[int, int]]:
    """The partition keys that a turn meets: numbers of indexes, and hashes."""
    return {
        (each.index, each.place[0])
        for call in turn
        for each in call.touches
        if each.place is not None
    }


def _with_even(call: Call, met: Mapping[tuple[int, int], int]) -> Call:
    """A call without the places of keys that few turns meet."""
    touches = (
        each
        if each.place is None or met[each.index, each.place[0]] >= SEEN
        else evolve(each, place=None)
        for each in call.touches
    )
    return evolve(call, touches=tuple(touches))


def sharded(pattern: AccessPattern, shards: int) -> AccessPattern:
    """An access pattern as it is with ``shards=``."""
    return evolve(pattern, shards=shards)


def _index(schema: Schema, number: int) -> Index:
    return next(each for each in schema.table.indexes if each.number == number)


def place_in(index: Index, item: AttributeMap) -> Place:
    """Where an item is in an index."""
    first, *others = (item[name]["S"] for name in index.attributes)
    return place(first, "\0".join(others))


@frozen
class _Made:
    """Entities of one turn; what matters of them is what keys are made of."""

    draw: Random
    user: str
    component: str
    now: dt.datetime

    def an_id(self) -> str:
        return f"{self.draw.getrandbits(64):016x}"

    def session(self, session_id: str) -> Session:
        return Session(
            session_id=session_id,
            user_id=self.user,
            component=self.component,
            created_at=self.now,
        )

    def run(self, session: Session) -> Run:
        return Run(session_id=session.session_id, run_id=self.an_id(), created_at=self.now)

    def memory(self) -> Memory:
        return Memory(user_id=self.user, memory_id=self.an_id(), text="", created_at=self.now)

    def thread(self) -> Thread:
        return Thread(
            thread_id=self.an_id(),
            user_id=self.user,
            component=self.component,
            created_at=self.now,
        )

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(thread_id=self.an_id(), checkpoint_id=self.an_id(), content=b"")

    def trace(self) -> Trace:
        return Trace(
            trace_id=self.an_id(),
            start_time=self.now,
            run_id=self.an_id(),
            session_id=self.an_id(),
            user_id=self.user,
            outline=[],
        )

    def span(self) -> Span:
        ids = {"trace_id": self.an_id(), "span_id": self.an_id()}
        return Span(start_time=self.now, outline=[], content=b"", **ids)


def constant_patterns(schema: Schema) -> Sequence[tuple[str, AccessPattern]]:
    """Entities and their access patterns whose partition key names no field: one key for them all."""
    return [
        (codec.spec.name, pattern)
        for codec in map(schema.codec, schema.entities)
        for pattern in codec.spec.patterns
        if not pattern.hash.fields
    ]
