"""Least privilege of the commands that take tables of their own: moves, migrations, the demo, the view.

What each sends to moto is recorded where botocore sends it, and the policy of its role is asked. Statements
that are there for a command alone allow nothing that it does not send.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws
from textual.widgets import Input
from typer.testing import CliRunner

pytest.importorskip("langgraph_checkpoint_aws", reason="needs the extra dynastore[migrate]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph_checkpoint_aws import DynamoDBSaver

from dynastore import Placement, Schema, Store
from dynastore.agents import agent_schema
from dynastore.cli.app import app
from dynastore.cli.browsing.app import Browser
from dynastore.errors import ModelError
from dynastore.infra.deployment import Deployment, Role
from dynastore.infra.printed import role_policy
from dynastore.infra.resolving import Account
from dynastore.infra.roles import TABLE_UPKEEP
from dynastore.infra.sections import Place

from ..conformance.filled import File, filled_schema
from ..properties.test_role_policies import allowing
from ..properties.test_scope_policies import ACCOUNT, REGION, Asked
from .calls_made import calls_made
from .old_agno import dynamo_db, fill
from .old_threads import OLD_TABLE, config_of, make_table, small
from .test_browse_command import asked as asked_for
from .test_browse_command import at_entity, settled
from .test_upcast_command import Old, Person

pytestmark = pytest.mark.scans

NAME, BUCKET, FAR_REGION, FAR_BUCKET = "kept", "agent-payloads", "us-east-1", "us-payloads"
SCHEMA, NEW = filled_schema(NAME, BUCKET), filled_schema("new", "new-payloads")
PEOPLE, OLD_PEOPLE = (Schema([each]).named("people") for each in (Person, Old))
LARGE = File(name="large", slug="s", data=random.Random(1).randbytes(450_000))
PLAIN = Deployment()


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws(config={"core": {"mock_credentials": False}}):
        make_bucket(BUCKET)
        yield


def make_bucket(name: str) -> None:
    there: Any = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=there)


def made(schema: Schema, region: str = REGION) -> Store:
    """A store whose table is there."""
    store = Store.connect(schema.table.name, schema, region_name=region)
    store.create_table()
    return store


def call(command: str, *words: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), *words])
    assert done.exit_code == 0, (command, done.stdout, done.stderr)


def denied(
    asked: Iterable[Asked], schema: Schema, role: Role, deployment: Deployment = PLAIN
) -> set[str]:
    """What the policy of a role does not allow of all that was sent."""
    policy = role_policy(schema, deployment, role, Account(ACCOUNT, REGION, NAME))
    return {f"{each.action} {each.resource}" for each in asked if not allowing(policy, each)}


def actions(asked: Iterable[Asked]) -> set[str]:
    return {each.action for each in asked}


def unused(
    asked: Iterable[Asked], deployment: Deployment, statements: set[str]
) -> set[tuple[str, str]]:
    """What some statements of the admin's policy allow and nobody sent."""
    policy = role_policy(SCHEMA, deployment, "admin", Account(ACCOUNT, REGION, NAME))
    of_these = [each for each in policy["Statement"] if each["Sid"] in statements]
    assert {each["Sid"] for each in of_these} == statements
    found = {pair for each in asked for pair in allowing({"Statement": of_these}, each)}
    return {(each["Sid"], action) for each in of_these for action in each["Action"]} - found


def furnished(store: Store) -> None:
    store.scope("qa").put(LARGE)
    store.scope("qa").put(File(name="small"))


def move(to: str, placement: Path) -> None:
    placed = ("--placement", str(placement), "--to", to, "--writers-stopped", "--yes")
    call("scope move", f"{__name__}:SCHEMA", NAME, "--scope", "qa", *placed)


def moved_about(there: str, placement: Path) -> set[Asked]:
    """All that is sent for moves there and back: stopped and abandoned, while others write, and not."""
    store = Store.connect(Placement.read(placement), SCHEMA)
    moved = partial(store.move_scope, "qa", request_seconds=0.1)
    with calls_made() as asked:
        for each in moved(there):
            if each.stage == "following":
                break
        assert moved(there, abandon=True).finish().stage == "abandoned"
        for to in (there, NAME):
            assert moved(to).finish().is_done
        for to in (there, NAME):
            move(to, placement)
    return asked


def test_an_admin_may_move_a_scope_to_its_private_table_and_back(tmp_path):
    home = made(SCHEMA)
    made(SCHEMA.named(f"{NAME}.qa"))
    furnished(home)
    file = tmp_path / "placement.toml"
    file.write_text(f'shared = "{NAME}"\n')
    asked = moved_about(f"{NAME}.qa", file)
    assert {"dynamodb:GetRecords", "dynamodb:BatchWriteItem"} <= actions(asked)
    placed = Placement(private=["qa"]).placed(SCHEMA)
    assert denied(asked, placed, "admin") == set()
    assert denied(asked, placed, "writer")
    assert denied(asked, SCHEMA, "admin")  # which has no private table


FAR = Deployment(places={"us": Place(region=FAR_REGION, bucket=FAR_BUCKET)})
PLACES = f"""
shared = "{NAME}"
[places.us]
region_name = "{FAR_REGION}"
bucket = "{FAR_BUCKET}"
"""


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """A placement with another place, where the private table of a scope is."""
    make_bucket(FAR_BUCKET)
    furnished(made(SCHEMA))
    made(filled_schema(f"{NAME}.qa", FAR_BUCKET), FAR_REGION)
    file = tmp_path / "placement.toml"
    file.write_text(PLACES)
    return file


def test_an_admin_may_move_a_scope_to_another_place_and_its_bucket_and_back(far):
    asked = moved_about(f"us:{NAME}.qa", far)
    there = {each for each in asked if FAR_REGION in each.resource or FAR_BUCKET in each.resource}
    assert {"dynamodb:GetRecords", "s3:PutObject", "s3:DeleteObject"} <= actions(there)
    assert denied(asked, SCHEMA, "admin", FAR) == set()
    assert len(denied(there, SCHEMA, "admin")) == len(there)
    assert unused(there, FAR, {"TablesOfMoves"}) == set()


def test_a_writer_may_work_on_a_scope_that_is_kept_at_another_place(far):
    far.write_text(PLACES + '[private.qa]\nplace = "us"\n')
    placement = Placement.read(far)
    with calls_made() as asked:
        qa = Store.connect(placement, SCHEMA).scope("qa")
        qa.put(File(name="new", data=LARGE.data))
        assert qa.get(File, name="new").data == LARGE.data
    placed = placement.placed(SCHEMA)
    assert f"s3:PutObject arn:aws:s3:::{FAR_BUCKET}" in " ".join(denied(asked, SCHEMA, "writer"))
    assert denied(asked, placed, "writer", FAR) == set()
    with pytest.raises(ModelError, match=r"a section \[places.us\] of the options"):
        denied(asked, placed, "writer")


def test_an_admin_may_move_in_threads_of_another_checkpointer_and_nothing_else_there():
    make_bucket("old-values")
    make_table(boto3.client("dynamodb"))
    small(DynamoDBSaver(OLD_TABLE))
    in_bucket = DynamoDBSaver(OLD_TABLE, s3_offload_config={"bucket_name": "old-values"})
    checkpoint = empty_checkpoint() | {"channel_values": {"a": LARGE.data.hex()}}
    in_bucket.put(config_of("two", checkpoint_ns=""), checkpoint, {"source": "loop"}, {"a": 1})
    agents = made(agent_schema().named("agents"))
    words = (OLD_TABLE, "agents", "--bucket", "old-values")
    with calls_made() as asked:
        call("migrate langgraph --from-table", *words, "--scan")
        call("migrate langgraph --from-table", *words, "--thread", "one", "--verify")
    old = Deployment(old_tables=(OLD_TABLE,), old_buckets=("old-values",))
    assert denied(asked, agents.schema, "admin", old) == set()
    assert denied(asked, agents.schema, "admin")
    assert unused(asked, old, {"OldTables", "OldObjects"}) == set()


def test_an_admin_may_move_in_what_another_of_agnos_databases_has(monkeypatch):
    monkeypatch.setitem(sys.modules, "old_db", ModuleType("old_db"))
    sys.modules["old_db"].db = dynamo_db()
    fill(sys.modules["old_db"].db)
    agents = made(agent_schema().named("agents"))
    with calls_made() as asked:
        call("migrate agno --from old_db:db agents")
        call("migrate agno --from old_db:db agents --verify")
    old = Deployment(old_tables=("agno_*",))
    assert denied(asked, agents.schema, "admin", old) == set()
    assert denied(asked, agents.schema, "admin")
    assert unused(asked, old, {"OldIndexes"}) == set()


def test_an_admin_may_upcast():
    made(PEOPLE)
    Store.connect("people", OLD_PEOPLE).put(Old(name="Ann"))
    with calls_made() as asked:
        call(f"upcast {__name__}:PEOPLE people")
    assert {"dynamodb:Scan", "dynamodb:PutItem"} <= actions(asked)
    assert denied(asked, PEOPLE, "admin") == set()
    assert denied(asked, PEOPLE, "writer")


def test_an_admin_may_run_the_demo_and_a_writer_all_of_it_but_make_the_table():
    shown = agent_schema().named("shown")
    with calls_made() as asked:
        call("demo --table shown")
    assert denied(asked, shown, "admin") == set()
    made_there = {each.partition(" ")[0] for each in denied(asked, shown, "writer")}
    assert made_there == {f"dynamodb:{each}" for each in TABLE_UPKEEP}


def test_an_admin_may_import_into_a_new_table(tmp_path):
    furnished(made(SCHEMA))
    call(f"export {__name__}:SCHEMA {NAME} --to {tmp_path / 'all.jsonl'}")
    make_bucket(str(NEW.table.bucket))
    with calls_made() as asked:
        call(f"import {__name__}:NEW new --from {tmp_path / 'all.jsonl'} --yes")
    assert {"dynamodb:CreateTable", "s3:PutObject"} <= actions(asked)
    assert denied(asked, NEW, "admin") == set()
    assert denied(asked, NEW, "writer")


async def test_a_reader_may_browse_and_a_writer_change_what_is_there():
    store = made(SCHEMA)
    store.put(LARGE)
    async with Browser(store, NAME, writes=True).run_test() as pilot:
        with calls_made() as looked:
            await asked_for(pilot, 'Session(user_id="ann")')
            await asked_for(pilot, 'File(name="large")')
            await at_entity(pilot, "File name='large'")
        with calls_made() as changed:
            await pilot.press("e")
            pilot.app.screen.query_one(Input).value = "slug='other'"
            await pilot.press("enter")
            await settled(pilot)
            await pilot.press("d")
            await pilot.press(*"delete", "enter")
            await settled(pilot)
    assert store.get(File, name="large") is None
    assert {"dynamodb:GetItem", "s3:GetObject"} <= actions(looked)
    assert {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} <= actions(changed)
    assert denied(looked, SCHEMA, "reader") == set()
    assert denied(changed, SCHEMA, "writer") == set()
    assert denied(changed, SCHEMA, "reader")
