"""Stacks of CloudFormation: proposing a change, making it, following it, deleting the stack."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from json import dumps
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import orjson
from attrs import evolve

from ..errors import RequestError, ServiceError, Unavailable
from ..infra.stacks import REVIEW, ChangeSet, Event, Stack, Template
from .control import ControlPlane

LIMIT_BYTES = 51_200  # of a template in a request; CloudFormation quotas
CAPABILITIES = ("CAPABILITY_NAMED_IAM",)  # policies have names
FIRST_POLL_SECONDS = 0.1  # doubled up to the longest, and begun again when something happens
LONGEST_POLL_SECONDS = 3.0
NO_STACK = "ValidationError"  # what CloudFormation answers of a stack that it does not know
# CloudFormation has no code for it. Source: the AWS CLI's `deploy`, which compares these texts too.
NO_CHANGES = (
    "The submitted information didn't contain changes",
    "No updates are to be performed",
)


class Stacks:
    """The stacks of an account and region.

    Attributes:
        plane: what calls are made by.
    """

    def __init__(self, plane: ControlPlane, bucket: str | None = None) -> None:
        """Nothing is sent.

        Args:
            plane: what calls are made by.
            bucket: of S3, where templates are put that are too large for a request.
        """
        self.plane = plane
        self._bucket = bucket

    def find(self, name: str) -> Stack | None:
        """A stack by its name or ARN; None where there is none.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        known = frozenset({NO_STACK})
        answer = self.plane.found("cloudformation", "describe_stacks", known, StackName=name)
        if answer is None or not answer["Stacks"]:
            return None
        (told,) = answer["Stacks"]
        return Stack(
            name=told["StackName"],
            id=told["StackId"],
            status=told["StackStatus"],
            reason=told.get("StackStatusReason") or "",
            protected=bool(told.get("EnableTerminationProtection")),
            outputs={o["OutputKey"]: o["OutputValue"] for o in told.get("Outputs") or ()},
        )

    def template(self, name: str) -> Template:
        """The template that a stack was made of last.

        Raises:
            RequestError: it is none of ours: no JSON.
            ServiceError: CloudFormation refused, or did not answer.
        """
        body = self.plane.call("cloudformation", "get_template", StackName=name)["TemplateBody"]
        try:  # botocore reads JSON by itself, as ordered mappings
            read: Template = orjson.loads(body if isinstance(body, str) else dumps(body))
        except orjson.JSONDecodeError as error:
            raise RequestError(
                f"the template of stack {name} is not JSON, so this command did not make it. Go on with "
                "what made it, or deploy to a stack of another name"
            ) from error
        return read

    def resources(self, name: str) -> dict[str, str]:
        """Logical id -> physical id, of all that is in a stack.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        listed = self.plane.listed(
            "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=name
        )
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in listed
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def propose(
        self,
        name: str,
        template: Template,
        parameters: Mapping[str, str] = MappingProxyType({}),
        *,
        create: bool,
        repair: bool = False,
    ) -> ChangeSet | None:
        """Have CloudFormation find out what a template would change; nothing is changed.

        What is there already under the name that the template gives it becomes a part of the stack, if
        the template retains it: a table that a program made, or that a deleted stack left behind.

        Args:
            name: of the stack.
            template: what it is to become.
            parameters: of the template, by their names.
            create: whether it is not made yet.
            repair: whether what was changed behind the stack's back is changed back.

        Returns:
            The change set, to be executed or discarded; None where nothing would change.

        Raises:
            RequestError: the template is too large for a request, and there is no bucket for it.
            ServiceError: CloudFormation refuses the template, or failed.
        """
        body = orjson.dumps(template)
        is_first = create and self.find(name) is None
        with self._reachable(body) as place:
            answer = self.plane.call(
                "cloudformation",
                "create_change_set",
                StackName=name,
                ChangeSetName=f"dynastore-{uuid4().hex}",
                ChangeSetType="CREATE" if create else "UPDATE",
                Capabilities=[*CAPABILITIES],
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
                ImportExistingResources=True,
                **place,
                **({"DeploymentMode": "REVERT_DRIFT"} if repair and not create else {}),
            )
            proposed = ChangeSet(answer["Id"], answer["StackId"], has_stack=is_first)
            with (
                ExitStack() as unless_needed
            ):  # be it that it fails, is empty, or somebody interrupts
                unless_needed.callback(self.discard_if_it_goes, proposed)
                found = self._found(proposed)
                if found is not None:
                    unless_needed.pop_all()
                return found

    @contextmanager
    def _reachable(self, body: bytes) -> Iterator[dict[str, str]]:
        """Where CloudFormation finds a template: in the request, or in a bucket meanwhile.

        Raises:
            RequestError: it is too large for a request, and no bucket is named.
        """
        if len(body) <= LIMIT_BYTES:
            yield {"TemplateBody": body.decode()}
            return
        if self._bucket is None:
            raise RequestError(
                f"the template is {len(body):,} bytes, and CloudFormation takes {LIMIT_BYTES:,} in a "
                "request: name a bucket of this region that it can pass through, --template-bucket"
            )
        place = {"Bucket": self._bucket, "Key": f"dynastore-{uuid4().hex}.json"}
        self.plane.call("s3", "put_object", **place, Body=body)
        try:
            yield {"TemplateURL": f"{self.plane.url('s3')}/{place['Bucket']}/{place['Key']}"}
        finally:
            self.plane.call("s3", "delete_object", **place)

    def _found(self, proposed: ChangeSet) -> ChangeSet | None:
        """A change set with what is in it, when CloudFormation has found that out."""
        told = self._told(proposed)
        wait = FIRST_POLL_SECONDS
        while told["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_POLL_SECONDS)
            told = self._told(proposed)
        if told["Status"] == "CREATE_COMPLETE":
            changes = self.plane.listed(
                "cloudformation",
                "describe_change_set",
                "Changes",
                ChangeSetName=proposed.id,
                IncludePropertyValues=True,
            )
            found = tuple(each["ResourceChange"] for each in changes)
            return evolve(proposed, changes=found)
        reason = told.get("StatusReason") or told["Status"]
        if any(each in reason for each in NO_CHANGES):
            return None
        raise ServiceError("ChangeSetFailed", f"CloudFormation refuses the change: {reason}")

    def _told(self, proposed: ChangeSet) -> dict[str, Any]:
        return self.plane.call("cloudformation", "describe_change_set", ChangeSetName=proposed.id)

    def discard(self, proposed: ChangeSet) -> None:
        """Delete a change set, and the stack if it was made for it, and has nothing in it.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        self.plane.call("cloudformation", "delete_change_set", ChangeSetName=proposed.id)
        if not proposed.has_stack:
            return
        stack = self.find(proposed.stack)
        # Somebody else may have begun to make the same stack, by a change set of their own.
        if stack is not None and stack.status == REVIEW:
            self.plane.call("cloudformation", "delete_stack", StackName=proposed.stack)

    def discard_if_it_goes(self, proposed: ChangeSet) -> None:
        """The same where something went wrong before: that is what is told, and not what fails now.

        CloudFormation deletes no change set that it is still making, so an interrupt leaves it there.
        """
        with suppress(ServiceError):
            self.discard(proposed)

    def execute(self, proposed: ChangeSet) -> str:
        """Begin to make a change; CloudFormation goes on by itself.

        What a creation made is deleted if it fails, even what is to be kept later: it is empty. A change set
        that CloudFormation refuses to execute is discarded.

        Returns:
            What tells the events of this change from others.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        token = f"dynastore-{uuid4().hex}"
        try:
            self.plane.call(
                "cloudformation",
                "execute_change_set",
                ChangeSetName=proposed.id,
                ClientRequestToken=token,
                RetainExceptOnCreate=True,
            )
        except Unavailable:  # nobody knows whether it is begun
            raise
        except ServiceError:
            self.discard_if_it_goes(proposed)
            raise
        return token

    def delete(self, stack: Stack) -> str:
        """Begin to delete a stack; CloudFormation goes on by itself.

        Returns:
            What tells the events of this deletion from others.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        token = f"dynastore-{uuid4().hex}"
        self.plane.call(
            "cloudformation", "delete_stack", StackName=stack.id, ClientRequestToken=token
        )
        return token

    def protect(self, name: str, *, protected: bool) -> None:
        """Have CloudFormation refuse to delete a stack, or not any more.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        self.plane.call(
            "cloudformation",
            "update_termination_protection",
            StackName=name,
            EnableTerminationProtection=protected,
        )

    def follow(self, stack: str, token: str | None) -> Iterator[tuple[Stack, tuple[Event, ...]]]:
        """How far an operation is, again and again until it is at its end.

        Args:
            stack: ARN of the stack.
            token: of the operation; None for whatever the stack is at.

        Yields:
            The stack, and the events since the last time, oldest first.

        Raises:
            ServiceError: CloudFormation refused, or did not answer.
        """
        seen = frozenset[str]() if token else self._seen(stack)
        wait = FIRST_POLL_SECONDS
        while True:
            # First the stack: when it has come to its end, all its events are there.
            state = self.find(stack)
            assert state is not None, "a stack is found by its ARN, even a deleted one"
            events = self._events(stack, token, seen)
            seen |= {each.id for each in events}
            end = next((each for each in reversed(events) if each.ends(state)), None)
            if end is not None:
                state = self._ended(stack, end)
            yield state, events
            if end is not None or not (token or state.is_moving):
                return
            wait = FIRST_POLL_SECONDS if events else min(wait * 2, LONGEST_POLL_SECONDS)
            time.sleep(wait)

    def _ended(self, stack: str, end: Event) -> Stack:
        """A stack at the end of an operation.

        It may have come to it after the stack was looked at, and for a moment CloudFormation may tell the
        state before the operation; its events never lie.
        """
        state = self.find(stack)
        assert state is not None, "a stack is found by its ARN, even a deleted one"
        return evolve(state, status=end.status, reason=end.reason)

    def _seen(self, stack: str) -> frozenset[str]:
        return frozenset(each.id for each in self._events(stack, None, frozenset()))

    def _events(self, stack: str, token: str | None, seen: frozenset[str]) -> tuple[Event, ...]:
        """Events of an operation that were not seen, oldest first."""
        events = []
        for told in self.plane.listed(
            "cloudformation", "describe_stack_events", "StackEvents", StackName=stack
        ):
            if token and told.get("ClientRequestToken") != token:
                break  # the newest come first, so these are of operations before
            if told["EventId"] in seen:
                break
            events.append(_event(told))
        return tuple(reversed(events))


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        id=told["EventId"],
        logical_id=told["LogicalResourceId"],
        type=told["ResourceType"],
        status=told["ResourceStatus"],
        reason=told.get("ResourceStatusReason") or "",
        at=told["Timestamp"],
    )
