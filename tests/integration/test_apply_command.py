"""``dynastore plan`` and ``dynastore apply``, as a person calls them, on ministack's CloudFormation.

ministack applies at once what takes AWS minutes, and takes several indexes in one update. What fails here,
or takes its time, waits for a signal that nobody gives.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import typer
from attrs import evolve

from dynastore import Store
from dynastore.cli.deployment.applying import Watch, apply
from dynastore.cli.deployment.deploying import StackOptions, TemplateOptions, targeted
from dynastore.clients.deployed.tables import index_progress
from dynastore.clients.stacks import Stacks

from .deployed import FREE, KEPT, ONE, PROTECTED, THREE, Indexed, Note, Place

NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.fixture
def place(cloud_url, tmp_path):
    return Place.new(cloud_url, tmp_path)


def store(place, schema=ONE):
    return Store.connect(place.name, schema, endpoint_url=place.url, create=False)


def put_a_note(place):
    with store(place) as notes:
        notes.put(Note(owner="ann", name="n1"))


def has_the_note(place):
    with store(place) as notes:
        return notes.get(Note, owner="ann", name="n1") is not None


def indexes(cloud, place):
    table = cloud.call("dynamodb", "describe_table", TableName=place.name)["Table"]
    return [each["IndexName"] for each in table["GlobalSecondaryIndexes"]]


def lines(called):
    return [json.loads(line) for line in called.stdout.splitlines()]


def test_a_plan_shows_all_of_a_new_stack_and_leaves_nothing_behind(place, cloud):
    seen = place.call("plan", "ONE")
    assert seen.exit_code == 0, seen.stderr
    assert seen.stdout.startswith(f"stack {place.name} (eu-west-1), which is new: 4 added\n")
    assert "+ Table AWS::DynamoDB::Table" in seen.stdout
    assert Stacks(cloud).find(place.name) is None


def test_it_asks_then_makes_a_table_that_a_store_works_on_and_again_there_is_nothing_to_do(place):
    refused = place.call("apply", "ONE", answer="n\n")
    assert (refused.exit_code, "Make these changes" in refused.stderr) == (1, True)
    done = place.call("apply", "ONE", answer="y\n")
    assert done.exit_code == 0, done.stderr
    assert f"stack {place.name}: CREATE_COMPLETE" in done.stdout
    assert "CREATE_COMPLETE      Table" in done.stderr
    put_a_note(place)
    assert has_the_note(place)
    for command in ("plan", "apply"):
        again = place.call(command, "ONE")
        assert again.exit_code == 0, again.stderr
        assert again.stdout == f"stack {place.name} (eu-west-1): no changes\n"


def test_json_is_an_object_a_line_and_the_summary_last(place):
    *changes, summary = lines(place.call("plan", "ONE", "--json"))
    assert {each["action"] for each in changes} == {"added"}
    assert summary["steps"] == ["create the stack"]
    done = lines(place.call("apply", "ONE", "--json", "--yes"))
    assert {"Table CREATE_COMPLETE"} <= {
        f"{each['logical_id']} {each['status']}" for each in done if "logical_id" in each
    }
    assert done[-1]["status"] == "CREATE_COMPLETE"
    assert lines(place.call("plan", "ONE", "--json"))[-1]["steps"] == []


def test_two_indexes_come_in_two_steps_and_are_not_removed_unasked(place, cloud):
    place.call("apply", "ONE", "--yes")
    put_a_note(place)
    seen = place.call("plan", "THREE")
    assert "1. add index GSI2 of Table\n  2. add index GSI3 of Table\n" in seen.stdout
    assert indexes(cloud, place) == ["GSI1"]
    done = place.call("apply", "THREE", "--yes")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("UPDATE_COMPLETE      Table") == 2
    assert indexes(cloud, place) == ["GSI1", "GSI2", "GSI3"]
    assert index_progress(cloud, place.name, "GSI3") == "active"
    assert index_progress(cloud, place.name, "GSI4") is None
    with store(place, THREE) as notes:
        notes.put(Indexed(owner="ann", name="n2"))
        assert [each.name for each in notes.query(Indexed, team="ops")] == ["n2"]

    back = place.call("apply", "ONE", "--yes", "--allow-data-loss", "Table.GSI2")
    assert back.exit_code == 2
    assert back.stderr.endswith("If that is meant: --allow-data-loss Table.GSI3\n")
    assert "queries on it fail from then on" in back.stderr
    assert indexes(cloud, place) == ["GSI1", "GSI2", "GSI3"]
    named = ("--allow-data-loss", "Table.GSI2", "--allow-data-loss", "Table.GSI3")
    assert place.call("apply", "ONE", "--yes", *named).exit_code == 0
    assert indexes(cloud, place) == ["GSI1"]
    assert has_the_note(place)


def test_stopped_between_two_steps_it_goes_on_with_what_is_left(place, cloud):
    place.call("apply", "ONE", "--yes")
    three = "tests.integration.deployed:THREE"
    stack = StackOptions(schema=three, options=place.options, endpoint_url=place.url)
    with targeted(stack, place.name, TemplateOptions()) as target:
        found = target.proposal(repair=False)
        apply(Watch(target.stacks, lambda _: None), evolve(found, steps=found.steps[:1]), ())
    assert indexes(cloud, place) == ["GSI1", "GSI2"]
    left = lines(place.call("plan", "THREE", "--json"))[-1]
    assert left["steps"] == ["add index GSI3 of Table"]
    assert place.call("apply", "THREE", "--yes").exit_code == 0
    assert indexes(cloud, place) == ["GSI1", "GSI2", "GSI3"]


def test_what_would_replace_the_table_is_refused(place):
    place.call("apply", "ONE", "--yes")
    put_a_note(place)
    other = evolve(place, name=f"{place.name}-2")
    words = ("--stack", place.name)
    seen = other.call("plan", "ONE", *words)
    assert "± Table AWS::DynamoDB::Table" in seen.stdout
    assert f'TableName: "{place.name}" -> "{other.name}" (replaces it)' in seen.stdout
    for named in ((), ("--allow-data-loss", place.name), ("--allow-data-loss", "table")):
        refused = other.call("apply", "ONE", "--yes", *words, *named)
        assert refused.exit_code == 2
        assert "an empty Table takes its place; the old one is deleted, with all its items" in (
            refused.stderr
        )
    assert has_the_note(place)


def test_a_creation_that_fails_is_rolled_back_and_the_next_call_begins_anew(place, cloud, capsys):
    with pytest.raises(typer.Exit) as ended:
        place.fail()
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err
    assert "ROLLBACK_COMPLETE: step 1 of 1, create the stack failed. Waiting " in told
    assert "(AWS::CloudFormation::WaitCondition) CREATE_FAILED: " in told
    assert told.endswith("; everything else was rolled back\n")
    assert Stacks(cloud).find(place.name).status == "ROLLBACK_COMPLETE"
    assert place.name not in cloud.call("dynamodb", "list_tables")["TableNames"]
    assert "which is new: 4 added" in place.call("plan", "ONE").stdout
    assert place.call("apply", "ONE", "--yes").exit_code == 0


def test_an_update_that_fails_is_rolled_back_and_what_was_there_stays(place, capsys):
    place.call("apply", "ONE", "--yes")
    put_a_note(place)
    with pytest.raises(typer.Exit):
        place.fail()
    assert "UPDATE_ROLLBACK_COMPLETE: step 1 of 1, update the stack failed. Waiting " in (
        capsys.readouterr().err
    )
    assert has_the_note(place)
    assert "no changes" in place.call("plan", "ONE").stdout


def test_what_is_there_and_would_not_be_kept_is_not_adopted(place):
    with Store.connect(place.name, ONE, endpoint_url=place.url, create=True) as notes:
        notes.put(Note(owner="ann", name="n1"))
    refused = place.call("apply", "ONE", "--yes", options=FREE)
    assert refused.exit_code == 1
    assert "must have the DeletionPolicy attribute set to 'Retain'" in refused.stderr
    assert has_the_note(place)


def test_a_table_that_is_there_becomes_a_part_of_the_stack(place, cloud):
    with Store.connect(place.name, ONE, endpoint_url=place.url, create=True) as notes:
        notes.put(Note(owner="ann", name="n1"))
    seen = place.call("plan", "ONE", options=KEPT)
    assert "> Table AWS::DynamoDB::Table" in seen.stdout
    assert "is there already, and becomes a part of the stack" in seen.stdout
    done = place.call("apply", "ONE", "--yes", options=KEPT)
    assert done.exit_code == 0, done.stderr
    assert has_the_note(place)
    assert Stacks(cloud).resources(place.name)["Table"] == place.name


def test_the_stack_is_protected_as_its_tables_are(place, cloud):
    place.call("apply", "ONE", "--yes", options=PROTECTED)
    assert Stacks(cloud).find(place.name).protected
    place.call("apply", "ONE", "--yes", options=FREE)
    assert not Stacks(cloud).find(place.name).protected


@pytest.mark.parametrize("command", ["plan", "apply", "destroy", "doctor"])
def test_without_credentials_it_says_what_to_do(place, command):
    called = place.call(command, "ONE", env=NO_CREDENTIALS)
    assert called.exit_code == 1
    assert "Unable to locate credentials. Set AWS_PROFILE or AWS_ACCESS_KEY_ID" in called.stderr
    assert "Traceback" not in called.output


@pytest.mark.parametrize(
    ("words", "options", "says"),
    [
        ([], "retian = true", "options.toml: retian is no option; did you mean retain?"),
        (["--stack", "no stack"], FREE, "stackName"),
        (["--table", "a"], FREE, "3 to 255"),
        (["--service", "app:1"], FREE, "in a section [service]"),
        (
            ["--only", "service"],
            FREE,
            "there is no service in the deployment; write a section [service]",
        ),
        (["--stack", "s" * 43], "[backups]", "51 characters, and AWS Backup takes 50"),
        (
            [],
            'replicas = ["eu-west-1"]',
            "replicas has eu-west-1, which is the region of the stack",
        ),
        ([], 'encryption = "arn:aws:kms:us-east-1:123456789012:key/1"', "is a key of us-east-1"),
    ],
)
def test_what_is_wrong_is_said(place, words, options, says):
    called = place.call("plan", "ONE", *words, options=options)
    assert called.exit_code in {1, 2}
    assert says in called.stderr
    assert "Traceback" not in called.output


@pytest.mark.parametrize("page", ["<html><br>log in", "<html>log in</html>", '{"a'])
def test_a_page_to_log_in_at_is_no_answer_of_aws(place, page):
    with answering(page) as url:
        told = evolve(place, url=url).call("plan", "ONE")
    assert (told.exit_code, "Traceback" in told.output) == (1, False)
    assert "answered, and not as cloudformation does: is a proxy, or a page" in told.stderr


@contextmanager
def answering(page):
    """A server that answers anything with a page."""

    class Portal(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Portal) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_repair_is_asked_for_as_aws_takes_it(place, cloud):
    """ministack ignores it, so it finds nothing; botocore checks the request against AWS's model."""
    place.call("apply", "ONE", "--yes")
    asked = []
    client = cloud._client("cloudformation")
    client.meta.events.register(
        "provide-client-params.cloudformation.CreateChangeSet",
        lambda params, **_: asked.append(params.get("DeploymentMode")),
    )
    stacks = Stacks(cloud)
    wanted = stacks.template(place.name)
    assert stacks.propose(place.name, wanted, create=False, repair=True) is None
    assert stacks.propose(place.name, wanted, create=False) is None
    assert asked == ["REVERT_DRIFT", None]
    seen = place.call("plan", "ONE", "--repair")
    assert (seen.exit_code, "no changes" in seen.stdout) == (0, True)


def test_a_template_that_is_too_large_passes_through_a_bucket(place, cloud):
    scopes = ", ".join(f'"scope-{each:03}-{"x" * 60}"' for each in range(90))
    options = f"{FREE}scopes = [{scopes}]\n"
    refused = place.call("plan", "ONE", options=options)
    assert refused.exit_code == 2
    assert "CloudFormation takes 51,200 in a request: name a bucket" in refused.stderr
    bucket = f"{place.name}-templates"
    where = {"LocationConstraint": "eu-west-1"}
    cloud.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=where)
    seen = place.call("plan", "ONE", "--template-bucket", bucket, options=options)
    assert seen.exit_code == 0, seen.stderr
    assert "94 added" in seen.stdout
    assert not cloud.call("s3", "list_objects_v2", Bucket=bucket).get("Contents")


SLOW = """
import typer
from tests.integration.deployed import apply_waiting

typer.run(apply_waiting)
"""


def test_ctrl_c_leaves_the_stack_to_itself_and_the_next_call_follows_it(place, cloud):
    place.options.write_text(FREE)
    child = subprocess.Popen(
        [
            *(sys.executable, "-c", SLOW),
            *("15", str(place.options), place.name, place.url),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    with child:
        for line in child.stderr:
            if "CREATE_IN_PROGRESS   Waiting" in line:
                child.send_signal(signal.SIGINT)
                break
        rest = child.stderr.read()
    assert child.returncode == 130
    assert "interrupted. What CloudFormation has begun on stack" in rest
    assert f"describe-stack-events --stack-name {place.name}" in rest
    assert "Traceback" not in rest

    assert Stacks(cloud).find(place.name).status == "CREATE_IN_PROGRESS"
    busy = place.call("plan", "ONE")
    assert (busy.exit_code, "CloudFormation is at work on stack" in busy.stderr) == (1, True)
    done = place.call("apply", "ONE", "--yes")
    assert done.exit_code == 0, done.stderr
    assert "CREATE_FAILED        Waiting" in done.stderr
    assert Stacks(cloud).find(place.name).status == "CREATE_COMPLETE"
