"""What differs from what should be there, as values: what ministack cannot be made to tell."""

from __future__ import annotations

import pytest
from attrs import evolve

from dynastore import Schema, Table, entity, gsi, key
from dynastore.cli.deployment.proposing import WAYS_ON
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.drift import drifts, in_region, stack_drifts
from dynastore.infra.resolving import UNKNOWN, Account, Expected, expected
from dynastore.infra.sections import Backups
from dynastore.infra.stacks import Stack

ACCOUNT = Account("123456789012", "eu-west-1", "notes-stack")


@entity("note")
class Note:
    """A note."""

    name: str

    primary = key("NOTE#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


SCHEMA = Schema([Note], Table("notes", Schema([Note]).table.indexes, bucket="notes-payloads"))


def resources(deployment=None, physical=None):
    made = template(SCHEMA, deployment or Deployment())
    return {each.logical_id: each for each in expected(made, ACCOUNT, physical or {})}


def test_references_are_names_and_arns():
    found = resources(Deployment(backups=Backups()))
    assert found["Table"].physical_id == "notes"
    assert found["BackupVault"].physical_id == "notes-stack-backups"
    assert found["BackupPlan"].physical_id is None
    statement = found["BucketPolicy"].properties["PolicyDocument"]["Statement"][0]
    assert statement["Resource"] == ["arn:aws:s3:::notes-payloads", "arn:aws:s3:::notes-payloads/*"]
    selection = found["BackupSelection"].properties["BackupSelection"]
    assert selection["Resources"] == ["arn:aws:dynamodb:eu-west-1:123456789012:table/notes"]
    assert selection["IamRoleArn"] is UNKNOWN


def test_what_only_aws_knows_is_like_anything():
    key_is_made = resources(Deployment(encryption="customer"))["Table"]
    told = {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:x"}}
    same = {name: value for name, value in key_is_made.properties.items() if "Key" not in name}
    assert [*drifts(key_is_made, {**same, **told})] == []
    known = resources(Deployment(encryption="customer"), {"Key": "k1"})["Table"]
    (other,) = drifts(known, {**same, **told})
    assert other.path == "SSESpecification.KMSMasterKeyId"
    assert other.expected == "arn:aws:kms:eu-west-1:123456789012:key/k1"


@pytest.mark.parametrize(
    ("path", "value", "says", "advice"),
    [
        (
            "TimeToLiveSpecification",
            {"AttributeName": "expires", "Enabled": True},
            "expire by expires, not by TTL",
            "Enabled=true,AttributeName=TTL`",
        ),
        (
            "PointInTimeRecoverySpecification",
            {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
            "any second of the last 35 days",
            "PointInTimeRecoveryEnabled=true,RecoveryPeriodInDays=35`",
        ),
        ("BillingMode", "PROVISIONED", "billed as PROVISIONED", "--billing-mode PAY_PER_REQUEST`"),
        (
            "TableClass",
            "STANDARD_INFREQUENT_ACCESS",
            "of class STANDARD_INFREQUENT_ACCESS",
            "--table-class STANDARD`",
        ),
        (
            "StreamSpecification",
            {"StreamViewType": "KEYS_ONLY"},
            "other images than NEW_AND_OLD_IMAGES",
            "StreamViewType=NEW_AND_OLD_IMAGES`",
        ),
    ],
)
def test_each_property_of_a_table_has_a_sentence_and_a_command(path, value, says, advice):
    wanted = resources()["Table"]
    (drift,) = drifts(wanted, {**wanted.properties, path: value})
    assert says in drift.sentence
    assert drift.advice.startswith("`aws dynamodb update-")
    assert "--table-name notes" in drift.advice
    assert drift.advice.endswith(advice)


def test_what_others_added_is_told_where_it_matters():
    wanted = resources(Deployment(tags={"team": "agents"}))["Bucket"]
    rule = {"Id": "Everything", "Status": "Enabled", "ExpirationInDays": 1}
    rules = [*wanted.properties["LifecycleConfiguration"]["Rules"], rule]
    tags = [{"Key": "team", "Value": "agents"}, {"Key": "cost", "Value": "1"}]
    found = {**wanted.properties, "LifecycleConfiguration": {"Rules": rules}, "Tags": tags}
    (drift,) = drifts(wanted, found)
    assert drift.path == "LifecycleConfiguration.Rules[Everything]"
    assert drift.sentence.endswith("and should not be there")


def test_a_policy_is_the_same_however_its_lists_of_one_are_written():
    wanted = resources()["BucketPolicy"]
    document = wanted.properties["PolicyDocument"]
    statement = {**document["Statement"][0], "Action": ["s3:*"], "Principal": ["*"]}
    found = {**wanted.properties, "PolicyDocument": {**document, "Statement": [statement]}}
    assert [*drifts(wanted, found)] == []
    statement["Effect"] = "Allow"
    (drift,) = drifts(wanted, found)
    assert drift.path == "PolicyDocument.Statement[NothingWithoutTls].Effect"


def test_a_dashboard_is_the_same_however_its_json_is_written():
    body = Expected("D", "AWS::CloudWatch::Dashboard", {"DashboardBody": '{"widgets":[]}'}, "d")
    assert [*drifts(body, {"DashboardBody": '{ "widgets": [ ] }'})] == []
    assert len([*drifts(body, {"DashboardBody": '{"widgets":[1]}'})]) == 1


def test_a_table_with_replicas_is_looked_at_in_its_own_region():
    deployment = Deployment(replicas=("eu-central-1",))
    wanted = in_region(resources(deployment)["GlobalTable"], "eu-west-1")
    assert wanted.type == "AWS::DynamoDB::Table"
    assert [*drifts(wanted, wanted.properties)] == []
    (drift,) = drifts(wanted, {**wanted.properties, "Replicas": []})
    assert drift.sentence == 'Replicas of table notes is [], not ["eu-central-1"]'
    assert in_region(resources()["Table"], "eu-west-1") == resources()["Table"]


def test_the_key_of_a_table_with_replicas_is_that_of_its_region():
    keys = [f"arn:aws:kms:{each}:123456789012:key/1" for each in ("eu-west-1", "eu-central-1")]
    told = {"encryption": keys[0], "replica_keys": {"eu-central-1": keys[1]}}
    table = resources(Deployment(replicas=("eu-central-1",), **told))["GlobalTable"]
    wanted = in_region(table, "eu-west-1")
    assert [*drifts(wanted, wanted.properties)] == []
    (drift,) = drifts(
        wanted, {name: e for name, e in wanted.properties.items() if "SSE" not in name}
    )
    assert (drift.path, drift.expected["KMSMasterKeyId"]) == ("SSESpecification", keys[0])


def test_what_has_no_order_is_the_same_in_any():
    role = Expected("R", "AWS::IAM::Role", {"ManagedPolicyArns": ["a", "b"]}, "r")
    assert [*drifts(role, {"ManagedPolicyArns": ["b", "a"]})] == []
    (drift,) = drifts(role, {"ManagedPolicyArns": ["b"]})
    assert drift.sentence.endswith('ManagedPolicyArns of role r is ["b"], not ["a","b"]')


def test_a_stack_that_is_stuck_is_told_with_the_way_on():
    stack = Stack(
        "notes", "arn", "UPDATE_ROLLBACK_FAILED", "an alarm is in the way", protected=True
    )
    (drift,) = stack_drifts(stack, Deployment(), WAYS_ON)
    assert drift.sentence == "stack notes takes no changes: an alarm is in the way"
    assert drift.advice.endswith("`aws cloudformation continue-update-rollback --stack-name notes`")
    assert [*stack_drifts(evolve(stack, status="UPDATE_COMPLETE"), Deployment(), WAYS_ON)] == []


def test_what_is_not_there_is_named():
    alarm = Expected("Alarm", "AWS::CloudWatch::Alarm", {"Threshold": 1}, "notes-throttled")
    (drift,) = drifts(alarm, None)
    assert (drift.path, drift.sentence) == ("", "there is no alarm notes-throttled")
    assert "`dynastore apply --repair`" in drift.advice
