"""Repeating: a text that runs of a session have alike is kept once, beside them.

A run is saved with its texts until one of the runs before it had the same: a system message that says
what time it is, is of its run alone, and stays in it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from attrs import evolve

from ...operations.writing.writes import write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Put
from .entities import Passage, Run
from .recent import Recent

# Passages lie between a session's header and its last runs, which are read together. So they are few.
PASSAGES = 4


def shortened(
    schema: Schema, recent: Recent, run: Any, repeated: tuple[int, int] | None
) -> Steps[Run]:
    """A run without the passage that it repeats, which is written before it: no run refers to nothing.

    Args:
        schema: where to.
        recent: which passages there are, and what the last runs said.
        run: with its text.
        repeated: from where to where in its content there is a text that other runs may have too.
    """
    if repeated is None:
        return run  # type: ignore[no-any-return]
    start, end = repeated
    text = run.content[start:end]
    digest = digest_of(text)
    noted: Any = evolve(run, passage=digest)
    known = recent.known(run.session_id)
    if known is None or known.incarnation != run.incarnation:
        return noted  # type: ignore[no-any-return]
    if digest not in known.passages:
        before = [said for of, said in known.alike.items() if of != run.run_id]
        if digest not in before or len(known.passages) >= PASSAGES:
            return noted  # type: ignore[no-any-return]
        where = {"session_id": run.session_id, "incarnation": run.incarnation}
        yield from write(schema, Put(Passage(**where, digest=digest, text=text)))
        recent.keep_passage(run.session_id, run.incarnation, digest)
    rest = run.content[:start] + run.content[end:]
    short: Run = evolve(noted, content=rest, content_bytes=len(rest), passage_at=start)
    return short


def digest_of(text: bytes) -> str:
    """What tells a text from others."""
    return blake2b(text, digest_size=16).hexdigest()
