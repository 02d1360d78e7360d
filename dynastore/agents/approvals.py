"""Approvals: what a run waits for until somebody decides. One partition a run.

    APPROVALS#r1   A#a1      an approval of the run

Whether a run may go on is asked of its partition, strongly consistent: an index may not know yet that
the run waits.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from ..entities.declaring import entity
from ..entities.patterns import gsi, key
from ..entities.payload_fields import payload
from ..entities.uniques import unique

LISTED = ("outline", "user_id", "created_at")
PENDING = "pending"


@frozen(kw_only=True)
class ApprovalOutline:
    """What lists choose by of an approval and no key has, and its ids.

    Attributes:
        approval_id: that of the approval.
        run_id: of the run that waits.
        source_type: of the component that asks: ``agent``, ``team`` or ``workflow``.
        approval_type: such as ``required`` or ``audit``, or None.
        pause_type: what is asked for, such as ``confirmation``.
        agent_id: the agent that asks, or None.
        team_id: the team, or None.
        workflow_id: the workflow, or None.
        schedule_id: the schedule that began the run, or None.
    """

    approval_id: str
    run_id: str
    source_type: str
    approval_type: str | None = None
    pause_type: str
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None
    schedule_id: str | None = None


@entity("approval")
class Approval:
    """A question that a run asks a person, and the answer.

    Attributes:
        approval_id: unique in its scope.
        run_id: the run that waits.
        session_id: the session of the run.
        status: ``pending`` until it is decided.
        outline: who asks for what.
        tool_name: the tool that may be called, or None.
        tool_args: with what, as a framework serialized it.
        source_name: what people call the component that asks, or None.
        requirements: what has to be answered, as a framework serialized it.
        context: what one has to know, too.
        user_id: whose the run is, or None.
        schedule_run_id: the run of the schedule that began it, or None.
        resolved_by: who decided, or None.
        resolved_at: when, or None.
        resolution_data: what was answered, as a framework serialized it.
        run_status: how the run stands since, or None.
        expires_at: until when it may be decided, or None. It stays afterwards.
        created_at: when it was asked; lists are sorted by it.
        updated_at: when it was changed last, or None.
    """

    approval_id: str
    run_id: str
    session_id: str
    status: str = PENDING
    outline: ApprovalOutline
    tool_name: str | None = None
    tool_args: bytes = payload(default=b"")
    source_name: str | None = None
    requirements: bytes = payload(default=b"")
    context: bytes = payload(default=b"")
    user_id: str | None = None
    schedule_run_id: str | None = None
    resolved_by: str | None = None
    resolved_at: dt.datetime | None = None
    resolution_data: bytes = payload(default=b"")
    run_status: str | None = None
    expires_at: dt.datetime | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None

    primary = key("APPROVALS#{run_id}", "A#{approval_id}")
    # By its id alone it is found through this constraint's guard, which no index has to show first.
    one_id = unique("approval_id")
    by_user = gsi(
        *(1, "U#{user_id}", "APPROVAL", "{status}", "{created_at}", "{approval_id}"),
        include=LISTED,
    )
    directory = gsi(*(3, "APPROVALS", "{status}", "{created_at}", "{approval_id}"), include=LISTED)
