"""``dynastore iam policy``."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from dynastore.agents import agent_schema
from dynastore.cli.app import app
from dynastore.iam import scope_policy

PLACE = ["--account", "123456789012", "--region", "eu-west-1"]


def called(*words):
    return CliRunner().invoke(app, ["iam", "policy", "dynastore.agents:agent_schema", *words])


def test_the_policy_of_a_nested_scope_is_printed_as_json():
    done = called("--scope", "acme", "--scope", "qa*", "--table", "agents", *PLACE)
    assert done.exit_code == 0
    schema = agent_schema().named("agents").scoped("acme").scoped("qa*")
    made = scope_policy(schema, account="123456789012", region="eu-west-1")
    assert json.loads(done.stdout) == made
    keys = made["Statement"][0]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert keys == ["@acme#@qa$2a#*"]


def test_reads_alone():
    done = called("--scope", "qa", "--read-only", *PLACE)
    (statement,) = json.loads(done.stdout)["Statement"]
    assert statement["Action"] == ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]


def test_a_wrong_call_says_what_is_wrong():
    done = called("--scope", "qa", "--account", "12", "--region", "eu-west-1")
    assert done.exit_code == 2
    assert "12 digits" in done.stderr
    done = called("--scope", "", *PLACE)
    assert done.exit_code == 2
    assert "at least one character" in done.stderr
