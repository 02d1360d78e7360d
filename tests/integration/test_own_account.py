"""cost and workload run on a table of one's own, and spend no more than they are told."""

from __future__ import annotations

import re

import pytest
from typer import Typer
from typer.testing import CliRunner

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from benchmarks.cost import __main__ as cost
from benchmarks.workload import __main__ as workload
from dynastore.agents import Run, Session
from dynastore.entities.spec import spec_of
from tests.conformance.engines import moto_server


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "benchmark")
        with moto_server() as url:
            yield ["--region", "eu-west-1", "--endpoint-url", url]


def called(main, *arguments):
    app = Typer()
    app.command()(main)
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)


def spent(output):
    requests, dollars = re.search(r"([\d,]+) requests, \$([\d.]+)", output).groups()
    return int(requests.replace(",", "")), float(dollars)


def test_cost_measures_every_access_pattern(server):
    only = ("--only", "Session", "--only", "Run", "--items", "2")
    result = called(cost.main, "--table", "cost", *only, *server)
    assert result.exit_code == 0, result.output
    named = {
        f"{cls.__name__}: {each.name}" for cls in (Session, Run) for each in spec_of(cls).secondary
    }
    assert [name for name in named if name not in result.output] == []


def test_cost_ends_where_the_money_does(server):
    result = called(cost.main, "--table", "limited", "--spend", "0.0003", *server)
    assert result.exit_code == 0, result.output
    assert "The money was over" in result.output
    requests, dollars = spent(result.output)
    assert requests > 0
    assert 0 < dollars <= 0.0003


def test_workload_ends_where_the_money_does(server):
    result = called(
        workload.main, "--table", "day", "--seconds", "0.5", "--spend", "0.0004", *server
    )
    assert result.exit_code == 0, result.output
    assert "The money was over" in result.output
    requests, dollars = spent(result.output)
    assert requests > 0
    assert 0 < dollars <= 0.0004


@pytest.mark.parametrize("main", [cost.main, workload.main], ids=["cost", "workload"])
def test_a_table_at_aws_needs_a_limit(main):
    result = called(main, "--table", "agents")
    assert result.exit_code == 2
    assert "--spend" in result.output
