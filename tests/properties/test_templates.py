"""Templates: the table in them is the one that CreateTable of ours makes."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("cfnlint", reason="needs the extra dynastore[test]")

import cfnlint.decode.cfn_yaml
from hypothesis import example, given
from hypothesis import strategies as st

from dynastore import Schema, Table
from dynastore.infra.cloudformation import as_json, as_yaml, template
from dynastore.infra.deployment import Deployment
from dynastore.keys.templates import scope_prefix
from dynastore.requests.tables import CreateTable
from dynastore.table import TTL

from .infra_schemas import schemas
from .trying import tries

OF_CREATE_TABLE = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")
INDEXES = ("GlobalSecondaryIndexes", "VectorIndexes")


@given(schemas, st.sampled_from(["Table", "GlobalTable"]))
def test_the_table_is_the_one_that_create_table_makes(schema, kind):
    deployment = Deployment(global_table=kind == "GlobalTable")
    made = template(schema, deployment)["Resources"][kind]["Properties"]
    sent = CreateTable(schema.table).parameters()
    assert {name: made.get(name) for name in INDEXES} == {name: sent.get(name) for name in INDEXES}
    assert {name: made[name] for name in OF_CREATE_TABLE} == {
        name: sent[name] for name in OF_CREATE_TABLE
    }
    assert {"StreamEnabled": True, **made["StreamSpecification"]} == sent["StreamSpecification"]
    assert made["TimeToLiveSpecification"] == {"AttributeName": TTL, "Enabled": True}


paths = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=2).map(tuple)


@tries(25)
@given(st.lists(paths, unique=True, min_size=1, max_size=3))
@example([("a",), ("A",), ("a-",)])
@example([("${AWS::Region}",)])
@example([("\x85",), ("a\u2028b",)])
@example([("a", "a")])
def test_scopes_of_any_name_have_a_policy_each_in_json_and_yaml(scopes):
    made = template(Schema([], Table("agents")), Deployment(roles=(), scopes=scopes))
    policies = [each for name, each in made["Resources"].items() if name.startswith("Scope")]
    keys = [
        each["Properties"]["PolicyDocument"]["Statement"][0]["Condition"]["ForAllValues:StringLike"]
        for each in policies
    ]
    assert [each["dynamodb:LeadingKeys"] for each in keys] == [
        [f"{scope_prefix(path)}*"] for path in scopes
    ]
    assert json.loads(as_json(made)) == made
    assert json.loads(json.dumps(cfnlint.decode.cfn_yaml.loads(as_yaml(made)))) == made
