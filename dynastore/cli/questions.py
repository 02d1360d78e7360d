"""What an agent asks its memory: each question as the call that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from attrs import frozen

from .. import agents
from ..agents.checkpoints.contents import content_of
from ..clients.observing import Sent
from ..planner.plan import Plan
from ..stores.store import Store
from ..telemetry.recording import recorded
from .conversations import Conversation


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _summary(each: agents.Session | agents.Run) -> str:
    """What a session or a run says of itself in one line."""
    if isinstance(each, agents.Session):
        return f"{each.user_id}, {each.run_count} runs"
    if not each.messages:
        return "archived" if each.archived else "no messages"
    said = str(each.messages[0].get("content") or "").replace("\n", " ")
    return f"{len(each.messages)} messages: {said}"


@frozen
class Question:
    """One question.

    Attributes:
        title: as a person asks it.
        results: the call that says what is asked; it is what is shown, and what is made.
        read: what is called on its results; "" where the call itself reads.
        columns: of the answer.
        row: an entity -> a row of it.
    """

    title: str
    results: str
    read: str
    columns: Sequence[str]
    row: Callable[[Any], Sequence[str]]

    @property
    def call(self) -> str:
        """The whole call."""
        return self.results + self.read


@frozen
class Answer:
    """A question's answer, and what it took.

    Attributes:
        question: the question.
        call: with the names filled in.
        plan: how it was served, or None for a read by key.
        sent: the requests.
        entities: what was found.
    """

    question: Question
    call: str
    plan: Plan | None
    sent: Sequence[Sent]
    entities: Sequence[Any]

    @property
    def units(self) -> float:
        """Read units of all requests."""
        return sum(each.units for each in self.sent)


QUESTIONS = (
    Question(
        "Resume this session",
        "store.collection(Session, Run, session_id={session_id!r})",
        ".page().entities",
        ("", "when", "what"),
        lambda each: (type(each).__name__, _time(each.created_at), _summary(each)),
    ),
    Question(
        "My latest sessions",
        "store.query(Session, user_id={user_id!r}).newest_first()"
        ".select('session_id', 'created_at', 'run_count', 'title')",
        ".page(limit=5).entities",
        ("session", "began", "runs", "title"),
        lambda each: (
            each["session_id"],
            _time(each["created_at"]),
            str(each["run_count"]),
            each["title"] or "",
        ),
    ),
    Question(
        "What do I know of this user?",
        "store.query(Memory, user_id={user_id!r})",
        ".page(limit=5).entities",
        ("memory", "text"),
        lambda each: (each.memory_id, each.text),
    ),
    Question(
        "Which evals failed?",
        "store.query(EvalRun, passed=False).newest_first().select('eval_id', 'created_at', 'outline')",
        ".page(limit=5).entities",
        ("eval", "when", "score"),
        lambda each: (
            each["eval_id"],
            _time(each["created_at"]),
            f"{each['outline'].score:g}",
        ),
    ),
    Question(
        "Today's metrics",
        "store.get(Metric, month={month!r}, date=date.fromisoformat({date!r}))",
        "",
        ("day", "sessions", "runs", "messages"),
        lambda each: (
            str(each.date),
            str(each.session_count),
            str(each.run_count),
            str(each.message_count),
        ),
    ),
    Question(
        "The knowledge rows",
        "store.query(Knowledge).select('knowledge_id', 'title', 'created_at')",
        ".page(limit=5).entities",
        ("document", "title", "added"),
        lambda each: (each["knowledge_id"], each["title"], _time(each["created_at"])),
    ),
    Question(
        "The newest checkpoint",
        "store.query(Checkpoint, thread_id={session_id!r}, namespace='').newest_first()",
        ".first()",
        ("checkpoint", "follows", "state"),
        lambda each: (
            each.checkpoint_id,
            each.parent_id or "-",
            content_of(each.content).header.data.decode(),
        ),
    ),
)


def ask(store: Store, question: Question, names: Mapping[str, str]) -> Answer:
    """Make a question's call, and record what it sends.

    Args:
        store: where the conversations are.
        question: the question.
        names: what the call's placeholders stand for.
    """
    scope = {"store": store, "date": date, **{each.__name__: each for each in agents.ENTITIES}}
    results = question.results.format(**names)
    with recorded(store) as sent:
        # The text is ours, and so are the names in it: what is shown is what is run.
        found = eval(results, scope)  # noqa: S307
        plan = getattr(found, "plan", None)
        if question.read:
            found = eval(f"results{question.read}", {"results": found})  # noqa: S307
    entities = found if isinstance(found, (list, tuple)) else [found]
    return Answer(question, results + question.read, plan, sent, [e for e in entities if e])


def names_of(last: Conversation) -> dict[str, str]:
    """What the questions are about: the last conversation, its user, its day."""
    day = last.began_at.date()
    return {
        "session_id": last.conversation_id,
        "user_id": last.user_id,
        "month": agents.month_of(day),
        "date": day.isoformat(),
    }
