"""What CloudFormation says of a stack, as values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import frozen

Template: TypeAlias = Mapping[str, Any]
"""A CloudFormation template, as JSON has it."""

LONGEST_NAME = 128  # characters; CreateChangeSet reference
OF_SERVICE = "-service"
REVIEW = "REVIEW_IN_PROGRESS"  # of a stack that only has a change set, and nothing else yet
GONE = "DELETE_COMPLETE"
STACK = "AWS::CloudFormation::Stack"
# A creation that failed: such a stack takes no change set. What is in it is what could not be deleted, or
# was not to be: CREATE_FAILED is of those that were not to be rolled back.
NEVER_MADE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


@frozen
class Stack:
    """A stack, as DescribeStacks tells it.

    Attributes:
        name: its name.
        id: its ARN.
        status: such as ``UPDATE_COMPLETE``.
        reason: why it is in that state; empty where CloudFormation gives none.
        protected: whether CloudFormation refuses to delete it.
        outputs: name -> value.
    """

    name: str
    id: str
    status: str
    reason: str = ""
    protected: bool = False
    outputs: Mapping[str, str] = {}

    @property
    def is_made(self) -> bool:
        """Whether there may be resources in it that an update would change."""
        return self.status not in NEVER_MADE | {REVIEW, GONE}

    @property
    def is_moving(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW


@frozen
class Event:
    """What happened to a resource of a stack, or to the stack.

    Attributes:
        id: tells events apart.
        logical_id: the resource's name in the template.
        type: such as ``AWS::DynamoDB::Table``.
        status: such as ``CREATE_IN_PROGRESS``.
        reason: why; empty where CloudFormation gives none.
        at: when.
    """

    id: str
    logical_id: str
    type: str
    status: str
    reason: str
    at: dt.datetime

    @property
    def failed(self) -> bool:
        """Whether something was tried and not done."""
        return self.status.endswith("_FAILED")

    def ends(self, stack: Stack) -> bool:
        """Whether an operation on the stack is at its end with it."""
        is_its_own = self.type == STACK and self.logical_id == stack.name
        return is_its_own and not self.status.endswith("_IN_PROGRESS")


@frozen
class ChangeSet:
    """What CloudFormation would do, and has not done.

    Attributes:
        id: its ARN.
        stack: ARN of the stack.
        changes: as DescribeChangeSet tells them: each a ``ResourceChange``.
        has_stack: whether the stack was made for it, and goes with it if it is discarded.
    """

    id: str
    stack: str
    changes: tuple[Mapping[str, Any], ...] = ()
    has_stack: bool = False


def stack_name(table: str, *, of_service: bool = False) -> str:
    """The stack of a table, unless it has a name of its own: stacks have letters, digits and hyphens.

    Args:
        table: its name.
        of_service: whether it is that of the service on the table, where that has a stack of its own.
    """
    if of_service:
        table = f"{table[: LONGEST_NAME - len(OF_SERVICE)]}{OF_SERVICE}"
    name = re.sub(r"[^A-Za-z0-9-]", "-", table)[:LONGEST_NAME]
    return name if name[0].isalpha() else f"table-{name}"[:LONGEST_NAME]


def name_of(arn: str) -> str:
    """The name of a stack, by its ARN: ``arn:…:stack/NAME/…``."""
    return arn.split("/")[1] if "/" in arn else arn
