"""What changes an entity, and the question that comes before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import frozen
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from ...errors import RequestError
from ...stores.store import Store
from ...telemetry.recording import recorded
from ..asking import changes_of
from .looks import Step
from .texts import title

SURE = "delete"  # what is typed


@frozen
class Edit:
    """New values of fields, as long as nobody else wrote a versioned entity meanwhile."""

    entity: Any
    changes: Mapping[str, Any]

    def make(self, store: Store) -> tuple[Any, Step]:
        """The entity as it is stored then, and what that took."""
        with recorded(store) as sent:
            changed = store.update(self.entity, **self.changes)
        return changed, Step(f"update {title(self.entity)}", tuple(sent), 1)


@frozen
class Deletion:
    """An entity that goes."""

    entity: Any

    def make(self, store: Store) -> tuple[None, Step]:
        """Nothing is left of it; and what that took."""
        with recorded(store) as sent:
            store.delete(self.entity)
        return None, Step(f"delete {title(self.entity)}", tuple(sent), 1)


class Changing(ModalScreen[Edit | Deletion | None]):
    """A question with a line for the answer; None if it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave it")]

    def __init__(self, entity: Any, question: str, example: str, *, deletes: bool) -> None:
        """Nothing is changed yet."""
        super().__init__()
        self.entity = entity
        self.question = question
        self.example = example
        self.deletes = deletes

    @classmethod
    def fields(cls, entity: Any) -> Self:
        """Asks for new values of fields."""
        question = f"Change {title(entity)}: fields as in Python, or escape"
        return cls(entity, question, "title='Trip', visits=3", deletes=False)

    @classmethod
    def deletion(cls, entity: Any) -> Self:
        """Asks whether an entity is to go."""
        question = f"Delete {title(entity)} for good? Type {SURE}, or escape"
        return cls(entity, question, SURE, deletes=True)

    def compose(self) -> ComposeResult:
        """The question, and the line."""
        with Vertical(id="changing"):
            yield Label(self.question, markup=False)
            yield Input(placeholder=self.example)
            yield Label("", id="mistake", markup=False)

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(self._change(event.value))
        except RequestError as error:
            self.query_one("#mistake", Label).update(str(error))

    def _change(self, answer: str) -> Edit | Deletion | None:
        if not self.deletes:
            return Edit(self.entity, changes_of(answer))
        return Deletion(self.entity) if answer.strip() == SURE else None

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)
