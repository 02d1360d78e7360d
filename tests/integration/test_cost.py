"""What calls cost does not depend on how much the table holds."""

from functools import cache

from benchmarks.cost import costs

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
