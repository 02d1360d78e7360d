"""What a deployment would change: found out, and shown to a person or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from attrs import frozen
from rich.console import Console

from ...clients.stacks import Stacks
from ...errors import ServiceError
from ...infra.changes import (
    Action,
    Change,
    Loss,
    PropertyChange,
    additions,
    changes,
    losses,
    removals,
)
from ...infra.paths import ABSENT
from ...infra.stacks import NEVER_MADE, Stack, Template
from ...infra.steps import Step, steps
from ..saying import as_markup

SIGNS: Mapping[Action, tuple[str, str]] = {
    "added": ("+", "green"),
    "adopted": (">", "cyan"),
    "changed": ("~", "yellow"),
    "replaced": ("±", "bold red"),
    "removed": ("-", "red"),
}
# Status of a stack that takes no change set -> what takes it on.
WAYS_ON: Mapping[str, str] = {
    "UPDATE_ROLLBACK_FAILED": "`aws cloudformation continue-update-rollback --stack-name {}`",
    "DELETE_FAILED": "`dynastore destroy` again",
}
LONGEST_VALUE = 120  # characters of a value on a terminal; JSON has all of it


@frozen
class Proposal:
    """A deployment that was not made.

    Attributes:
        name: of the stack.
        region: where it is.
        stack: the stack as it is; None where there is none.
        deployed: its template; None where nothing is made yet.
        wanted: the template that it would get.
        changes: what becomes of each resource.
        steps: the updates that it takes, in order.
        parameters: of the template, by their names.
        repair: whether what was changed behind the stack's back is changed back.
    """

    name: str
    region: str
    stack: Stack | None
    deployed: Template | None
    wanted: Template
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    parameters: Mapping[str, str]
    repair: bool = False

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Data that it would lose."""
        return losses(self.changes)


def proposal(
    stacks: Stacks,
    name: str,
    region: str,
    wanted: Template,
    parameters: Mapping[str, str],
    *,
    repair: bool = False,
) -> Proposal | None:
    """What deploying a template would change, as CloudFormation finds out; None where nothing would.

    A change set is made for it and deleted again.

    Args:
        stacks: those of the region.
        name: of the stack.
        region: where it is.
        wanted: the template.
        parameters: of the template, by their names.
        repair: whether what was changed behind the stack's back is changed back.

    Raises:
        ServiceError: the stack is at work or stuck, or CloudFormation refuses the template.
    """
    stack = stacks.find(name)
    if stack is not None:
        check_rest(stack)
    if stack is not None and stack.status in NEVER_MADE:
        # Such a stack takes no change set: it is deleted first, with what is left in it.
        left = removals(stacks.template(name), stacks.resources(name))
        found = (*left, *additions(wanted))
        anew = (Step(wanted),)
        return Proposal(name, region, stack, None, wanted, found, anew, parameters)
    is_made = stack is not None and stack.is_made
    deployed = stacks.template(name) if is_made else None
    proposed = stacks.propose(name, wanted, parameters, create=not is_made, repair=repair)
    if proposed is None:
        return None
    stacks.discard(proposed)
    found = changes(deployed, wanted, proposed.changes)
    made = steps(deployed, wanted)
    return Proposal(name, region, stack, deployed, wanted, found, made, parameters, repair)


def check_rest(stack: Stack) -> None:
    """Refuse a stack that cannot be changed now.

    Raises:
        ServiceError: CloudFormation is at work on it, or needs a person.
    """
    if stack.is_moving:
        raise ServiceError(
            stack.status,
            f"CloudFormation is at work on stack {stack.name}. Wait, or follow it with `dynastore apply`",
        )
    if stack.status in WAYS_ON:
        raise ServiceError(
            stack.status,
            f"stack {stack.name} is stuck: {stack.reason or 'no reason is given'}. Repair what is in the "
            f"way; then {WAYS_ON[stack.status].format(stack.name)}",
        )


def show(console: Console, found: Proposal) -> None:
    """Print what would change, what is lost, and in which steps."""
    counted = Counter(each.action for each in found.changes)
    told = ", ".join(f"{counted[action]} {action}" for action in SIGNS if counted[action])
    new = "" if found.deployed else ", which is new"
    console.print(
        f"stack [bold]{as_markup(found.name)}[/] ({as_markup(found.region)}){new}: "
        f"{told or 'outputs change'}",
        highlight=False,
    )
    for change in found.changes:
        for line in _lines(change):
            console.print(line, highlight=False, soft_wrap=True)
    if len(found.steps) > 1:
        console.print(f"{len(found.steps)} steps, since an update takes one index, or one replica:")
        for number, step in enumerate(found.steps, 1):
            console.print(f"  {number}. {as_markup(step_line(found, step))}", highlight=False)


def step_line(found: Proposal, step: Step) -> str:
    """What a step does, in a few words."""
    if step.action is None:
        return "create the stack" if found.deployed is None else "update the stack"
    what = f"index {step.index}" if step.index else f"replica {step.replica}"
    done = f"{step.action} {what} of {step.table}"
    others = step is found.steps[-1] and _is_more(found)
    return f"{done}, and everything else" if others else done


def _is_more(found: Proposal) -> bool:
    """Whether anything changes that is no index, no attribute of one, and no replica that comes or goes."""
    of_steps: tuple[str, ...] = ("GlobalSecondaryIndexes", "AttributeDefinitions")
    if any(step.replica for step in found.steps):
        of_steps += ("Replicas",)
    return any(
        each.action != "changed" or not part.path.startswith(of_steps)
        for each in found.changes
        for part in each.properties or (PropertyChange("", None, None),)
    )


def _lines(change: Change) -> Iterator[str]:
    sign, style = SIGNS[change.action]
    physical = f" [dim]{as_markup(change.physical_id)}[/]" if change.physical_id else ""
    kept = " (it stays, outside of the stack)" if change.kept else ""
    fate = {
        "adopted": " is there already, and becomes a part of the stack as it is: look at it with "
        "`dynastore doctor` afterwards",
        "replaced": " replaced",
        "removed": f" removed{kept}",
    }.get(change.action, "")
    yield (
        f"[{style}]{sign} {change.logical_id}[/] [dim]{change.type}[/]{physical}[{style}]{fate}[/]"
    )
    for each in change.properties:
        if not _is_of_index(each):
            yield _property_line(each)
    for loss in change.losses:
        yield f"    [bold red]loses data:[/] {as_markup(loss.sentence)} [dim]({as_markup(loss.name)})[/]"


def _is_of_index(change: PropertyChange) -> bool:
    """Whether it defines an attribute that comes or goes with its index, which is told anyway."""
    return change.path.startswith("AttributeDefinitions[") and (
        change.before is ABSENT or change.after is ABSENT
    )


def _property_line(change: PropertyChange) -> str:
    why = {
        "no": "",
        "maybe": " [bold red](may replace it)[/]",
        "yes": " [bold red](replaces it)[/]",
    }[change.replaces]
    if change.before is ABSENT and change.after is ABSENT:
        return f"    {as_markup(change.path)}: follows {as_markup(change.cause or 'another change')}{why}"
    return f"    {as_markup(change.path)}: {_value(change.before)} -> {_value(change.after)}{why}"


def _value(value: Any) -> str:
    if value is ABSENT:
        return "[dim]none[/]"
    text = orjson.dumps(value).decode()
    short = text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
    return as_markup(short)


def json_lines(found: Proposal, **more: Any) -> Iterator[str]:
    """A JSON object for each change, and a summary, which has *more* in it."""
    for change in found.changes:
        yield orjson.dumps(
            {
                "resource": change.logical_id,
                "type": change.type,
                "action": change.action,
                "physical_id": change.physical_id,
                "kept": change.kept,
                "properties": [_told(each) for each in change.properties],
                "losses": [{"name": each.name, "loses": each.sentence} for each in change.losses],
            }
        ).decode()
    yield orjson.dumps(
        {
            "stack": found.name,
            "region": found.region,
            "new": found.deployed is None,
            **Counter(each.action for each in found.changes),
            "steps": [step_line(found, step) for step in found.steps],
            "losses": [each.name for each in found.losses],
            **more,
        }
    ).decode()


def _told(change: PropertyChange) -> dict[str, Any]:
    """A change as JSON: without a value that there is not."""
    values = {"before": change.before, "after": change.after}
    known = {name: value for name, value in values.items() if value is not ABSENT}
    cause = {} if change.cause is None else {"cause": change.cause}
    return {"path": change.path, **known, "replaces": change.replaces, **cause}
