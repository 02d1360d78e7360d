"""Saving components: what belongs together is one transaction, on the condition of what was read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar, cast

from attrs import evolve, field, frozen

from ...changes import increment
from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, ConflictError, RevisionConflict, TransactionCanceled
from ...operations.writing.writes import ATTEMPTS, transact, write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Put, Update, Write
from .entities import Component, ComponentConfig, ComponentUse

T = TypeVar("T")


@frozen
class Edition:
    """What becomes of a component, and of what it refers to.

    Attributes:
        after: the component as it becomes; its revision is the one that was read.
        is_new: whether there is none yet.
        config: of the version that is written, or None.
        version: number of the version whose links change.
        linked: ids of the components that it refers to anew.
        unlinked: ids of those that it no longer refers to.
        touched: the components that must still be as they were read; others then find them changed.
    """

    after: Component
    is_new: bool = False
    config: ComponentConfig | None = None
    version: int = 0
    linked: Collection[str] = ()
    unlinked: Collection[str] = ()
    touched: Collection[Component] = field(default=(), repr=False)

    def header(self) -> Create[Component] | Put[Component]:
        """What is written of the component itself."""
        return Create(self.after) if self.is_new else Put(self.after)

    def others(self) -> list[Write[Any]]:
        """What is written together with it."""
        config = () if self.config is None else (Put(self.config),)
        return [
            *config,
            *map(Put, self._uses(self.linked)),
            *(Delete(ref_of(each)) for each in self._uses(self.unlinked)),
            *(Update(each, linked_count=increment(1)) for each in self.touched),
        ]

    def _uses(self, ids: Iterable[str]) -> list[ComponentUse]:
        parent, number = self.after.component_id, self.version
        return [
            ComponentUse(component_id=each, parent_id=parent, parent_version=number)
            for each in sorted(ids)
        ]


def save(schema: Schema, edition: Edition) -> Steps[Component]:
    """Save what becomes of a component: one request.

    Returns:
        The component as it is stored.

    Raises:
        AlreadyExists: it is new, and there is one.
        RevisionConflict: somebody else wrote it since it was read.
        TransactionCanceled: one of these, or what it refers to was written since.
        RequestError: over 100 items would be written: with links to 49 components it is not.
    """
    others = edition.others()
    if not others:
        return (yield from write(schema, edition.header()))
    saved: Component
    saved, *_ = yield from transact(schema, [edition.header(), *others])
    return saved


def settled(attempt: Callable[[], Steps[T]]) -> Steps[T]:
    """What an attempt comes to that no other writer came in between.

    Args:
        attempt: reads what it goes by, decides, and writes on the condition that it is still so.

    Raises:
        ConflictError: others always came in between.
    """
    lost: ConflictError | None = None
    for _ in range(ATTEMPTS):
        try:
            return (yield from attempt())
        except (AlreadyExists, RevisionConflict, TransactionCanceled) as conflict:
            lost = conflict
    assert lost is not None
    raise lost


def changed(entity: T, **changes: Any) -> T:
    """An entity with other values."""
    new: T = evolve(cast("Any", entity), **changes)
    return new


def outlined(component: Component, **changes: Any) -> Component:
    """A component with other values in its outline."""
    return changed(component, outline=evolve(component.outline, **changes))


def ref_of(use: ComponentUse) -> Ref[Any]:
    """What stands for a use."""
    return ref(
        ComponentUse,
        component_id=use.component_id,
        parent_id=use.parent_id,
        parent_version=use.parent_version,
    )
