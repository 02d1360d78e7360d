"""What the tests of deploying deploy: notes with one index, and with three."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from attrs import evolve, frozen
from typer.testing import CliRunner, Result

from dynastore import Schema, Table, entity, gsi, key
from dynastore.cli.app import app
from dynastore.cli.deployment import deploying

PROTECTED = ""
FREE = "deletion_protection = false\nretain = false\n"
KEPT = "deletion_protection = false\n"


@entity("note")
class Note:
    """A note."""

    owner: str
    name: str

    primary = key("OWNER#{owner}", "NOTE#{name}")
    by_name = gsi(1, "NAME#{name}", "~")


@entity("note")
class Indexed:
    """The same, with two indexes more."""

    owner: str
    name: str
    team: str = "ops"

    primary = key("OWNER#{owner}", "NOTE#{name}")
    by_name = gsi(1, "NAME#{name}", "~")
    by_team = gsi(2, "TEAM#{team}", "{name}")
    all_notes = gsi(3, "NOTES", "{name}")


ONE, THREE = Schema([Note]), Schema([Indexed])
WITH_BUCKET = Schema([Note], Table("dynastore", ONE.table.indexes, bucket="notes-payloads"))


@frozen
class Place:
    """A stack of a test's own, and how commands are called on it.

    Attributes:
        name: of the stack, and of its table.
        url: of the server.
        options: path of a file of options.
    """

    name: str
    url: str
    options: Path

    @classmethod
    def new(cls, url: str, folder: Path) -> Place:
        return cls(f"notes-{uuid4().hex[:8]}", url, folder / "options.toml")

    def call(
        self,
        command: str,
        schema: str,
        *words: str,
        options: str = FREE,
        answer: str | None = None,
        env: dict[str, str | None] | None = None,
    ) -> Result:
        """Call a command; *schema* is ONE, THREE or WITH_BUCKET."""
        self.options.write_text(options)
        return CliRunner().invoke(
            app,
            [*self.words(command, schema), *words],
            input=answer,
            env={"COLUMNS": "200", **(env or {})},
        )

    def fail(self) -> None:
        """Apply what waits for a signal that nobody gives, and fails after a second.

        Raises:
            typer.Exit: it failed.
        """
        self.options.write_text(FREE)
        apply_waiting(1, str(self.options), self.name, self.url)

    def words(self, command: str, schema: str) -> list[str]:
        named = f"tests.integration.deployed:{schema}"
        table: Iterable[str] = [self.name] if command == "doctor" else ["--table", self.name]
        return [command, named, *table, "--endpoint-url", self.url, "--options", str(self.options)]


def apply_waiting(seconds: int, options: str, name: str, url: str) -> None:
    """Apply notes with one index, and a resource that waits for a signal which nobody gives.

    Raises:
        typer.Exit: it failed, or was interrupted.
    """
    condition = {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds)}
    waiting = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Waiting": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": condition},
    }
    stack = deploying.StackOptions(
        schema="tests.integration.deployed:ONE", options=Path(options), endpoint_url=url
    )
    with deploying.targeted(stack, name, deploying.TemplateOptions()) as target:
        wanted = {**target.wanted, "Resources": {**target.wanted["Resources"], **waiting}}
        slow = evolve(target, wanted=wanted)
        deploying.make(slow, [], repair=False, json=False, yes=True)
