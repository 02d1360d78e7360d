"""IAM policies of scopes: all that a scoped store sends is allowed, and nothing that another one sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("langgraph.checkpoint", reason="needs the extra dynastore[test]")

from attrs import evolve, frozen
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dynastore import Elsewhere, Placement, Private, Store
from dynastore.agents import agent_schema
from dynastore.codec.payload_objects import name_prefix
from dynastore.errors import RequestError
from dynastore.infra.iam import scope_policy
from dynastore.keys.templates import REGISTERED, scope_prefix
from dynastore.testing import recorded

from .scoped_calls import SCHEMA, everything, work_of_frameworks

ACCOUNT, REGION = "123456789012", "eu-west-1"
TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}


names = st.one_of(
    st.text(min_size=1, max_size=8),
    st.text("a@#*?${}~.:/", min_size=1, max_size=6),
    st.sampled_from(
        ["a", "ab", "a#", "a#@a", "a*", "${aws:username}", "*", "?", "@", "@*", "#", "$2a"]
    ),
)
paths = st.lists(names, min_size=1, max_size=3).map(tuple)


@frozen
class Asked:
    """What IAM is asked of a request, or of a part of one."""

    action: str
    resource: str
    leading_keys: tuple[str, ...]


def asked_of(operation: str, parameters: dict[str, Any]) -> Iterator[Asked]:
    """What IAM is asked of a request, by its parameters under AWS's names."""
    if "Bucket" in parameters:
        action = "GetObject" if operation == "HeadObject" else operation
        name = parameters.get("Key", "")
        yield Asked(f"s3:{action}", f"arn:aws:s3:::{parameters['Bucket']}/{name}", ())
        return
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        for each in parameters["TransactItems"]:
            ((kind, one),) = each.items()
            yield from asked_of(TRANSACTED.get(kind, "ConditionCheckItem"), one)
        return
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        for table, some in parameters["RequestItems"].items():
            found = some["Keys"] if operation == "BatchGetItem" else map(_written, some)
            yield _on(operation, table, None, [each["PK"]["S"] for each in found])
        return
    index = parameters.get("IndexName")
    if operation == "Query":
        yield _on(operation, parameters["TableName"], index, [_partition(parameters)])
        return
    item = parameters.get("Key") or parameters["Item"]
    yield _on(operation, parameters["TableName"], None, [item["PK"]["S"]])


def _on(operation: str, table: str, index: str | None, keys: list[str]) -> Asked:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    return Asked(
        f"dynamodb:{operation}", arn if index is None else f"{arn}/index/{index}", tuple(keys)
    )


def _written(request: dict[str, Any]) -> dict[str, Any]:
    ((_, one),) = request.items()
    return one.get("Item") or one["Key"]


def _partition(parameters: dict[str, Any]) -> str:
    """The value of the partition key in a key condition."""
    called = parameters["ExpressionAttributeNames"]
    for left, right in re.findall(r"(\S+) = (:\w+)", parameters["KeyConditionExpression"]):
        if called.get(left, left) in {"PK", "GSI1H", "GSI2H", "GSI3H", "GSI4H"}:
            return parameters["ExpressionAttributeValues"][right]["S"]
    raise AssertionError(parameters["KeyConditionExpression"])


def allows(policy: dict[str, Any], asked: Asked) -> bool:
    """Whether a policy allows it, as IAM evaluates this form of policy."""
    return any(
        asked.action in each["Action"]
        and any(_like(pattern, asked.resource) for pattern in each["Resource"])
        and _holds(each.get("Condition"), asked)
        for each in policy["Statement"]
    )


def _holds(condition: dict[str, Any] | None, asked: Asked) -> bool:
    if condition is None:
        return True
    assert condition.keys() == {"ForAllValues:StringLike", "Null"}
    patterns = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return asked.leading_keys != () and all(
        any(_like(pattern, key_) for pattern in patterns) for key_ in asked.leading_keys
    )


def _like(pattern: str, text: str) -> bool:
    assert "${" not in pattern, "IAM would put a value there"
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def asked_by(path: tuple[str, ...]) -> set[Asked]:
    with Store.connect("sqlite://", SCHEMA) as whole:
        whole.create_table()
        store = whole
        for name in path:
            store = store.scope(name)
        with recorded(store) as sent:
            everything(store)
    requests = [each.request for each in sent]
    return {found for each in requests for found in asked_of(each.operation, each.parameters())}


def policy_of(path: tuple[str, ...], **options: Any) -> dict[str, Any]:
    schema = SCHEMA
    for name in path:
        schema = schema.scoped(name)
    return scope_policy(schema, account=ACCOUNT, region=REGION, **options)


@given(paths, paths)
@example(("a",), ("ab",))
@example(("a",), ("a#",))
@example(("a*",), ("ab",))
@example(("a", "b"), ("a", "bc"))
def test_a_policy_allows_its_scope_everything_and_others_nothing(mine, theirs):
    assume(mine != theirs[: len(mine)])
    policy = policy_of(mine)
    assert [each for each in asked_by(mine) if not allows(policy, each)] == []
    shared = {each for each in asked_by(theirs) if allows(policy, each)}
    # Both register the scopes that both are in.
    around = {
        f"{scope_prefix(mine[:depth])}{REGISTERED}"
        for depth in range(1, len(mine))
        if mine[:depth] == theirs[:depth]
    }
    assert {each.leading_keys for each in shared} == {(each,) for each in around}
    assert {each.action for each in shared} <= {"dynamodb:PutItem"}


def test_a_policy_allows_both_frameworks_adapters():
    policy = scope_policy(agent_schema().scoped("qa"), account=ACCOUNT, region=REGION)
    with Store.connect("sqlite://") as whole:
        whole.create_table()
        scoped = whole.scope("qa")
        with recorded(scoped) as sent:
            work_of_frameworks(scoped)
    asked = [
        found
        for each in sent
        for found in asked_of(each.request.operation, each.request.parameters())
    ]
    assert len(asked) > 20
    assert [each for each in asked if not allows(policy, each)] == []


def test_a_role_that_only_reads_may_not_write():
    policy = policy_of(("a",), read_only=True)
    allowed = {each.action for each in asked_by(("a",)) if allows(policy, each)}
    assert allowed <= {f"dynamodb:{each}" for each in ("GetItem", "BatchGetItem", "Query")} | {
        "s3:GetObject"
    }
    assert len(allowed) == 4


def test_a_request_without_keys_is_not_allowed():
    scanned = Asked("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/letters", ())
    assert not allows(policy_of(("a",)), scanned)


def test_what_is_no_scope_and_no_account_is_refused():
    with pytest.raises(RequestError, match="a policy is of a scope"):
        policy_of(())
    with pytest.raises(RequestError, match="12 digits"):
        scope_policy(SCHEMA.scoped("a"), account="12", region=REGION)


OWN_BUCKET = SCHEMA.on(lambda table: evolve(table, bucket="own-bucket"))
PRIVATE = {
    "a": Private(),
    "b": Private(only=["letter"]),
    "c": Private(but=["letter"]),
    "e": Private(OWN_BUCKET),
    "f": Private(OWN_BUCKET, only=["letter"]),
}
PLACED = Placement(private=PRIVATE).placed(SCHEMA)


@pytest.mark.parametrize("scope", ["a", "b", "c", "d", "e", "f"])
@pytest.mark.parametrize("path", [(), ("inner",), ("inner", "most")])
def test_all_that_a_scope_of_a_placement_asks_for_is_allowed_and_nothing_of_another(scope, path):
    with Store.connect("sqlite://", PLACED) as whole:
        store = whole.scope(scope)
        for name in path:
            store = store.scope(name)
        whole.create_table()
        with recorded(store) as sent:
            everything(store)
    asked = {a for e in sent for a in asked_of(e.request.operation, e.request.parameters())}
    policies = {}
    for each in "abcdef":
        schema = PLACED.scoped(each)
        for name in path:
            schema = schema.scoped(name)
        policies[each] = scope_policy(schema, account=ACCOUNT, region=REGION)
    for each, policy in policies.items():
        allowed = {allows(policy, one) for one in asked}
        assert allowed == {each == scope}


def test_a_policy_names_the_tables_and_buckets_of_other_places():
    us = {"us": Elsewhere(region_name="us-east-1", bucket="us-loads")}
    placed = Placement(private={"qa": Private(only=["letter"], place="us")}, places=us).placed(
        SCHEMA
    )
    with pytest.raises(RequestError, match=r"letters\.qa is at place 'us': say in which region"):
        scope_policy(placed.scoped("qa"), account=ACCOUNT, region=REGION)
    where = {"us": ("us-east-1", "210987654321")}
    policy = scope_policy(placed.scoped("qa"), account=ACCOUNT, region=REGION, places=where)
    items, entry, objects = policy["Statement"]
    there = "arn:aws:dynamodb:us-east-1:210987654321:table/letters.qa"
    assert {there, f"{there}/index/GSI1"} < {*items["Resource"]}
    assert entry["Resource"] == [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/letters"]
    assert f"arn:aws:s3:::us-loads/{name_prefix(['qa'])}*" in objects["Resource"]
    with pytest.raises(RequestError, match="12 digits, not '1'"):
        scope_policy(
            placed.scoped("qa"), account=ACCOUNT, region=REGION, places={"us": ("us-east-1", "1")}
        )
