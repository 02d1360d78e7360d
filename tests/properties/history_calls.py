"""What writers of a history ask for: each call with its operation, and what the model makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve, field, frozen

from dynastore import Create, Delete, Put, Ref, Update
from dynastore.errors import ConditionFailed
from dynastore.operations.reading.reads import get
from dynastore.operations.writing.batches import delete_many, put_many
from dynastore.operations.writing.moves import move
from dynastore.operations.writing.touching import touch
from dynastore.operations.writing.upserts import upsert
from dynastore.operations.writing.writes import transact, write
from dynastore.requests import Steps

from .history_entities import SCHEMA, Doc
from .model import Model, Refused, State, ref_of


@frozen
class Call:
    """Something that a writer asks for.

    Attributes:
        text: what it is, for a person.
        target: what it is about; of a transaction the first.
        steps: its operation.
        effect: how the model carries it out, given the time.
        is_transaction: whether refusals come as TransactionCanceled.
        each: of a call on many, the calls that it is made of; each happens at a moment of its own.
    """

    text: str
    target: Ref[Any]
    steps: Callable[[], Steps[Any]] = field(repr=False)
    effect: Callable[[Model, dt.datetime], tuple[State, Any]] = field(repr=False)
    is_transaction: bool = False
    each: tuple[Call, ...] = field(default=(), repr=False)


def single(asked: Any) -> Call:
    """One write."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        state, results = model.written([asked], now)
        return state, results[0]

    return Call(str(asked), target_of(asked), lambda: write(SCHEMA, asked), effect)


def together(asked: Sequence[Any]) -> Call:
    """Several writes in a transaction."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        state, results = model.written(asked, now)
        pairs = zip(results, asked, strict=True)
        return state, [r if isinstance(w, Create | Put) else None for r, w in pairs]

    return Call(
        str(asked),
        target_of(asked[0]),
        lambda: transact(SCHEMA, asked),
        effect,
        is_transaction=True,
    )


def many(asked: Sequence[Put[Any]] | Sequence[Delete[Any]]) -> Call:
    """Many puts, or many deletes; of a key that comes twice the last counts."""
    some = [each.entity if isinstance(each, Put) else each.target for each in asked]
    operation = put_many if isinstance(asked[0], Put) else delete_many
    each = {target_of(one): single(one) for one in asked}

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        raise AssertionError("it is one of each of its writes")

    text = f"{operation.__name__} {some}"
    first, *_ = each.values()
    return Call(
        text, first.target, lambda: operation(SCHEMA, some), effect, each=tuple(each.values())
    )


def upserted(target: Ref[Any], changes: dict[str, Any]) -> Call:
    """An upsert."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        if model.at(target, now) is not None:
            state, results = model.written([Update(target, **changes)], now)
            return state, results[0]
        bare = Model()
        bare.entities = {target: target.cls(**dict(target.values))}
        state, _ = bare.written([Update(target, **changes)], now)
        stamps = {"revision": 0, "changed_at": now} if target.cls is Doc else {}
        made = evolve(state[target], **stamps)
        state, results = model.written([Create(made)], now)
        return state, results[0]

    text = f"upsert {target} {changes}"
    return Call(text, target, lambda: upsert(SCHEMA, target, changes), effect)


def moved(target: Ref[Any], changes: dict[str, Any]) -> Call:
    """A move."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        stored = model.at(target, now)
        if stored is None:
            raise Refused(ConditionFailed)
        new = evolve(stored, **changes)
        state, results = model.written([Create(new), Delete(target)], now)
        if getattr(stored, "ends_at", now) is None:  # and it gets no lifetime on the way
            state[ref_of(new)] = results[0] = evolve(results[0], ends_at=None)
        return state, results[0]

    return Call(f"move {target} {changes}", target, lambda: move(SCHEMA, target, changes), effect)


def touched(target: Any, lifetime: dt.timedelta) -> Call:
    """A touch."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        state, results = model.written([Update(target, ends_at=now + lifetime)], now)
        return state, results[0]

    text = f"touch {target} for {lifetime}"
    return Call(text, ref_of(target), lambda: touch(SCHEMA, target, lifetime=lifetime), effect)


def read(target: Ref[Any]) -> Call:
    """A read: it finds what was stored when its last item was read, as a whole."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        return model.entities, model.at(target, now)

    values = dict(target.values)
    return Call(f"get {target}", target, lambda: get(SCHEMA, target.cls, values), effect)


def target_of(asked: Any) -> Ref[Any]:
    """What a write is about."""
    return ref_of(getattr(asked, "entity", None) or asked.target)
