"""``dynastore plan``, ``apply`` and ``destroy``: what a schema implies, as a stack of CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator
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
from ...infra.stacks import Event, Stack, Template, stack_name
from ...schema.schema import Schema
from ...table import NAME
from ..endings import INTERRUPTED, give_up, reported
from ..groups import grouped
from ..options import Endpoint, SchemaName, Yes
from . import applying, destroying, proposing
from .deployments import Flags, Image, Only, Options, PlacementFile, TableName, deployed

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


@frozen
class Target:
    """What a command deploys, and where.

    Attributes:
        schema: what is deployed.
        deployment: how.
        wanted: the template of both.
        name: of the stack.
        stacks: those of the region.
    """

    schema: Schema
    deployment: Deployment
    wanted: Template
    name: str
    stacks: Stacks

    @property
    def plane(self) -> ControlPlane:
        """What calls are made by."""
        return self.stacks.plane

    def proposal(self, *, repair: bool) -> proposing.Proposal | None:
        """What deploying it would change; None where nothing would.

        Raises:
            ServiceError: the stack is at work or stuck, or CloudFormation refuses the template.
        """
        region = self.plane.region
        return proposing.proposal(self.stacks, self.name, region, self.wanted, repair=repair)


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
        found = target.proposal(repair=repair)
    _show(found, target, json=json)


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
            if not yes:
                typer.confirm(f"Make these changes to {target.name}?", abort=True, err=True)
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
        watch = applying.Watch(target.stacks, _teller(json=json))
        with _going_on(target):
            _await(target, watch)
            found = destroying.ending(target.stacks, target.plane, target.name)
            destroying.show(Console(stderr=json), found)
            destroying.check(found, allow_data_loss or [], asked=not yes)
            if not yes:
                destroying.ask(found)
            applying.remove(watch, found.stack)
    kept = [each.physical_id for each in found.kept]
    if json:
        told = {"stack": target.name, "status": "DELETE_COMPLETE", "kept": kept}
        typer.echo(orjson.dumps(told).decode())
    else:
        typer.echo(f"stack {target.name} is deleted")


@contextmanager
def targeted(stack: StackOptions, table: str | None, made: TemplateOptions) -> Iterator[Target]:
    """What a command deploys, and where; what goes wrong with it ends the command.

    Raises:
        typer.Exit: there is no such schema, an option is wrong, or AWS refused.
    """
    with reported():
        if table is not None and not NAME.fullmatch(table):
            raise RequestError(
                f"{table!r} names no table: 3 to 255 letters, digits, '_', '-' and '.'"
            )
        known, deployment = deployed(
            stack.schema,
            table=table,
            placement=stack.placement,
            options=stack.options,
            flags=Flags(service=made.service),
        )
        if made.only is Part.SERVICE:
            raise RequestError(
                "the stack of a service alone takes the outputs of the table's as parameters: write it "
                "with `dynastore template --only service`, and deploy it with `aws cloudformation deploy`"
            )
        try:
            wanted = template(known, deployment, made.only)
        except ModelError as error:  # options are no declaration: whoever called has to change them
            raise RequestError(str(error)) from error
        plane = ControlPlane(region_name=stack.region, endpoint_url=stack.endpoint_url)
        name = stack.stack or stack_name(known.table.name)
        with closing(plane):
            yield Target(known, deployment, wanted, name, Stacks(plane, made.template_bucket))


@contextmanager
def _going_on(target: Target) -> Iterator[None]:
    """Say what goes on by itself where a person stops looking.

    Raises:
        typer.Exit: that was so.
    """
    try:
        yield
    except KeyboardInterrupt:
        give_up(
            f"interrupted. What CloudFormation has begun on stack {target.name} goes on by itself: call "
            "again to follow it and to do what is left, or look with "
            f"`aws cloudformation describe-stack-events --stack-name {target.name}`",
            INTERRUPTED,
        )


def _await(target: Target, watch: applying.Watch) -> None:
    """Wait for what CloudFormation is doing, such as what an interrupted call began."""
    stack = target.stacks.find(target.name)
    if stack is not None and stack.is_moving:
        watch.to_the_end(stack.id, None, f"waiting, {stack.status}")


def _show(found: proposing.Proposal | None, target: Target, *, json: bool) -> None:
    if found is None:
        same: dict[str, Any] = {"stack": target.name, "region": target.plane.region, "steps": []}
        text = f"stack {target.name} ({target.plane.region}): no changes"
        typer.echo(orjson.dumps(same).decode() if json else text)
    elif json:
        for line in proposing.json_lines(found):
            typer.echo(line)
    else:
        proposing.show(Console(), found)


def _teller(*, json: bool) -> Any:
    """Tells a person, or a program, of an event."""
    if not json:
        console = Console(stderr=True)
        return lambda event: console.print(applying.line(event), highlight=False, soft_wrap=True)

    def tell(event: Event) -> None:
        typer.echo(orjson.dumps(asdict(event)).decode())

    return tell


def _say_done(stack: Stack, *, json: bool) -> None:
    if json:
        told = {"stack": stack.name, "status": stack.status, "outputs": stack.outputs}
        typer.echo(orjson.dumps(told).decode())
        return
    typer.echo(f"stack {stack.name}: {stack.status}")
    for name, value in stack.outputs.items():
        typer.echo(f"  {name} = {value}")


def _protect(target: Target) -> None:
    """Have the stack protected where its tables are, and not where they are not."""
    stack, wanted = target.stacks.find(target.name), target.deployment.deletion_protection
    if stack is not None and stack.protected != wanted:
        target.stacks.protect(target.name, protected=wanted)
