"""``dynastore plan``, ``apply`` and ``destroy``: what a schema implies, as a stack of CloudFormation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Annotated, Any

import orjson
import typer
from attrs import asdict, frozen
from rich.console import Console

from ...clients.control import ControlPlane
from ...clients.stacks import Stacks
from ...errors import ModelError, RequestError
from ...infra.changes import losses
from ...infra.cloudformation import Part, template
from ...infra.deployment import Deployment
from ...infra.outputs import taken
from ...infra.place import check_place
from ...infra.stacks import GONE, Event, Stack, Template, stack_name
from ...schema.schema import Schema
from ..endings import INTERRUPTED, give_up, reported
from ..groups import grouped
from ..options import Endpoint, SchemaName, Yes
from ..saying import say
from . import applying, destroying, proposing
from .deployments import (
    Flags,
    Image,
    Only,
    Options,
    PlacementFile,
    TableName,
    TableStack,
    deployed,
)

StackName = Annotated[
    str | None, typer.Option("--stack", help="Name of the stack, unless it is the table's.")
]
Region = Annotated[
    str | None, typer.Option(help="Such as eu-west-1, unless environment or profile say so.")
]
InLines = Annotated[bool, typer.Option("--json", help="A JSON object a line, the summary last.")]
MayLose = Annotated[
    list[str] | None,
    typer.Option("--allow-data-loss", metavar="NAME", help="As the plan names it; repeated."),
]
TemplateBucket = Annotated[
    str | None,
    typer.Option("--template-bucket", help="Where templates over 51,200 bytes pass through."),
]
Repair = Annotated[
    bool,
    typer.Option("--repair", help="Change back what was changed behind the stack's back, too."),
]


@frozen(kw_only=True)
class StackOptions:
    """Which stack a command is about: what it is made of, and where it is."""

    schema: SchemaName
    options: Options = None
    placement: PlacementFile = None
    stack: StackName = None
    region: Region = None
    endpoint_url: Endpoint = None


@frozen(kw_only=True)
class TemplateOptions:
    """What its template has, and how it gets there."""

    template_bucket: TemplateBucket = None
    service: Image = None
    only: Only = None
    table_stack: TableStack = None


@frozen
class Target:
    """What a command deploys, and where.

    Attributes:
        schema: what is deployed.
        deployment: how.
        wanted: the template of both.
        name: of the stack.
        stacks: those of the region.
        parameters: of the template, by their names.
    """

    schema: Schema
    deployment: Deployment
    wanted: Template
    name: str
    stacks: Stacks
    parameters: Mapping[str, str] = {}

    @property
    def plane(self) -> ControlPlane:
        """What calls are made by."""
        return self.stacks.plane

    def proposal(self, *, repair: bool) -> proposing.Proposal | None:
        """What deploying it would change; None where nothing would.

        Raises:
            RequestError: an option does not go with the stack's name or its region.
            ServiceError: the stack is at work or stuck, or CloudFormation refuses the template.
        """
        region = self.plane.region
        check_place(self.deployment, stack=self.name, region=region)
        return proposing.proposal(
            self.stacks, self.name, region, self.wanted, self.parameters, repair=repair
        )

    def protection(self) -> bool | None:
        """Whether the stack becomes protected against deletion; None where it stays as it is."""
        stack, wanted = self.stacks.find(self.name), self.deployment.deletion_protection
        return None if stack is None or stack.protected == wanted else wanted


@grouped
def plan(
    stack: StackOptions,
    table: TableName = None,
    *,
    made: TemplateOptions,
    repair: Repair = False,
    json: InLines = False,
) -> None:
    """Show what `apply` would change of a stack, and which data that would lose. Changes nothing.

    CloudFormation finds it out: a change set is made, and deleted again.
    """
    with targeted(stack, table, made) as target:
        _show(target.proposal(repair=repair), target, json=json)


@grouped
def apply(
    stack: StackOptions,
    table: TableName = None,
    *,
    made: TemplateOptions,
    allow_data_loss: MayLose = None,
    repair: Repair = False,
    json: InLines = False,
    yes: Yes = False,
) -> None:
    """Make or change a stack: table, bucket, policies, alarms, and all else that the options ask for.

    Shows what changes first, and asks. Refuses what would lose data, unless its name is given. Indexes of
    a table come and go one after the other. Whatever fails is rolled back. Started again, it goes on.
    """
    with targeted(stack, table, made) as target:
        make(target, allow_data_loss or [], repair=repair, json=json, yes=yes)


def make(target: Target, allowed: list[str], *, repair: bool, json: bool, yes: bool) -> None:
    """Show what changes, ask, and make it.

    Raises:
        typer.Exit: it was interrupted.
        RequestError: data would be lost that is not allowed to be lost.
        ServiceError: something failed, and was rolled back.
    """
    watch = applying.Watch(target.stacks, _teller(json=json))
    with _going_on(target):
        _await(target, watch)
        found = target.proposal(repair=repair)
        _show(found, target, json=json)
        if found is not None:
            applying.check_losses(losses(found.changes, allowed))
        if not yes and (found is not None or target.protection() is False):
            typer.confirm(f"Make these changes to {target.name}?", abort=True, err=True)
        if found is not None:
            _say_done(applying.apply(watch, found, allowed), json=json)
        _protect(target)


@grouped
def destroy(
    stack: StackOptions,
    table: TableName = None,
    allow_data_loss: MayLose = None,
    json: InLines = False,
    yes: Yes = False,
) -> None:
    """Delete a stack, with all that is in it and is not to be kept.

    Refuses while the stack or a table is protected: deploy it with deletion_protection = false first. Asks
    for the stack's name; with --yes, for the names of all that holds data and is deleted.
    """
    with targeted(stack, table, TemplateOptions(only=Part.TABLE)) as target:
        kept = unmake(target, allow_data_loss or [], json=json, yes=yes)
    if json:
        told = {"stack": target.name, "status": GONE, "kept": kept}
        say(orjson.dumps(told).decode())
    else:
        say(f"stack {target.name} is deleted")


def unmake(target: Target, allowed: list[str], *, json: bool, yes: bool) -> list[str | None]:
    """Show what stays and what is lost, ask, and delete the stack; names of what stays.

    Raises:
        typer.Exit: it was interrupted, or another name was typed.
        RequestError: there is no such stack, it is protected, or data would be lost.
        ServiceError: something could not be deleted.
    """
    watch = applying.Watch(target.stacks, _teller(json=json))
    with _going_on(target):
        before = _await(target, watch)
        if before is not None and before.status == GONE:  # an interrupted call began it
            return []
        found = destroying.ending(target.stacks, target.plane, target.name)
        destroying.show(Console(stderr=json), found)
        destroying.check(found, allowed, asked=not yes)
        if not yes:
            destroying.ask(found)
        applying.remove(watch, found.stack)
    return [each.physical_id for each in found.kept]


@contextmanager
def targeted(stack: StackOptions, table: str | None, made: TemplateOptions) -> Iterator[Target]:
    """What a command deploys, and where; what goes wrong with it ends the command.

    Raises:
        typer.Exit: there is no such schema, an option is wrong, or AWS refused.
    """
    with reported():
        known, deployment = deployed(
            stack.schema,
            table=table,
            placement=stack.placement,
            options=stack.options,
            flags=Flags(service=made.service),
        )
        if made.table_stack is not None and made.only is not Part.SERVICE:
            raise RequestError(
                "--table-stack is for a service in a stack of its own: --only service"
            )
        try:
            wanted = template(known, deployment, made.only)
        except ModelError as error:  # options are no declaration: whoever called has to change them
            raise RequestError(str(error)) from error
        plane = ControlPlane(region_name=stack.region, endpoint_url=stack.endpoint_url)
        with closing(plane):
            stacks = Stacks(plane, made.template_bucket)
            of_service = made.only is Part.SERVICE
            name = stack.stack or stack_name(known.table.name, of_service=of_service)
            of_table = made.table_stack or stack_name(known.table.name)
            parameters = taken(wanted, stacks.find(of_table), of_table) if of_service else {}
            yield Target(known, deployment, wanted, name, stacks, parameters)


@contextmanager
def _going_on(target: Target) -> Iterator[None]:
    """Say what goes on by itself where a person stops looking.

    Raises:
        typer.Exit: that was so.
    """
    try:
        yield
    except KeyboardInterrupt:
        give_up(f"interrupted. {applying.goes_on(target.name)}", INTERRUPTED)


def _await(target: Target, watch: applying.Watch) -> Stack | None:
    """Wait for what CloudFormation is doing, such as what an interrupted call began; the stack in the end."""
    stack = target.stacks.find(target.name)
    if stack is None or not stack.is_moving:
        return stack
    ended, _ = watch.to_the_end(stack.id, None, f"waiting, {stack.status}")
    return ended


def _show(found: proposing.Proposal | None, target: Target, *, json: bool) -> None:
    """Print what would change, and whether the stack becomes protected where it was not, or the other way."""
    turned = None if found is not None and found.deployed is None else target.protection()
    if json:
        more = {} if turned is None else {"protected": turned}
        for line in _json_lines(found, target, **more):
            say(line)
        return
    if found is not None:
        proposing.show(Console(), found)
    else:
        say(f"stack {target.name} ({target.plane.region}): no changes")
    if turned is not None:
        way = "off -> on" if turned else "on -> off"
        say(f"stack {target.name}: protection against deletion, {way}")


def _json_lines(found: proposing.Proposal | None, target: Target, **more: bool) -> Iterable[str]:
    if found is not None:
        return proposing.json_lines(found, **more)
    same: dict[str, Any] = {"stack": target.name, "region": target.plane.region, "steps": []}
    return [orjson.dumps({**same, **more}).decode()]


def _teller(*, json: bool) -> Any:
    """Tells a person, or a program, of an event."""
    if not json:
        console = Console(stderr=True)
        return lambda event: console.print(applying.line(event), highlight=False, soft_wrap=True)

    def tell(event: Event) -> None:
        say(orjson.dumps(asdict(event)).decode())

    return tell


def _say_done(stack: Stack, *, json: bool) -> None:
    if json:
        told = {"stack": stack.name, "status": stack.status, "outputs": stack.outputs}
        say(orjson.dumps(told).decode())
        return
    say(f"stack {stack.name}: {stack.status}")
    for name, value in stack.outputs.items():
        say(f"  {name} = {value}")


def _protect(target: Target) -> None:
    """Have the stack protected where its tables are, and not where they are not."""
    turned = target.protection()
    if turned is not None:
        target.stacks.protect(target.name, protected=turned)
