"""Removing: a transcript is gone with its header; what was appended goes after it.

A header is removed as it was read. So what was read of it after that is all that there was, and an
entry that is appended at the same time is either removed, or begins a transcript anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ...codec.payloads import INLINE_BYTES
from ...entities.spec import Ref, ref
from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import read_all
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import ATTEMPTS, write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Delete, Update
from .entities import Stretch, Transcript
from .reading import headers_of

SLIM = ("subpath", "began", "number", "appended_at", "owner", "content_bytes")

Slim: TypeAlias = dict[str, Any]


def remove(schema: Schema, session: dict[str, str], chosen: Callable[[Slim], bool]) -> Steps[None]:
    """Remove some of a session's transcripts: three requests, and one for each 25 appended at once.

    Args:
        schema: where they are.
        session: the fields of the key of their partition.
        chosen: tells by the fields of `SLIM` which of what was appended goes. A transcript of which
            nothing is left goes as a whole.

    Raises:
        PartialFailure: some could not be removed; asked for again, this removes the rest.
    """
    ask = Ask(consistent=True, selected=SLIM)
    for _ in range(ATTEMPTS):
        headers = yield from headers_of(schema, session)
        slim: list[Slim] = yield from read_all(schema, schema.plan(Stretch, session, (), ask))
        going = [each for each in slim if chosen(each)]
        # Without a header they are left of a transcript that is gone, unless it has just begun.
        strays = [each for each in going if not any(_is_of(each, one) for one in headers)]
        if strays and headers != (yield from headers_of(schema, session)):
            continue
        try:
            yield from all_of(_remove_header(schema, each, slim, going) for each in headers)
        except ConditionFailed:
            continue  # something was appended since
        yield from _remove_stretches(schema, session, going)
        return
    raise ConditionFailed(schema.codec(Transcript).key({**session, "subpath": ""}, schema.prefix))


def _remove_header(
    schema: Schema, header: Transcript, slim: Sequence[Slim], going: Sequence[Slim]
) -> Steps[None]:
    """Remove a header, or change it so that nobody goes by what they know of it."""
    own = [each for each in slim if _is_of(each, header)]
    left = [each for each in own if each not in going]
    same = {"began": header.began, "last": header.last}
    place = ("framework", "project_key", "session_id", "subpath")
    target = ref(Transcript, **{name: getattr(header, name) for name in place})
    if own and not left:
        yield from write(schema, Delete(target, same))
    elif len(left) < len(own):
        appended = max(each["appended_at"] for each in left)
        changes = {"last": header.last + 1, "appended_at": appended, "owner": None}
        yield from write(schema, Update(target, when=same, **changes))


def _is_of(slim: Slim, header: Transcript) -> bool:
    return (slim["subpath"], slim["began"]) == (header.subpath, header.began)


def _remove_stretches(
    schema: Schema, session: dict[str, str], going: Sequence[Slim]
) -> Steps[None]:
    # What may be in parts goes by itself: a batch leaves the parts behind.
    large = [each for each in going if each["content_bytes"] > INLINE_BYTES]
    small = [each for each in going if each["content_bytes"] <= INLINE_BYTES]
    yield from all_of(write(schema, Delete(_ref(session, each))) for each in large)
    yield from delete_many(schema, [_ref(session, each) for each in small])


def _ref(session: dict[str, str], slim: Slim) -> Ref[Any]:
    place = {name: slim[name] for name in ("subpath", "began", "number")}
    return ref(Stretch, **session, **place)
