"""Histories: writers that race, requests whose answers are lost, and writers that die.

An operation is a generator of requests, so any interleaving of several can be played, on any
engine, request by request: each is sent, or lost before, or carried out and its answer lost, or
carried out twice as after a retry. Every moment is compared with the `Model`, in which each write
happens at once, at the moment when the engine carried it out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import attrs
from attrs import evolve, field, frozen
from hypothesis import strategies as st

from dynastore import (
    Check,
    Create,
    Delete,
    Index,
    Put,
    Ref,
    Schema,
    Table,
    Update,
    append,
    created,
    entity,
    gsi,
    if_missing,
    increment,
    key,
    ref,
    unique,
    unset,
    updated,
    version,
)
from dynastore.errors import (
    ConditionFailed,
    ConflictError,
    DynastoreError,
    PartialFailure,
    RequestError,
    TransactionCanceled,
    Unavailable,
)
from dynastore.operations.moves import move
from dynastore.operations.upserts import upsert
from dynastore.operations.writes import transact, write
from dynastore.requests import (
    DeleteItem,
    Now,
    PutItem,
    Request,
    Scan,
    Steps,
    Together,
    TransactWriteItems,
    UpdateItem,
    Wait,
)
from dynastore.uniques import GUARD, OWNER
from dynastore.wire_values import kept_item

from .model import Model, Refused, State, ref_of

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WRITES = (PutItem, UpdateItem, DeleteItem, TransactWriteItems)
LIVE = 4  # writers at a time


@entity("doc")
class Doc:
    """With a revision, timestamps, unique values, and indexes of every form."""

    owner: str
    doc_id: str
    status: Literal["open", "done"] = "open"
    rank: int = 0
    title: str | None = None
    slug: str | None = None
    log: list[str] = field(factory=list)
    made_at: dt.datetime = created()
    changed_at: dt.datetime = updated()
    revision: int = version()

    primary = key("OWNER#{owner}", "DOC#{doc_id}")
    by_status = gsi(1, "STATUS#{status}", "DOC", "{title?}", "{rank}", "{owner}")
    by_rank = gsi(2, "OWNER#{owner}", "{rank}#{status}#{changed_at}", when={"status": "open"})
    one_slug = unique("owner", "slug")


@entity("tally")
class Tally:
    """Without a revision; one attribute of an index depends on several fields."""

    owner: str
    name: str
    count: int = 0
    label: str | None = None
    tag: str | None = None

    primary = key("OWNER#{owner}", "TALLY#{name}")
    by_label = gsi(1, "LABEL#{label}", "TALLY", "{count}")
    by_count = gsi(2, "COUNTS", "{count}#{label?}#{name}")
    one_tag = unique("tag")


SCHEMA = Schema([Doc, Tally], Table("dynastore", (Index(1), Index(2, 1))))

OWNERS, NAMES = st.sampled_from("ab"), st.sampled_from("xy")
TEXTS = st.sampled_from([None, "one", "two"])
SLUGS = st.sampled_from([None, "s1", "s2", "s2"])


@frozen
class Call:
    """Something that a writer asks for.

    Attributes:
        text: what it is, for a person.
        steps: its operation.
        effects: how the model carries it out, given the time; more than one where it depends on
            what is stored.
        is_transaction: whether refusals come as TransactionCanceled.
    """

    text: str
    steps: Callable[[], Steps[Any]]
    effect: Callable[[Model, dt.datetime], tuple[State, Any]]
    is_transaction: bool = False


def single(asked: Any) -> Call:
    """One write."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        state, results = model.written([asked], now)
        return state, results[0]

    return Call(str(asked), lambda: write(SCHEMA, asked), effect)


def together(asked: Sequence[Any]) -> Call:
    """Several writes in a transaction."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        state, results = model.written(asked, now)
        pairs = zip(results, asked, strict=True)
        return state, [r if isinstance(w, Create | Put) else None for r, w in pairs]

    return Call(str(asked), lambda: transact(SCHEMA, asked), effect, is_transaction=True)


def upserted(target: Ref[Any], changes: dict[str, Any]) -> Call:
    """An upsert."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        if target in model.entities:
            state, results = model.written([Update(target, **changes)], now)
            return state, results[0]
        bare = Model()
        bare.entities = {target: target.cls(**dict(target.values))}
        state, _ = bare.written([Update(target, **changes)], now)
        stamps = {"revision": 0, "changed_at": now} if target.cls is Doc else {}
        made = evolve(state[target], **stamps)
        state, results = model.written([Create(made)], now)
        return state, results[0]

    return Call(f"upsert {target} {changes}", lambda: upsert(SCHEMA, target, changes), effect)


def moved(target: Ref[Any], changes: dict[str, Any]) -> Call:
    """A move."""

    def effect(model: Model, now: dt.datetime) -> tuple[State, Any]:
        stored = model.entities.get(target)
        if stored is None:
            raise Refused(ConditionFailed)
        new = evolve(stored, **changes)
        state, results = model.written([Create(new), Delete(target)], now)
        return state, results[0]

    return Call(f"move {target} {changes}", lambda: move(SCHEMA, target, changes), effect)


class Writer:
    """A call being carried out.

    Attributes:
        call: what is asked for.
        pending: what it wants to be answered next; None once it is over.
    """

    def __init__(self, history: History, call: Call) -> None:
        self.call = call
        self._history = history
        self._steps = call.steps()
        self._now = START
        self._verdict: type[Exception] | None = None
        self._expected: list[Any] = []
        self._done = False
        self.pending: Any = None
        self._advance(lambda: next(self._steps))

    def step(self, fate: str) -> None:
        """Answer what it waits for."""
        asked = self.pending
        if isinstance(asked, Now):
            self._now = self._history.tick()
            return self._advance(lambda: self._steps.send(self._now))
        if isinstance(asked, Wait):
            return self._advance(lambda: self._steps.send(None))
        if isinstance(asked, Together):
            return self._answer_all(asked, fate)
        try:
            answer = self._sent(asked, fate)
        except DynastoreError as error:
            return self._advance(lambda error=error: self._steps.throw(error))
        return self._advance(lambda: self._steps.send(answer))

    def die(self) -> None:
        """Nothing more is sent; what was sent stays."""
        self._steps.close()
        self.pending = None

    def _answer_all(self, asked: Together[Any], fate: str) -> None:
        outcomes: list[Any] = []
        for request in asked.requests:
            try:
                outcomes.append(self._sent(request, fate))
            except DynastoreError as error:
                outcomes.append(error)
        failed = {at: o for at, o in enumerate(outcomes) if isinstance(o, DynastoreError)}
        if failed:
            done = {at: o for at, o in enumerate(outcomes) if at not in failed}
            return self._advance(lambda: self._steps.throw(PartialFailure(done, failed)))
        return self._advance(lambda: self._steps.send(outcomes))

    def _sent(self, request: Request[Any], fate: str) -> Any:
        if fate == "lost before":
            raise Unavailable("Lost", "the request was lost")
        answer = self._carried_out(request)
        if fate == "twice" and request.repeatable:
            answer = self._history.send(request)  # which must change nothing more
        if fate == "lost after":
            raise Unavailable("Lost", "the answer was lost")
        return answer

    def _carried_out(self, request: Request[Any]) -> Any:
        """What the engine answers; the model does the same at the same moment."""
        model = self._history.model
        self._verdict, after, result = None, None, None
        try:
            after, result = self.call.effect(model, self._now)
        except Refused as refused:
            self._verdict = refused.kind
        answer = self._history.send(request)
        if isinstance(request, WRITES):
            assert after is not None, f"{request} was carried out, and should have been refused"
            model.entities = after
            self._expected = [result]
            self._done = True
        elif self._done:
            self._expected.append(self._now_stored(self._expected[0]))
        else:
            self._expected = [result]
        return answer

    def _now_stored(self, result: Any) -> Any:
        """What a read after the write shows of the same entity."""
        return self._history.model.entities.get(ref_of(result)) if attrs.has(type(result)) else None

    def _advance(self, resume: Callable[[], Any]) -> None:
        self.pending = None
        try:
            self.pending = resume()
        except StopIteration as stop:
            self._check_result(stop.value)
        except Unavailable:
            pass  # a lost answer leaves open what happened
        except (ConflictError, RequestError) as error:
            self._check_refusal(error)

    def _check_result(self, result: Any) -> None:
        if None in self._expected[1:]:
            return  # deleted right after: told by what was known before
        assert result in self._expected, f"{self.call.text} gave {result}"

    def _check_refusal(self, error: DynastoreError) -> None:
        text = f"{self.call.text} was refused: {error!r}"
        if isinstance(error, RequestError):
            assert self.call.is_transaction, text
            assert "two writes of one transaction are about UNIQUE" in str(error)
            return
        assert self._verdict is not None, text
        assert isinstance(error, TransactionCanceled) == self.call.is_transaction, text
        if isinstance(error, TransactionCanceled):
            assert any(isinstance(each, ConflictError) for each in error.reasons)
        else:
            assert type(error) is self._verdict, f"{text}, not by {self._verdict}"


class History:
    """What happened on one engine.

    Attributes:
        model: what must be stored.
        live: writers that are not over yet.
        target: what the last of them is about.
    """

    def __init__(self, send: Callable[[Request[Any]], Any], table: str) -> None:
        self.model = Model()
        self.live: list[Writer] = []
        self.send = send
        self.target: Ref[Any] | None = None
        self._table = table
        self._ticks = 0

    def tick(self) -> dt.datetime:
        """A moment after all before."""
        self._ticks += 1
        return START + dt.timedelta(seconds=self._ticks)

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
        stored: State = {}
        guards = {}
        for item in self._items():
            tag = item["TYPE"]["S"]
            if tag == GUARD:
                guards[item["PK"]["S"]] = tuple(each["S"] for each in item[OWNER]["L"])
                continue
            found = codecs[tag].decode(item)
            stored[ref_of(found)] = found
            assert kept_item(item) == kept_item(codecs[tag].encode(found, "")), "law 7"
        assert stored == self.model.entities
        implied = {
            unique.guard(codec.spec.tag, attrs.asdict(each), "")[0]: (key.pk, key.sk)
            for target, each in stored.items()
            for codec in [SCHEMA.codecs[target.cls]]
            for key in [codec.key(dict(target.values), "")]
            for unique in codec.spec.uniques
            if None not in [getattr(each, name) for name in unique.fields]
        }
        assert guards == implied

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


FATES = ["ok"] * 8 + ["lost before", "lost after", "twice", "dies"]


def play(history: History, data: st.DataObject, steps: int, fates: Sequence[str] = FATES) -> None:
    """Play a drawn history, and compare every moment with the model."""
    for _ in range(data.draw(st.integers(1, steps), "steps")):
        begins = not history.live or (len(history.live) < LIVE and data.draw(st.booleans()))
        if begins:
            history.begin(data.draw(calls(history), "call"))
        else:
            history.step(
                data.draw(st.integers(0, LIVE - 1)), data.draw(st.sampled_from(fates), "fate")
            )
            history.check()
    while history.live:
        history.step(0, "ok")
    history.check()


@st.composite
def calls(draw: st.DrawFn, history: History) -> Call:
    """A call on what is stored, was stored, or never was."""
    kind = draw(st.sampled_from(["write"] * 5 + ["transact", "transact", "upsert", "move"]))
    if kind == "write":
        return single(draw(writes(history, checks=False)))
    if kind == "transact":
        some = draw(st.lists(writes(history), min_size=1, max_size=3))
        apart = {ref_of(getattr(each, "entity", None) or each.target): each for each in some}
        return together(list(apart.values()))
    target = draw(refs(history))
    if kind == "upsert":
        return upserted(target, draw(changes(target.cls)))
    fields = {"owner": draw(OWNERS), "doc_id" if target.cls is Doc else "name": draw(NAMES)}
    if fields == dict(target.values):
        fields["owner"] = "c"
    return moved(target, fields)


@st.composite
def writes(draw: st.DrawFn, history: History, *, checks: bool = True) -> Any:
    """One write."""
    kinds = ["create", "put", "put", "update", "update", "update", "delete", "check"]
    kind = draw(st.sampled_from(kinds if checks else kinds[:-1]))
    target = draw(refs(history))
    current = history.model.entities.get(target)
    at_hand = current if current is not None and draw(st.booleans()) else target
    when = draw(conditions(target.cls))
    match kind:
        case "create":
            return Create(draw(things(target)))
        case "put":
            new = draw(things(target))
            if current is not None and target.cls is Doc:
                stamps = {"made_at": current.made_at, "revision": current.revision}
                new = evolve(new, **stamps) if draw(st.booleans()) else new
            return Put(new, when)
        case "update":
            return Update(at_hand, when=when, **draw(changes(target.cls)))
        case "delete":
            return Delete(at_hand, when)
        case _:
            return Check(at_hand, **(when or {}))


@st.composite
def refs(draw: st.DrawFn, history: History) -> Ref[Any]:
    """One of a few keys, often the one that the writer before has."""
    if history.target is not None and draw(st.booleans()):
        return history.target
    owner, name = draw(OWNERS), draw(NAMES)
    is_doc = draw(st.booleans())
    target = ref(Doc, owner=owner, doc_id=name) if is_doc else ref(Tally, owner=owner, name=name)
    history.target = target
    return target


@st.composite
def things(draw: st.DrawFn, target: Ref[Any]) -> Any:
    """A new entity of a key."""
    values = {n: v for n, v in draw(changes(target.cls)).items() if _is_literal(v)}
    return target.cls(**dict(target.values), **values)


def _is_literal(value: Any) -> bool:
    return value is None or isinstance(value, str | int | list)


def conditions(cls: type[Any]) -> st.SearchStrategy[dict[str, Any] | None]:
    """What a write may ask of the stored entity."""
    one = {"rank": 0} if cls is Doc else {"count": 0}
    return st.sampled_from([None, None, None, one])


def changes(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What may become of some fields."""
    numbers = st.integers(-2, 12) | st.integers(-2, 2).map(increment) | st.just(unset())
    texts = TEXTS | st.sampled_from(["one", "two"]).map(if_missing) | st.just(unset())
    if cls is Doc:
        logs = st.just(["new"]) | st.just(append("more"))
        fields = {
            "status": st.sampled_from(["open", "done"]),
            "rank": numbers,
            "title": texts,
            "slug": SLUGS,
            "log": logs,
        }
    else:
        fields = {"count": numbers, "label": texts, "tag": SLUGS}
    return st.fixed_dictionaries({}, optional=fields).filter(bool)
