"""``dynastore iam policy``."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from dynastore.agents import agent_schema
from dynastore.cli.app import app
from dynastore.infra.iam import scope_policy

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


def test_a_place_has_a_region_and_an_account():
    done = called("--scope", "qa", *PLACE, "--place", "us=us-east-1:210987654321")
    assert done.exit_code == 0
    done = called("--scope", "qa", *PLACE, "--place", "us")
    assert (done.exit_code, "NAME=REGION:ACCOUNT" in done.stderr) == (2, True)


def test_the_policy_of_a_role_of_the_whole_table(tmp_path):
    options = tmp_path / "deploy.toml"
    options.write_text('admin_buckets = ["exports"]\n')
    done = called("--role", "admin", "--table", "agents", "--options", str(options), *PLACE)
    assert done.exit_code == 0, done.stderr
    found = {each["Sid"]: each for each in json.loads(done.stdout)["Statement"]}
    at = "arn:aws:dynamodb:eu-west-1:123456789012:table/agents"
    assert found["Items"]["Resource"] == [at]
    assert found["RestoredTables"]["Resource"] == [f"{at}-*"]
    assert found["ObjectsElsewhere"]["Resource"] == ["arn:aws:s3:::exports/*"]


def test_a_placement_says_which_private_tables_a_role_is_for(tmp_path):
    file = tmp_path / "placement.toml"
    file.write_text('private = ["qa"]\n')
    for role, sid in {"admin": "Tables", "deployer": "DynamoDBTable"}.items():
        done = called("--role", role, "--table", "agents", "--placement", str(file), *PLACE)
        found = {each["Sid"]: each["Resource"] for each in json.loads(done.stdout)["Statement"]}
        at = "arn:aws:dynamodb:eu-west-1:123456789012:table/agents"
        assert found[sid] == [at, f"{at}.*"]


def test_a_role_is_for_other_places_too(tmp_path):
    options = tmp_path / "deploy.toml"
    options.write_text('[places.us]\nregion = "us-east-1"\n')
    here = "arn:aws:dynamodb:eu-west-1:123456789012:table/agents"
    there = "arn:aws:dynamodb:us-east-1:{}:table/agents"
    for words, account in {
        ("--options", str(options)): "123456789012",
        ("--place", "us=us-east-1:210987654321"): "210987654321",
    }.items():
        done = called("--role", "reader", "--table", "agents", *words, *PLACE)
        items = json.loads(done.stdout)["Statement"][0]
        assert items["Resource"] == [here, at := there.format(account), f"{at}.*"]


def test_the_policy_of_a_deployer_is_of_its_stack():
    words = ("--role", "deployer", "--stack", "mine", "--template-bucket", "passing")
    done = called(*words, *PLACE)
    found = {each["Sid"]: each for each in json.loads(done.stdout)["Statement"]}
    stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mine/*"
    assert found["Stack"]["Resource"] == [stack]
    assert found["TemplatesPassingThrough"]["Resource"] == ["arn:aws:s3:::passing/dynastore-*"]


SERVICE = """
[service]
vpc = "vpc-0123456789abcdef0"
public_subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
task_subnets = ["subnet-0123456789abcdef0"]
plain_http = true
"""


def test_the_policy_of_who_deploys_the_service_is_of_that_stack_and_of_what_it_makes(tmp_path):
    options = tmp_path / "deploy.toml"
    options.write_text(SERVICE)
    words = ("--role", "deployer", "--table", "agents", "--options", str(options), *PLACE)
    assert "service.image is missing" in called(*words).stderr
    done = called(*words, "--service", "app:1", "--only", "service", "--table-stack", "other")
    found = {each["Sid"]: each["Resource"] for each in json.loads(done.stdout)["Statement"]}
    at = "arn:aws:cloudformation:eu-west-1:123456789012:stack"
    assert found["Stack"] == [f"{at}/agents-service/*"]
    assert found["StackOfTheTable"] == [f"{at}/other/*"]
    assert "DynamoDBTable" not in found
    cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/agents-service"
    assert found["ECSCluster"] == [cluster]
    assert (
        "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0123456789abcdef0" in found["EC2SecurityGroup"]
    )


def test_a_policy_that_is_too_long_for_one_is_printed_and_that_is_said(tmp_path):
    options = tmp_path / "deploy.toml"
    options.write_text(SERVICE)
    words = ("--role", "deployer", "--options", str(options), "--service", "app:1", *PLACE)
    done = called(*words)
    assert (done.exit_code, len(json.loads(done.stdout)["Statement"]) > 15) == (0, True)
    assert "IAM takes 6,144 in a managed policy: put its statements into 2 or more" in done.stderr
    assert called(*words, "--only", "table").stderr == ""


def test_a_role_or_a_scope_is_said_and_not_both():
    for words in ((), ("--role", "reader", "--scope", "qa")):
        done = called(*words, *PLACE)
        assert (done.exit_code, "say which role it is" in done.stderr) == (2, True)


def test_a_key_that_only_the_stack_knows_is_refused(tmp_path):
    options = tmp_path / "deploy.toml"
    options.write_text('encryption = "customer"\n')
    done = called("--role", "reader", "--options", str(options), *PLACE)
    assert (done.exit_code, "known to the stack alone" in done.stderr) == (2, True)
