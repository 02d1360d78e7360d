"""Managed policies of a template: they allow what the calls of each role send, and nothing else."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Set as AbstractSet
from importlib.resources import files
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("langgraph.checkpoint", reason="needs the extra dynastore[test]")
pytest.importorskip("cfnlint", reason="needs the extra dynastore[test]")

from dynastore import Schema, Store, Table, VectorIndex, entity, key, ref
from dynastore.errors import ModelError
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.roles import RESTORES, TABLE_BACKUPS
from dynastore.infra.sections import Network
from dynastore.testing import recorded

from ..unit.infra.deployments import CASES
from .scoped_calls import SCHEMA as LETTERS
from .scoped_calls import Letter, everything, work_of_frameworks
from .test_scope_policies import ACCOUNT, REGION, Asked, asked_of

FILLED = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/letters"
PLAIN = Deployment()
OF_TABLE = {"CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive"}
OF_STREAM = {"DescribeStream", "GetRecords", "GetShardIterator"}
KNOWN = json.loads(
    files("cfnlint").joinpath("data/AdditionalSpecs/Policies.json").read_text("utf-8")
)


def policies(schema: Schema, deployment: Deployment = PLAIN) -> dict[str, dict[str, Any]]:
    """The policies of a template by logical id, with what CloudFormation puts in."""
    return {
        name: filled(each["Properties"]["PolicyDocument"])
        for name, each in template(schema, deployment)["Resources"].items()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
    }


def filled(value: Any) -> Any:
    match value:
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(.+?)\}", lambda found: FILLED[found[1]], text)
        case {"Ref": name}:
            return FILLED[name]
        case {"Fn::GetAtt": [name, _]}:
            return f"arn:of:{name}"
        case dict():
            return {name: filled(each) for name, each in value.items()}
        case list():
            return [filled(each) for each in value]
    return value


def allowing(policy: dict[str, Any], asked: Asked) -> list[tuple[str, str]]:
    """The statements of a policy that allow something, each with the action."""
    return [
        (each["Sid"], asked.action)
        for each in policy["Statement"]
        if asked.action in each["Action"]
        and any(like(pattern, asked.resource) for pattern in each["Resource"])
    ]


def like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None


def asked_by(work: Any) -> set[Asked]:
    with Store.connect("sqlite://", SCHEMA) as store:
        with recorded(store, tables=True) as made:
            store.create_table()
        everything(store)
        store.put(LARGE)
        with recorded(store) as sent:
            work(store)
        # Only an admin makes tables.
        sent += made if work is keeping else []
    return {asked for each in sent for asked in asked_for(each.request)}


def asked_for(request: Any) -> list[Asked]:
    """What IAM is asked of a request, of upkeep too."""
    operation = request.operation
    if operation in OF_STREAM:
        return [Asked(f"dynamodb:{operation}", f"{TABLE}/stream/2026", ())]
    if operation in OF_TABLE or operation == "Scan":
        return [Asked(f"dynamodb:{operation}", TABLE, ())]
    if operation == "ListObjectsV2":
        return [Asked("s3:ListBucket", f"arn:aws:s3:::{request.bucket}", ())]
    return list(asked_of(operation, request.parameters()))


def check_exact(
    policy: dict[str, Any], asked: set[Asked], but: AbstractSet[str] = frozenset()
) -> None:
    """A policy allows all that is asked, and no action in any statement that nothing asks for."""
    by = {each: allowing(policy, each) for each in asked}
    assert [each for each, found in by.items() if not found] == []
    used = {pair for found in by.values() for pair in found}
    stated = {
        (each["Sid"], action)
        for each in policy["Statement"]
        if each["Sid"] not in but
        for action in each["Action"]
    }
    assert {pair for pair in stated if pair not in used} == set()


@entity("note")
class Note:
    """What can be written 25 at a time: nothing of it is unique."""

    user_id: str
    note_id: int

    primary = key("NOTES#{user_id}", "NOTE#{note_id}")


SCHEMA = Schema([Letter, Note], LETTERS.table)
LARGE = Letter(user_id="ann", letter_id="7", address="q", body=random.Random(1).randbytes(450_000))


def reading(store: Store) -> None:
    mine = ref(Letter, user_id="ann", letter_id="3")
    found = store.get(Letter, user_id="ann", letter_id="7")
    assert found is not None
    assert found.body == LARGE.body
    store.get_many([mine, ref(Letter, user_id="ann", letter_id="5")])
    store.transact_get(mine)
    list(store.query(Letter, user_id="ann"))
    list(store.query(Letter, address="z"))


def writing(store: Store) -> None:
    """What `everything` begins with, on a table that has nothing of it, and reads of an index."""
    reading(store)
    everything(store.scope("other"))
    store.put_many([Note(user_id="ann", note_id=each) for each in range(3)])


def keeping(store: Store) -> None:
    """Upkeep of the whole table."""
    writing(store)
    list(store.verify())
    store.reindex()
    store.sweep()
    list(store.scan(Letter))
    list(store.across_scopes().query(Letter, sent_at=LARGE.sent_at))
    list(store.changes(Letter, start="oldest", follow=False))
    store.scope_figures()
    store.delete_scope("other")


def test_a_reader_may_do_what_reads_send_and_nothing_else():
    check_exact(policies(SCHEMA)["ReaderPolicy"], asked_by(reading))


def test_a_writer_may_do_what_a_store_sends_and_nothing_else():
    check_exact(policies(SCHEMA)["WriterPolicy"], asked_by(writing))


@pytest.mark.scans
def test_an_admin_may_do_what_upkeep_sends_and_take_backups():
    backups = {"KeptBackups", "RestoredTables", "BackupNames"}
    policy = policies(SCHEMA)["AdminPolicy"]
    tables = next(each for each in policy["Statement"] if each["Sid"] == "Tables")
    tables["Action"] = [
        each for each in tables["Action"] if each.split(":")[1] not in TABLE_BACKUPS
    ]
    # Another index is read by a Scan of the index, which no class here asks for.
    indexes = next(each for each in policy["Statement"] if each["Sid"] == "Indexes")
    indexes["Action"].remove("dynamodb:Scan")
    check_exact(policy, asked_by(keeping), but=backups)


def test_a_writer_may_do_what_both_frameworks_adapters_send():
    with Store.connect("sqlite://") as store:
        store.create_table()
        with recorded(store) as sent:
            work_of_frameworks(store)
        policy = policies(store.schema)["WriterPolicy"]
    asked = {
        each for one in sent for each in asked_of(one.request.operation, one.request.parameters())
    }
    assert len(asked) > 20
    assert [each for each in asked if not allowing(policy, each)] == []


@pytest.mark.parametrize("case", CASES)
def test_no_policy_names_all_resources_for_what_is_in_a_table(case):
    for policy in policies(*CASES[case]).values():
        for each in policy["Statement"]:
            assert each["Action"] == ["dynamodb:ListBackups"] or "*" not in each["Resource"]
            assert not any("*" in action for action in each["Action"])


@pytest.mark.parametrize("case", CASES)
def test_every_action_is_one_that_iam_knows(case):
    for policy in policies(*CASES[case]).values():
        for each in policy["Statement"]:
            for service, action in [one.split(":") for one in each["Action"]]:
                assert action.lower() in KNOWN[service]["Actions"], f"{service}:{action}"


def test_an_endpoint_lets_through_what_the_roles_may():
    network = Network(vpc="vpc-0123456789abcdef0", route_tables=("rtb-0123456789abcdef0",))
    made = template(SCHEMA, Deployment(network=network))["Resources"]
    through = {
        (kind, action)
        for kind in ("Table", "Bucket")
        for each in made[f"{kind}Endpoint"]["Properties"]["PolicyDocument"]["Statement"]
        for action in each["Action"]
    }
    allowed = {
        ("Bucket" if action.startswith("s3:") else "Table", action)
        for policy in policies(SCHEMA).values()
        for each in policy["Statement"]
        if each["Sid"] != "BackupNames"
        for action in each["Action"]
    }
    assert allowed - {("Table", f"dynamodb:{each}") for each in RESTORES} <= through


def test_a_search_by_vectors_is_allowed_where_there_is_an_index_for_it():
    table = Table("agents", vectors=VectorIndex(dimensions=8))
    with_index = policies(Schema([], table))["ReaderPolicy"]
    asked = Asked(
        "dynamodb:SearchVectors", f"{TABLE.replace('letters', 'agents')}/index/VECTORS", ()
    )
    assert allowing(with_index, asked)
    assert not allowing(policies(Schema([], Table("agents")))["ReaderPolicy"], asked)


def test_a_customers_key_is_used_through_the_services_alone():
    schema, deployment = CASES["provisioned"]
    for name, policy in policies(schema, deployment).items():
        (statement,) = [each for each in policy["Statement"] if each["Sid"] == "KeyOfTheData"]
        assert statement["Resource"] == ["arn:of:Key"]
        through = statement["Condition"]["StringEquals"]["kms:ViaService"]
        assert through == [f"{each}.{REGION}.amazonaws.com" for each in ("dynamodb", "s3")]
        assert ("kms:GenerateDataKey" in statement["Action"]) is (name != "ReaderPolicy")


def test_policies_of_private_tables_are_for_those_to_come():
    schema, deployment = CASES["private tables"]
    for name in ("ReaderPolicy", "WriterPolicy", "AdminPolicy"):
        resources = policies(schema, deployment)[name]["Statement"][0]["Resource"]
        at = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/dynastore"
        assert resources == [at, f"{at}.*"]


def test_replicas_are_in_the_policies_too():
    schema, deployment = CASES["replicas"]
    for name, policy in policies(schema, deployment).items():
        regions = {arn.split(":")[3] for arn in policy["Statement"][0]["Resource"]}
        assert regions == {REGION, "eu-central-1"}, name


def test_a_policy_larger_than_iam_takes_is_refused():
    regions = [f"eu-west-{n}" for n in range(1, 10)] + [f"us-east-{n}" for n in range(1, 10)]
    with pytest.raises(ModelError, match=r"would have .* characters, and IAM takes 6,144"):
        template(SCHEMA, Deployment(replicas=regions))
