"""An operation of CloudFormation is followed to its end: what AWS tells at which moment, said one by one."""

from __future__ import annotations

import pytest

from dynastore.cli.deployment.applying import Watch
from dynastore.clients.stacks import Stacks
from dynastore.errors import AccessDenied, ServiceError
from dynastore.infra.steps import Step

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Table/1"


@pytest.mark.parametrize("looked_at", ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"])
def test_an_operation_ends_as_its_last_event_says(looked_at):
    """It may end between the look at the stack and that at its events, or the look may be at one too old."""
    plane = Told(["UPDATE_IN_PROGRESS", looked_at, looked_at])
    (_, first), (state, second) = Stacks(plane).follow(ARN, "token")
    assert (state.status, state.reason) == ("UPDATE_ROLLBACK_COMPLETE", "why")
    assert [(*first, *second)[number].id for number in (0, 1)] == ["1", "2"]


class Told:
    """A control plane that tells a stack's states one after the other, and events at the second look.

    The stack is called as a resource of it, whose end is not the end of the stack.
    """

    def __init__(self, states):
        self.states = iter(states)
        whole = self.event("2", "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE")
        resource = self.event("1", "AWS::DynamoDB::Table", "UPDATE_COMPLETE")
        self.events = iter([[resource], [whole, resource]])

    def event(self, number, kind, status):
        ours = {"LogicalResourceId": "Table", "ClientRequestToken": "token", "Timestamp": None}
        told = {"EventId": number, "ResourceType": kind, "ResourceStatus": status}
        return {**ours, **told, "ResourceStatusReason": "why"}

    def found(self, *_, **__):
        stack = {"StackName": "Table", "StackId": ARN, "StackStatus": next(self.states)}
        return {"Stacks": [stack]}

    def listed(self, *_, **__):
        return next(self.events)


def watch(plane):
    return Watch(Stacks(plane), lambda _: None)


def test_where_it_cannot_be_followed_any_more_it_says_that_it_goes_on():
    """Credentials of an hour expire while an index is built for three."""
    with pytest.raises(AccessDenied) as ended:
        watch(Expired(["UPDATE_IN_PROGRESS"])).to_the_end(ARN, "token", "step 1")
    assert str(ended.value).startswith(
        "ExpiredToken: it is over. What CloudFormation has begun on s"
    )
    assert "describe-stack-events --stack-name Table" in str(ended.value)


class Expired(Told):
    def listed(self, *_, **__):
        raise AccessDenied("ExpiredToken", "it is over.")


def test_what_tells_of_an_index_on_the_way_does_not_stop_the_work():
    plane = Blind(["UPDATE_IN_PROGRESS"] * 3)
    adding = Step({}, "add", "Table", "GSI1")
    state, _ = watch(plane).to_the_end(ARN, "token", "step 1", adding)
    assert state.status == "UPDATE_ROLLBACK_COMPLETE"


class Blind(Told):
    def listed(self, service, operation, *_, **__):
        if operation == "list_stack_resources":
            raise ServiceError("Throttling", "slower")
        return super().listed()


def test_whoever_interrupts_while_a_change_set_is_made_is_told_so_and_not_that_it_cannot_be_deleted():
    with pytest.raises(KeyboardInterrupt):
        Stacks(Interrupted([])).propose("Table", {}, create=False)


class Interrupted(Told):
    def call(self, service, operation, **_):
        if operation == "describe_change_set":
            raise KeyboardInterrupt
        if operation == "delete_change_set":
            raise ServiceError("InvalidChangeSetStatus", "it is being made")
        return {"Id": "change-set", "StackId": ARN}
