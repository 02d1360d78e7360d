"""A writer of a history: its operation, carried out request by request beside the model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from dynastore import Ref
from dynastore.codec.payloads import LEAD
from dynastore.errors import (
    ConflictError,
    DynastoreError,
    NotUnique,
    PartialFailure,
    PayloadMissing,
    RequestError,
    TransactionCanceled,
    Unavailable,
)
from dynastore.requests import (
    BatchWriteItem,
    DeleteItem,
    Key,
    Now,
    PutItem,
    Request,
    Together,
    TransactWriteItems,
    UpdateItem,
    Wait,
    key_of,
)

from . import history_entities
from .history_calls import Call
from .model import Model, Refused, State, ref_of

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WRITES = (PutItem, UpdateItem, DeleteItem, TransactWriteItems)


class Scene:
    """What writers share.

    Attributes:
        model: what must be stored.
        sent: writes sent so far.
    """

    def __init__(self, send: Callable[[Request[Any]], Any]) -> None:
        self.model = Model(START)
        self.sent = 0
        self._send = send

    def send(self, request: Request[Any]) -> Any:
        """Send a request to the engine."""
        self.sent += request.writes
        return self._send(request)

    def pause(self, seconds: int) -> dt.datetime:
        """Let time pass; what it is then."""
        self.model.now += dt.timedelta(seconds=seconds)
        return self.model.now


class Task:
    """What the model makes of one call while it is under way.

    Attributes:
        call: what is asked for.
        done: whether the engine carried it out.
        told: whether the writer got the answer to that.
    """

    def __init__(self, call: Call, model: Model) -> None:
        self.call = call
        self.done = self.told = False
        self._model = model
        self._verdict: type[Exception] | None = None
        self._now = START
        self._after: State = {}
        self._expected: list[Any] = []
        self._seen: Any = None

    def ask(self, now: dt.datetime) -> None:
        """Let the model say what a request comes to, if it is carried out now."""
        self._verdict, self._now = None, now
        try:
            self._after, result = self.call.effect(self._model, now)
        except Refused as refused:
            self._verdict, result = refused.kind, None
        if not self.done:
            self._expected = [result]

    def wrote(self) -> None:
        """It was carried out."""
        text = f"{self.call.text} was carried out, and should have been refused"
        assert self._verdict is None, text
        self._model.become(self._after, self._now)
        self.done = True

    def was_read(self) -> None:
        """An item was answered once more: after the write it shows what is stored now."""
        if not self.done:
            self._seen = self._model.entities.get(self.call.target)
        elif attrs.has(type(self._expected[0])):
            self._expected.append(self._model.entities.get(ref_of(self._expected[0])))

    def check_result(self, result: Any) -> None:
        """The result is the model's."""
        if None in self._expected[1:]:
            return  # deleted right after: told by what was known before
        text = f"{self.call.text} gave {result}, not {self._expected}"
        assert any(_same(result, each) for each in (*self._expected, *self._seen_alike())), text

    def _seen_alike(self) -> list[Any]:
        """What was deleted, as it was read before: a transaction, of guards, does not tell what it deletes.

        It holds its revision to that, which an entity that was put anew meanwhile has again.
        """
        if not self.call.text.startswith("Delete("):
            return []
        revision = getattr(self._seen, "revision", None)
        is_alike = revision is not None and revision == getattr(self._expected[0], "revision", None)
        return [self._seen] if is_alike else []

    def check_refusal(self, error: DynastoreError) -> None:
        """The model refuses it too, and for the same reason."""
        text = f"{self.call.text} was refused: {error!r}"
        if isinstance(error, RequestError):
            assert self.call.is_transaction, text
            assert "must be unique, and the writes of" in str(error)
            return
        reasons = error.reasons if isinstance(error, TransactionCanceled) else [error]
        is_taken = any(isinstance(each, NotUnique) for each in reasons)
        if self._verdict is None and is_taken and self._model.may_hold(self._now):
            return
        assert self._verdict is not None, text
        assert isinstance(error, TransactionCanceled) == self.call.is_transaction, text
        if isinstance(error, TransactionCanceled):
            assert any(isinstance(each, ConflictError) for each in error.reasons)
        else:
            assert type(error) is self._verdict, f"{text}, not by {self._verdict}"


class Writer:
    """A call being carried out.

    Attributes:
        call: what is asked for.
        pending: what it wants to be answered next; None once it is over.
    """

    def __init__(self, scene: Scene, call: Call) -> None:
        self.call = call
        self._scene = scene
        self._steps = call.steps()
        self._now = START
        self._tasks = {
            history_entities.key_of(each.target): Task(each, scene.model)
            for each in call.each or (call,)
        }
        self._outcomes: list[Any] = []
        self.pending: Any = None
        self._advance(lambda: next(self._steps))

    def step(self, fate: str) -> None:
        """Answer what it waits for; of requests without an order between them the next one."""
        asked = self.pending
        if isinstance(asked, Wait):
            return self._advance(lambda: self._steps.send(None))
        if isinstance(asked, Together):
            return self._step_together(asked, fate)
        try:
            answer = self._sent(asked, fate)
        except DynastoreError as error:
            return self._advance(lambda error=error: self._steps.throw(error))
        return self._advance(lambda: self._steps.send(answer))

    def die(self) -> None:
        """Nothing more is sent; what was sent stays."""
        self._steps.close()
        self.pending = None

    def _step_together(self, asked: Together[Any], fate: str) -> None:
        try:
            self._outcomes.append(self._sent(asked.requests[len(self._outcomes)], fate))
        except DynastoreError as error:
            self._outcomes.append(error)
        if len(self._outcomes) < len(asked.requests):
            return None
        outcomes, self._outcomes = self._outcomes, []
        try:
            answers = asked.responses(outcomes)
        except PartialFailure as failure:
            return self._advance(lambda failure=failure: self._steps.throw(failure))
        return self._advance(lambda: self._steps.send(answers))

    def _sent(self, request: Request[Any], fate: str) -> Any:
        if fate == "lost before":
            raise Unavailable("Lost", "the request was lost")
        batch = request.actions if isinstance(request, BatchWriteItem) else ()
        held_back = batch[::2] if fate == "left" else ()
        if held_back:
            request = BatchWriteItem(batch[1::2])
        answer = self._carried_out(request)
        if fate == "twice" and request.repeatable:
            answer = self._scene.send(request)  # which must change nothing more
            if isinstance(request, DeleteItem):
                for task in self._tasks_of(request):
                    task.was_read()  # there is nothing left that it could give back
        if fate == "lost after":
            raise Unavailable("Lost", "the answer was lost")
        for task in self._tasks_of(request):
            task.told = task.done
        return (*held_back, *answer) if held_back else answer

    def _carried_out(self, request: Request[Any]) -> Any:
        """What the engine answers; the model does the same at the same moment."""
        if isinstance(request, BatchWriteItem):
            return self._batch_carried_out(request)
        tasks = self._tasks_of(request)
        for task in tasks:
            task.ask(self._now)
        answer = self._scene.send(request)
        for task in tasks:
            if isinstance(request, WRITES):
                task.wrote()
            else:
                task.was_read()
        return answer

    def _batch_carried_out(self, request: BatchWriteItem) -> Any:
        """Each of its writes is one by itself; what the engine leaves of them."""
        left = self._scene.send(request) if request.actions else ()
        taken = tuple(each for each in request.actions if each not in left)
        for task in self._tasks_of(BatchWriteItem(taken)):
            task.ask(self._now)
            task.wrote()
        return left

    def _tasks_of(self, request: Request[Any]) -> list[Task]:
        """What a request is about; nothing if it is about parts."""
        keys = _keys(request)
        if keys and keys[0].pk.startswith(LEAD) and not isinstance(request, BatchWriteItem):
            return []
        if not self.call.each:
            return [*self._tasks.values()]
        return [self._tasks[key] for key in keys if key in self._tasks]

    def _advance(self, resume: Callable[[], Any]) -> None:
        self.pending = None
        try:
            self.pending = resume()
            if isinstance(self.pending, Now):
                self._tell_time()
        except StopIteration as stop:
            self._check_result(stop.value)
        except Unavailable:
            pass  # a lost answer leaves open what happened
        except PartialFailure as failure:
            self._check_report(failure.done, failure.failed)
        except (ConflictError, RequestError) as error:
            (task,) = self._tasks.values()
            task.check_refusal(error)

    def _tell_time(self) -> None:
        """Nothing happens while the time is told. What parts are marked with is no time to go by."""
        now = self._scene.pause(1)
        while isinstance(self.pending, Now):
            self.pending = None  # which it stays, if the call ends here
            self.pending = self._steps.send(now)
        keys = [] if isinstance(self.pending, Wait | Together) else _keys(self.pending)
        marks = isinstance(self.pending, Together) and all(
            key.pk.startswith(LEAD) for each in self.pending.requests for key in _keys(each)
        )
        if self._now == START or not (marks or (keys and keys[0].pk.startswith(LEAD))):
            self._now = now

    def _check_result(self, result: Any) -> None:
        if not self.call.each:
            (task,) = self._tasks.values()
            return task.check_result(result)
        found = {} if isinstance(result, int) else {ref_of(each): each for each in result}
        return self._check_report(found or dict.fromkeys(self._refs()), {})

    def _refs(self) -> list[Ref[Any]]:
        return [task.call.target for task in self._tasks.values()]

    def _check_report(
        self, done: Mapping[Ref[Any], Any], failed: Mapping[Ref[Any], DynastoreError]
    ) -> None:
        """Each key is accounted for: done if its answer came, failed if it did not."""
        assert self.call.each, f"{self.call.text} reports {done} and {failed}"
        assert sorted([*done, *failed], key=str) == sorted(self._refs(), key=str)
        for task in self._tasks.values():
            target, text = task.call.target, f"{self.call.text}: {task.call.target}"
            assert (target in done) == task.told, f"{text} is reported wrongly"
            if target in done and done[target] is not None:
                task.check_result(done[target])
            error = failed.get(target)
            if isinstance(error, ConflictError):
                task.check_refusal(error)


def _keys(request: Request[Any]) -> list[Key]:
    """The keys of what a request is about, of a transaction that of the first write."""
    match request:
        case BatchWriteItem(actions=actions):
            return [key_of(each) for each in actions]
        case TransactWriteItems(actions=actions):
            return [key_of(actions[0])]
        case PutItem() | UpdateItem() | DeleteItem():
            return [key_of(request)]
    keys: Any = getattr(request, "keys", None) or [request.key]  # type: ignore[attr-defined]
    return [*keys]


def _same(result: Any, expected: Any) -> bool:
    """Whether they are equal, apart from a payload that was gone when it was fetched."""
    try:
        return bool(result == expected)
    except PayloadMissing:
        names = [name for name in attrs.fields_dict(type(result)) if name != "data"]
        return all(getattr(result, name) == getattr(expected, name) for name in names)
