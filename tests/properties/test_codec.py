"""Law 10: what is decoded is what was encoded, for entities of any supported type."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given

from dynastore import Schema
from dynastore.capacity import item_bytes
from dynastore.testing import memory_store

from .entities import entities, fields_of


@given(entities())
def test_decoding_gives_back_what_was_encoded(thing):
    codec = Schema([type(thing)]).codec(type(thing))
    item = codec.encode(thing, "")
    assert fields_of(codec.decode(item)) == fields_of(thing)

    sent = orjson.dumps(item, default=lambda raw: base64.b64encode(raw).decode())
    found = codec.decode(orjson.loads(sent))
    assert fields_of(found) == fields_of(thing)
    assert types_of(fields_of(found)) == types_of(fields_of(thing))

    assert 0 < item_bytes(item) <= len(sent)
    for value in item.values():
        check(value)


@given(entities())
def test_it_survives_the_store(thing):
    store = memory_store(Schema([type(thing)]))
    store.put(thing)
    assert fields_of(store.get(type(thing), name=thing.name)) == fields_of(thing)


def check(value: dict[str, Any]) -> None:
    ((kind, held),) = value.items()
    match kind:
        case "N":
            check_number(held)
        case "NS":
            assert held
            assert len(set(held)) == len(held)
            for each in held:
                check_number(each)
        case "SS" | "BS":
            assert held
            assert len(set(held)) == len(held)
        case "L":
            for each in held:
                check(each)
        case "M":
            for name, each in held.items():
                assert name
                check(each)
        case "NULL":
            assert held is True


def check_number(text: str) -> None:
    assert "E" not in text.upper()
    digits = text.lstrip("-").replace(".", "").strip("0")
    assert len(digits) <= 38
    assert text == "0" or Decimal(text) != 0
    assert "." not in text or not text.endswith("0")


def types_of(value: Any) -> Any:
    """The types of a value and its parts; a whole number of a float may come back as an int."""
    if isinstance(value, dict):
        return {name: types_of(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [types_of(each) for each in value]
    return "number" if type(value) in {int, float} else type(value)
