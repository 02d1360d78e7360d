"""Terms become DynamoDB's expressions, and a text is built once for each shape."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore.changes import Add, Append, Discard, Increment, Prepend, SetTo, Unset
from dynastore.errors import RequestError
from dynastore.expressions import rendering as expressions
from dynastore.terms import Absent, BeginsWith, Between, Compare, Equal, IsNone, OneOf, Present

NULL = {"NULL": True}


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def test_without_conditions_there_are_no_parameters():
    assert expressions.condition(()) == {}
    assert expressions.update({}, ()) == {}


def test_conditions_are_joined_and_ask_for_the_stored_item():
    conditions = (("PK", Absent()), ("REV", Equal(number(3))))
    assert expressions.condition(conditions) == {
        "ConditionExpression": "attribute_not_exists (#0) AND #1 = :0",
        "ExpressionAttributeNames": {"#0": "PK", "#1": "REV"},
        "ExpressionAttributeValues": {":0": number(3)},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_a_condition_without_values_has_no_parameter_for_them():
    assert "ExpressionAttributeValues" not in expressions.condition((("PK", Present()),))


@pytest.mark.parametrize(
    ("predicate", "rendered"),
    [
        (Equal(text("a")), "#0 = :0"),
        (Compare("<", number(1)), "#0 < :0"),
        (Compare("<=", number(1)), "#0 <= :0"),
        (Compare(">", number(1)), "#0 > :0"),
        (Compare(">=", number(1)), "#0 >= :0"),
        (Between(number(1), number(2)), "#0 BETWEEN :0 AND :1"),
        (BeginsWith(text("a")), "begins_with (#0, :0)"),
        (OneOf((text("a"), text("b"))), "#0 IN (:0, :1)"),
        (IsNone(), "attribute_not_exists (#0) OR #0 = :0"),
        (Present(), "attribute_exists (#0)"),
        (Absent(), "attribute_not_exists (#0)"),
    ],
)
def test_a_predicate_is_rendered(predicate, rendered):
    assert expressions.condition((("x", predicate),))["ConditionExpression"] == rendered


@pytest.mark.parametrize(
    ("change", "rendered", "values"),
    [
        (SetTo(text("a")), "SET #0 = :0", [text("a")]),
        (Increment(number(2)), "SET #0 = #0 + :0", [number(2)]),
        (
            Increment(number(2), number(7)),
            "SET #0 = if_not_exists (#0, :0) + :1",
            [number(7), number(2)],
        ),
        (Append({"L": [NULL]}), "SET #0 = list_append (#0, :0)", [{"L": [NULL]}]),
        (
            Append({"L": [NULL]}, {"L": []}),
            "SET #0 = list_append (if_not_exists (#0, :0), :1)",
            [{"L": []}, {"L": [NULL]}],
        ),
        (
            Prepend({"L": [NULL]}, {"L": []}),
            "SET #0 = list_append (:0, if_not_exists (#0, :1))",
            [{"L": [NULL]}, {"L": []}],
        ),
        (Add({"SS": ["a"]}), "ADD #0 :0", [{"SS": ["a"]}]),
        (Discard({"NS": ["1"]}), "DELETE #0 :0", [{"NS": ["1"]}]),
        (Unset(), "REMOVE #0", []),
    ],
)
def test_a_change_is_rendered(change, rendered, values):
    parameters = expressions.update({"x": change}, ())
    assert parameters["UpdateExpression"] == rendered
    assert [*parameters.get("ExpressionAttributeValues", {}).values()] == values


def test_changes_and_conditions_share_names_and_values():
    changes = {"gone": Unset(), "REV": Increment(number(1))}
    assert expressions.update(changes, (("REV", Equal(number(3))),)) == {
        "UpdateExpression": "SET #0 = #0 + :0 REMOVE #1",
        "ConditionExpression": "#0 = :1",
        "ExpressionAttributeNames": {"#0": "REV", "#1": "gone"},
        "ExpressionAttributeValues": {":0": number(1), ":1": number(3)},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_an_update_without_conditions_does_not_ask_for_the_stored_item():
    assert "ReturnValuesOnConditionCheckFailure" not in expressions.update({"x": Unset()}, ())


def test_an_update_without_changes_only_checks():
    parameters = expressions.update({}, (("PK", Present()),))
    assert "UpdateExpression" not in parameters
    assert parameters["ConditionExpression"] == "attribute_exists (#0)"


def test_a_key_of_several_attributes_is_joined_without_parentheses():
    key = (
        ("GSI1H", Equal(text("AGENT#a7"))),
        ("GSI1R1", Equal(text("SESSION"))),
        ("GSI1R2", Between(text("a"), text("b"))),
    )
    parameters = expressions.query(key, (("status", Equal(text("open"))),))
    assert parameters == {
        "KeyConditionExpression": "#0 = :0 AND #1 = :1 AND #2 BETWEEN :2 AND :3",
        "FilterExpression": "#3 = :4",
        "ExpressionAttributeNames": {
            "#0": "GSI1H",
            "#1": "GSI1R1",
            "#2": "GSI1R2",
            "#3": "status",
        },
        "ExpressionAttributeValues": {
            ":0": text("AGENT#a7"),
            ":1": text("SESSION"),
            ":2": text("a"),
            ":3": text("b"),
            ":4": text("open"),
        },
    }


@pytest.mark.parametrize("name", ["a.b", "a[0]", "[]", "a.b[1].c", "#0", "größe", ""])
def test_no_name_is_taken_for_a_path(name):
    assert expressions.condition(((name, Present()),))["ExpressionAttributeNames"] == {"#0": name}


def test_a_value_that_looks_like_an_attribute_value_stays_as_it_is():
    value = {"M": {"S": {"S": "x"}}}
    parameters = expressions.update({"payload": SetTo(value)}, ())
    assert parameters["ExpressionAttributeValues"] == {":0": value}


@pytest.mark.parametrize("count", [0, 101])
def test_one_of_takes_1_to_100_values(count):
    wanted = OneOf(tuple(number(each) for each in range(count)))
    with pytest.raises(RequestError, match=f"colour is compared with {count} values"):
        expressions.condition((("colour", wanted),))


def test_a_text_over_4096_bytes_is_refused():
    with pytest.raises(RequestError, match="ConditionExpression would be"):
        expressions.condition(tuple((f"f{each}", Present()) for each in range(200)))
    with pytest.raises(RequestError, match="UpdateExpression would be"):
        expressions.update({f"f{each}": SetTo(NULL) for each in range(400)}, ())


def test_what_a_call_gets_is_its_own():
    conditions = (("x", Equal(number(1))),)
    expressions.condition(conditions)["ExpressionAttributeNames"].clear()
    assert expressions.condition(conditions)["ExpressionAttributeNames"] == {"#0": "x"}


names = st.text(max_size=8)
values = st.integers().map(number) | st.text().map(text)
predicates = st.one_of(
    st.builds(Equal, values),
    st.builds(Compare, st.sampled_from(["<", "<=", ">", ">="]), values),
    st.builds(Between, values, values),
    st.builds(BeginsWith, values),
    st.builds(OneOf, st.lists(values, min_size=1, max_size=5).map(tuple)),
    st.sampled_from([IsNone(), Present(), Absent()]),
)
changes = st.one_of(
    st.builds(SetTo, values),
    st.builds(Increment, values, st.none() | values),
    st.builds(Append, values, st.none() | values),
    st.just(Unset()),
)
conditions = st.lists(st.tuples(names, predicates), max_size=6).map(tuple)
updates = st.dictionaries(names, changes, max_size=6)

TEXTS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
)


def held(term: Any) -> list[Any]:
    """The values of a term, in the order of DynamoDB's syntax."""
    match term:
        case IsNone():
            return [NULL]
        case OneOf(several):
            return [*several]
        case Between(low, high):
            return [low, high]
        case Increment(value, start) | Append(value, start):
            return [value] if start is None else [start, value]
        case Present() | Absent() | Unset():
            return []
        case BeginsWith(value) | Equal(value) | SetTo(value) | Compare(_, value):
            return [value]
    raise AssertionError(term)


def assert_complete(parameters: dict[str, Any], used: set[str], expected: list[Any]) -> None:
    """Each placeholder is used and defined, each value stands where its term does."""
    rendered = " ".join(parameters.get(each, "") for each in TEXTS)
    named = parameters.get("ExpressionAttributeNames", {})
    valued = parameters.get("ExpressionAttributeValues", {})
    assert set(re.findall(r"#\d+", rendered)) == set(named)
    assert sorted(named.values()) == sorted(used)
    assert re.findall(r":\d+", rendered) == [*valued]
    assert [*valued.values()] == expected


@given(conditions)
def test_conditions_define_exactly_what_they_use(terms):
    expected = [value for _, term in terms for value in held(term)]
    assert_complete(expressions.condition(terms), {name for name, _ in terms}, expected)


@given(updates, conditions)
def test_updates_define_exactly_what_they_use(changed, terms):
    every = [*changed.items(), *terms]
    expected = [value for _, term in every for value in held(term)]
    assert_complete(expressions.update(changed, terms), {name for name, _ in every}, expected)


@given(conditions, conditions)
def test_queries_define_exactly_what_they_use(key, filters):
    every = [*key, *filters]
    expected = [value for _, term in every for value in held(term)]
    assert_complete(expressions.query(key, filters), {name for name, _ in every}, expected)


def emptied(term: Any) -> Any:
    """A term of the same shape with other values."""
    match term:
        case OneOf(several):
            return OneOf((NULL,) * len(several))
        case Between():
            return Between(NULL, NULL)
        case Compare(operator, _):
            return Compare(operator, NULL)
        case Increment(_, start) | Append(_, start):
            return type(term)(NULL, None if start is None else NULL)
        case Equal() | SetTo() | BeginsWith():
            return type(term)(NULL)
    return term


@given(updates, conditions)
def test_a_kept_text_equals_a_fresh_one(changed, terms):
    expressions.update(
        {name: emptied(term) for name, term in changed.items()},
        tuple((name, emptied(term)) for name, term in terms),
    )
    kept = expressions.update(changed, terms)
    expressions._update.cache_clear()
    assert kept == expressions.update(changed, terms)


def test_values_stand_where_their_clauses_are():
    changes = {"a": Discard({"SS": ["x"]}), "b": Add({"SS": ["y"]}), "c": SetTo({"S": "z"})}
    parameters = expressions.update(changes, ())
    text = parameters["UpdateExpression"]
    for name, value in parameters["ExpressionAttributeValues"].items():
        attribute = {"x": "a", "y": "b", "z": "c"}[next(iter(value.values()))[0]]
        (alias,) = [k for k, v in parameters["ExpressionAttributeNames"].items() if v == attribute]
        assert f"{alias} {name}" in text or f"{alias} = {name}" in text
