"""Stored items that cannot be read: somebody has to repair or migrate them."""

from __future__ import annotations

from collections.abc import Sequence

from .root import DynastoreError


class DataError(DynastoreError):
    """A stored item cannot be read as an entity of this schema.

    Attributes:
        written: whether a delete or an update of it was done before, so that only its answer is
            lacking. False where nothing was written.
    """

    written = False
    _write = ""

    def after(self, write: str) -> None:
        """Say that a write was done before it: ``NOTE#n1 ~ was deleted``."""
        self.written = True
        self._write = write

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self._write}, but {text}" if self.written else text


class UnknownType(DataError):
    """A stored item has a type tag that no entity asked for has.

    Attributes:
        tag: the tag, or None if the item has none.
    """

    def __init__(self, tag: str | None, known: Sequence[str]) -> None:
        self.tag = tag
        super().__init__(
            f"an item is of type {tag!r}; known here: {', '.join(known)}. Add its entity to the call."
        )


class MalformedItem(DataError):
    """A stored item does not fit its class.

    Attributes:
        entity: name of the entity.
        path: where in the item, such as ``$.runs[3].tokens``.
        reason: what is wrong there.
        key: its primary key; None where only some of its fields were read.
    """

    def __init__(self, entity: str, path: str, reason: str, key: object | None = None) -> None:
        self.entity = entity
        self.path = path
        self.reason = reason
        self.key = key
        which = f"a stored {entity}" if key is None else f"the stored {entity} {key}"
        super().__init__(f"{which} does not fit its class at {path}: {reason}")


class PayloadMissing(DataError):
    """An item refers to a payload of which parts are missing.

    Attributes:
        pointer: what the item holds in place of the value.
    """

    def __init__(self, where: str, pointer: object, advice: str) -> None:
        self.pointer = pointer
        super().__init__(f"{where}: the payload {pointer} cannot be read. {advice}")
