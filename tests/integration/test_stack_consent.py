"""Nothing is deleted that nobody named: of stacks in odd states, changed by others meanwhile, or not ours."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from dynastore import Store
from dynastore.cli.deployment.applying import Watch, apply
from dynastore.cli.deployment.deploying import StackOptions, TemplateOptions, targeted
from dynastore.clients.control import ControlPlane
from dynastore.clients.stacks import Stacks
from dynastore.errors import AccessDenied, ConflictError, ServiceError, Unavailable

from .deployed import FREE, ONE, PROTECTED, Note, Place

NAMED = "tests.integration.deployed:"


@pytest.fixture
def place(cloud_url, tmp_path):
    return Place.new(cloud_url, tmp_path)


def aimed(place, schema, options=FREE):
    place.options.write_text(options)
    told = StackOptions(schema=f"{NAMED}{schema}", options=place.options, endpoint_url=place.url)
    return targeted(told, place.name, TemplateOptions())


def has_table(cloud, place):
    return place.name in cloud.call("dynamodb", "list_tables")["TableNames"]


def half_made(place, cloud):
    """A stack whose creation failed and was not rolled back, with a note in its table."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    condition = {"Handle": {"Ref": "Handle"}, "Timeout": "1"}
    waiting = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": condition}
    with aimed(place, "ONE") as target:
        resources = {**target.wanted["Resources"], "Handle": handle, "Waiting": waiting}
    stacks = Stacks(cloud)
    cloud.call(
        "cloudformation",
        "create_stack",
        StackName=place.name,
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        DisableRollback=True,
    )
    for _ in stacks.follow(stacks.find(place.name).id, None):
        pass
    assert stacks.find(place.name).status == "CREATE_FAILED"
    with Store.connect(place.name, ONE, endpoint_url=place.url, create=False) as notes:
        notes.put(Note(owner="ann", name="n1"))


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_a_failed_creation_left_is_not_deleted_unasked(place, cloud, command):
    half_made(place, cloud)
    assert "Table is deleted, with all its items" in place.call("plan", "ONE").stdout
    refused = place.call(command, "ONE", "--yes")
    assert refused.exit_code == 2, refused.output
    assert "--allow-data-loss Table" in refused.stderr
    assert has_table(cloud, place)
    done = place.call(command, "ONE", "--yes", "--allow-data-loss", "Table")
    assert done.exit_code == 0, done.stderr


def test_a_stack_that_somebody_changed_meanwhile_is_not_changed_as_planned(place, cloud):
    """The plan knew of no index GSI2, so nobody was asked whether it may go."""
    assert place.call("apply", "ONE", "--yes").exit_code == 0
    with aimed(place, "ONE", f'{FREE}[tags]\nteam = "agents"') as target:
        found = target.proposal(repair=False)
        assert place.call("apply", "THREE", "--yes").exit_code == 0
        with pytest.raises(ConflictError, match="was changed by somebody else meanwhile"):
            apply(Watch(target.stacks, lambda _: None), found, ())
        sets = cloud.call("cloudformation", "list_change_sets", StackName=place.name)
    indexes = cloud.call("dynamodb", "describe_table", TableName=place.name)["Table"]
    assert len(indexes["GlobalSecondaryIndexes"]) == 3
    assert not [each for each in sets["Summaries"] if each["ExecutionStatus"] == "AVAILABLE"]


def test_a_failed_stack_that_somebody_made_meanwhile_is_not_deleted(place, cloud):
    half_made(place, cloud)
    with aimed(place, "ONE") as target:
        found = target.proposal(repair=False)
        stale = evolve(found, stack=evolve(found.stack, status="ROLLBACK_COMPLETE"))
        with pytest.raises(ConflictError, match="was changed by somebody else meanwhile"):
            apply(Watch(target.stacks, lambda _: None), stale, ("Table",))
    assert has_table(cloud, place)


def test_a_plan_leaves_alone_a_stack_that_somebody_begins_to_make_meanwhile(place, cloud):
    with aimed(place, "ONE") as target:
        proposed = target.stacks.propose(place.name, target.wanted, create=True)
        assert proposed.has_stack
        assert place.call("apply", "ONE", "--yes").exit_code == 0
        made = target.stacks.find(
            place.name
        ).id  # ministack's has another id than the one of the plan
        target.stacks.discard(evolve(proposed, stack=made))
        for _ in target.stacks.follow(made, None):
            pass
    assert Stacks(cloud).find(place.name).status == "CREATE_COMPLETE"
    assert has_table(cloud, place)


def test_what_dynastore_does_not_make_is_not_deleted_unasked(place, cloud):
    """A stack of the same name that is another's, or that has more in it."""
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}, "Kept": {"Type": "AWS::SQS::Queue"}}
    queue["Kept"]["DeletionPolicy"] = "Retain"
    stacks = Stacks(cloud)
    cloud.call(
        "cloudformation",
        "create_stack",
        StackName=place.name,
        TemplateBody=json.dumps({"Resources": queue}),
    )
    for _ in stacks.follow(stacks.find(place.name).id, None):
        pass
    for command in ("apply", "destroy"):
        refused = place.call(command, "ONE", "--yes")
        assert refused.exit_code == 2, refused.output
        assert "Queue (AWS::SQS::Queue) is none of dynastore's, and is deleted" in refused.stderr
        assert refused.stderr.endswith("--allow-data-loss Queue\n")
    assert place.call("apply", "ONE", "--yes", "--allow-data-loss", "Queue").exit_code == 0


def test_protection_is_not_taken_off_a_stack_unasked(place, cloud):
    assert place.call("apply", "ONE", "--yes").exit_code == 0
    stacks = Stacks(cloud)
    stacks.protect(place.name, protected=True)
    told = f"stack {place.name}: protection against deletion, on -> off\n"
    assert place.call("plan", "ONE").stdout.endswith(told)
    (summary,) = place.call("plan", "ONE", "--json").stdout.splitlines()
    assert json.loads(summary)["protected"] is False
    refused = place.call("apply", "ONE", answer="n\n")
    assert (refused.exit_code, told in refused.stdout) == (1, True)
    assert stacks.find(place.name).protected
    assert place.call("apply", "ONE", answer="y\n").exit_code == 0
    assert not stacks.find(place.name).protected
    seen = place.call("plan", "ONE", options=PROTECTED).stdout
    assert seen.endswith(told.replace("on -> off", "off -> on"))


@pytest.mark.parametrize("error", [AccessDenied, ServiceError])
def test_a_change_that_is_refused_leaves_no_stack_behind(place, cloud, monkeypatch, error):
    monkeypatch.setattr(ControlPlane, "call", failing("execute_change_set", error, once_done=False))
    told = place.call("apply", "ONE", "--yes")
    assert (told.exit_code, "Refused: not today" in told.stderr) == (1, True)
    assert Stacks(cloud).find(place.name) is None


def test_a_change_that_nobody_knows_to_be_begun_is_left_alone(place, cloud, monkeypatch):
    call = failing("execute_change_set", Unavailable, once_done=True)
    monkeypatch.setattr(ControlPlane, "call", call)
    told = place.call("apply", "ONE", "--yes")
    assert (told.exit_code, "Refused: not today" in told.stderr) == (1, True)
    monkeypatch.undo()
    assert place.call("apply", "ONE", "--yes").exit_code == 0
    assert Stacks(cloud).find(place.name).status == "CREATE_COMPLETE"


def test_a_change_set_that_cannot_be_checked_is_not_left_behind(place, cloud, monkeypatch):
    assert place.call("apply", "ONE", "--yes").exit_code == 0
    with aimed(place, "ONE", f'{FREE}[tags]\nteam = "agents"') as target:
        found = target.proposal(repair=False)
        call = failing("get_template", Unavailable, once_done=False)
        monkeypatch.setattr(ControlPlane, "call", call)
        with pytest.raises(Unavailable):
            apply(Watch(target.stacks, lambda _: None), found, ())
    sets = cloud.call("cloudformation", "list_change_sets", StackName=place.name)["Summaries"]
    assert not [each for each in sets if each["ExecutionStatus"] == "AVAILABLE"]


def failing(operation, error, *, once_done):
    """A call of the control plane that fails in an operation, before it is done or after that."""
    call = ControlPlane.call

    def fail(plane, service, asked, **parameters):
        if asked == operation and not once_done:
            raise error("Refused", "not today")
        answer = call(plane, service, asked, **parameters)
        if asked == operation:
            raise error("Refused", "not today")
        return answer

    return fail
