"""A stack is deleted: what is kept, what is lost, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from attrs import frozen
from rich.console import Console

from ...clients.control import ControlPlane
from ...clients.deployed.tables import is_protected
from ...clients.stacks import Stacks
from ...errors import RequestError
from ...infra.changes import TABLES, Change, Loss, losses, removals
from ...infra.stacks import REVIEW, Stack
from ..endings import USAGE, give_up
from ..saying import as_markup
from .proposing import check_rest


@frozen
class Ending:
    """What deleting a stack would do.

    Attributes:
        stack: that stack.
        removed: what becomes of each resource.
        protected: what refuses to be deleted: the stack, tables.
    """

    stack: Stack
    removed: tuple[Change, ...]
    protected: tuple[str, ...]

    @property
    def kept(self) -> tuple[Change, ...]:
        """What stays, outside of any stack."""
        return tuple(each for each in self.removed if each.kept)


def ending(stacks: Stacks, plane: ControlPlane, name: str) -> Ending:
    """What deleting a stack would do.

    Raises:
        RequestError: there is no such stack.
        ServiceError: CloudFormation is at work on it, or did not answer.
    """
    stack = stacks.find(name)
    if stack is None:
        raise RequestError(f"there is no stack {name} in {plane.region}; give --stack or --region")
    if stack.status != "DELETE_FAILED":  # which is what to call again for
        check_rest(stack)
    if stack.status == REVIEW:
        return Ending(stack, (), (f"stack {name}",) if stack.protected else ())
    physical = stacks.resources(name)
    removed = removals(stacks.template(name), physical)
    tables = [each for each in removed if each.type in TABLES and each.physical_id]
    protected = [
        f"table {each.physical_id}"
        for each in tables
        if each.physical_id and is_protected(plane, each.physical_id)
    ]
    own = [f"stack {name}"] if stack.protected else []
    return Ending(stack, removed, (*own, *protected))


def show(console: Console, found: Ending) -> None:
    """Print what stays, what is lost, and how many others go."""
    console.print(
        f"stack [bold]{as_markup(found.stack.name)}[/]: {found.stack.status}", highlight=False
    )
    others = 0
    for each in found.removed:
        where = f"[dim]{each.type}[/] {as_markup(each.physical_id or '')}"
        if each.kept:
            console.print(f"[green]= {each.logical_id}[/] {where} stays", highlight=False)
        elif each.losses:
            said = as_markup(each.losses[0].sentence)
            console.print(f"[bold red]- {each.logical_id}[/] {where}: {said}", highlight=False)
        else:
            others += 1
    if others:
        console.print(f"[red]- {others}[/] others, which hold no data", highlight=False)


def check(found: Ending, allowed: Iterable[str], *, asked: bool) -> None:
    """Refuse to delete what is protected; and to lose data that nobody named, unless a person is asked.

    Raises:
        RequestError: it is refused.
    """
    if found.protected:
        raise RequestError(
            f"deletion protection is on: {', '.join(found.protected)}. Nothing was deleted. To take it off, "
            "set deletion_protection = false in the options, and `dynastore apply` them"
        )
    lost: tuple[Loss, ...] = losses(found.removed, allowed)
    if lost and not asked:
        named = " ".join(f"--allow-data-loss {each.name}" for each in lost)
        raise RequestError(
            f"refused, since data would be lost: {'; '.join(each.sentence for each in lost)}. "
            f"Nothing was deleted. If that is meant: --yes {named}"
        )


def ask(found: Ending) -> None:
    """Have a person type the stack's name.

    Raises:
        typer.Exit: it was another.
    """
    typed = typer.prompt(
        f"Type the name of the stack to delete it ({found.stack.name})",
        default="",
        show_default=False,
        err=True,
    )
    if typed != found.stack.name:
        give_up("that is not the stack's name; nothing was deleted", USAGE)
