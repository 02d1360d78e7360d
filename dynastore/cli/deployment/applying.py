"""A deployment is made: step by step, with what happens to each resource, to its end or its failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from attrs import field, frozen
from rich.console import Console
from rich.status import Status

from ...clients.deployed.tables import index_progress
from ...clients.stacks import Stacks
from ...errors import ConflictError, DynastoreError, RequestError, ServiceError
from ...infra.changes import Loss, changes, losses
from ...infra.stacks import DONE, GONE, NEVER_MADE, Event, Stack, name_of
from ...infra.steps import Step
from ..saying import as_markup
from .proposing import Proposal, step_line

STYLES = {"FAILED": "bold red", "COMPLETE": "green", "SKIPPED": "yellow"}


@frozen
class Watch:
    """Follows operations on stacks, and tells what happens.

    Attributes:
        stacks: those of the region.
        told: called with each event.
        console: where a person sees what is going on.
    """

    stacks: Stacks
    told: Callable[[Event], None]
    console: Console = field(factory=lambda: Console(stderr=True))

    def to_the_end(
        self, stack: str, token: str | None, doing: str, step: Step | None = None
    ) -> tuple[Stack, Event | None]:
        """Follow an operation.

        Args:
            stack: ARN of the stack.
            token: of the operation; None for whatever the stack is at.
            doing: what it does, in a few words.
            step: what is deployed, if it adds an index.

        Returns:
            The stack in the end, and the first thing that failed.

        Raises:
            ServiceError: CloudFormation did not answer.
        """
        failed: Event | None = None
        state: Stack | None = None
        with self.console.status(as_markup(doing)) as status, _still_going_on(stack):
            for now, events in self.stacks.follow(stack, token):
                state = now
                for event in events:
                    self.told(event)
                    failed = failed or (event if event.failed else None)
                with suppress(ServiceError):  # it is a word on the way, and not the work
                    self._show_building(status, doing, stack, step)
        assert state is not None, "an operation is told of at least once"
        return state, failed

    def _show_building(self, status: Status, doing: str, stack: str, step: Step | None) -> None:
        """How far an index is that is being built."""
        if step is None or step.action != "add" or step.table is None or step.index is None:
            return
        table = self.stacks.resources(stack).get(step.table)
        progress = table and index_progress(self.stacks.plane, table, step.index)
        if progress:
            status.update(as_markup(f"{doing}: {progress}"))


def goes_on(stack: str) -> str:
    """What to do where nobody follows any more what CloudFormation does; it goes on by itself."""
    return (
        f"What CloudFormation has begun on stack {stack} goes on by itself: call again to follow it and "
        f"to do what is left, or look with `aws cloudformation describe-stack-events --stack-name {stack}`"
    )


@contextmanager
def _still_going_on(stack: str) -> Iterator[None]:
    """Where CloudFormation cannot be asked any more, be it that credentials expire, say that it goes on.

    Raises:
        ServiceError: that is so.
    """
    try:
        yield
    except ServiceError as error:
        why = str(error).removeprefix(f"{error.code}: ").rstrip(".")
        told = f"{why}. {goes_on(name_of(stack))}"
        raise type(error)(error.code, told, request_id=error.request_id) from error


def line(event: Event) -> str:
    """An event as a person reads it."""
    style = STYLES.get(event.status.rpartition("_")[2], "dim")
    reason = f" {as_markup(event.reason)}" if event.reason else ""
    return (
        f"{event.at:%H:%M:%S} [{style}]{event.status:<20}[/] {as_markup(event.logical_id)}{reason}"
    )


def check_losses(found: Iterable[Loss]) -> None:
    """Refuse to lose data that nobody named.

    Raises:
        RequestError: there is some.
    """
    lost = tuple(found)
    if not lost:
        return
    named = " ".join(f"--allow-data-loss {each.name}" for each in lost)
    raise RequestError(
        f"refused, since data would be lost: {'; '.join(each.sentence for each in lost)}. "
        f"Nothing was changed. If that is meant: {named}"
    )


def apply(watch: Watch, found: Proposal, allowed: Iterable[str]) -> Stack:
    """Make the steps of a deployment, one after the other.

    Args:
        watch: follows them.
        found: what is to be made.
        allowed: names of the data that may be lost.

    Returns:
        The stack in the end.

    Raises:
        RequestError: a step would lose data that is not allowed to be lost.
        ConflictError: somebody else changed the stack since it was found out what would change.
        ServiceError: a step failed, and was rolled back.
    """
    stacks, deployed = watch.stacks, found.deployed
    may_go = tuple(allowed)
    if found.stack is not None and found.stack.status in NEVER_MADE:
        _check_same(found, stacks.find(found.stack.id) == found.stack)
        remove(watch, found.stack)
    stack = found.stack
    for number, step in enumerate(found.steps, 1):
        proposed = stacks.propose(
            found.name,
            step.template,
            found.parameters,
            create=deployed is None,
            repair=found.repair,
        )
        if proposed is None:
            continue
        try:
            # A change set is void when the stack is changed after it was made, so before that is enough.
            _check_same(found, deployed is None or stacks.template(found.name) == deployed)
            check_losses(losses(changes(deployed, step.template, proposed.changes), may_go))
        except (DynastoreError, KeyboardInterrupt):
            stacks.discard_if_it_goes(proposed)
            raise
        token = stacks.execute(proposed)
        doing = f"step {number} of {len(found.steps)}, {step_line(found, step)}"
        stack, failed = watch.to_the_end(proposed.stack, token, doing, step)
        if stack.status not in DONE:
            raise _failure(stack, failed, doing)
        deployed = stacks.template(found.name)
    assert stack is not None, "a step was made, or it was there"
    return stack


def _check_same(found: Proposal, is_same: bool) -> None:
    """Refuse to make what was found out about a stack that is another by now.

    Raises:
        ConflictError: it is.
    """
    if not is_same:
        raise ConflictError(
            f"stack {found.name} was changed by somebody else meanwhile. Nothing of this step was changed: "
            "call again, and look at what would change now",
        )


def remove(watch: Watch, stack: Stack) -> None:
    """Delete a stack and wait until it is gone.

    Raises:
        ServiceError: something in it could not be deleted.
    """
    token = watch.stacks.delete(stack)
    gone, failed = watch.to_the_end(stack.id, token, f"deleting stack {stack.name}")
    if gone.status != GONE:
        raise _failure(gone, failed, "deleting the stack")


def _failure(stack: Stack, failed: Event | None, doing: str) -> ServiceError:
    why = (
        f"{failed.logical_id} ({failed.type}) {failed.status}: {failed.reason or 'no reason is given'}"
        if failed
        else stack.reason or "no reason is given"
    )
    rolled_back = "; everything else was rolled back" if "ROLLBACK_COMPLETE" in stack.status else ""
    return ServiceError(stack.status, f"{doing} failed. {why.rstrip('.')}{rolled_back}")
