"""Packing: entities of several classes as bytes, so that they are kept outside of the table.

For each entity a line of JSON, in which each binary value is only how long it is, and after it these
values. So what repeats itself from one entity to the next is found again when the whole is compressed.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from ..errors import DataError, UnknownType
from ..schema.schema import Schema
from ..table import SCHEMA, TYPE
from ..values.attributes import AttributeMap
from ..values.payload_forms import form_of


def packed(schema: Schema, entities: Iterable[Any]) -> Iterator[bytes]:
    """Entities as bytes, one after the other; they have no keys, so that they fit any scope.

    Args:
        schema: their classes.
        entities: what to pack.
    """
    for each in entities:
        values: list[bytes] = []

        def length(value: object, values: list[bytes] = values) -> int:
            if not isinstance(value, bytes | bytearray | memoryview):
                raise TypeError(f"{type(value).__name__} is no part of an attribute value")
            values.append(bytes(value))
            return len(values[-1])

        line = orjson.dumps(_item(schema, each), default=length)
        yield b"".join((line, b"\n", *values))


def unpacked(schema: Schema, content: bytes) -> Iterator[Any]:
    """The entities that some bytes hold, in their order.

    Args:
        schema: their classes.
        content: the bytes.

    Raises:
        DataError: the bytes are damaged, or of an entity that the schema does not have.
    """
    at, data = 0, memoryview(content)
    while at < len(content):
        end = content.find(b"\n", at)
        if end < 0:
            raise DataError("what is archived is damaged: its last line is cut off")
        reading = _Reading(data, end + 1)
        try:
            item = reading.filled(orjson.loads(data[at:end]))
        except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
            raise DataError(f"what is archived is damaged: {error}") from error
        at = reading.at
        yield _entity(schema, item)


def _item(schema: Schema, entity: Any) -> AttributeMap:
    """The fields of an entity as attributes, with its type and the number of its schema."""
    codec = schema.codec(type(entity))
    fields = codec.fields.encode(entity)
    forms = {
        name: {"B": form_of(fields[name], compress=False)}
        for name in codec.spec.payloads
        if "B" in fields.get(name, ())
    }
    number = codec.spec.evolution.schema
    told = {} if number is None else {SCHEMA: {"N": str(number)}}
    return {TYPE: {"S": codec.spec.tag}, **told, **fields, **forms}


def _entity(schema: Schema, item: AttributeMap) -> Any:
    tag = item.get(TYPE, {}).get("S")
    for each in schema.entities:
        codec = schema.codec(each)
        if codec.spec.tag == tag:
            return codec.decode(item)
    raise UnknownType(tag, [schema.codec(each).spec.tag for each in schema.entities])


class _Reading:
    """Reads the binary values of one entity, in their order."""

    def __init__(self, data: memoryview, at: int) -> None:
        """Read from a place on."""
        self._data = data
        self.at = at

    def filled(self, item: dict[str, Any]) -> AttributeMap:
        """An item, with its binary values."""
        return {name: self._value(value) for name, value in item.items()}

    def _value(self, value: dict[str, Any]) -> dict[str, Any]:
        ((kind, held),) = value.items()
        if kind == "B":
            return {kind: self._taken(held)}
        if kind == "BS":
            return {kind: [self._taken(each) for each in held]}
        if kind == "L":
            return {kind: [self._value(each) for each in held]}
        if kind == "M":
            return {kind: self.filled(held)}
        return value

    def _taken(self, size: int) -> bytes:
        value = bytes(self._data[self.at : self.at + size])
        if len(value) != size:
            raise ValueError("it is cut off")
        self.at += size
        return value
