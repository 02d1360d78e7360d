"""``dynastore doctor``: what is deployed, compared with what a schema and its deployment imply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import typer
from attrs import frozen
from rich.console import Console

from ...clients import deployed
from ...clients.deployed import tables
from ...infra.changes import TABLES
from ...infra.cloudformation import Part
from ...infra.drift import Drift, drifts, in_region, index_drifts, stack_drifts
from ...infra.paths import ABSENT
from ...infra.resolving import Expected, expected
from ...schema.schema import Schema
from ..endings import WRONG_ITEMS
from ..groups import grouped
from ..options import Where
from ..saying import as_markup, say
from .deploying import InLines, StackOptions, Target, TemplateOptions, targeted
from .proposing import WAYS_ON

# What a schema implies by itself; the rest is there because options ask for it.
IMPLIED = TABLES | {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}


@frozen
class Findings:
    """What was looked at, and what is wrong.

    Attributes:
        looked_at: resources that were compared.
        not_looked_at: logical ids of those that could not be found: they have no name of their own.
        wrong: what differs.
    """

    looked_at: int
    not_looked_at: tuple[str, ...]
    wrong: tuple[Drift, ...]


@grouped
def doctor(
    stack: StackOptions,
    where: Where = None,
    json: InLines = False,
) -> None:
    """Compare what is deployed with what the schema and the options imply, and say what to do.

    Without a stack, and without options, the tables and the bucket are looked at. Changes nothing; ends with
    status 3 where something differs.
    """
    with targeted(stack, _table(where), TemplateOptions(only=Part.TABLE)) as target:
        found = examined(target, only_implied=stack.options is None)
    if json:
        for line in _json_lines(found):
            say(line)
    else:
        _show(Console(), found)
    if found.wrong:
        raise typer.Exit(WRONG_ITEMS)


def examined(target: Target, *, only_implied: bool) -> Findings:
    """Look at everything.

    Args:
        target: what should be there.
        only_implied: whether, where there is no stack, only what the schema implies is looked at.

    Raises:
        ServiceError: a service refused, or did not answer.
    """
    account = deployed.account(target.plane, target.name)
    stack = target.stacks.find(target.name)
    is_made = stack is not None and stack.is_made
    physical = target.stacks.resources(target.name) if is_made else {}
    wanted = [
        in_region(each, account.region)
        for each in expected(target.wanted, account, physical)
        if is_made or not only_implied or each.type in IMPLIED
    ]
    seen = [each for each in wanted if deployed.can_be_read(each)]
    wrong = (
        *(stack_drifts(stack, target.deployment, WAYS_ON) if stack and is_made else ()),
        *(drift for each in seen for drift in _of_resource(target, each)),
    )
    rest = tuple(each.logical_id for each in wanted if each not in seen)
    return Findings(len(seen), rest, wrong)


def _of_resource(target: Target, wanted: Expected) -> Iterator[Drift]:
    found = deployed.read(target.plane, wanted)
    yield from drifts(wanted, found)
    if wanted.type not in TABLES or found is None or wanted.physical_id is None:
        return
    schema = _schema_of(target.schema, wanted.physical_id)
    description = tables.description(target.plane, wanted.physical_id)
    if schema is not None and description is not None:
        yield from index_drifts(schema, wanted, description)


def _schema_of(schema: Schema, table: str) -> Schema | None:
    return next((each for each in schema.all_tables if each.table.name == table), None)


def _table(where: str | None) -> str | None:
    """A table's name.

    Raises:
        typer.Exit: it is a URL of SQLite.
    """
    if where is not None and "://" in where:
        raise typer.BadParameter(
            "an SQLite file has nothing that is deployed; `dynastore verify` looks at its items"
        )
    return where


def _show(console: Console, found: Findings) -> None:
    for each in found.wrong:
        name = as_markup(each.name or "")
        console.print(f"[bold red]✗ {each.resource}[/] [dim]{each.type} {name}[/]", highlight=False)
        console.print(f"    {as_markup(each.sentence)}", highlight=False, soft_wrap=True)
        console.print(f"    [green]→[/] {as_markup(each.advice)}", highlight=False, soft_wrap=True)
    if found.not_looked_at:
        rest = ", ".join(found.not_looked_at)
        console.print(
            f"not looked at: {rest}: their names are known to their stack alone, or nothing describes them",
            highlight=False,
        )
    looked_at = _counted(found.looked_at, "resource")
    console.print(
        f"{looked_at} looked at: {_counted(len(found.wrong), 'difference')}", highlight=False
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _json_lines(found: Findings) -> Iterator[str]:
    for each in found.wrong:
        values = {"expected": each.expected, "found": each.found}
        told: dict[str, Any] = {
            "resource": each.resource,
            "type": each.type,
            "name": each.name,
            "path": each.path,
            **{name: value for name, value in values.items() if value is not ABSENT},
            "sentence": each.sentence,
            "advice": each.advice,
        }
        yield orjson.dumps(told, default=repr).decode()
    yield orjson.dumps(
        {
            "looked_at": found.looked_at,
            "not_looked_at": list(found.not_looked_at),
            "differences": len(found.wrong),
        }
    ).decode()
