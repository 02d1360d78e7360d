"""Queries written as text, from anywhere: read, or refused with a reason; never run, never a crash."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Schema, entity, gsi, key
from dynastore.cli.asking import results_of
from dynastore.errors import RequestError


@entity("memo")
class Memo:
    """Any value by name."""

    name: str
    team: str = "core"
    count: int = 0
    value: Any = None

    primary = key("MEMO#{name}", "~")
    by_team = gsi(1, "TEAM#{team}", "{name}")


SCHEMA = Schema([Memo])
HUGE = f"0x{'f' * 20_000}"  # an int that Python refuses to write in decimal


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no Python expression"),
        ("\0", "no Python expression"),
        ("Memo(name='\ud800')", "no Python expression"),
        (f"Memo(name={'1' * 5_000})", "no Python expression"),
        (f"Memo(name={'(' * 500})", "no Python expression"),
        (f"Memo(name={'-' * 50_000}1)", "nested too deeply"),
        (f"Memo(name='a'){'.limit(1)' * 5_000}", "nested too deeply"),
        (" " * 200_000, "up to 100,000 characters"),
        ("Memo(name={[]})", "no literal and no term"),
        ("Memo(name={[]: 1})", "no literal and no term"),
        ("Memo(name=open('x'))", "no literal and no term"),
        ("Memo(name='a').limit()", r"\.limit\(\): "),
        ("Memo(name='a').newest_first(1)", r"\.newest_first\(\): "),
        ("Memo(name='a').order_by([])", r"\.order_by\(\): "),
        ("Memo(name='a').order_by(1)", r"\.order_by\(\): "),
        ("Memo(name='a').select(name='x')", r"\.select\(\): "),
        ("Memo(name='a').__class__()", "is none of"),
        ("Memo.__class__(name='a')", "is no query|is none of"),
        ("Memo(__class__=1)", "__class__"),
    ],
)
def test_a_text_that_is_no_query_is_refused(text, says):
    with pytest.raises(RequestError, match=says):
        results_of(SCHEMA, text)


@pytest.mark.parametrize("test", ["count={}", "count=since({})", "value={}", "value=one_of({}, 1)"])
def test_a_query_for_a_number_of_any_length_is_explained(test):
    results = results_of(SCHEMA, f"Memo(team='core', {test.format(HUGE)}).limit({HUGE})")
    assert "too many digits" in str(results.plan)
    assert "too many digits" in results.explain("mermaid")
    assert '"limit": 2147483647' in results.explain("json")
