"""Templates: what is in them, and what cfn-lint says of them."""

from __future__ import annotations

import json
import re

import pytest
from attrs import evolve

pytest.importorskip("cfnlint", reason="needs the extra dynastore[test]")
pytest.importorskip("yaml", reason="needs the extra dynastore[cli]")

import cfnlint.decode.cfn_yaml
from cfnlint.api import ManualArgs, lint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynastore import Schema, Table
from dynastore.errors import ModelError
from dynastore.infra.cloudformation import as_json, as_yaml, template
from dynastore.infra.deployment import Deployment
from dynastore.infra.metrics import OPERATIONS
from dynastore.infra.sections import Alarms, Backups, Bucket, Provisioned

from .deployments import AGENTS, CASES, KEY, PLACED, SEARCHED, TOPIC, WHOLE

LINT = ManualArgs(regions=["eu-west-1"])
EMPTY = Schema([], Table("agents"))


def found_by_lint(made):
    return [str(each) for each in lint(json.dumps(made), config=LINT)]


def of_type(made, kind):
    return {
        name: each for name, each in made["Resources"].items() if each["Type"] == f"AWS::{kind}"
    }


@pytest.mark.parametrize("case", CASES)
def test_cfn_lint_has_nothing_to_say(case):
    assert found_by_lint(template(*CASES[case])) == []


def test_cfn_lint_finds_what_is_wrong():
    made = template(EMPTY, Deployment())
    made["Resources"]["Table"]["Properties"]["TableClass"] = "GOLD"
    assert len(found_by_lint(made)) == 1


some = st.sampled_from
deployments = st.builds(
    Deployment,
    max_read_units=st.none() | st.integers(1, 9),
    table_class=some(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
    deletion_protection=st.booleans(),
    retain=st.booleans(),
    recovery_days=st.integers(0, 35),
    encryption=some(["aws-owned", "aws-managed", "customer"]),
    bucket=st.builds(
        Bucket,
        name=st.just("payloads"),
        versioning=st.booleans(),
        archive_after_days=st.none() | st.integers(30, 99),
        archive_class=some(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"]),
    ),
    roles=st.lists(some(["reader", "writer", "admin"]), unique=True),
    alarms=st.none() | some([Alarms(), Alarms(topic_arn=TOPIC)]),
    dashboard=st.booleans(),
    backups=st.none() | st.just(Backups()),
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deployments)
def test_cfn_lint_has_nothing_to_say_of_any_options(deployment):
    assert found_by_lint(template(EMPTY, deployment)) == []


@pytest.mark.parametrize("case", CASES)
def test_the_yaml_says_what_the_json_says(case):
    made = template(*CASES[case])
    read = cfnlint.decode.cfn_yaml.loads(as_yaml(made))
    assert json.loads(json.dumps(read)) == json.loads(as_json(made)) == made


def test_yaml_keeps_the_order_and_has_short_forms():
    text = as_yaml(template(AGENTS, Deployment(encryption="customer")))
    places = [text.index(f"\n{each}:") for each in ("Resources", "Outputs")]
    assert places == sorted(places)
    assert text.startswith("AWSTemplateFormatVersion: '2010-09-09'\nDescription: ")
    assert "KMSMasterKeyId: !GetAtt 'Key.Arn'" in text
    assert "Value: !Ref 'Table'" in text
    assert not re.search(r"(Ref|Fn::GetAtt|Fn::Sub):", text)


def test_a_table_cannot_be_lost_by_mistake():
    (table,) = of_type(template(EMPTY, Deployment()), "DynamoDB::Table").values()
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 35,
    }


def test_what_holds_data_is_deleted_only_where_the_deployment_says_so():
    schema, deployment = CASES["provisioned"]
    kept = template(schema, deployment)["Resources"]
    lost = template(schema, evolve(deployment, retain=False))["Resources"]
    lasting = {"Table", "Bucket", "Key", "BackupVault"}
    assert {name for name, each in kept.items() if "DeletionPolicy" in each} == lasting
    assert {lost[name]["DeletionPolicy"] for name in lasting} == {"Delete"}


def test_a_schema_without_a_bucket_has_none():
    made = template(EMPTY, Deployment())
    assert of_type(made, "S3::Bucket") == {}
    assert "s3:" not in json.dumps(made)


def test_a_bucket_is_private_encrypted_and_reached_by_tls_alone():
    made = template(AGENTS, Deployment())["Resources"]
    properties = made["Bucket"]["Properties"]
    assert properties["BucketName"] == "payloads-of-agents"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in properties
    (statement,) = made["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_one_bucket_keeps_all_payloads():
    with pytest.raises(ModelError, match="one bucket keeps all payloads, not other, payloads-of"):
        template(AGENTS, Deployment(bucket=Bucket(name="other")))
    with pytest.raises(ModelError, match=r"bucket\.name is missing"):
        template(EMPTY, Deployment(bucket=Bucket(versioning=True)))


def test_a_vector_index_takes_a_table_on_demand():
    for replicas in ((), ("eu-west-1",)):
        with pytest.raises(ModelError, match="has a vector index, which takes a table on demand"):
            template(SEARCHED, Deployment(provisioned=Provisioned(), replicas=replicas))


def test_each_index_is_scaled_as_the_table_is():
    made = template(AGENTS, Deployment(provisioned=Provisioned(read_max=900)))
    targets = of_type(made, "ApplicationAutoScaling::ScalableTarget")
    places = [("Table", "table"), *((f"TableGSI{n}", "index") for n in range(1, 5))]
    assert {name: each["Properties"]["ScalableDimension"] for name, each in targets.items()} == {
        f"{id_}{kind}Scaling": f"dynamodb:{of}:{kind}CapacityUnits"
        for id_, of in places
        for kind in ("Read", "Write")
    }
    assert targets["TableGSI1ReadScaling"]["Properties"]["MaxCapacity"] == 900
    assert targets["TableGSI1ReadScaling"]["Properties"]["ResourceId"] == {
        "Fn::Sub": "table/${Table}/index/GSI1"
    }


def test_a_private_table_is_made_after_the_one_before_it():
    made = template(PLACED, Deployment())["Resources"]
    tables = {name: each for name, each in made.items() if each["Type"].endswith("::Table")}
    assert {
        name: (each["Properties"]["TableName"], each.get("DependsOn"))
        for name, each in tables.items()
    } == {
        "Table": ("dynastore", None),
        "TableOfQa": ("dynastore.qa", ["Table"]),
        "TableOfGSI1Table": ("dynastore.GSI1", ["TableOfQa"]),
    }


def test_replicas_have_the_same_keys_indexes_and_protection():
    schema, deployment = CASES["replicas"]
    (table,) = of_type(template(schema, deployment), "DynamoDB::GlobalTable").values()
    own, other = table["Properties"]["Replicas"]
    assert own["Region"] == {"Ref": "AWS::Region"}
    assert own["SSESpecification"] == {"KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}
    assert other["SSESpecification"] == {"KMSMasterKeyId": KEY}
    assert {**own, "Region": 0, "SSESpecification": 0} == {
        **other,
        "Region": 0,
        "SSESpecification": 0,
    }
    single = template(schema, evolve(deployment, replicas=(), replica_keys={}))
    (of_one_region,) = of_type(single, "DynamoDB::Table").values()
    for name in ("KeySchema", "AttributeDefinitions", "VectorIndexes", "TimeToLiveSpecification"):
        assert table["Properties"][name] == of_one_region["Properties"][name]
    assert [
        (each["IndexName"], each["KeySchema"], each["Projection"])
        for each in table["Properties"]["GlobalSecondaryIndexes"]
    ] == [
        (each["IndexName"], each["KeySchema"], each["Projection"])
        for each in of_one_region["Properties"]["GlobalSecondaryIndexes"]
    ]


def test_a_global_table_without_replicas_is_ready_for_them():
    alone = template(EMPTY, Deployment(global_table=True))["Resources"]["GlobalTable"]
    more = template(EMPTY, Deployment(replicas=("eu-west-1",)))["Resources"]["GlobalTable"]
    (own,) = alone["Properties"]["Replicas"]
    assert own == more["Properties"]["Replicas"][0]
    assert {**alone["Properties"], "Replicas": 0} == {**more["Properties"], "Replicas": 0}
    provisioned = Deployment(global_table=True, provisioned=Provisioned())
    assert found_by_lint(template(AGENTS, provisioned)) == []


def test_alarms_are_for_throttles_errors_latency_and_capacity():
    made = of_type(template(AGENTS, Deployment(alarms=Alarms())), "CloudWatch::Alarm")
    assert set(made) == {
        *(
            f"Table{index}{kind}ThrottlesAlarm"
            for index in ("", "GSI1", "GSI2", "GSI3", "GSI4")
            for kind in ("Read", "Write")
        ),
        "UserErrorsAlarm",
        *(f"Table{operation}SystemErrorsAlarm" for operation in OPERATIONS),
        *(f"Table{operation}LatencyAlarm" for operation in OPERATIONS),
    }
    limited = template(AGENTS, Deployment(alarms=Alarms(), max_write_units=50))
    more = set(of_type(limited, "CloudWatch::Alarm")) - set(made)
    assert more == {
        f"Table{each}WriteCapacityInUseAlarm" for each in ("", *(f"GSI{n}" for n in range(1, 5)))
    }


def test_alarms_tell_an_encrypted_topic_and_everybody_on_the_list():
    made = template(AGENTS, WHOLE)["Resources"]
    assert made["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "AlarmTopicKey"}
    assert [made[f"AlarmTopicSubscription{n}"]["Properties"]["Endpoint"] for n in (1, 2)] == [
        "a@example.org",
        "b@example.org",
    ]
    given = template(AGENTS, Deployment(alarms=Alarms(topic_arn=TOPIC)))
    alarms = of_type(given, "CloudWatch::Alarm").values()
    assert all(each["Properties"]["AlarmActions"] == [TOPIC] for each in alarms)
    assert "AlarmTopic" not in given["Resources"]


def test_the_dashboard_is_json_that_names_every_index():
    made = template(AGENTS, WHOLE)["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    body = json.loads(made["Fn::Sub"])
    titles = {each["properties"].get("title") for each in body["widgets"]}
    assert {"Read units a second", "Throttled writes", "Failures of DynamoDB", "Bytes"} <= titles
    for index in ("GSI1", "GSI2", "GSI3", "GSI4"):
        assert index in made["Fn::Sub"]
    places = [(each["x"], each["y"]) for each in body["widgets"]]
    assert len(places) == len(set(places))


def test_backups_have_the_bucket_where_it_is_versioned():
    with_bucket = template(AGENTS, WHOLE)["Resources"]
    selected = with_bucket["BackupSelection"]["Properties"]["BackupSelection"]["Resources"]
    assert selected == [{"Fn::GetAtt": ["Table", "Arn"]}, {"Fn::GetAtt": ["Bucket", "Arn"]}]
    without = template(AGENTS, evolve(WHOLE, bucket=None))["Resources"]
    selected = without["BackupSelection"]["Properties"]["BackupSelection"]["Resources"]
    assert selected == [{"Fn::GetAtt": ["Table", "Arn"]}]


def test_plan_and_vault_of_backups_have_names_that_aws_backup_takes():
    """1 to 50 letters, digits, hyphens and such; a stack is told if its name makes them longer."""
    made = template(AGENTS, Deployment(backups=Backups()))["Resources"]
    named = {"Fn::Sub": "${AWS::StackName}-backups"}
    assert made["BackupVault"]["Properties"]["BackupVaultName"] == named
    assert made["BackupPlan"]["Properties"]["BackupPlan"]["BackupPlanName"] == named


def test_outputs_name_what_others_take():
    assert set(template(AGENTS, Deployment(alarms=Alarms()))["Outputs"]) == {
        *("TableName", "TableArn", "TableStreamArn", "BucketName", "BucketArn"),
        *("ReaderPolicyArn", "WriterPolicyArn", "AdminPolicyArn"),
        *("AlarmTopicArn", "AlarmTopicKeyArn"),
    }


def test_the_same_options_give_the_same_text():
    schema, deployment = CASES["provisioned"]
    assert as_json(template(schema, deployment)) == as_json(template(schema, deployment))
