"""What a payload field holds comes back, in whatever form it is stored."""

from __future__ import annotations

import base64
import types
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, entity, key, payload
from dynastore.codec.payloads import Pointer, packed
from dynastore.entities.payload_fields import Storing
from dynastore.errors import DataError
from dynastore.testing import memory_store
from dynastore.values.payload_forms import form_of, value_of

from .entities import fields_of, typed_values
from .test_codec import types_of

METHODS = (None, "zlib", "zstd")
SETTINGS = {
    "native": {"compress_over": None, "split": False},
    "raw or compressed": {"compress_over": 0},
    "decoded at once": {"compress_over": 0, "lazy": False},
    "parts": {"compress_over": 0, "offload_over": 0},
    "parts of what is not compressed": {"compress_over": None, "offload_over": 0},
}


def thing_of(kind, **settings):
    namespace = {
        "__annotations__": {"name": str, "value": kind},
        "value": payload(**settings),
        "primary": key("THING#{name}", "~"),
    }
    return entity("thing")(types.new_class("Thing", exec_body=lambda body: body.update(namespace)))


@st.composite
def repeated(draw):
    """A type and a value of it, some of them many times over: what compresses."""
    kind, values = draw(typed_values)
    value = draw(values)
    return (
        (list[kind], [value] * draw(st.integers(0, 300))) if draw(st.booleans()) else (kind, value)
    )


@pytest.mark.parametrize("name", SETTINGS)
@given(repeated())
def test_it_survives_the_store(name, drawn):
    kind, value = drawn
    cls = thing_of(kind, **SETTINGS[name])
    store = memory_store(Schema([cls]))
    thing = cls(name="n", value=value)
    store.put(thing)
    found = store.get(cls, name="n")
    assert fields_of(found) == fields_of(thing)
    assert types_of(found.value) == types_of(value)


@given(repeated(), st.sampled_from(METHODS), st.booleans())
def test_a_form_gives_back_the_attribute_value(drawn, method, compress):
    kind, value = drawn
    cls = thing_of(kind)
    native = Schema([cls]).codec(cls).value("value", value)
    read = value_of(form_of(native, compress=compress, method=method))
    assert read == orjson.loads(orjson.dumps(native, default=_text)) or read == native


@given(st.binary(max_size=300), st.integers(0, 3))
def test_a_binary_value_is_never_taken_for_another_one(data, form):
    """Bytes that look like a form or a pointer are stored in a form of their own."""
    value = {"B": bytes([form]) + data}
    held = packed(value, Storing())
    assert Pointer.of(held) is None
    assert value_of(held["B"]) == value


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_damaged_form_is_an_error_or_a_value_and_nothing_else(data, draws):
    method = draws.draw(st.sampled_from(METHODS))
    form = bytearray(form_of({"L": [{"S": data.hex()}] * 20}, compress=True, method=method))
    at = draws.draw(st.integers(0, len(form) - 1))
    form[at] ^= draws.draw(st.integers(1, 255))
    with suppress(ValueError, DataError):
        assert isinstance(value_of(bytes(form)), dict)


def _text(raw):
    return base64.b64encode(raw).decode()
