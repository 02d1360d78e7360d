"""``dynastore demo``: conversations into one table, and the questions an agent asks of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
from attrs import asdict, frozen
from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from ..agents import Session
from ..clients.observing import Sent
from ..entities.spec import ref
from ..stores.store import Store
from ..telemetry.recording import recorded
from .conversations import Conversation, conversations, entities_of, shared_entities
from .questions import QUESTIONS, Answer, ask, names_of
from .saying import as_markup, say, visible

ROWS = 6  # of an answer that are shown


@frozen
class Loaded:
    """What was written before anything was asked.

    Attributes:
        stored: conversations that were there.
        conversations: that were written.
        entities: that these are.
        write_units: that they took.
        seconds: that they took.
    """

    stored: int
    conversations: int = 0
    entities: int = 0
    write_units: float = 0
    seconds: float = 0

    def __str__(self) -> str:
        if not self.conversations:
            return f"has all {self.stored} conversations already"
        return (
            f"got {self.conversations} conversations as {self.entities:,} entities "
            f"in {self.seconds:.1f} s, for {self.write_units:,.0f} write units"
        )


def show(
    console: Console, file: Path | None, where: str, endpoint_url: str | None, *, json: bool = False
) -> None:
    """Load the conversations of a file unless they are there, then ask and print.

    Args:
        console: where to print.
        file: a JSON-lines file, or None for the package's own sample.
        where: a table's name or a URL.
        endpoint_url: another server than AWS's.
        json: whether to print a JSON object for each answer, and the summary last.
    """
    found = conversations(file)
    with Store.connect(where, endpoint_url=endpoint_url, create=True) as store:
        store.create_table()
        loaded = load(Console(stderr=True) if json else console, store, found)
        answers = [ask(store, question, names_of(found[-1])) for question in QUESTIONS]
    if json:
        for line in _json(loaded, answers):
            say(line)
        return
    console.print(f"{as_markup(where)} {loaded}.\n")
    for number, answer in enumerate(answers, start=1):
        console.print(_answered(number, answer))
    console.print(_bill(answers))


def load(console: Console, store: Store, found: Sequence[Conversation]) -> Loaded:
    """Write what is not stored yet. A load that was interrupted goes on where it stopped."""
    refs = [ref(Session, session_id=each.conversation_id) for each in found]
    stored = store.get_many(refs)
    missing = [each for each, session in zip(found, stored, strict=True) if session is None]
    if not missing:
        return Loaded(stored=len(found))
    began = time.perf_counter()
    with recorded(store) as sent, _progress(console) as progress:
        for entity in shared_entities(found):
            store.put(entity)
        for conversation in progress.track(missing, description="Loading conversations"):
            for entity in entities_of(conversation):
                store.put(entity)
    units = sum(each.units for each in sent)
    seconds = time.perf_counter() - began
    return Loaded(len(found) - len(missing), len(missing), len(sent), units, seconds)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _answered(number: int, answer: Answer) -> Group:
    code = Syntax(
        answer.call, "python", theme="ansi_dark", background_color="default", word_wrap=True
    )
    how = str(answer.plan) if answer.plan else "\n".join(map(_described, answer.sent))
    return Group(
        Text(f"{number}  {answer.question.title}", style="bold"),
        Padding(code, (0, 0, 0, 3)),
        Padding(Text(how, style="dim"), (0, 0, 0, 3)),
        Padding(Text(_sent(answer), style="green"), (0, 0, 0, 3)),
        Padding(_rows(answer), (0, 0, 1, 3)),
    )


def _described(sent: Sent) -> str:
    return f"{sent.request.operation} {getattr(sent.request, 'key', '')}"


def _sent(answer: Answer) -> str:
    operations = [each.request.operation for each in answer.sent]
    plural = "request" if len(operations) == 1 else "requests"
    names = ", ".join(dict.fromkeys(operations))
    units = "read unit" if answer.units == 1 else "read units"
    return f"{len(operations)} {plural} ({names}), {answer.units:g} {units}"


def _rows(answer: Answer) -> Table:
    """The first rows of an answer. Only the last column gives way where the terminal is narrow."""
    rows = [answer.question.row(entity) for entity in answer.entities[:ROWS]]
    *fixed, last = answer.question.columns
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="cyan", expand=True)
    for place, column in enumerate(fixed):
        table.add_column(column, width=max(map(len, [column, *(row[place] for row in rows)])))
    table.add_column(last, ratio=1, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(visible(each)) for each in row))
    if len(answer.entities) > ROWS:
        table.add_row(f"+ {len(answer.entities) - ROWS} more")
    return table


def _bill(answers: Sequence[Answer]) -> Table:
    table = Table(title="What it took", title_justify="left", box=None, padding=(0, 3, 0, 0))
    table.add_column("question")
    table.add_column("requests", justify="right")
    table.add_column("read units", justify="right")
    for answer in answers:
        table.add_row(answer.question.title, str(len(answer.sent)), f"{answer.units:g}")
    return table


def _json(loaded: Loaded, answers: Sequence[Answer]) -> Iterator[str]:
    for each in answers:
        told = {
            "question": each.question.title,
            "call": each.call,
            "requests": [sent.request.operation for sent in each.sent],
            "read_units": each.units,
            "columns": each.question.columns,
            "rows": [each.question.row(entity) for entity in each.entities],
        }
        yield orjson.dumps(told).decode()
    units = sum(each.units for each in answers)
    summary = {"loaded": asdict(loaded), "questions": len(answers), "read_units": units}
    yield orjson.dumps(summary).decode()
