"""A table and its service as two stacks, deployed to ministack's CloudFormation.

What it does not have is left out of the template, and only looked at by cfn-lint and the properties: rules of
security groups that are resources of their own, and scaling. It takes the period in which a new task may
be unwell, and tags that tasks take over, and drops them. It runs no container without Docker. So it is shown
that the resources fit together, and that a store finds the table by what the task is told.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from attrs import evolve, frozen
from typer.testing import CliRunner, Result

from dynastore import Store
from dynastore.agents import Session, agent_schema
from dynastore.cli.app import app
from dynastore.cli.deployment import deploying
from dynastore.infra.cloudformation import Part, template
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms
from dynastore.infra.service.section import Service

from ..conformance.engines import CONTROL_PLANE, LEFT_OUT, ministack_server
from ..properties.test_role_policies import allowing
from ..properties.test_scope_policies import ACCOUNT, REGION
from .calls_made import calls_made

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
SERVICES = f"{CONTROL_PLANE},ecs,alb,elasticloadbalancing"
LEFT = ("AWS::EC2::SecurityGroupIngress", "AWS::ApplicationAutoScaling::")
WAIT_SECONDS = 60
SCHEMA = agent_schema().named("agents")


class Cloud:
    """Clients of a server, and stacks on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stacks = self.client("cloudformation")

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.url)

    def deploy(self, name: str, made: dict[str, Any], outputs: dict[str, str]) -> dict[str, str]:
        """Make a stack or bring it up to date; its outputs."""
        known = [each["StackName"] for each in self.stacks.describe_stacks()["Stacks"]]
        call = self.stacks.update_stack if name in known else self.stacks.create_stack
        call(
            StackName=name,
            TemplateBody=json.dumps(possible(made)),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": each, "ParameterValue": outputs[each]}
                for each in made.get("Parameters", ())
            ],
        )
        stack = self.settled(name)
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, self.failures(name)
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def settled(self, name: str) -> dict[str, Any]:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            (stack,) = self.stacks.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        raise TimeoutError(name)

    def failures(self, name: str) -> list[str]:
        events = self.stacks.describe_stack_events(StackName=name)["StackEvents"]
        return [
            json.dumps(each, default=str) for each in events if "FAILED" in each["ResourceStatus"]
        ]

    def physical(self, name: str) -> dict[str, str]:
        """Logical id -> what it is called, of each resource of a stack."""
        found = self.stacks.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def possible(made: dict[str, Any]) -> dict[str, Any]:
    """A template without what ministack does not have."""
    kept = {
        name: each for name, each in made["Resources"].items() if not each["Type"].startswith(LEFT)
    }
    waiting = {
        name: {**each, "DependsOn": [before for before in each["DependsOn"] if before in kept]}
        for name, each in kept.items()
        if "DependsOn" in each
    }
    return {**made, "Resources": kept | waiting}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    if "ministack" in LEFT_OUT:
        pytest.skip("DYNASTORE_SKIP_ENGINES leaves out ministack")
    with ministack_server(SERVICES) as url:
        yield Cloud(url)


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Deployment:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
        for number in range(4)
    ]
    return Deployment(
        deletion_protection=False,
        retain=False,
        encryption="customer",
        alarms=Alarms(emails=("a@example.org",)),
        service=Service(
            image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/agents/api:1",
            vpc=vpc,
            public_subnets=subnets[:2],
            task_subnets=subnets[2:],
            certificate_arn=f"arn:aws:acm:{REGION}:123456789012:certificate/0",
            tasks_min=2,
            tasks_max=2,
        ),
    )


@pytest.fixture(scope="module")
def outputs(cloud: Cloud, deployment: Deployment) -> dict[str, str]:
    """What both stacks tell."""
    table = cloud.deploy("agents", template(SCHEMA, deployment, Part.TABLE), {})
    own = template(SCHEMA, deployment, Part.SERVICE)
    return table | cloud.deploy("agents-service", own, table)


def running(cloud: Cloud, outputs: dict[str, str]) -> dict[str, Any]:
    cluster, name = outputs["ServiceClusterName"], outputs["ServiceName"]
    (found,) = cloud.client("ecs").describe_services(cluster=cluster, services=[name])["services"]
    return found


def task(cloud: Cloud, outputs: dict[str, str]) -> dict[str, Any]:
    arn = running(cloud, outputs)["taskDefinition"]
    return cloud.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def test_the_service_runs_behind_the_load_balancer(cloud, outputs):
    found = running(cloud, outputs)
    assert (found["desiredCount"], found["launchType"]) == (2, "FARGATE")
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
        "enable": True,
        "rollback": True,
    }
    (group,) = cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    (balanced,) = found["loadBalancers"]
    assert balanced["targetGroupArn"] == group["TargetGroupArn"]
    (balancer,) = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert group["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert balancer["DNSName"] == outputs["ServiceBalancerHost"]


def test_tasks_have_the_writers_policy_alone(cloud, outputs):
    iam, role = cloud.client("iam"), task(cloud, outputs)["taskRoleArn"].rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [outputs["WriterPolicyArn"]]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_groups_let_in_callers_by_https_and_by_http_that_leads_there(cloud, outputs):
    physical = cloud.physical("agents-service")
    groups = cloud.client("ec2").describe_security_groups(
        GroupIds=[physical["ServiceBalancerGroup"], physical["ServiceTaskGroup"]]
    )["SecurityGroups"]
    opened = {
        (group["GroupId"], rule["FromPort"], each["CidrIp"])
        for group in groups
        for rule in group["IpPermissions"]
        for each in rule["IpRanges"]
    }
    assert opened == {(physical["ServiceBalancerGroup"], port, "0.0.0.0/0") for port in (80, 443)}


def test_a_store_finds_the_table_by_the_environment_of_the_task(cloud, outputs, monkeypatch):
    (container,) = task(cloud, outputs)["containerDefinitions"]
    for each in container["environment"]:
        monkeypatch.setenv(each["name"], each["value"])
    with Store.connect(schema=agent_schema(), endpoint_url=cloud.url) as store:
        store.put(Session(session_id="s1", user_id="ann", created_at=NOW))
        assert store.get(Session, session_id="s1").user_id == "ann"


def test_a_new_image_is_a_new_task_and_touches_no_table(cloud, outputs, deployment):
    before, told = cloud.physical("agents-service"), deployment.service
    image = told.image.replace(":1", ":2")
    newer = template(SCHEMA, evolve(deployment, service=evolve(told, image=image)), Part.SERVICE)
    cloud.deploy("agents-service", newer, outputs)
    (container,) = task(cloud, outputs)["containerDefinitions"]
    assert container["image"] == image
    after = cloud.physical("agents-service")
    assert {name for name in before if before[name] != after[name]} == {"ServiceTask"}
    (stack,) = cloud.stacks.describe_stacks(StackName="agents")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


OPTIONS = """
deletion_protection = false
retain = false
[service]
image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/agents/api:{image}"
vpc = "{vpc}"
public_subnets = {subnets}
task_subnets = {subnets}
plain_http = true
"""
DEPLOYER = ("--role", "deployer", "--only", "service", "--account", ACCOUNT, "--region", REGION)


@frozen
class Two:
    """The two stacks of a table, and how commands are called on them."""

    url: str
    table: str
    options: Path
    told: dict[str, str]

    def write(self, image: int = 1, more: str = "") -> None:
        self.options.write_text(OPTIONS.format(**self.told, image=image) + more)

    def call(self, command: str, *words: str) -> Result:
        named = ["--table", self.table, "--options", str(self.options)]
        return CliRunner().invoke(
            app, [*command.split(), "dynastore.agents:agent_schema", *named, *words]
        )

    def deploy(self, command: str, *words: str) -> Result:
        return self.call(command, *words, "--endpoint-url", self.url)

    def apply_service(self) -> None:
        """Apply what ministack has of the service."""
        stack = deploying.StackOptions(
            schema="dynastore.agents:agent_schema",
            options=self.options,
            endpoint_url=self.url,
        )
        made = deploying.TemplateOptions(only=Part.SERVICE)
        with deploying.targeted(stack, self.table, made) as target:
            had = evolve(target, wanted=possible(dict(target.wanted)))
            deploying.make(had, [], repair=False, json=False, yes=True)


@pytest.fixture
def two(cloud: Cloud, deployment: Deployment, tmp_path: Path) -> Two:
    service = deployment.service
    assert service is not None
    told = {"vpc": str(service.vpc), "subnets": json.dumps(service.public_subnets)}
    made = Two(cloud.url, f"agents-{uuid4().hex[:8]}", tmp_path / "deploy.toml", told)
    made.write()
    return made


def test_apply_makes_the_service_of_what_the_stack_of_the_table_tells(cloud, two, capsys):
    assert two.deploy("apply", "--only", "table", "--yes").exit_code == 0
    with calls_made() as asked:
        two.apply_service()
    (table,) = cloud.stacks.describe_stacks(StackName=two.table)["Stacks"]
    (own,) = cloud.stacks.describe_stacks(StackName=f"{two.table}-service")["Stacks"]
    writer = next(o for o in table["Outputs"] if o["OutputKey"] == "WriterPolicyArn")
    assert own["Parameters"] == [
        {"ParameterKey": "WriterPolicyArn", "ParameterValue": writer["OutputValue"]}
    ]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in own["Outputs"]}
    role = task(cloud, outputs)["taskRoleArn"].rpartition("/")[2]
    attached = cloud.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [writer["OutputValue"]]
    policy = json.loads(two.call("iam policy", *DEPLOYER).stdout)
    assert sorted(str(each) for each in asked if not allowing(policy, each)) == []
    capsys.readouterr()
    two.apply_service()
    assert "no changes" in capsys.readouterr().out
    two.write(image=2)
    two.apply_service()
    (container,) = task(cloud, outputs)["containerDefinitions"]
    assert container["image"].endswith(":2")
    gone = two.deploy("destroy", "--stack", f"{two.table}-service", "--yes")
    assert gone.exit_code == 0, gone.stderr


def test_a_service_without_the_stack_of_its_table_is_refused(two):
    for command in ("plan", "apply"):
        refused = two.deploy(command, "--only", "service")
        assert refused.exit_code == 2
        assert f"there is no stack {two.table}, whose outputs WriterPolicyArn" in refused.stderr
    other = two.deploy("plan", "--only", "service", "--table-stack", "another")
    assert "there is no stack another" in other.stderr
    assert "--only service" in two.deploy("plan", "--table-stack", "another").stderr


def test_a_service_that_takes_more_than_the_stack_of_its_table_tells_is_refused(two):
    assert two.deploy("apply", "--only", "table", "--yes").exit_code == 0
    two.write(more='[alarms]\nemails = ["a@example.org"]\n')
    refused = two.deploy("plan", "--only", "service")
    assert refused.exit_code == 2
    assert f"stack {two.table} has no output AlarmTopicArn" in refused.stderr
