"""Conditions and changes on wire values, as DynamoDB carries them out."""

from __future__ import annotations

import pytest

from dynastore.changes import Add, Append, Discard, Increment, Prepend, SetTo, Unset
from dynastore.errors import RequestError
from dynastore.expressions.changing import changer
from dynastore.expressions.matching import matcher
from dynastore.terms import Absent, BeginsWith, Between, Compare, Equal, IsNone, OneOf, Present
from dynastore.values.wire_values import kept_item


def holds(value, predicate):
    """Whether an attribute with *value*, or without any, is what *predicate* asks for."""
    item = {} if value is None else kept_item({"field": value})
    return matcher((("field", predicate),))(item)


def changed(value, change):
    """What *change* makes of an attribute with *value*, or without any."""
    item = {} if value is None else kept_item({"field": value})
    return changer({"field": change})(item).get("field")


def test_numbers_compare_as_numbers():
    assert holds({"N": "10"}, Compare(">", {"N": "9"}))
    assert holds({"N": "-10"}, Compare("<", {"N": "-9"}))
    assert holds({"N": "1.50"}, Equal({"N": "15e-1"}))


def test_numbers_compare_in_all_38_digits():
    large = "12345678901234567890123456789012345678"
    assert holds({"N": large}, Compare("<", {"N": large[:-1] + "9"}))
    assert not holds({"N": large}, Equal({"N": large[:-1] + "9"}))


def test_texts_compare_by_their_utf_8_bytes():
    # UTF-16 would order them the other way round.
    assert holds({"S": "\uffff"}, Compare("<", {"S": "\U00010000"}))
    assert holds({"S": "Z"}, Compare("<", {"S": "a"}))


def test_bytes_compare_unsigned_not_as_base64():
    assert holds({"B": b"\xff"}, Compare(">", {"B": b"\x00"}))
    assert holds({"B": b"\x00"}, Compare("<", {"B": b"\xfb"}))
    assert holds({"B": "/w=="}, Equal({"B": b"\xff"}))


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_values_of_different_types_never_compare(operator):
    assert not holds({"S": "5"}, Compare(operator, {"N": "5"}))
    assert not holds(None, Compare(operator, {"N": "5"}))


def test_bounds_of_between_belong_to_it():
    between = Between({"N": "2"}, {"N": "10"})
    assert [n for n in range(1, 12) if holds({"N": str(n)}, between)] == list(range(2, 11))


def test_sets_are_equal_in_any_order():
    assert holds({"SS": ["a", "b"]}, Equal({"SS": ["b", "a"]}))
    assert holds({"L": [{"NS": ["1", "2"]}]}, Equal({"L": [{"NS": ["2", "1.0"]}]}))


def test_lists_and_maps_are_equal_when_all_they_hold_is():
    nested = {"M": {"a": {"L": [{"N": "1"}, {"S": "x"}]}, "b": {"NULL": True}}}
    same = {"M": {"b": {"NULL": True}, "a": {"L": [{"N": "1.0"}, {"S": "x"}]}}}
    other = {"M": {"b": {"NULL": True}, "a": {"L": [{"S": "x"}, {"N": "1"}]}}}
    assert holds(nested, Equal(same))
    assert not holds(nested, Equal(other))


def test_true_is_not_the_number_one():
    assert not holds({"BOOL": True}, Equal({"N": "1"}))
    assert not holds({"BOOL": True}, Equal({"NULL": True}))


def test_one_of_holds_for_any_of_its_values():
    assert holds({"S": "b"}, OneOf(({"S": "a"}, {"S": "b"})))
    assert not holds({"S": "c"}, OneOf(({"S": "a"}, {"S": "b"})))


def test_none_is_null_or_absent_and_presence_is_something_else():
    assert holds(None, IsNone())
    assert holds({"NULL": True}, IsNone())
    assert not holds({"S": ""}, IsNone())
    assert holds({"NULL": True}, Present())
    assert not holds({"NULL": True}, Absent())


def test_texts_and_bytes_begin_with_a_prefix():
    assert holds({"S": "abc"}, BeginsWith({"S": "ab"}))
    assert holds({"B": b"\xff\x01"}, BeginsWith({"B": b"\xff"}))
    assert not holds({"B": b"ab"}, BeginsWith({"S": "ab"}))


def test_all_conditions_must_hold():
    both = (("a", Present()), ("b", Present()))
    assert not matcher(both)({"a": {"S": "x"}})


@pytest.mark.parametrize(
    "predicate",
    [
        Compare("<", {"BOOL": True}),
        Between({"N": "2"}, {"N": "1"}),
        Between({"N": "1"}, {"S": "2"}),
        BeginsWith({"N": "1"}),
        OneOf(()),
        OneOf(tuple({"N": str(n)} for n in range(101))),
        Equal({"SS": []}),
        Equal({"S": "\ud800"}),
    ],
)
def test_a_condition_that_aws_refuses_is_refused_before_it_is_applied(predicate):
    with pytest.raises(RequestError, match="field"):
        matcher((("field", predicate),))


def test_an_increment_is_written_plainly():
    assert changed({"N": "0.1"}, Increment({"N": "0.2"})) == {"N": "0.3"}
    assert changed({"N": "9.5"}, Increment({"N": "0.5"})) == {"N": "10"}
    assert changed({"N": "1"}, Increment({"N": "-1"})) == {"N": "0"}
    assert changed({"N": "1E20"}, Increment({"N": "1"})) == {"N": "100000000000000000001"}


def test_an_increment_counts_from_its_start_only_where_nothing_is_stored():
    assert changed(None, Increment({"N": "2"}, {"N": "10"})) == {"N": "12"}
    assert changed({"N": "1"}, Increment({"N": "2"}, {"N": "10"})) == {"N": "3"}


def test_an_append_adds_at_the_end():
    added = Append({"L": [{"S": "b"}]}, {"L": [{"S": "first"}]})
    assert changed({"L": [{"S": "a"}]}, added) == {"L": [{"S": "a"}, {"S": "b"}]}
    assert changed(None, added) == {"L": [{"S": "first"}, {"S": "b"}]}


def test_a_prepend_adds_at_the_beginning():
    added = Prepend({"L": [{"S": "b"}, {"S": "c"}]}, {"L": [{"S": "first"}]})
    assert changed({"L": [{"S": "a"}]}, added) == {"L": [{"S": "b"}, {"S": "c"}, {"S": "a"}]}
    assert changed(None, added) == {"L": [{"S": "b"}, {"S": "c"}, {"S": "first"}]}


def test_members_are_added_once_and_discarded_if_there():
    assert changed({"SS": ["a"]}, Add({"SS": ["b", "a"]})) == {"SS": ["a", "b"]}
    assert changed(None, Add({"SS": ["a"]})) == {"SS": ["a"]}
    assert changed({"SS": ["a", "b"]}, Discard({"SS": ["b", "z"]})) == {"SS": ["a"]}
    assert changed({"SS": ["a"]}, Discard({"SS": ["a"]})) is None
    assert changed(None, Discard({"SS": ["a"]})) is None


def test_unset_takes_an_attribute_away():
    assert changed({"S": "x"}, Unset()) is None
    assert changed(None, Unset()) is None


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (None, Increment({"N": "1"})),
        ({"NS": ["1"]}, Add({"SS": ["1"]})),
        ({"S": "a"}, Discard({"SS": ["a"]})),
        (None, Add({"L": []})),
        (None, Append({"L": []})),
        ({"S": "x"}, Increment({"N": "1"})),
        ({"NULL": True}, Increment({"N": "1"}, {"N": "0"})),
        ({"S": "x"}, Append({"L": []})),
        ({"N": "1"}, Increment({"S": "1"})),
        ({"N": "1"}, Increment({"N": "1"}, {"S": "0"})),
        ({"L": []}, Append({"S": "x"})),
        ({"N": "1E37"}, Increment({"N": "0.1"})),
        ({"N": "9E125"}, Increment({"N": "1E125"})),
        ({"S": "x"}, SetTo({"NS": []})),
    ],
)
def test_a_change_that_aws_refuses_is_refused(value, change):
    with pytest.raises(RequestError, match="field"):
        changed(value, change)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"N": "+1.500"}, {"N": "1.5"}),
        ({"N": "-0.0"}, {"N": "0"}),
        ({"N": "1E3"}, {"N": "1000"}),
        ({"N": "00012"}, {"N": "12"}),
        ({"N": "1E-130"}, {"N": "0." + "0" * 129 + "1"}),
        ({"N": "9" * 38 + "E88"}, {"N": "9" * 38 + "0" * 88}),
        ({"B": b"\xff"}, {"B": "/w=="}),
        ({"B": "/w=="}, {"B": "/w=="}),
        ({"L": ({"N": "1.0"},)}, {"L": [{"N": "1"}]}),
    ],
)
def test_values_are_kept_in_one_form(given, kept):
    assert kept_item({"field": given}) == {"field": kept}


def nested(levels):
    """A text in so many maps and lists that it is at the given level."""
    value = {"S": "leaf"}
    for level in range(levels - 1):
        value = {"M": {"n": value}} if level % 2 else {"L": [value]}
    return value


def test_nesting_goes_down_to_level_32():
    assert kept_item({"field": nested(32)}) == {"field": nested(32)}


@pytest.mark.parametrize(
    "value",
    [
        {"N": "1" * 39},
        {"N": "1E126"},
        {"N": "1E-131"},
        {"N": "1E99999999999999999999"},
        {"N": "NaN"},
        {"N": "Infinity"},
        {"N": "1_000"},
        {"N": " 1"},
        {"N": "١"},
        {"N": ""},
        {"N": 1},
        {"S": 1},
        {"S": "a\udc00"},
        {"M": {"\ud800": {"S": "x"}}},
        {"M": {"": {"S": "x"}}},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"BS": [b"a", "YQ=="]},
        {"B": "no base64!"},
        {"B": 1},
        {"BOOL": 1},
        {"NULL": False},
        {"L": "ab"},
        {"M": []},
        {"X": "x"},
        {"S": "x", "N": "1"},
        {},
        "x",
        nested(33),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_value_that_aws_refuses_is_refused_by_the_name_of_its_attribute(value):
    with pytest.raises(RequestError, match="field"):
        kept_item({"field": value})
