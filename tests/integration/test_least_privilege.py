"""Least privilege: what each role's work sends is allowed, and no action is that nothing sends.

ministack denies nobody, so what is sent is recorded and the policies are evaluated here. It makes backups and
tables at once, so nothing waits for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from importlib.resources import files
from pathlib import Path
from typing import Any

import boto3
import pytest
from attrs import evolve, frozen
from typer.testing import CliRunner

from dynastore import Store, ref
from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.cli.app import app
from dynastore.infra.cloudformation import Part, template
from dynastore.infra.deployment import Deployment
from dynastore.infra.duties import COMMANDS, METHODS
from dynastore.infra.making import MAKING
from dynastore.infra.printed import deployer_policy, role_policy
from dynastore.infra.resolving import Account
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.langgraph import DynastoreSaver, DynastoreStore
from dynastore.operations.backups import create_backup
from dynastore.requests import Wait
from dynastore.requests.backups import Backup

from ..cold import BEGAN, COLD, LATER, config, put
from ..conformance.filled import File, filled_schema
from ..properties.scoped_calls import work_of_frameworks
from ..properties.test_role_policies import allowing
from ..properties.test_scope_policies import ACCOUNT, REGION, Asked
from ..unit.infra.deployments import CASES
from .calls_made import calls_made, of_tables
from .deployed import Place
from .test_all_commands import ROWS

pytestmark = pytest.mark.scans

NAME, OTHERS, EXPORTS = "kept", "restored-payloads", "exports"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "deploy.md"
SCHEMA = filled_schema(NAME, "agent-payloads")
NAMED = "tests.integration.test_least_privilege:SCHEMA"
DEPLOYMENT = Deployment(admin_buckets=(OTHERS, EXPORTS))
WHERE = Account(ACCOUNT, REGION, NAME)
LARGE = File(name="large", data=bytes(450_000))
# What the policies allow and no test can see sent.
UNSEEN = {
    ("NamesElsewhere", "s3:ListBucket"): "asked by S3 itself, where an object is missing",
}


@frozen
class Table:
    """A table with something in it, and how a role works on it."""

    store: Store
    url: str

    def command(self, words: str) -> None:
        command, _, options = words.partition(" | ")
        where = [] if command.startswith("threads") else [NAMED]
        said = [*command.split(), *where, *(options or NAME).split()]
        done = CliRunner().invoke(app, [*said, "--endpoint-url", self.url])
        assert done.exit_code in {0, 3}, (words, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def table(cloud_url: str) -> Iterator[Table]:
    s3 = boto3.client("s3", endpoint_url=cloud_url)
    for bucket in ("agent-payloads", OTHERS, EXPORTS):
        place: Any = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    with Store.connect(NAME, SCHEMA, endpoint_url=cloud_url, create=True) as store:
        store.put(LARGE)
        store.put(File(name="f1", slug="s1"))
        yield Table(store, cloud_url)


def archived(table: Table) -> None:
    """A thread is put away, by whoever may."""
    with Store.connect(NAME, SCHEMA, endpoint_url=table.url, clock=lambda: BEGAN) as then:
        put(DynastoreSaver(then.scope("cold")), 1, "cold", long="x" * 300_000)
    with Store.connect(NAME, SCHEMA, endpoint_url=table.url, clock=lambda: LATER) as later:
        assert later.run(archive_threads(later.scope("cold").schema, COLD)).archived == 1


def reading(table: Table) -> None:
    store = table.store
    assert store.get(File, name="large") == LARGE
    store.get_many([ref(File, name="f1"), ref(File, name="no")])
    store.get_unique(File, slug="s1")
    store.transact_get(ref(File, name="f1"))
    list(store.query(File, name="f1"))
    list(store.collection(File, name="f1"))
    list(store.scopes())
    saver, documents, db = DynastoreSaver(store), DynastoreStore(store), DynastoreDb(store)
    saver.get_tuple(config("t"))
    list(saver.list(config("t")))
    saver.threads()
    documents.get(("users", "ann"), "k")
    documents.search(("users",))
    documents.list_namespaces()
    db.get_sessions(user_id="ann")
    for each in ("archived list", "scope list", "threads check", "threads list"):
        table.command(each if "threads" not in each else f"{each} | {NAME}")


def writing(table: Table) -> None:
    store = table.store
    reading(table)
    work_of_frameworks(store)
    store.put(File(name="w", slug="w", data=bytes(450_000)))
    store.update(ref(File, name="w"), price=1)
    store.put_many([File(name=f"m{each}") for each in range(3)])
    store.delete(ref(File, name="w"))
    archived(table)
    DynastoreSaver(store.scope("cold")).get_tuple(config("cold"))
    archived(table)
    table.command(f"archived restore | {NAME} --scope cold --thread cold")
    table.command(f"archive | {NAME} --older-than 90d")
    table.command(f"threads repair | {NAME}")


ADMIN = (
    *("backup create | kept --name nightly", "backup list"),
    "backup restore | kept --to kept-new --to-bucket restored-payloads",
    "backup pitr | kept --enable",
    "backup pitr | kept --at latest --to kept-then --without-objects",
    "backup delete | kept --backup nightly --yes",
    "export | kept --to s3://exports/monday",
    "import | kept --from s3://exports/monday --into-existing --yes",
    *("verify", "reindex", "sweep", "scope stats", "scope delete | kept --scope qa --yes"),
)


def looked_at_until_made() -> Asked:
    """A backup that is not made at once, as ministack's are: it is asked for again."""
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}/backup/1"
    making = create_backup(SCHEMA, "nightly")
    next(making)
    assert isinstance(making.send(Backup(arn, "nightly", NAME, "CREATING", LATER, 0)), Wait)
    request = next(making)
    (asked,) = of_tables(request.operation, request.parameters())
    return asked


def keeping(table: Table) -> None:
    writing(table)
    table.store.scope("qa").put(LARGE)
    for each in ADMIN:
        table.command(each)
    with Store.connect(NAME, SCHEMA, endpoint_url=table.url, create=True) as again:
        again.create_table()
        list(again.scan(File))
        list(again.changes(File, start="oldest", follow=False))


def check_exact(
    policy: dict[str, Any], asked: AbstractSet[Asked], but: AbstractSet[tuple[str, str]]
) -> None:
    """All that is asked is allowed, and each action of each statement is used by something."""
    by = {each: allowing(policy, each) for each in asked}
    assert sorted(str(each) for each, found in by.items() if not found) == []
    stated = {(s["Sid"], action) for s in policy["Statement"] for action in s["Action"]}
    used = {pair for found in by.values() for pair in found}
    assert stated - used == but & stated


@pytest.mark.parametrize("role", ["reader", "writer", "admin"])
def test_a_role_may_do_what_its_work_sends_and_nothing_else(table, role):
    work = {"reader": reading, "writer": writing, "admin": keeping}[role]
    with calls_made() as asked:
        work(table)
        if role == "admin":
            asked.add(looked_at_until_made())
            name = "made-by-an-admin"
            schema = SCHEMA.named(name)
            Store.connect(name, schema, endpoint_url=table.url).create_table()
    as_admins = {evolve(e, resource=e.resource.replace("made-by-an-admin", NAME)) for e in asked}
    check_exact(role_policy(SCHEMA, DEPLOYMENT, role, WHERE), as_admins, UNSEEN.keys())


@pytest.mark.parametrize(("role", "work"), [("reader", writing), ("writer", keeping)])
def test_a_role_may_not_do_what_the_next_one_does(table, role, work):
    with calls_made() as asked:
        table.store.put(LARGE) if work is writing else table.command("verify")
    policy = role_policy(SCHEMA, DEPLOYMENT, role, WHERE)
    assert [each for each in asked if not allowing(policy, each)]


def test_a_reader_who_opens_an_archived_thread_needs_a_writer(table):
    """Opening brings it back: the object is read, and items are written."""
    archived(table)
    with calls_made() as asked:
        DynastoreSaver(table.store.scope("cold")).get_tuple(config("cold"))
    reader = role_policy(SCHEMA, DEPLOYMENT, "reader", WHERE)
    denied = {each.action for each in asked if not allowing(reader, each)}
    assert denied
    assert all(not each.startswith("s3:Get") for each in denied)
    writer = role_policy(SCHEMA, DEPLOYMENT, "writer", WHERE)
    assert [each for each in asked if not allowing(writer, each)] == []


FREE = """
deletion_protection = false
retain = false
dashboard = true
[alarms]
topic_arn = "arn:aws:sns:eu-west-1:123456789012:on-call"
"""


def test_a_deployer_may_do_what_plan_apply_doctor_and_destroy_send(cloud_url, tmp_path):
    place = Place.new(cloud_url, tmp_path)
    with calls_made() as asked:
        assert place.call("plan", "ONE", options=FREE).exit_code == 0
        assert place.call("apply", "ONE", "--yes", options=FREE).exit_code == 0
        assert place.call("doctor", "ONE", options=FREE).exit_code in {0, 3}
        told = place.call("destroy", "ONE", "--yes", "--allow-data-loss", "Table", options=FREE)
    assert told.exit_code == 0, told.stderr
    from .deployed import ONE

    options = Deployment.read(place.options)
    policy = deployer_policy(ONE.named(place.name), options, Account(ACCOUNT, REGION, place.name))
    assert sorted(str(each) for each in asked if not allowing(policy, each)) == []
    assert len({each.action for each in asked}) > 12


def handled() -> dict[str, set[str]]:
    """Type -> what its handlers need, by AWS's own word."""
    found: dict[str, set[str]] = {}
    for each in files("cfnlint").joinpath("data/schemas/resources").iterdir():
        told = json.loads(each.read_text("utf-8"))
        needs = {p for h in told.get("handlers", {}).values() for p in h.get("permissions", ())}
        found.setdefault(told.get("typeName", ""), set()).update(needs)
    return found


STACKS = [
    (case, only)
    for case, (_, deployment) in CASES.items()
    for only in (None, *(Part if deployment.service else ()))
]


@pytest.mark.parametrize(("case", "only"), STACKS)
def test_a_deployers_policy_has_what_the_types_of_the_template_need_and_no_star_on_data(case, only):
    policy = deployer_policy(*CASES[case], WHERE, only=only)
    stated = {action for each in policy["Statement"] for action in each["Action"]}
    for each in template(*CASES[case], only)["Resources"].values():
        making = MAKING[each["Type"]]
        assert {*making.actions, *making.anywhere} <= stated
    for each in policy["Statement"]:
        assert each["Sid"] == "WithoutNames" or "*" not in each["Resource"]
        assert not any("*" in action for action in each["Action"])
    without = [s for s in policy["Statement"] if s["Sid"] == "WithoutNames"]
    assert not any(a.startswith(("dynamodb:", "s3:")) for s in without for a in s["Action"])


def test_each_action_of_a_type_is_one_that_its_handlers_name():
    known = handled()
    for kind, making in MAKING.items():
        wildcards = [each[:-1] for each in known[kind] if each.endswith("*")]
        extra = {
            each
            for each in (*making.actions, *making.anywhere)
            if each not in known[kind] and not each.startswith(tuple(wildcards))
        }
        assert extra == set(), kind


def test_what_is_made_for_the_first_time_in_an_account_brings_its_linked_role():
    """A table's is for streams to Kinesis, which none has; a load balancer's is in its guide alone."""
    known = handled()
    linked = {kind for kind, making in MAKING.items() if making.linked}
    named = {kind for kind in MAKING if "iam:CreateServiceLinkedRole" in known[kind]}
    assert linked - named == {"AWS::ElasticLoadBalancingV2::LoadBalancer"}
    assert named - linked == {"AWS::DynamoDB::Table"}


@pytest.mark.parametrize(("case", "only"), STACKS)
def test_roles_of_a_stack_are_passed_each_to_its_service_and_get_no_other_policy(case, only):
    policy = deployer_policy(*CASES[case], WHERE, only=only)
    roles = {"backup": ["BackupRole"], "ecs-tasks": ["ServiceExecutionRole", "ServiceTaskRole"]}
    made = template(*CASES[case], only)["Resources"]
    passed = {
        each["Condition"]["StringEquals"]["iam:PassedToService"]: each["Resource"]
        for each in policy["Statement"]
        if "iam:PassRole" in each["Action"]
    }
    assert passed == {
        f"{service}.amazonaws.com": [f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{e}-*" for e in names]
        for service, names in roles.items()
        if set(names) <= made.keys()
    }
    for each in policy["Statement"]:
        if "iam:AttachRolePolicy" in each["Action"]:
            assert each["Condition"]["ArnLike"]["iam:PolicyARN"]
        if "iam:PutRolePolicy" in each["Action"]:
            assert each["Resource"] == [
                f"arn:aws:iam::{ACCOUNT}:role/{NAME}-ServiceExecutionRole-*"
            ]


@pytest.mark.parametrize("case", [case for case, (_, told) in CASES.items() if told.is_global])
def test_capacity_of_replicas_is_scaled_where_it_is_paid_by_the_hour_and_only_there(case):
    statements = deployer_policy(*CASES[case], WHERE)["Statement"]
    regions = (REGION, *CASES[case][1].replicas)
    of = {
        "application-autoscaling:PutScalingPolicy": "application-autoscaling:{}:{}:scalable-target/*",
        "cloudwatch:PutMetricAlarm": "cloudwatch:{}:{}:alarm:*",
    }
    found = {
        action: each["Resource"]
        for each in statements
        for action in each["Action"]
        if action.endswith((":PutScalingPolicy", ":PutMetricAlarm")) and each["Sid"][-5:] != "Alarm"
    }
    by_hour = {
        name: [f"arn:aws:{arn.format(region, ACCOUNT)}" for region in regions]
        for name, arn in of.items()
    }
    assert found == (by_hour if CASES[case][1].provisioned else {})


@pytest.mark.parametrize("case", CASES)
def test_a_customers_key_is_granted_to_what_it_encrypts_through_these_services_alone(case):
    told = CASES[case][1]
    found = {each["Sid"]: each for each in deployer_policy(*CASES[case], WHERE)["Statement"]}
    if told.encryption.startswith("aws-"):
        assert not found.keys() & {"KeyOfTheData", "NameOfTheKey"}
        return
    made = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    keys = [made if told.encryption == "customer" else told.encryption, *told.replica_keys.values()]
    through = [f"dynamodb.{each}.amazonaws.com" for each in (REGION, *told.replicas)]
    if told.backups:
        through.append(f"backup.{REGION}.amazonaws.com")
    assert found["NameOfTheKey"]["Resource"] == found["KeyOfTheData"]["Resource"] == keys
    assert {"kms:CreateGrant", "kms:Decrypt"} <= {*found["KeyOfTheData"]["Action"]}
    assert found["KeyOfTheData"]["Condition"] == {"StringEquals": {"kms:ViaService": through}}


def test_every_method_and_every_command_has_one_role():
    methods = [each for some in METHODS.values() for each in some]
    public = {name for name in dir(Store) if not name.startswith("_")}
    around = {
        *("across_scopes", "at", "awaited", "client", "close", "connect", "consistent"),
        *("observed", "place", "reopened", "run", "schema", "scope", "with_deadline"),
    }
    assert sorted(methods) == sorted(public - around)
    commands = [each for some in COMMANDS.values() for each in some]
    assert sorted(commands) == sorted(name for name, row in ROWS.items() if row.sends)


@pytest.mark.parametrize("role", COMMANDS)
def test_the_how_to_page_has_the_roles(role):
    said = [", ".join(f"`{each}`" for each in some.get(role, ())) for some in (METHODS, COMMANDS)]
    assert f"| {role} | {said[0] or 'none'} | {said[1]} |\n" in PAGE.read_text("utf-8")
