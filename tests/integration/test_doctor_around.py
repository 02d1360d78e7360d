"""``dynastore doctor`` on what is around the data: alarms and whom they tell, backups, endpoints."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from attrs import evolve

from dynastore import Store
from dynastore.cli.deployment.doctor import examined
from dynastore.clients import deployed
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.drift import drifts
from dynastore.infra.resolving import Account, Expected, expected
from dynastore.infra.sections import Alarms, Network

from ..conformance.deploying import run, target
from .deployed import ONE, Note
from .health import DEPLOYMENT, arn, found, healthy_target, physical, set_topic, stubbed


@pytest.fixture
def healthy(cloud):
    return healthy_target(cloud)


def test_alarms_that_tell_nobody_any_more_are_found(healthy, cloud):
    name = physical(healthy, "TableQueryLatencyAlarm")
    cloud.call("cloudwatch", "disable_alarm_actions", AlarmNames=[name])
    everyone = {"Sid": "Me", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    set_topic(cloud, healthy, "Policy", policy)
    set_topic(cloud, healthy, "KmsMasterKeyId", "alias/aws/sns")
    told = {each.path: each for each in examined(healthy, only_implied=False).wrong}
    assert 'is "alias/aws/sns", not ' in told["KmsMasterKeyId"].sentence
    own, mine = (told[f"PolicyDocument.Statement[{each}]"] for each in ("AlarmsOfTheAccount", "Me"))
    assert "CloudWatch may not publish to topic" in own.sentence
    assert "and should not be there: others may use topic" in mine.sentence
    assert told["ActionsEnabled"].advice.endswith(f"enable-alarm-actions --alarm-names {name}`")
    assert len(told) == 4


def test_a_role_of_backups_that_lost_its_policy_or_trusts_others_is_found(healthy, cloud):
    role = physical(healthy, "BackupRole")
    (wanted,) = healthy.wanted["Resources"]["BackupRole"]["Properties"]["ManagedPolicyArns"]
    arn = wanted["Fn::Sub"].replace("${AWS::Partition}", "aws")
    cloud.call("iam", "detach_role_policy", RoleName=role, PolicyArn=arn)
    assert found(healthy) == {("BackupRole", "ManagedPolicyArns")}
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    cloud.call("iam", "update_assume_role_policy", RoleName=role, PolicyDocument=policy)
    assert ("BackupRole", "AssumeRolePolicyDocument") in found(healthy)


def test_a_selection_of_backups_is_found_by_its_name(healthy, cloud):
    """ministack's CloudFormation makes none, so one is made by the API, of another table."""
    plan = physical(healthy, "BackupPlan")
    made = template(healthy.schema, DEPLOYMENT)
    account = deployed.account(cloud, healthy.name)
    ids = {**healthy.stacks.resources(healthy.name), "BackupSelection": "an id of CloudFormation's"}
    (wanted,) = (e for e in expected(made, account, ids) if e.logical_id == "BackupSelection")
    assert deployed.read(cloud, wanted) is None
    said = wanted.properties["BackupSelection"]
    own, other = said["Resources"][0], arn("others")

    def copy(*arns):
        selection = {**said, "Resources": [*arns]}
        told = {"BackupPlanId": plan, "BackupSelection": selection}
        number = cloud.call("backup", "create_backup_selection", **told)["SelectionId"]
        wrong = [each.sentence for each in drifts(wanted, deployed.read(cloud, wanted))]
        ids = {"BackupPlanId": plan, "SelectionId": number}
        cloud.call("backup", "delete_backup_selection", **ids)
        return wrong

    assert copy(own) == []
    (sentence,) = copy(other)
    assert sentence.startswith("AWS Backup does not copy what it should: BackupSelection.Resources")


def test_an_endpoint_that_lost_its_routes_or_is_gone_is_found(cloud):
    vpc = cloud.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    routes = [
        cloud.call("ec2", "create_route_table", VpcId=vpc)["RouteTable"]["RouteTableId"]
        for _ in range(2)
    ]
    network = Network(vpc=vpc, route_tables=routes)
    name = f"notes-{uuid4().hex[:8]}"
    made = target(ONE.named(name), cloud, evolve(DEPLOYMENT, network=network))
    run(made)
    own = physical(made, "TableEndpoint")
    of_endpoint = lambda: {each for each in found(made) if each[0] == "TableEndpoint"}  # noqa: E731
    assert of_endpoint() == set()
    gone = {"VpcEndpointId": own, "RemoveRouteTableIds": routes[:1]}
    cloud.call("ec2", "modify_vpc_endpoint", **gone)
    assert of_endpoint() == {("TableEndpoint", "RouteTableIds")}
    cloud.call("ec2", "delete_vpc_endpoints", VpcEndpointIds=[own])
    assert of_endpoint() == {("TableEndpoint", "")}


def test_an_endpoint_that_lets_through_something_else_is_found(cloud_url):
    """ministack tells no policy of an endpoint; the answer is as AWS documents it."""
    network = Network(vpc="vpc-0123456789abcdef0", route_tables=["rtb-0123456789abcdef0"])
    made = template(ONE.named("notes"), Deployment(network=network))
    account = Account("123456789012", "eu-west-1", "notes")
    resources = expected(made, account, {"TableEndpoint": "vpce-1"})
    (wanted,) = (each for each in resources if each.logical_id == "TableEndpoint")
    all_of_it = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    told = {
        "VpcEndpointId": "vpce-1",
        "State": "available",
        "ServiceName": "com.amazonaws.eu-west-1.dynamodb",
        "VpcId": network.vpc,
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [*network.route_tables],
    }
    own = wanted.properties["PolicyDocument"]
    for statements, paths in (
        (own["Statement"], []),
        ([*own["Statement"], all_of_it], ["PolicyDocument.Statement[All]"]),
    ):
        policy = json.dumps({**own, "Statement": statements})
        with stubbed(cloud_url, "ec2") as (plane, stub):
            answer = {"VpcEndpoints": [{**told, "PolicyDocument": policy}]}
            stub.add_response("describe_vpc_endpoints", answer)
            wrong = [*drifts(wanted, deployed.read(plane, wanted))]
        assert [each.path for each in wrong] == paths


@pytest.mark.parametrize(("pending", "count"), [("true", 1), ("false", 0)])
def test_who_did_not_confirm_the_mail_is_named(cloud_url, pending, count):
    """ministack does not tell; the answer is as AWS documents it."""
    made = template(ONE.named("notes"), Deployment(alarms=Alarms(emails=["ann@example.org"])))
    account = Account("123456789012", "eu-west-1", "notes")
    topic = "arn:aws:sns:eu-west-1:123456789012:notes-AlarmTopic"
    ids = {"AlarmTopic": topic, "AlarmTopicSubscription1": f"{topic}:1"}
    (wanted,) = (e for e in expected(made, account, ids) if e.type == "AWS::SNS::Subscription")
    told = {"TopicArn": topic, "Protocol": "email", "Endpoint": "ann@example.org"}
    with stubbed(cloud_url, "sns") as (plane, stub):
        answer = {"Attributes": {**told, "PendingConfirmation": pending}}
        stub.add_response("get_subscription_attributes", answer)
        wrong = [each.sentence for each in drifts(wanted, deployed.read(plane, wanted))]
    assert (
        wrong
        == ["ann@example.org has not confirmed the mail that SNS sent, so alarms do not reach them"]
        * count
    )


@pytest.mark.parametrize(("status", "count"), [("ACTIVE", 0), ("UPDATING", 0), ("ARCHIVED", 1)])
def test_a_table_whose_key_cannot_be_used_is_found(cloud, monkeypatch, status, count):
    """ministack has no such state."""
    name = f"notes-{uuid4().hex[:8]}"
    with Store.connect(name, ONE, endpoint_url=cloud.url("dynamodb"), create=True) as notes:
        notes.put(Note(owner="ann", name="n1"))
    told = cloud.call("dynamodb", "describe_table", TableName=name)["Table"]
    monkeypatch.setattr(deployed.tables, "_described", lambda *_: {**told, "TableStatus": status})
    wanted = Expected("Table", "AWS::DynamoDB::Table", {"TableName": name}, name)
    wrong = [each.sentence for each in drifts(wanted, deployed.read(cloud, wanted))]
    assert [("its key cannot be used" in each) for each in wrong] == [True] * count
