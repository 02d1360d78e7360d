"""Items of large pages are decoded from their texts: into what any other item is decoded into."""

from __future__ import annotations

import base64
import datetime as dt
import enum
from typing import Any, Literal

import attrs
import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, entity, field, key
from dynastore.codec.codec import Codec
from dynastore.errors import DataError
from dynastore.values.attributes import AttributeMap
from dynastore.values.quick import quick_decoder
from dynastore.values.unparsed import Unparsed

from .entities import entities, fields_of

FOREIGN: list[Any] = [
    *({"S": ""}, {"S": "open"}, {"S": "red"}, {"S": "2026-01-01"}, {"S": "2026-01-01T09:30:00Z"}),
    *({"N": "1"}, {"N": "1E+40"}, {"N": "0.5"}, {"N": "x"}, {"N": 1}, {"N": "9" * 38}),
    *({"BOOL": True}, {"BOOL": "x"}, {"NULL": True}, {"B": "AP8="}, {"SS": ["a"]}, {"NS": ["1"]}),
    *({"L": []}, {"M": {}}, {"L": [{"S": "a"}]}, {"M": {"a": {"N": "1"}}}, {}),
]


class Color(enum.Enum):
    """Some texts."""

    RED = "red"
    BLUE = "blue"


@entity("light")
class Light:
    """A field of each type that is read by a text, and one that is not; with and without None."""

    name: str
    room: str | None = None
    lumen: int = 0
    watts: int | None = 3
    hue: float
    cost: float | None = None
    on: bool = False
    dims: bool | None = None
    made_at: dt.datetime
    sold_at: dt.datetime | None = None
    color: Color = Color.RED
    second: Color | None = None
    state: Literal["open", "closed"] = "open"
    code: str = field(factory=lambda: "c")
    tags: set[str] = field(factory=set)
    parts: list[int] = field(factory=list)

    primary = key("LIGHT#{name}", "~")


@entity("shade")
class Shade:
    """A default that depends on another field."""

    name: str
    label: str = field(default=attrs.Factory(lambda shade: shade.name.upper(), takes_self=True))

    primary = key("SHADE#{name}", "~")


LIGHT = Light(name="l1", hue=0.5, made_at=dt.datetime(2026, 1, 1, 9, 30, tzinfo=dt.UTC))


REQUIRED = {"TYPE", "name", "hue", "made_at"}


def codec_of(cls: type[Any]) -> Codec:
    return Schema([cls]).codec(cls)


def text_of(item: AttributeMap) -> bytes:
    return orjson.dumps(item, default=lambda raw: base64.b64encode(raw).decode())


def outcome(decode: Any) -> Any:
    """The fields of the entity, or what is wrong with the item."""
    try:
        (found,) = decode()
    except DataError as error:
        return type(error), str(error)
    return repr(sorted(fields_of(found).items()))


def check(codec: Codec, text: bytes) -> None:
    """See that both ways lead to the same."""
    page = Unparsed([msgspec.Raw(text)], AssertionError)
    expected = outcome(lambda: [codec.decode(orjson.loads(text))])
    assert outcome(lambda: codec.decode_each(page)) == expected


@given(entities())
def test_an_entity_is_the_same_in_a_large_page(thing):
    codec = codec_of(type(thing))
    text = text_of(codec.encode(thing, ""))
    check(codec, text)
    assert codec._quick is not None or codec.spec.payloads
    if codec._quick is not None:
        assert fields_of(codec._quick[0](text)) == fields_of(thing)


@given(entities(), st.data())
def test_an_item_that_does_not_fit_is_as_wrong_in_a_large_page(thing, data):
    codec = codec_of(type(thing))
    damage(codec, codec.encode(thing, ""), data)


@given(st.data())
def test_each_type_of_field_is_as_wrong_in_a_large_page(data):
    codec = codec_of(Light)
    damage(codec, codec.encode(LIGHT, ""), data)


def damage(codec: Codec, item: AttributeMap, data: st.DataObject) -> None:
    """Check an item that lacks attributes, or has others than it should."""
    names = st.sampled_from([*codec.spec.types, "TYPE"])
    for name in data.draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        if data.draw(st.booleans()):
            item.pop(name, None)
        else:
            item[name] = data.draw(st.sampled_from(FOREIGN))
    check(codec, text_of(item))


@pytest.mark.parametrize("number", ["1E+2", "12.0", "-0", "1e0", "+5", " 7"])
def test_numbers_in_another_notation_are_the_same(number):
    codec = codec_of(Light)
    item = codec.encode(LIGHT, "") | {"lumen": {"N": number}, "hue": {"N": number}}
    check(codec, text_of(item))


def test_most_items_need_no_other_way():
    codec = codec_of(Light)
    read = quick_decoder(Light, codec.hooks, "light")
    assert read is not None
    assert read(text_of(codec.encode(LIGHT, ""))) == LIGHT


def test_what_is_absent_is_what_it_is_by_default():
    codec = codec_of(Light)
    read = quick_decoder(Light, codec.hooks, "light")
    assert read is not None
    bare = {n: v for n, v in codec.encode(LIGHT, "").items() if n in REQUIRED}
    first, second = read(text_of(bare)), read(text_of(bare))
    assert repr(first) == repr(LIGHT)
    assert first.parts is not second.parts


def test_a_default_that_depends_on_other_fields_takes_the_other_way():
    codec = codec_of(Shade)
    assert codec._quick is None
    text = text_of(codec.encode(Shade(name="s1"), ""))
    assert codec.decode_each(Unparsed([msgspec.Raw(text)], AssertionError)) == [Shade(name="s1")]
