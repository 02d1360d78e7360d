"""A server that answers an agent's requests with items of real conversations, in a process of its own.

It stores nothing: an engine that does takes more time than the client, so its own would be measured.
The answers are of the sizes that a conversation has half-way.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from attrs import evolve

from dynastore.agents import Checkpoint, agent_schema
from dynastore.clients.metering import projected
from dynastore.values.attributes import AttributeMap

from ..micro.server import Answering, answer, operation_of, serve
from .day import SCOPE, Said, said

LISTED = 20  # sessions of a user
REMEMBERED = 10  # memories of a user


def answers() -> Mapping[str, bytes]:
    """The answer to each kind of request, by `kind_of` it."""
    had = said()
    half_way = sorted(had, key=lambda each: len(each.runs))[len(had) // 2]
    session, runs = half_way.session, half_way.runs[: len(half_way.runs) // 2 or 1]
    index = agent_schema().table.indexes[0]
    listed = [projected(index, _item(each.session)) for each in islice(had, LISTED)]
    memories = [
        _item(evolve(_any(half_way.memory), memory_id=f"m{number}")) for number in range(REMEMBERED)
    ]
    checkpoint = Checkpoint(
        thread_id=session.session_id, checkpoint_id="000000", content=_body(half_way)
    )
    return {
        "GetItem": answer(),
        "PutItem": answer(),
        "UpdateItem #S#": answer(Attributes=_item(session)),
        "UpdateItem R#": answer(Attributes=_item(half_way.runs[0])),
        "UpdateItem #U#": answer(Attributes=_item(half_way.memory)),
        "Query #S#": _page([_item(session), *map(_item, reversed(runs))]),
        "Query #U#": _page(memories),
        "Query #TH#": _page([_item(checkpoint)]),
        "Query GSI1": _page(listed),
    }


def kind_of(head: bytes, body: bytes) -> str:
    """An operation; of a Query and of an UpdateItem with what begins the key."""
    operation = operation_of(head)
    if operation == "Query" and b"GSI1" in body:
        return "Query GSI1"
    if operation == "UpdateItem" and b'"R#' in body:
        return "UpdateItem R#"
    if operation in {"Query", "UpdateItem"}:
        begun = next(each for each in ("#TH#", "#S#", "#U#") if each.encode() in body)
        return f"{operation} {begun}"
    return operation


def main(latency_seconds: float) -> None:
    """Serve until the standard input ends; the port is printed."""
    answered = answers()
    asyncio.run(serve(lambda: Answering(answered, kind_of, latency_seconds)))


def _item(entity: Any) -> AttributeMap:
    """An item as the wire has it: bytes are base64."""
    schema = agent_schema().scoped(SCOPE)
    item = schema.codec(type(entity)).encode(entity, schema.prefix)
    return {
        name: {"B": b64encode(value["B"]).decode()} if isinstance(value.get("B"), bytes) else value
        for name, value in item.items()
    }


def _page(items: Sequence[AttributeMap]) -> bytes:
    return answer(Items=items, Count=len(items), ScannedCount=len(items))


def _body(had: Said) -> bytes:
    return orjson.dumps(had.runs[0].messages)


def _any(entity: Any) -> Any:
    return entity
