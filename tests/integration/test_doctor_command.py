"""``dynastore doctor``: what somebody changed behind the back of a schema, a sentence for each."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dynastore import Store
from dynastore.cli.app import app
from dynastore.cli.deployment.doctor import examined
from dynastore.clients import deployed
from dynastore.clients.deployed.tables import index_progress, scalable_target, scaling_policy
from dynastore.errors import AccessDenied, ServiceError
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.resolving import expected
from dynastore.infra.sections import Provisioned

from .deployed import FREE, ONE, Note, Place
from .health import arn, found, healthy_target, physical, stubbed


@pytest.fixture
def place(cloud_url, tmp_path):
    return Place.new(cloud_url, tmp_path)


@pytest.fixture
def healthy(cloud):
    return healthy_target(cloud)


def test_nothing_is_wrong_with_what_was_just_deployed(healthy):
    findings = examined(healthy, only_implied=False)
    assert findings.wrong == ()
    assert findings.looked_at > 15
    assert findings.not_looked_at == ()


def test_each_change_behind_its_back_is_found(healthy, cloud):
    table, bucket = healthy.schema.table.name, healthy.schema.table.bucket
    off = {"Enabled": False, "AttributeName": "TTL"}
    cloud.call("dynamodb", "update_time_to_live", TableName=table, TimeToLiveSpecification=off)
    assert found(healthy) == {("Table", "TimeToLiveSpecification")}

    recovery = {"PointInTimeRecoveryEnabled": True}
    cloud.call(
        "dynamodb",
        "update_continuous_backups",
        TableName=table,
        PointInTimeRecoverySpecification=recovery,
    )
    stream = {"StreamEnabled": False}
    cloud.call("dynamodb", "update_table", TableName=table, StreamSpecification=stream)
    index = {
        "IndexName": "mine",
        "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    cloud.call(
        "dynamodb",
        "update_table",
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    cloud.call("dynamodb", "untag_resource", ResourceArn=arn(table), TagKeys=["team"])
    of_table = {
        *("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "StreamSpecification"),
        *("GlobalSecondaryIndexes", "Tags"),
    }
    assert found(healthy) == {("Table", each) for each in of_table}

    cloud.call("s3", "delete_bucket_policy", Bucket=bucket)
    cloud.call("s3", "delete_public_access_block", Bucket=bucket)
    cloud.call("s3", "delete_bucket_lifecycle", Bucket=bucket)
    cloud.call("cloudwatch", "delete_dashboards", DashboardNames=[physical(healthy, "Dashboard")])
    alarm = physical(healthy, "TableQueryLatencyAlarm")
    cloud.call("cloudwatch", "delete_alarms", AlarmNames=[alarm])
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    cloud.call(
        "iam",
        "create_policy_version",
        PolicyArn=physical(healthy, "WriterPolicy"),
        PolicyDocument=json.dumps(everything),
        SetAsDefault=True,
    )
    assert found(healthy) >= {
        ("BucketPolicy", ""),
        ("Bucket", "PublicAccessBlockConfiguration"),
        ("Bucket", "LifecycleConfiguration"),
        ("Dashboard", ""),
        ("TableQueryLatencyAlarm", ""),
        ("WriterPolicy", "PolicyDocument"),
    }
    told = {each.path: each for each in examined(healthy, only_implied=False).wrong}
    assert told["PolicyDocument.Statement[All]"].sentence.endswith("and should not be there")
    assert told["GlobalSecondaryIndexes[mine]"].advice.startswith("if nobody else needs it, `aws ")


def test_an_alarm_that_was_altered_is_found(healthy, cloud):
    name = physical(healthy, "TableQueryLatencyAlarm")
    (alarm,) = cloud.call("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    wanted = healthy.wanted["Resources"]["TableQueryLatencyAlarm"]["Properties"]
    kept = {name: alarm[name] for name in wanted if name in alarm}
    kept |= {"AlarmName": name, "Threshold": 9_999.0, "AlarmActions": []}
    cloud.call("cloudwatch", "put_metric_alarm", **kept)
    assert found(healthy) == {
        ("TableQueryLatencyAlarm", "Threshold"),
        ("TableQueryLatencyAlarm", "AlarmActions"),
    }


def test_backups_that_were_altered_are_found(healthy, cloud):
    plan = physical(healthy, "BackupPlan")
    told = cloud.call("backup", "get_backup_plan", BackupPlanId=plan)["BackupPlan"]
    rule = {**told["Rules"][0], "ScheduleExpression": "cron(0 3 1 * ? *)"}
    rule.pop("RuleId", None)
    cloud.call(
        "backup",
        "update_backup_plan",
        BackupPlanId=plan,
        BackupPlan={"BackupPlanName": told["BackupPlanName"], "Rules": [rule]},
    )
    assert found(healthy) == {("BackupPlan", "BackupPlan")}
    vault = physical(healthy, "BackupVault")
    cloud.call("backup", "delete_backup_vault", BackupVaultName=vault)
    assert ("BackupVault", "") in found(healthy)


def test_a_table_of_no_stack_is_looked_at_too(place, cloud):
    with Store.connect(place.name, ONE, endpoint_url=place.url, create=True) as notes:
        notes.put(Note(owner="ann", name="n1"))
    words = [*place.words("doctor", "THREE")[:-2]]
    called = _call(words)
    assert called.exit_code == 3, called.output
    assert f"index GSI2 is missing, in table {place.name}" in called.stdout
    assert "GlobalSecondaryIndexUpdates" in called.stdout
    assert "then the others in the same way; then `dynastore reindex`" in called.stdout
    assert f"table {place.name} can be deleted by a single call" in called.stdout
    assert f"--table-name {place.name} --deletion-protection-enabled`" in called.stdout
    assert called.stdout.endswith("1 resource looked at: 4 differences\n"), called.stdout
    *each, summary = [json.loads(line) for line in _call([*words, "--json"]).stdout.splitlines()]
    assert summary == {"looked_at": 1, "not_looked_at": [], "differences": 4}
    assert {told["resource"] for told in each} == {"Table"}
    told = {each["path"]: each for each in each}
    assert told["DeletionProtectionEnabled"]["found"] is False


def _call(words):
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def test_it_ends_well_where_all_is_as_it_should_be(place, cloud):
    options = f"{FREE}recovery_days = 0\nroles = []\n"
    assert place.call("apply", "ONE", "--yes", options=options).exit_code == 0
    wrong = place.call("doctor", "ONE", options=options)
    assert wrong.exit_code == 3
    assert "are never deleted: what has expired is hidden" in wrong.stdout
    ttl = {"Enabled": True, "AttributeName": "TTL"}
    cloud.call("dynamodb", "update_time_to_live", TableName=place.name, TimeToLiveSpecification=ttl)
    well = place.call("doctor", "ONE", options=options)
    assert (well.exit_code, well.stdout) == (0, "1 resource looked at: 0 differences\n")


def test_a_stack_that_lost_its_protection_is_found(place, cloud):
    options = "roles = []\n"
    assert place.call("apply", "ONE", "--yes", options=options).exit_code == 0
    cloud.call(
        "cloudformation",
        "update_termination_protection",
        StackName=place.name,
        EnableTerminationProtection=False,
    )
    wrong = place.call("doctor", "ONE", options=options)
    assert f"stack {place.name} can be deleted by a single call" in wrong.stdout
    assert place.call("apply", "ONE", "--yes", options=options).exit_code == 0
    assert "by a single call" not in place.call("doctor", "ONE", options=options).stdout


def test_what_is_not_there_is_said(place):
    none = place.call("doctor", "ONE")
    assert none.exit_code == 3
    assert f"there is no table {place.name}" in none.stdout


def test_a_file_of_sqlite_has_nothing_that_is_deployed():
    called = _call(["doctor", "tests.integration.deployed:ONE", "sqlite:///a.db"])
    assert called.exit_code == 2
    assert "an SQLite file has nothing that is deployed" in called.stderr


def test_ctrl_c_ends_without_a_traceback(place, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deployed, "account", interrupted)
    called = place.call("doctor", "ONE")
    assert called.exit_code in {1, 130}
    assert "Traceback" not in called.output


def test_what_tells_of_auto_scaling_is_asked_as_aws_takes_it(cloud):
    """ministack has no auto scaling: botocore checks the requests against AWS's model of the service."""
    resources = template(ONE, Deployment(provisioned=Provisioned()))
    account = deployed.account(cloud, "notes")
    ids = {
        name: "table/notes|dynamodb:table:ReadCapacityUnits|dynamodb"
        for name in resources["Resources"]
        if name.endswith("Scaling")
    }
    read = {
        "AWS::ApplicationAutoScaling::ScalableTarget": scalable_target,
        "AWS::ApplicationAutoScaling::ScalingPolicy": scaling_policy,
    }
    asked = [each for each in expected(resources, account, ids) if each.type in read]
    assert len(asked) == 8
    for each in asked:
        with pytest.raises(ServiceError):
            read[each.type](cloud, "", each.properties)


def test_an_index_that_is_being_built_says_how_far_it_is(cloud_url):
    """ministack builds at once; the answer is as AWS documents it."""
    index = {
        "IndexName": "GSI1",
        "IndexStatus": "CREATING",
        "Backfilling": True,
        "ItemCount": 1_234,
    }
    table = {"TableName": "notes", "ItemCount": 10_000, "GlobalSecondaryIndexes": [index]}
    with stubbed(cloud_url, "dynamodb") as (plane, stub):
        stub.add_response("describe_table", {"Table": table})
        told = index_progress(plane, "notes", "GSI1")
    assert told == "creating, backfilling: 1,234 items so far, of a table of about 10,000"


def test_a_service_that_refuses_names_the_permission(cloud_url, monkeypatch):
    """ministack allows everything; its refusal is made of an answer as AWS's services give it."""
    with stubbed(cloud_url, "cloudformation") as (plane, stub):
        stub.add_client_error("describe_stacks", "AccessDenied", "no", 403)
        with pytest.raises(AccessDenied, match="Allow cloudformation:DescribeStacks"):
            plane.call("cloudformation", "describe_stacks")
