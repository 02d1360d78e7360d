"""Laws of keys: injective (2), in the order of their values (3), disjoint (6), never empty (8)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynastore import Index, Schema, Table, entity, gsi, key
from dynastore.errors import ModelError, RequestError
from dynastore.keys.templates import FILLER, KeyTemplate, scope_prefix
from dynastore.keys.text import AFTER, EMPTY, NONE, renderer


class Color(StrEnum):
    """Texts that need an escape."""

    RED = "r d"
    ROSE = "r#"
    BLUE = "b"


class Level(IntEnum):
    """Numbers of either sign."""

    LOW = -10
    MID = 9
    HIGH = 10


class Flag(Enum):
    """Neither a text nor a number itself."""

    ON = "on"
    OFF = "off"


LARGEST = 10**38 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("ab#$%&!~ \U0010ffff\0"))
zones = st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
decimals = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**9), 10**9) | st.integers(-LARGEST, LARGEST),
    st.integers(-90, 80),
)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-LARGEST, LARGEST) | st.integers(-1001, 1001),
    Decimal: decimals | st.integers(-200, 200).map(lambda n: Decimal(n) / 8),
    bool: st.booleans(),
    bytes: st.binary(max_size=6),
    dt.datetime: st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=zones),
    dt.date: st.dates(),
    dt.timedelta: st.timedeltas(),
    UUID: st.uuids(),
    Color: st.sampled_from(Color),
    Level: st.sampled_from(Level),
    Literal["a", "a b", "b"]: st.sampled_from(["a", "a b", "b"]),
}
kinds_with_pairs = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.tuples(st.just(kind), VALUES[kind], VALUES[kind])
)


@given(kinds_with_pairs)
def test_the_order_of_values_is_that_of_their_texts(drawn):
    kind, low, high = drawn
    text = renderer(kind)
    assert (low < high) == (text(low).encode() < text(high).encode())
    assert (low == high) == (text(low) == text(high))


keyboard = st.text(st.sampled_from("ab#$%&!~ \0"), max_size=3)


@given(keyboard, keyboard, keyboard)
@settings(max_examples=5 * settings().max_examples)
def test_texts_that_need_escapes_keep_their_order_inside_a_key(low, high, behind):
    template = KeyTemplate.parse("{value}#{behind}").typed({"value": str, "behind": str})
    keys = [template.render({"value": each, "behind": behind}) for each in (low, high)]
    assert (low < high) == (keys[0] < keys[1])
    assert (low == high) == (keys[0] == keys[1])


@given(kinds_with_pairs, texts, texts)
def test_order_survives_inside_a_longer_key(drawn, before, behind):
    kind, low, high = drawn
    assume(low != high)
    template = KeyTemplate.parse("P#{before}#X{value}#{behind}")
    typed = template.typed({"before": str, "value": kind, "behind": str})
    keys = [
        typed.render({"before": before, "value": each, "behind": end})
        for each, end in ((low, behind), (high, behind[::-1]))
    ]
    assert (low < high) == (keys[0].encode() < keys[1].encode())


@given(kinds_with_pairs)
def test_bounds_enclose_a_value_and_all_that_follows_it(drawn):
    kind, low, high = drawn
    assume(low != high)
    low, high = sorted([low, high])
    text = renderer(kind)
    continued = f"{text(low)}#~\U0010ffff"
    assert text(low) < continued < text(low) + AFTER < text(high)
    assert NONE < FILLER
    assert NONE < EMPTY <= text(low)


@given(st.integers(-999, 999), st.integers(-999, 999))
def test_padded_integers_keep_order_and_width(low, high):
    text = renderer(int, 3)
    assert (low < high) == (text(low) < text(high))
    assert len(text(abs(low))) == 3


pairs = st.tuples(texts, texts, st.none() | texts)


@given(pairs, pairs)
def test_different_values_never_share_a_key(one, other):
    template = KeyTemplate.parse("{a}#B{b}#{c?}").typed({"a": str, "b": str, "c": str | None})
    same = template.render(dict(zip("abc", one, strict=True))) == template.render(
        dict(zip("abc", other, strict=True))
    )
    assert same == (one == other)


pieces = st.lists(
    st.tuples(st.sampled_from(["", "A", "AB", "B"]), st.booleans()), min_size=1, max_size=3
).filter(lambda found: found[0] != ("", False))


def written(found: list[tuple[str, bool]]) -> KeyTemplate:
    text = "#".join(
        literal + (f"{{f{at}}}" if has_field else "")
        for at, (literal, has_field) in enumerate(found)
    )
    return KeyTemplate.parse(text).typed({f"f{at}": str for at in range(len(found))})


short = st.lists(st.sampled_from(["", "A", "B", "#", "AB"]), min_size=3, max_size=3)


@given(pieces, pieces, short, short)
def test_templates_that_do_not_overlap_never_share_a_text(one, other, mine, theirs):
    first, second = written(one), written(other)
    texts = [
        template.render({f"f{at}": value for at, value in enumerate(values)})
        for template, values in ((first, mine), (second, theirs))
    ]
    if texts[0] == texts[1]:
        assert first.overlaps(second)
    assert first.overlaps(first)
    assert first.overlaps(second) == second.overlaps(first)


@given(st.lists(pieces, min_size=1, max_size=4), short)
def test_components_are_joined_with_all_of_their_texts(components, values):
    named = {f"f{at}": value for at, value in enumerate(values)}
    templates = [written(each) for each in components]
    joined = KeyTemplate.joined(templates)
    assert joined.render(named) == "#".join(str(each.render(named)) for each in templates)
    assert joined.fields == tuple(name for each in templates for name in each.fields)
    assert joined.text == "#".join(each.text for each in templates)


@entity("run")
class Run:
    """What an agent did, on an index whose first component has no field."""

    agent: str
    number: int

    primary = key("AGENT#{agent}", "RUN#{number:4}")
    listed = gsi(1, "AGENT#{agent}", "RUN", "{number:4}")


def test_a_classic_index_holds_all_components_in_its_one_range_attribute():
    schema = Schema([Run], Table("runs", (Index(1, 1),)))
    item = schema.codec(Run).encode(Run(agent="a7", number=12), "")
    assert (item["GSI1PK"], item["GSI1SK"]) == ({"S": "AGENT#a7"}, {"S": "RUN#0012"})


scopes = st.lists(texts.filter(bool), max_size=3)


@given(scopes, scopes)
def test_no_scope_reaches_into_another(one, other):
    mine, theirs = scope_prefix(one), scope_prefix(other)
    assert (mine == theirs) == (one == other)
    if mine.startswith(theirs):
        assert one[: len(other)] == other  # nested in it
    assert not {"*", "?"} & set(mine)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, 5),
        (str, "\ud800"),
        (int, True),
        (int, 1.5),
        (int, 10**38),
        (Decimal, Decimal("NaN")),
        (Decimal, Decimal("Infinity")),
        (Decimal, Decimal("1E126")),
        (dt.datetime, dt.datetime(2026, 1, 1)),
        (dt.datetime, dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=14)))),
        (dt.date, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        (Literal["a"], "b"),
        (Color, "green"),
    ],
)
def test_what_has_no_place_in_the_order_is_refused(kind, value):
    template = KeyTemplate.parse("X#{value}").typed({"value": kind})
    with pytest.raises(RequestError, match=r"value = .* cannot be part of a key"):
        template.render({"value": value})


@pytest.mark.parametrize(
    "kind", [float, list[str], dict[str, int], Any, int | str, set[str], object]
)
def test_a_type_without_an_order_of_texts_is_refused_at_import(kind):
    with pytest.raises(ModelError, match="value cannot be part of a key"):
        KeyTemplate.parse("X#{value}").typed({"value": kind})


@pytest.mark.parametrize(
    "text",
    ["", "{a}{b}", "{a}x", "{a", "{a!r}", "{a:x}", "{a:99}", "{a.b}", "x y#{a}", "$#{a}", "{}"],
)
def test_a_template_whose_fields_cannot_be_told_apart_is_refused(text):
    with pytest.raises(ModelError):
        KeyTemplate.parse(text)
