"""Draws the calls of histories: on what is stored, was stored, or never was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from dynastore import (
    Check,
    Create,
    Delete,
    Put,
    Ref,
    Update,
    append,
    if_missing,
    increment,
    inside,
    ref,
    unset,
)
from dynastore.changes import Change

from .history import History
from .history_calls import Call, many, moved, read, single, target_of, together, touched, upserted
from .history_entities import DATA_BYTES, Doc, Look, Memo, Page

OWNERS, NAMES = st.sampled_from("ab"), st.sampled_from("xy")
TITLES = st.sampled_from([None, "one", "two"])
SLUGS = st.sampled_from([None, "s1", "s2", "s2"])
LIFETIMES = st.sampled_from([dt.timedelta(seconds=each) for each in (2, 8, 60)])
DATA = st.sampled_from([b"", b"small", b"a" * DATA_BYTES, b"b" * DATA_BYTES])

KINDS = ["write"] * 6 + ["transact"] * 2 + ["upsert", "move", "touch", "many", "many", "read"]


@st.composite
def calls(draw: st.DrawFn, history: History) -> Call:
    """A call."""
    kinds = KINDS if _expiring(history) else [each for each in KINDS if each != "touch"]
    match draw(st.sampled_from(kinds)):
        case "write":
            return single(draw(writes(history, checks=False)))
        case "transact":
            some = draw(st.lists(writes(history), min_size=1, max_size=3))
            apart = {target_of(each): each for each in some}
            return together(list(apart.values()))
        case "many":
            return draw(batches(history))
        case "touch":
            target = draw(refs(history, _expiring(history)))
            return touched(draw(at_hand(history, target)), draw(LIFETIMES))
        case "read":
            return read(draw(refs(history)))
        case "upsert":
            target = draw(refs(history))
            changed = draw(changes(target.cls).filter(lambda found: "data" not in found))
            return upserted(target, changed)
    target = draw(refs(history))
    fields = {"owner": draw(OWNERS), "name": draw(NAMES)}
    if fields == dict(target.values):
        fields["owner"] = "c"
    return moved(target, fields)


@st.composite
def batches(draw: st.DrawFn, history: History) -> Call:
    """A call on many, most of which batches hold."""
    plain = [each for each in history.classes if each is Page]  # the others have conditions
    classes = [*history.classes, *plain * 2]
    targets = draw(st.lists(refs(history, classes), min_size=2, max_size=5))
    if draw(st.booleans()):
        return many([Put(draw(things(each))) for each in targets])
    return many([Delete(draw(at_hand(history, each))) for each in targets])


@st.composite
def writes(draw: st.DrawFn, history: History, *, checks: bool = True) -> Any:
    """One write."""
    kinds = ["create", "put", "put", "update", "update", "update", "delete", "check"]
    kind = draw(st.sampled_from(kinds if checks else kinds[:-1]))
    target = draw(refs(history))
    current = history.model.entities.get(target)
    given = draw(at_hand(history, target))
    when = draw(st.sampled_from([None, None, None, {"count": 0}]))
    lifetime = draw(st.none() | LIFETIMES) if target.cls in {Memo, Page} else None
    match kind:
        case "create":
            return Create(draw(things(target)), lifetime)
        case "put":
            new = draw(things(target))
            if current is not None and target.cls is Doc:
                stamps = {"made_at": current.made_at, "revision": current.revision}
                new = evolve(new, **stamps) if draw(st.booleans()) else new
            return Put(new, when, lifetime)
        case "update":
            return Update(given, when=when, **draw(changes(target.cls)))
        case "delete":
            return Delete(given, when)
        case _:
            return Check(given, **(when or {}))


@st.composite
def at_hand(draw: st.DrawFn, history: History, target: Ref[Any]) -> Any:
    """A ref, or the entity itself as it is stored now."""
    current = history.model.entities.get(target)
    return current if current is not None and draw(st.booleans()) else target


@st.composite
def refs(draw: st.DrawFn, history: History, some: Sequence[type[Any]] = ()) -> Ref[Any]:
    """One of a few keys, often the one that the writer before has."""
    classes = some or history.classes
    last = history.target
    if last is not None and last.cls in classes and draw(st.booleans()):
        return last
    found = ref(draw(st.sampled_from(classes)), owner=draw(OWNERS), name=draw(NAMES))
    history.target = found
    return found


@st.composite
def things(draw: st.DrawFn, target: Ref[Any]) -> Any:
    """A new entity of a key."""
    some = draw(changes(target.cls)).items()
    values = {name: value for name, value in some if not isinstance(value, Change)}
    return target.cls(**dict(target.values), **values)


def _expiring(history: History) -> list[type[Any]]:
    return [each for each in history.classes if each in {Memo, Page}]


def changes(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What may become of some fields."""
    numbers = st.integers(-2, 12) | st.integers(-2, 2).map(increment) | st.just(unset())
    titles = TITLES | st.sampled_from(["one", "two"]).map(if_missing) | st.just(unset())
    named = {"count": numbers, "title": titles, "slug": SLUGS}
    fields: dict[str, st.SearchStrategy[Any]]
    match cls.__name__:
        case "Doc":
            logs = st.just(["new"]) | st.just(append("more"))
            fields = {**named, "status": st.sampled_from(["open", "done"]), "log": logs}
        case "Memo":
            themes = st.sampled_from(["dark", "light"])
            looks = st.builds(Look, theme=themes) | themes.map(lambda each: inside(theme=each))
            looks |= st.just(inside(seen=increment(1)))
            fields = {**named, "look": looks, "ends_at": st.just(unset())}
        case "Page":
            within = st.dictionaries(NAMES, st.integers(0, 3) | st.just(unset()), min_size=1)
            counts = st.dictionaries(NAMES, st.integers(0, 3)) | within.map(inside)
            counts |= NAMES.map(lambda name: inside({name: increment(1)}))
            fields = {"count": numbers, "counts": counts, "data": DATA, "ends_at": st.just(unset())}
        case _:
            fields = named
    return st.fixed_dictionaries({}, optional=fields).filter(bool)
