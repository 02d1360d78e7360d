"""``dynastore destroy``: refused while anything is protected; says what stays and what is lost."""

from __future__ import annotations

import json

import pytest
import typer
from attrs import evolve

from dynastore import Store
from dynastore.clients.stacks import Stacks
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms

from ..conformance.deploying import run, target
from .deployed import FREE, KEPT, ONE, PROTECTED, Note, Place

LOSING = ("--allow-data-loss", "Table")


@pytest.fixture
def place(cloud_url, tmp_path):
    return Place.new(cloud_url, tmp_path)


def applied(place, options):
    done = place.call("apply", "ONE", "--yes", options=options)
    assert done.exit_code == 0, done.stderr


def has_table(cloud, place):
    return place.name in cloud.call("dynamodb", "list_tables")["TableNames"]


def test_it_is_refused_while_stack_or_table_is_protected_and_says_how_to_take_that_off(
    place, cloud
):
    applied(place, PROTECTED)
    words = ("--yes", *LOSING)
    refused = place.call("destroy", "ONE", *words, options=PROTECTED)
    assert refused.exit_code == 2
    assert f"protection is on: stack {place.name}, table {place.name}. Nothing" in refused.stderr
    assert "set deletion_protection = false in the options" in refused.stderr

    Stacks(cloud).protect(place.name, protected=False)
    refused = place.call("destroy", "ONE", *words, options=PROTECTED)
    assert f"protection is on: table {place.name}. Nothing" in refused.stderr
    assert has_table(cloud, place)

    applied(place, FREE)
    gone = place.call("destroy", "ONE", *words)
    assert gone.exit_code == 0, gone.stderr
    assert f"stack {place.name} is deleted" in gone.stdout
    assert not has_table(cloud, place)
    assert Stacks(cloud).find(place.name) is None


def test_a_person_types_the_name_of_the_stack(place, cloud):
    applied(place, FREE)
    other = place.call("destroy", "ONE", answer="yes\n")
    assert (other.exit_code, has_table(cloud, place)) == (2, True)
    assert "Table is deleted, with all its items" in other.stdout
    assert "that is not the stack's name; nothing was deleted" in other.stderr
    named = place.call("destroy", "ONE", answer=f"{place.name}\n")
    assert named.exit_code == 0, named.stderr
    assert "DELETE_COMPLETE      Table" in named.stderr
    assert not has_table(cloud, place)


def test_a_program_names_what_is_lost(place, cloud):
    applied(place, FREE)
    for words in ((), ("--allow-data-loss", "table"), ("--allow-data-loss", place.name)):
        refused = place.call("destroy", "ONE", "--yes", *words)
        assert refused.exit_code == 2
        assert refused.stderr.endswith("If that is meant: --yes --allow-data-loss Table\n")
        assert has_table(cloud, place)
    gone = place.call("destroy", "ONE", "--yes", "--json", *LOSING)
    assert gone.exit_code == 0, gone.stderr
    summary = json.loads(gone.stdout.splitlines()[-1])
    assert summary == {"stack": place.name, "status": "DELETE_COMPLETE", "kept": []}


def test_what_is_retained_stays_and_can_become_a_part_of_a_stack_again(place, cloud):
    applied(place, KEPT)
    with Store.connect(place.name, ONE, endpoint_url=place.url, create=False) as notes:
        notes.put(Note(owner="ann", name="n1"))
        gone = place.call("destroy", "ONE", "--yes", options=KEPT)
        assert gone.exit_code == 0, gone.stderr
        assert f"= Table AWS::DynamoDB::Table {place.name} stays" in gone.stdout
        assert "- 3 others, which hold no data" in gone.stdout
        assert has_table(cloud, place)
        applied(place, KEPT)
        assert notes.get(Note, owner="ann", name="n1")


def test_what_is_left_of_a_creation_that_failed_is_removed(place, cloud):
    with pytest.raises(typer.Exit):
        place.fail()
    assert Stacks(cloud).find(place.name).status == "ROLLBACK_COMPLETE"
    gone = place.call("destroy", "ONE", "--yes")
    assert gone.exit_code == 0, gone.stderr
    assert Stacks(cloud).find(place.name) is None


def test_what_cannot_be_deleted_is_said_and_the_next_call_goes_on(place, cloud):
    """An alarm that another alarm is made of."""
    deployment = Deployment(deletion_protection=False, retain=False, alarms=Alarms())
    made = target(ONE.named(place.name), cloud, deployment)
    run(made)
    alarm = made.stacks.resources(place.name)["TableQueryLatencyAlarm"]
    rule = {"AlarmName": f"{place.name}-any", "AlarmRule": f'ALARM("{alarm}")'}
    cloud.call("cloudwatch", "put_composite_alarm", **rule)
    options = f"{FREE}[alarms]\n"
    words = ("--yes", *LOSING, "--allow-data-loss", "AlarmTopicKey")
    failed = place.call("destroy", "ONE", *words, options=options)
    assert failed.exit_code == 1
    assert "Alarm (AWS::CloudWatch::Alarm) DELETE_FAILED: " in failed.stderr.splitlines()[-1]
    stuck = place.call("plan", "ONE")
    assert (stuck.exit_code, "is stuck: " in stuck.stderr) == (1, True)
    cloud.call("cloudwatch", "delete_alarms", AlarmNames=[rule["AlarmName"]])
    again = place.call("destroy", "ONE", *words, options=options)
    assert again.exit_code == 0, again.stderr
    assert Stacks(cloud).find(place.name) is None


def test_there_has_to_be_such_a_stack(place):
    none = place.call("destroy", "ONE", "--yes")
    assert (none.exit_code, f"there is no stack {place.name} in eu-west-1" in none.stderr) == (
        2,
        True,
    )


def test_ctrl_c_where_it_asks_deletes_nothing(place, cloud, monkeypatch):
    applied(place, FREE)

    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.prompt", interrupted)
    stopped = place.call("destroy", "ONE")
    assert stopped.exit_code == 130
    assert "interrupted. " in stopped.stderr
    assert has_table(cloud, place)


def test_called_again_it_follows_the_deletion_that_is_under_way(place, cloud, monkeypatch):
    """ministack deletes at once, so the first look is at what there was before."""
    applied(place, FREE)
    look, looks = Stacks.find, []

    def looked_at(stacks, name):
        stack = look(stacks, name)
        looks.append(stack)
        if len(looks) > 1:
            return stack
        stacks.delete(stack)
        return evolve(stack, status="DELETE_IN_PROGRESS")

    monkeypatch.setattr(Stacks, "find", looked_at)
    again = place.call("destroy", "ONE", "--yes", *LOSING)
    assert again.exit_code == 0, again.stderr
    assert again.stdout == f"stack {place.name} is deleted\n"
