"""No call of a scope reads or writes what is in another one, nested ones included, on every engine."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from itertools import count
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("langgraph.checkpoint", reason="needs the extra dynastore[test]")

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.keys.templates import scope_prefix
from dynastore.requests import Scan
from tests.properties.scoped_calls import PLAIN, everything, work_of_frameworks

from .drivers import Awaited
from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]

# moto reads the whole table for each query, and this fills one: 35 s more, for what the others say.
WITHOUT_MOTO = tuple(each for each in PAIRS if "moto" not in each)
NOON = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
EXAMPLES = count()

names = st.one_of(
    st.text(min_size=1, max_size=6),
    st.text("a@#*?${}~.:/", min_size=1, max_size=5),
    st.sampled_from(
        ["a", "ab", "a#", "a#@a", "a*", "${aws:username}", "@", "@*", "$2a", "@#scope"]
    ),
)
paths = st.lists(names, max_size=3).map(tuple)


def items_of(store: Any, path: tuple[str, ...]) -> list[Any]:
    """The items of a scope as they are stored, without those of scopes inside of it."""
    target = store.target if isinstance(store, Awaited) else store
    prefix, found = scope_prefix(path), []

    def steps() -> Any:
        start = None
        while True:
            page = yield from Scan(target.schema.table.name, start_key=start)
            found.extend(page.items)
            start = page.last_key
            if start is None:
                return

    store.run(steps())
    return sorted(
        (
            item
            for item in found
            if item["PK"]["S"].startswith(prefix)
            and not item["PK"]["S"].removeprefix(prefix).startswith("@")
        ),
        key=lambda item: (item["PK"]["S"], item["SK"]["S"]),
    )


def inside(store: Any, path: tuple[str, ...]) -> Any:
    return reduce(lambda found, name: found.scope(name), path, store)


@pytest.mark.on(*WITHOUT_MOTO)
@settings(
    max_examples=settings.default.max_examples // 25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(mine=paths, theirs=paths)
@example(("a",), ("ab",))
@example((), ("a",))
@example(("a",), ("a", "b"))
@example(("a#@b",), ("a", "b"))
def test_a_scope_works_as_if_it_were_alone_and_changes_no_other(open_store, mine, theirs):
    assume(mine != theirs)
    whole = open_store(PLAIN, clock=lambda: NOON)
    outer = (f"example {next(EXAMPLES)}",)
    mine, theirs = outer + mine, outer + theirs
    everything(inside(whole, theirs))
    before = items_of(whole, theirs)
    assert before
    answers = everything(inside(whole, mine))
    assert items_of(whole, theirs) == before
    with Store.connect("sqlite://", PLAIN, clock=lambda: NOON) as alone:
        expected = everything(inside(alone, mine))
    # Which scopes are inside, and what is across them, depends on those that there are.
    assert answers[:-2] == expected[:-2]


@pytest.mark.parametrize(("mine", "theirs"), [("a", "ab"), ("a#", "a"), ("@a", "a"), ("*", "a")])
def test_the_adapters_of_both_frameworks_change_no_other_scope(open_store, mode, mine, theirs):
    if mode == "awaited":
        pytest.skip("the same operations as blocking; the adapters' own tests have both")
    whole = open_store(agent_schema())
    work_of_frameworks(whole.scope(theirs))
    before = items_of(whole, (theirs,))
    assert before
    work_of_frameworks(whole.scope(mine))
    assert items_of(whole, (theirs,)) == before
