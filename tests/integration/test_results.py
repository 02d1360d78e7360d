"""The results page is made of kept figures, and says of each bar what makes it again."""

from __future__ import annotations

import re
import shlex

import pytest

from benchmarks import keeping, results
from benchmarks.keeping import keep, kept
from benchmarks.results.rows import Row, concurrency, cpu, payloads, sections


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "FOLDER", tmp_path)
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return tmp_path


def test_figures_that_are_kept_are_read_again(folder):
    figures = {"a": {"1": [1, 2.5], "b": []}, "c": [[1, "x"], [2, None]], "d": {}}
    keep("some", "make some", figures, ["boto3", "no-such-package"])
    found = kept("some")
    assert (found.command, found.figures) == ("make some", figures)
    assert [*found.versions] == ["boto3"]


def test_without_figures_each_row_says_what_makes_it(folder):
    rows = [each for some in sections().values() for each in some]
    assert {each.verdict for each in rows} == {"not measured"}
    assert all(each.command for each in rows)


def test_commands_name_benchmarks_and_targets_that_there_are():
    from benchmarks.__main__ import Benchmark

    for each in (each for some in sections().values() for each in some):
        words = shlex.split(each.command)
        named = [word for word in words if word.startswith("BENCHMARKS=")]
        name = named[0].partition("=")[2] if named else words[words.index("benchmarks") + 1]
        assert name in [*Benchmark]


def test_a_figure_is_judged_by_its_bar(folder):
    keep("payloads", "", {"real": True, "ratios": {"6000": 0.51, "20000": 0.37}})
    at_6, at_20, at_200 = payloads(kept("payloads"))
    assert (at_6.verdict, at_20.verdict, at_200.verdict) == ("**no**", "yes", "not measured")


def test_the_sample_of_the_demo_shows_nothing_of_real_conversations(folder):
    keep("payloads", "", {"real": False, "ratios": {"6000": 0.1}})
    assert {each.verdict for each in payloads(kept("payloads"))} == {"not measured"}


def test_bars_behind_step_4_are_listed_as_such(folder):
    ratio = {"low": 0.1, "median": 0.1, "high": 0.1}
    keep("micro", "", {"ratios": {"get": {"dynastore": ratio, "pydynox": ratio}}, "imports": {}})
    by_name = {each.what: each for each in cpu(kept("micro"))}
    assert by_name["get, blocking"].verdict == "yes"
    assert by_name["get, a path of our own"].verdict == "after step 4"
    rates = {"rate of aiodynamo": {"dynastore, awaited": {**ratio, "median": 0.9}}}
    keep(
        "concurrency",
        "",
        {"rates": {}, "time of boto3": {"dynastore, one fan-out": ratio}, **rates},
    )
    assert [each.verdict for each in concurrency(kept("concurrency"))] == ["**no**", "after step 4"]


def test_the_page_has_a_line_for_each_bar(tmp_path):
    page = results.write(tmp_path / "results.md").read_text()
    for each in (each for some in sections().values() for each in some):
        assert f"| {each.what} | {each.bar} |" in page


def test_the_page_in_the_docs_is_that_of_the_figures_kept(tmp_path):
    page = results.write(tmp_path / "results.md").read_text()
    assert results.PATH.read_text() == page
    assert re.search(r"\| cost \| \d{4}-\d\d-\d\d \| \d+ cores", page)


def test_a_row_without_a_figure_is_not_met():
    assert Row("x", "1", None, "", None, "make x").verdict == "not measured"
