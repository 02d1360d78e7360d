"""Services: whatever a deployment says, nothing is open to the internet but the listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Placement, Schema, Table
from dynastore.agents import agent_schema
from dynastore.infra.cloudformation import Part, template
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms, Backups, Bucket, Network, Provisioned
from dynastore.infra.service.section import Service
from dynastore.infra.terraform import configuration

from .trying import tries

ANYONE = {"0.0.0.0/0", "::/0"}
LISTENERS = {80, 443}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0"

some = st.sampled_from
subnets = st.lists(
    st.integers(0, 15).map("subnet-0123456789abcde{:02x}".format),
    unique=True,
    min_size=2,
    max_size=4,
)
services = st.builds(
    Service,
    image=some(
        ["example/agent", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:" + "0" * 64]
    ),
    vpc=st.just("vpc-0123456789abcdef0"),
    public_subnets=subnets,
    task_subnets=subnets,
    assign_public_ip=st.booleans(),
    certificate_arn=st.just(CERTIFICATE),
    callers=some([["0.0.0.0/0"], ["192.0.2.0/24"], ["198.51.100.7/32", "203.0.113.0/24"]]),
    port=st.integers(1, 65_535),
    container_check=st.booleans(),
    cpu=some([256, 512, 1024]),
    memory=st.just(2048),
    tasks_min=st.integers(1, 3),
    tasks_max=st.integers(3, 5),
    target_requests=st.none() | st.integers(1, 999),
    secrets=some([{}, {"KEY": "arn:aws:ssm:eu-west-1:123456789012:parameter/key"}]),
) | st.builds(
    Service,
    image=st.just("agent"),
    vpc=st.just("vpc-0123456789abcdef0"),
    public_subnets=subnets,
    task_subnets=subnets,
    assign_public_ip=st.booleans(),
    plain_http=st.just(True),
)

deployments = st.builds(
    Deployment,
    service=services,
    provisioned=st.none() | st.just(Provisioned()),
    deletion_protection=st.booleans(),
    retain=st.booleans(),
    encryption=some(["aws-owned", "aws-managed", "customer"]),
    bucket=st.none() | st.just(Bucket(name="payloads", versioning=True)),
    roles=some([["writer"], ["reader", "writer", "admin"]]),
    alarms=st.none() | st.just(Alarms()),
    dashboard=st.booleans(),
    backups=st.none() | st.just(Backups()),
    network=st.none()
    | st.just(Network(vpc="vpc-0123456789abcdef0", route_tables=["rtb-0123456789abcdef0"])),
)
with_bucket = agent_schema().on(lambda table: evolve(table, bucket="payloads"))
schemas = some(
    [Schema([], Table("agents")), with_bucket, Placement(private=["qa"]).placed(with_bucket)]
)


def rules(resources: dict[str, Any], direction: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whose rule, and the rule: those of groups, and those on their own."""
    for name, each in resources.items():
        told = each["Properties"]
        if each["Type"] == "AWS::EC2::SecurityGroup":
            yield from ((name, rule) for rule in told.get(f"SecurityGroup{direction}", ()))
        elif each["Type"] == f"AWS::EC2::SecurityGroup{direction}":
            yield told["GroupId"]["Fn::GetAtt"][0], told


def open_places(made: dict[str, Any]) -> Iterator[str]:
    """What anyone in the internet may reach, as far as a template says it."""
    for owner, rule in rules(made["Resources"], "Ingress"):
        if (
            "SourceSecurityGroupId" not in rule
            and {rule.get("CidrIp"), rule.get("CidrIpv6")} & ANYONE
        ):
            yield f"{owner}:{rule['FromPort']}-{rule['ToPort']}"
    for name, each in made["Resources"].items():
        told = each["Properties"]
        if each["Type"] == "AWS::S3::Bucket" and not all(
            told["PublicAccessBlockConfiguration"].values()
        ):
            yield name
        if each["Type"] == "AWS::ECS::Service" and "ENABLED" in json.dumps(
            told["NetworkConfiguration"]
        ):
            yield f"{name}: addresses"
        if each["Type"].endswith("LoadBalancer") and told["Scheme"] == "internet-facing":
            yield f"{name}: addresses"
        statements = told.get("PolicyDocument", {}).get("Statement", [])
        if each["Type"] in {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}:
            allowed = [one for one in statements if one["Effect"] == "Allow"]
            yield from (name for one in allowed if one["Principal"] == "*")


@tries(60)
@given(schemas, deployments, some([None, Part.SERVICE]))
def test_only_the_listener_is_open_to_anyone(schema, deployment, only):
    told = deployment.service
    assert told is not None
    listening = {80} if told.certificate_arn is None else LISTENERS
    wanted = {"ServiceBalancer: addresses"}
    if ANYONE & {*told.callers}:
        wanted |= {f"ServiceBalancerGroup:{port}-{port}" for port in listening}
    if told.assign_public_ip:
        wanted.add("Service: addresses")
    assert {*open_places(template(schema, deployment, only))} == wanted


@tries(40)
@given(schemas, deployments)
def test_tasks_are_asked_by_the_load_balancer_and_ask_by_https(schema, deployment):
    resources = template(schema, deployment)["Resources"]
    service = deployment.service
    found = [
        (owner, rule["FromPort"], rule["ToPort"], rule.get("SourceSecurityGroupId"))
        for owner, rule in rules(resources, "Ingress")
        if owner != "ServiceBalancerGroup"
    ]
    balancer = {"Fn::GetAtt": ["ServiceBalancerGroup", "GroupId"]}
    assert found == [("ServiceTaskGroup", service.port, service.port, balancer)]
    asked = {
        (owner, rule["FromPort"], rule["ToPort"]) for owner, rule in rules(resources, "Egress")
    }
    assert asked == {
        ("ServiceTaskGroup", 443, 443),
        ("ServiceBalancerGroup", service.port, service.port),
    }


@tries(40)
@given(schemas, deployments)
def test_the_tasks_have_the_writers_policy_and_nothing_else(schema, deployment):
    made = template(schema, deployment)["Resources"]
    role = made["ServiceTaskRole"]["Properties"]
    assert role["ManagedPolicyArns"] == [{"Ref": "WriterPolicy"}]
    assert "Policies" not in role
    (task,) = [each for each in made.values() if each["Type"] == "AWS::ECS::TaskDefinition"]
    assert task["Properties"]["TaskRoleArn"] == {"Fn::GetAtt": ["ServiceTaskRole", "Arn"]}
    (own,) = made["ServiceExecutionRole"]["Properties"]["Policies"]
    anything = [
        one["Action"] for one in own["PolicyDocument"]["Statement"] if one["Resource"] == ["*"]
    ]
    assert anything in ([], [["ecr:GetAuthorizationToken"]])


@tries(25)
@given(schemas, deployments)
def test_a_stack_of_the_service_alone_has_no_table_and_says_what_it_takes_of_the_other(
    schema, deployment
):
    own, table = (
        template(schema, deployment, Part.SERVICE),
        template(schema, deployment, Part.TABLE),
    )
    whole = template(schema, deployment)["Resources"]
    assert own["Parameters"].keys() <= table["Outputs"].keys()
    assert own["Resources"].keys() & table["Resources"].keys() <= {"Dashboard"}
    assert own["Resources"].keys() | table["Resources"].keys() == whole.keys()
    named = set(own["Resources"]) | set(own["Parameters"])
    assert {*referred(own["Resources"])} <= named
    assert {*referred(table["Resources"])} <= set(table["Resources"])


def referred(value: Any) -> Iterator[str]:
    """Logical ids that a value refers to by Ref and GetAtt."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            if not name.startswith("AWS::"):
                yield name
        case dict():
            for each in value.values():
                yield from referred(each)
        case list():
            for each in value:
                yield from referred(each)


@tries(20)
@given(schemas, deployments)
def test_terraform_opens_no_other_way_in(schema, deployment):
    made = configuration(schema, deployment, Part.SERVICE)["resource"]
    groups = made["aws_security_group"].values()
    assert not [each for each in groups if "ingress" in each or "egress" in each]
    opened = {
        (each["security_group_id"], each["from_port"])
        for each in made["aws_vpc_security_group_ingress_rule"].values()
        if each.get("cidr_ipv4") in ANYONE
    }
    assert {group for group, _ in opened} <= {"${aws_security_group.service_balancer_group.id}"}
    assert {port for _, port in opened} <= LISTENERS
