"""What calls cost does not depend on how much the table holds."""

from functools import cache

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from benchmarks.cost.among import among
from benchmarks.cost.figures import adapter_costs, of_all
from benchmarks.cost.messages import costs
from benchmarks.cost.patterns import BAR, CLAIMED, SLIM
from dynastore.agents import ENTITIES
from dynastore.entities.spec import spec_of

measured = cache(costs)


def test_no_call_costs_more_in_a_larger_table():
    small, large = measured(100), measured(2_000)
    assert small == large


def test_calls_take_the_units_that_dynamodb_counts():
    found = {name: (each.requests, each.units) for name, each in measured(100).items()}
    assert found == {
        "get": (1, 0.5),
        "get_many of 20": (1, 10),  # each item rounded up
        "query of 20 by primary key": (1, 2.5),  # 17 KB, rounded up as a whole
        "page of 5, newest first": (1, 1),
        "query by index and range": (1, 1.5),
        "count": (1, 2.5),
        "put": (1, 2),  # the item and its index entry
        "put_many of 10,000": (400, 20_000),  # requests are saved, units are not
        "delete_many of 10,000": (400, 20_000),
        "update of a field in no index": (1, 2),
        "update that moves an index entry": (1, 3),  # the entry is deleted and put
        "delete": (1, 2),
    }


@pytest.fixture(scope="module")
def tables():
    """A small table and one with four times as many items."""
    with among(320) as small, among(1_280) as large:
        yield small, large


@pytest.fixture(scope="module")
def by_pattern(tables):
    return [table.entity_costs() for table in tables]


def test_no_access_pattern_costs_more_in_a_larger_table(by_pattern):
    small, large = ({name: each.cost for name, each in some.items()} for some in by_pattern)
    assert small == large


def test_every_access_pattern_of_every_entity_is_measured(by_pattern):
    named = {f"{cls.__name__}: {each.name}" for cls in ENTITIES for each in spec_of(cls).secondary}
    assert named <= {*by_pattern[0]}
    assert {f"{cls.__name__}: {call}" for cls in ENTITIES for call in ("get", "put")} <= {
        *by_pattern[0]
    }


def test_access_patterns_take_little_more_than_what_they_return_or_the_benchmark_says_why(
    by_pattern,
):
    assert [name for name, each in by_pattern[1].items() if each.times > BAR and not each.why] == []
    whys = {each.why for each in by_pattern[1].values()}
    assert whys == {"", SLIM, CLAIMED}


def test_calls_of_adapters_cost_the_same_among_more_items_unless_they_are_about_all(tables):
    small, large = map(adapter_costs, tables)
    more = {name for name, cost in large.items() if cost != small[name]}
    assert more <= of_all()
