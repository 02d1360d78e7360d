"""Unchanged: writes to a checkpoint that is still as it was read.

What is hidden, rewritten or deleted may be put again at the same time. That stays then.
"""

from __future__ import annotations

from typing import Any

from ...entities.spec import ref
from ...errors import ConditionFailed, DataError
from ...operations.writing.writes import write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Delete, Update
from .entities import Checkpoint


def change(schema: Schema, checkpoint: Checkpoint, **changes: Any) -> Steps[None]:
    """Change a checkpoint, unless it was deleted in the meantime.

    Raises:
        ConditionFailed: it was put again, hidden or shown in the meantime.
    """
    try:
        yield from write(schema, Update(_target(checkpoint), when=same(checkpoint), **changes))
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise


def delete(schema: Schema, checkpoint: Checkpoint) -> Steps[bool]:
    """Delete a checkpoint; False if it was put again, hidden or shown in the meantime."""
    try:
        yield from write(schema, Delete(_target(checkpoint), when=same(checkpoint)))
    except ConditionFailed as failure:
        return failure.stored is None
    except DataError as error:
        if not error.written:
            raise
        # What was deleted cannot be read, and nobody asked for it.
    return True


def _target(checkpoint: Checkpoint) -> Any:
    names = ("thread_id", "namespace", "checkpoint_id")
    return ref(Checkpoint, **{name: getattr(checkpoint, name) for name in names})


def same(checkpoint: Checkpoint) -> dict[str, Any]:
    """What holds while a checkpoint was not put again, hidden or shown."""
    return {"mark": checkpoint.mark, "hidden_at": checkpoint.hidden_at}
