"""``dynastore template``, as a person calls it."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("cfnlint", reason="needs the extra dynastore[test]")

import cfnlint.decode.cfn_yaml
from attrs import evolve
from typer.testing import CliRunner

from dynastore.agents import agent_schema
from dynastore.cli.app import app
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms, Backups, Bucket, Provisioned
from dynastore.infra.terraform import configuration
from dynastore.schema.homes import Placement

SCHEMA = "dynastore.agents:agent_schema"


def called(*words):
    return CliRunner().invoke(app, ["template", SCHEMA, *map(str, words)])


def printed(*words):
    done = called("--format", "json", *words)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def file(tmp_path):
    def file(text):
        path = tmp_path / "deploy.toml"
        path.write_text(text, "utf-8")
        return path

    return file


def test_the_template_is_printed_as_yaml():
    done = called()
    assert done.exit_code == 0
    assert done.stderr == ""
    read = json.loads(json.dumps(cfnlint.decode.cfn_yaml.loads(done.stdout)))
    assert read == template(agent_schema(), Deployment())


def test_flags_say_what_the_file_would_say():
    made = printed(
        *("--table", "agents", "--bucket", "payloads", "--billing", "provisioned"),
        *("--replica", "eu-central-1", "--replica", "us-east-1", "--scope", "qa"),
        *("--alarm-email", "a@example.org", "--dashboard", "--backups"),
        *("--encryption", "aws-managed"),
    )
    assert made == template(
        agent_schema().named("agents"),
        Deployment(
            bucket=Bucket(name="payloads"),
            provisioned=Provisioned(),
            replicas=("eu-central-1", "us-east-1"),
            scopes=("qa",),
            alarms=Alarms(emails=("a@example.org",)),
            dashboard=True,
            backups=Backups(),
            encryption="aws-managed",
        ),
    )


def test_a_flag_wins_over_the_file_and_leaves_the_rest_of_it(file):
    path = file(
        "recovery_days = 7\n[provisioned]\nread_max = 50\n"
        '[bucket]\nname = "old"\nversioning = true\n'
        '[alarms]\nlatency_ms = 20\nemails = ["a@example.org"]\n'
    )
    made = printed(
        *("--options", path, "--billing", "on-demand"),
        *("--bucket", "new", "--alarm-email", "b@example.org"),
    )
    assert made == template(
        agent_schema(),
        Deployment(
            recovery_days=7,
            bucket=Bucket(name="new", versioning=True),
            alarms=Alarms(latency_ms=20, emails=("b@example.org",)),
        ),
    )


def test_a_placement_brings_the_private_tables(tmp_path):
    path = tmp_path / "places.toml"
    path.write_text("[private.qa]\n", "utf-8")
    made = printed("--placement", path, "--table", "agents")
    placed = Placement(private=["qa"]).placed(agent_schema().named("agents"))
    assert made == template(placed, Deployment())
    assert "TableOfQa" in made["Resources"]


def test_terraform_has_a_form_of_its_own():
    done = called("--format", "terraform", "--dashboard")
    assert json.loads(done.stdout) == configuration(agent_schema(), Deployment(dashboard=True))


SERVICE = """
[service]
vpc = "vpc-0123456789abcdef0"
public_subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
task_subnets = ["subnet-0123456789abcdef2"]
plain_http = true
"""


def test_the_image_of_a_service_is_a_flag_and_its_stack_may_be_its_own(file):
    words = ("--options", file(SERVICE), "--service", "example/agent:7")
    whole, table, own = (
        printed(*words),
        printed(*words, "--only", "table"),
        printed(*words, "--only", "service"),
    )
    (container,) = own["Resources"]["ServiceTask"]["Properties"]["ContainerDefinitions"]
    assert container["Image"] == "example/agent:7"
    assert own["Parameters"].keys() == {"WriterPolicyArn"}
    assert table == template(agent_schema(), Deployment())
    assert whole["Resources"].keys() == own["Resources"].keys() | table["Resources"].keys()


def test_a_service_without_an_image_is_refused_but_not_its_table(file):
    path = file(SERVICE)
    done = called("--options", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "service.image is missing; name it there, or with --service IMAGE" in done.stderr
    assert called("--options", path, "--only", "table").exit_code == 0


def test_it_can_be_written_to_a_file(tmp_path):
    path = tmp_path / "template.json"
    done = called("--format", "json", "--output", path)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr == f"{path}: 4 resources\n"
    assert json.loads(path.read_text("utf-8")) == template(agent_schema(), Deployment())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--replica", "europe"], "replicas is a region such as eu-west-1, not 'europe'"),
        (["--encryption", "mine"], "encryption is aws-owned, aws-managed, customer or the ARN"),
        (["--bucket", "A"], "name is 3 to 63 lower-case letters"),
        (["--options", "none.toml"], "none.toml cannot be read as options"),
        (["--placement", "none.toml"], "none.toml is no placement"),
        (["--service", "example/agent"], "--service says only the image; write the rest, such as"),
        (["--only", "service"], "there is no service in the deployment; write a section [service]"),
        (["--output", "/nowhere/at/all"], "/nowhere/at/all cannot be written"),
        (["--format", "terraform", "--billing", "provisioned", "--replica", "eu-west-1"], "Terraf"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(words, message):
    done = called(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_wrong_is_named_with_the_key(file):
    path = file("[alarms]\nlatency = 3\n")
    done = called("--options", path)
    assert done.exit_code == 2
    assert done.stderr == (
        f"dynastore: {path}: alarms.latency is no option; did you mean latency_ms?\n"
    )


def test_a_schema_that_is_not_there_is_named():
    done = CliRunner().invoke(app, ["template", "dynastore.agents:nothing"])
    assert done.exit_code == 2
    assert "dynastore.agents:nothing cannot be imported" in done.stderr


def test_the_bucket_of_the_schema_is_in_the_template():
    schema = agent_schema().on(lambda table: evolve(table, bucket="payloads"))
    assert "Bucket" in template(schema, Deployment())["Resources"]
    assert "Bucket" not in printed()["Resources"]
