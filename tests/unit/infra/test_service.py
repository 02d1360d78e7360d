"""The section ``service``: what it refuses, and what becomes of its options."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

pytest.importorskip("cfnlint", reason="needs the extra dynastore[test]")
pytest.importorskip("yaml", reason="needs the extra dynastore[cli]")

import cfnlint.decode.cfn_yaml
from cfnlint.api import ManualArgs, lint

from dynastore.clients.opening import VARIABLE
from dynastore.errors import ModelError
from dynastore.infra.cloudformation import Part, as_json, as_yaml, template
from dynastore.infra.deployment import Deployment
from dynastore.infra.service.section import KEPT_DAYS, SIZES, Service
from dynastore.infra.terraform import configuration

from .deployments import AGENTS, CASES, SERVICE, WHOLE

LINT = ManualArgs(regions=["eu-west-1"])
NEEDED = {
    "public_subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "task_subnets": ["subnet-0123456789abcdef2"],
}
TOLD = {**NEEDED, "image": "agent", "vpc": "vpc-0123456789abcdef0", "plain_http": True}
IMAGE_LAYERS = {
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
}


def served(**changes):
    """The properties of a service's resources, by logical id."""
    told = evolve(SERVICE, **changes)
    made = template(AGENTS, evolve(WHOLE, encryption="customer", service=told))
    return {name: each["Properties"] for name, each in made["Resources"].items()}


def container(made):
    (only,) = made["ServiceTask"]["ContainerDefinitions"]
    return only


def statements(made):
    (own,) = made["ServiceExecutionRole"]["Policies"]
    return {each["Sid"]: each for each in own["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize("only", Part)
@pytest.mark.parametrize("case", ["service", "plain service"])
def test_cfn_lint_has_nothing_to_say_of_the_two_stacks(case, only):
    made = template(*CASES[case], only)
    assert [str(each) for each in lint(json.dumps(made), config=LINT)] == []
    read = cfnlint.decode.cfn_yaml.loads(as_yaml(made))
    assert json.loads(json.dumps(read)) == json.loads(as_json(made)) == made


def test_cfn_lint_has_nothing_to_say_of_any_size_or_time():
    made = template(AGENTS, evolve(WHOLE, encryption="customer", service=SERVICE))
    found = made["Resources"]
    sizes = [(cpu, memory) for cpu, memories in SIZES.items() for memory in memories]
    for cpu, memory in sizes:
        found[f"Task{cpu}With{memory}"] = {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": served(cpu=cpu, memory=memory)["ServiceTask"],
        }
    for days in KEPT_DAYS:
        found[f"LogsOf{days}"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": served(log_days=days)["ServiceLogs"] | {"LogGroupName": f"kept-{days}"},
        }
    assert [str(each) for each in lint(json.dumps(made), config=LINT)] == []
    assert (found["Task256With2048"]["Properties"]["Cpu"], len(sizes)) == ("256", 74)


@pytest.mark.parametrize("architecture", ["X86_64", "ARM64"])
def test_a_task_runs_on_the_architecture_of_its_image(architecture):
    task = served(architecture=architecture)["ServiceTask"]
    assert task["RuntimePlatform"]["CpuArchitecture"] == architecture


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"public_subnets": NEEDED["public_subnets"][:1] * 2}, "list without repetition"),
        ({"task_subnets": []}, "service.task_subnets is a list of one or more"),
        ({"plain_http": False}, "certificate_arn is missing, so what callers send could be read"),
        ({"certificate_arn": SERVICE.certificate_arn}, "plain_http is for a service without"),
        ({"image": "-x"}, "service.image is an image such as"),
        ({"cpu": 300}, "service.cpu is one of 256, 512"),
        ({"memory": 512}, "with cpu 512 it is one of 1024, 2048, 3072, 4096 MiB"),
        ({"tasks_min": 11}, "tasks_min is 11, above tasks_max, which is 10"),
        ({"log_days": 2}, "log_days is one of 1, 3, 5"),
        ({"callers": ["anyone"]}, "service.callers is a list of ranges such as 192.0.2.0/24"),
        (
            {"plain_http": False, "certificate_arn": SERVICE.certificate_arn + "${x}"},
            "service.certificate_arn is the ARN of a certificate",
        ),
        ({"callers": ["192.0.2.256/24"]}, "service.callers is a list of ranges such as"),
        ({"secrets": {"KEY": "hunter2"}}, "service.secrets is the ARN of a secret"),
        ({"environment": {"DYNASTORE_URL": "other"}}, "no AWS_ or DYNASTORE_"),
        (
            {"environment": {"A": ""}, "secrets": {"A": SERVICE.secrets["OS_SECURITY_KEY"]}},
            "A is in",
        ),
        ({"health_path": "health"}, "a path such as /health"),
    ],
)
def test_what_cannot_be_is_refused(told, message):
    with pytest.raises(ModelError, match=message):
        Deployment.told({"service": {**TOLD, **told}})


def test_a_deployment_with_a_service_says_where_and_lets_it_write():
    told = Deployment.told({"service": TOLD}).service
    with pytest.raises(ModelError, match="roles has no writer"):
        Deployment(service=told, roles=("reader",))
    with pytest.raises(ModelError, match=r"service\.vpc is missing"):
        Deployment(service=evolve(told, vpc=None))
    with pytest.raises(ModelError, match="in another VPC than the tasks"):
        evolve(WHOLE, service=evolve(told, vpc="vpc-00000000"))
    with pytest.raises(ModelError, match=r"service\.image is missing; name it there, or with"):
        template(AGENTS, evolve(WHOLE, service=evolve(told, image=None)))
    with pytest.raises(ModelError, match="no service in the deployment"):
        template(AGENTS, WHOLE, Part.SERVICE)


def test_the_library_finds_the_table_by_the_environment():
    said = {each["Name"]: each["Value"] for each in container(served())["Environment"]}
    region = {"Ref": "AWS::Region"}
    assert said == {
        VARIABLE: {"Ref": "Table"},
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        **SERVICE.environment,
    }


def test_the_vpc_is_that_of_the_endpoints():
    made = served()
    assert made["ServiceTargets"]["VpcId"] == WHOLE.network.vpc


def test_a_new_image_changes_the_task_and_nothing_else():
    before, after = served(), served(image="example/other:2")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"ServiceTask", "ServiceExecutionRole"}
    same_repository = served(image=SERVICE.image.replace(":1.2", ":1.3"))
    assert {name for name in before if before[name] != same_repository[name]} == {"ServiceTask"}


def test_the_execution_role_is_for_this_image_these_logs_and_these_secrets():
    found = statements(served())
    assert {*found["Image"]["Action"]} == IMAGE_LAYERS
    ecr = "arn:${AWS::Partition}:ecr:eu-west-1:123456789012:repository/agents/api"
    assert found["Image"]["Resource"] == [{"Fn::Sub": ecr}]
    assert found["Secrets"]["Resource"] == [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:models-AbCdEf"
    ]
    assert found["Parameters"]["Resource"] == [SERVICE.secrets["OS_SECURITY_KEY"]]
    assert found["KeysOfSecrets"]["Resource"] == [*SERVICE.secret_keys]
    assert found["Logs"]["Resource"][0]["Fn::Sub"].endswith(":log-group:${ServiceLogs}:*")
    assert statements(served(image="docker.io/agent", secrets={}, secret_keys=())).keys() == {
        "Logs"
    }


def test_values_of_secrets_are_nowhere_but_their_arns():
    told = {each["Name"]: each["ValueFrom"] for each in container(served())["Secrets"]}
    assert told == SERVICE.secrets


def test_logs_are_encrypted_with_the_key_of_the_table_and_only_they_may_use_it():
    made = served()
    assert made["ServiceLogs"]["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    (logs,) = [
        each for each in made["Key"]["KeyPolicy"]["Statement"] if each["Sid"] == "LogsOfTheService"
    ]
    arn = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]["Fn::Sub"]
    assert arn.endswith(f":log-group:{made['ServiceLogs']['LogGroupName']}")
    plain = template(*CASES["plain service"])["Resources"]
    assert "KmsKeyId" not in plain["ServiceLogs"]["Properties"]


def test_http_leads_to_https_and_is_alone_only_by_consent():
    made = served()
    assert made["ServiceListener"]["Protocol"] == "HTTPS"
    (action,) = made["ServiceRedirect"]["DefaultActions"]
    assert action["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "StatusCode": "HTTP_301",
    }
    plain = template(*CASES["plain service"])["Resources"]
    assert plain["ServiceListener"]["Properties"]["Protocol"] == "HTTP"
    assert "ServiceRedirect" not in plain


def test_the_number_of_tasks_is_said_only_where_nothing_scales_it():
    assert "DesiredCount" not in served()["Service"]
    plain = template(*CASES["plain service"])["Resources"]
    assert plain["Service"]["Properties"]["DesiredCount"] == 1
    assert "ServiceScaling" not in plain
    scaled = configuration(*CASES["service"])["resource"]["aws_ecs_service"]["service"]
    assert scaled["lifecycle"] == {"ignore_changes": ["desired_count"]}


def test_a_deployment_that_fails_is_rolled_back():
    rollout = served()["Service"]["DeploymentConfiguration"]
    assert rollout["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert rollout["MinimumHealthyPercent"] == 100


def test_the_load_balancer_is_protected_as_the_table_is():
    def protected(case):
        made = template(*CASES[case])["Resources"]["ServiceBalancer"]["Properties"]
        told = {each["Key"]: each["Value"] for each in made["LoadBalancerAttributes"]}
        return told["deletion_protection.enabled"]

    assert protected("service") == "true"
    assert protected("plain service") == "false"


def test_alarms_tell_the_same_topic_and_the_dashboard_has_a_row():
    made = served()
    alarms = {
        name: each
        for name, each in made.items()
        if name.startswith("Service") and name.endswith("Alarm")
    }
    assert alarms.keys() == {
        *("ServiceTargetErrorsAlarm", "ServiceElbErrorsAlarm", "ServiceUnhealthyAlarm"),
        *("ServiceCpuInUseAlarm", "ServiceMemoryInUseAlarm"),
    }
    assert all(each["AlarmActions"] == [{"Ref": "AlarmTopic"}] for each in alarms.values())
    body = made["Dashboard"]["DashboardBody"]["Fn::Sub"]
    assert "## Service of dynastore" in body
    assert "${ServiceBalancer.LoadBalancerFullName}" in body


def test_the_defaults_fit_together():
    Service(**NEEDED, plain_http=True)
