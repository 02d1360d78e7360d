"""What the commands about a deployment take alike: a schema as it is deployed, and its options.

A flag says the same as its key in the file of options, and wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve, frozen

from ...errors import DynastoreError, ModelError, RequestError
from ...infra.cloudformation import Part
from ...infra.deployment import Deployment
from ...infra.sections import Alarms, Backups, Bucket, Provisioned
from ...infra.service.section import Service
from ...schema.homes import Placement
from ...schema.schema import Schema
from ...table import NAME
from .. import asking
from ..endings import USAGE, give_up


class Billing(StrEnum):
    """How capacity is paid for."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


Options = Annotated[Path | None, typer.Option("--options", help="A TOML file of options.")]
PlacementFile = Annotated[
    Path | None, typer.Option("--placement", help="A TOML file: which scopes have private tables.")
]
TableName = Annotated[
    str | None, typer.Option("--table", help="The table's name, unless it is the schema's.")
]
BucketName = Annotated[
    str | None, typer.Option("--bucket", help="The bucket of payloads, unless the schema has one.")
]
BillingMode = Annotated[Billing | None, typer.Option(help="How capacity is paid for.")]
Replicas = Annotated[
    list[str] | None, typer.Option("--replica", help="A region with a copy; repeatable.")
]
Emails = Annotated[
    list[str] | None, typer.Option("--alarm-email", help="Whom alarms tell; repeatable.")
]
ScopePolicies = Annotated[
    list[str] | None, typer.Option("--scope", help="A scope with a policy; repeatable.")
]
WithDashboard = Annotated[bool, typer.Option("--dashboard", help="Make one in CloudWatch.")]
WithBackups = Annotated[bool, typer.Option("--backups", help="Let AWS Backup copy it every day.")]
Image = Annotated[
    str | None,
    typer.Option("--service", help="The image of the service that [service] describes."),
]
Only = Annotated[
    Part | None, typer.Option("--only", help="The table or the service, as a stack of its own.")
]
TableStack = Annotated[
    str | None,
    typer.Option("--table-stack", help="With --only service: the table's, unless it has its name."),
]
Encryption = Annotated[
    str | None, typer.Option(help="aws-owned, aws-managed, customer, or the ARN of a key.")
]


@frozen(kw_only=True)
class Flags:
    """Options that are given on the command line; what is not given is None, empty or False."""

    bucket: BucketName = None
    billing: BillingMode = None
    replicas: Replicas = None
    emails: Emails = None
    scopes: ScopePolicies = None
    dashboard: WithDashboard = False
    backups: WithBackups = False
    encryption: Encryption = None
    service: Image = None

    def over(self, deployment: Deployment) -> Deployment:
        """A deployment with what the flags say instead.

        Raises:
            ModelError: they do not go together, or with it.
        """
        simple = {
            "replicas": self.replicas,
            "scopes": self.scopes,
            "dashboard": self.dashboard,
            "encryption": self.encryption,
        }
        changes: dict[str, Any] = {name: value for name, value in simple.items() if value}
        return evolve(deployment, **changes, **self._sections(deployment))

    def _sections(self, told: Deployment) -> Mapping[str, Any]:
        changes: dict[str, Any] = {}
        if self.bucket:
            changes["bucket"] = evolve(told.bucket or Bucket(), name=self.bucket)
        if self.billing:
            by_hour = self.billing is Billing.PROVISIONED
            changes["provisioned"] = (told.provisioned or Provisioned()) if by_hour else None
        if self.emails:
            changes["alarms"] = evolve(told.alarms or Alarms(), emails=self.emails)
        if self.backups:
            changes["backups"] = told.backups or Backups()
        if self.service:
            changes["service"] = self._service(self.service, told)
        return changes

    def _service(self, image: str, told: Deployment) -> Service:
        if told.service is None:
            raise ModelError(
                "--service says only the image; write the rest, such as public_subnets and "
                "task_subnets, in a section [service] of --options FILE"
            )
        return evolve(told.service, image=image)


def deployed(
    schema: str,
    *,
    table: str | None,
    placement: Path | None,
    options: Path | None,
    flags: Flags,
) -> tuple[Schema, Deployment]:
    """The schema and the options that a command is about. Sends nothing.

    Raises:
        typer.Exit: there is no such schema, or an option is wrong.
    """
    try:
        known = asking.schema_named(schema)
        if table is not None and not NAME.fullmatch(table):
            raise RequestError(
                f"{table!r} names no table: 3 to 255 letters, digits, '_', '-' and '.'"
            )
        named = known if table is None else known.named(table)
        placed = named if placement is None else Placement.read(placement).placed(named)
        told = Deployment() if options is None else Deployment.read(options)
        return placed, flags.over(told)
    except DynastoreError as error:
        give_up(str(error), USAGE)
