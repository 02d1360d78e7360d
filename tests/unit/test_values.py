"""Values of a declared type <-> attribute values, at the edges of the type."""

from __future__ import annotations

import datetime as dt
from enum import Enum, IntEnum
from typing import Annotated, Any

import pytest
from attrs import frozen

from dynastore import Schema, entity, key
from dynastore.errors import RequestError


class Word(str, Enum):  # noqa: UP042 - str() of a StrEnum is its value
    """A text whose str() is its name, as Enums are that mix in str."""

    HELLO = "hello"


class Rank(IntEnum):
    """A number."""

    TOP = 1


class Label(str):
    """A text of a class of its own."""

    __slots__ = ()


class Scalar(float):
    """A float with a repr of its own, as numpy's has."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


@frozen
class Link:
    """A chain that may be long."""

    behind: Link | None = None


def codec_of(kind: Any):
    namespace = {"__annotations__": {"name": str, "value": kind}, "primary": key("X#{name}", "~")}
    made = entity("thing")(type("Thing", (), namespace))
    return Schema([made]).codec(made)


def stored(kind: Any, value: Any) -> Any:
    codec = codec_of(kind)
    return codec.encode(codec.spec.cls(name="n", value=value), "")["value"]


@pytest.mark.parametrize("kind", [str, Any, str | None, str | int])
def test_a_text_of_an_enum_is_stored_as_its_value(kind):
    held = stored(kind, Word.HELLO)["S"]
    assert (held, type(held)) == ("hello", str)


def test_a_key_of_a_json_object_that_is_an_enum_is_stored_as_its_value():
    (held,) = stored(Any, {Word.HELLO: 1})["M"]
    assert (held, type(held)) == ("hello", str)


@pytest.mark.parametrize("kind", [float, Any, float | None])
def test_a_float_with_a_repr_of_its_own_is_stored_as_a_number(kind):
    assert stored(kind, Scalar(1.5)) == {"N": "1.5"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (str | int, Label("x"), {"S": "x"}),
        (str | int, Rank.TOP, {"N": "1"}),
        (float | str, 1, {"N": "1"}),
        (float | None, 1, {"N": "1"}),
        (set[str] | None, frozenset({"a"}), {"SS": ["a"]}),
    ],
)
def test_a_union_takes_what_its_members_take(kind, value, expected):
    assert stored(kind, value) == expected


def test_an_optional_value_of_another_type_is_refused_as_a_plain_one_is():
    with pytest.raises(RequestError, match=r"Thing.value cannot be stored: it is int, not str"):
        stored(str | None, 5)


def test_an_int_that_no_float_equals_is_refused_in_a_float_field():
    assert stored(float, 2**53) == {"N": "9007199254740992"}
    with pytest.raises(RequestError, match="9007199254740993 has more digits than a float"):
        stored(float, 2**53 + 1)


def test_a_duration_is_read_as_dynamodb_may_write_it():
    item = {"TYPE": {"S": "thing"}, "name": {"S": "n"}, "value": {"N": "6E+7"}}
    assert codec_of(dt.timedelta).decode(item).value == dt.timedelta(minutes=1)


@pytest.mark.parametrize("kind", [Annotated[int, ["unhashable"]], list[Annotated[int, {}]]])
def test_what_annotated_says_beside_the_type_does_not_matter(kind):
    assert codec_of(kind)


def deep() -> Link:
    chain = Link()
    for _ in range(10_000):
        chain = Link(chain)
    return chain


def test_a_value_deeper_than_the_stack_is_refused():
    with pytest.raises(RequestError, match=r"Thing.value cannot be stored: maximum recursion"):
        stored(Link, deep())


def test_a_change_deeper_than_the_stack_is_refused():
    with pytest.raises(RequestError, match=r"Thing.value = .*: maximum recursion"):
        codec_of(Link).value("value", deep())


def test_half_of_a_surrogate_pair_is_refused_with_the_attribute_that_holds_it():
    with pytest.raises(RequestError, match="value of X#n ~ holds half of a surrogate pair"):
        stored(list[str], ["fine", "\ud800"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, "x" * 5_000), (Any, {"x" * 5_000: object()}), (Any, {("x" * 5_000,): 1})],
)
def test_a_long_value_is_shortened_in_the_message(kind, value):
    with pytest.raises(RequestError) as refused:
        codec_of(kind).value("value", value)
    assert len(str(refused.value)) < 1_000


def test_a_choice_is_refused_without_all_of_a_long_value():
    with pytest.raises(RequestError) as refused:
        stored(Word, "x" * 5_000)
    assert len(str(refused.value)) < 1_000


def test_a_number_without_a_repr_is_refused():
    with pytest.raises(RequestError, match="an int of too many digits"):
        codec_of(int).value("value", 10**5_000)
