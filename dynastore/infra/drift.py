"""What is deployed, compared with what a schema and its deployment imply: a sentence for each difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, frozen
from orjson import dumps, loads

from ..operations.tables import additions, mismatches
from ..requests.tables import TableDescription
from ..schema.schema import Schema
from .deployment import Deployment
from .paths import ABSENT, Difference, differences
from .resolving import Expected
from .sayings import KINDS, REPAIR, SAYINGS, plain, update_table
from .stacks import STACK, Stack

KEY = "SSESpecification"
# Members of lists that others may add; nothing is wrong with a tag more.
FREE = "Tags"
POLICIES = frozenset({"AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument"})
# Lists whose members have no names, and no order.
SETS = frozenset({"ManagedPolicyArns", "Resources", "RouteTableIds"})
# What a template leaves as it is made, and nobody sees when it changes: what is told of it if all is well.
UNSAID: Mapping[str, Mapping[str, Any]] = {
    "AWS::DynamoDB::Table": {"TableStatus": "ACTIVE"},
    "AWS::CloudWatch::Alarm": {"ActionsEnabled": True},
    "AWS::SNS::Subscription": {"PendingConfirmation": "false"},
}


@frozen
class Drift:
    """Something that is not as the schema and its deployment imply.

    Attributes:
        resource: its logical id in the template.
        type: such as ``AWS::DynamoDB::Table``.
        name: its name in AWS; None where nobody knows it.
        path: the property; empty for the whole resource.
        expected: what it should be; ABSENT where there should be nothing.
        found: what it is; ABSENT where there is nothing.
        sentence: what that means.
        advice: what to do.
    """

    resource: str
    type: str
    name: str | None
    path: str
    expected: Any
    found: Any
    sentence: str
    advice: str


def drifts(wanted: Expected, found: Mapping[str, Any] | None) -> Iterator[Drift]:
    """How a resource differs from what it should be.

    What it has beside that is told only where it is a member of a list: a rule, a statement.

    Args:
        wanted: what it should be.
        found: its properties, as a template has them; None where it is not there.
    """
    kind = KINDS.get(wanted.type, wanted.type)
    if found is None:
        told = f"there is no {kind} {wanted.physical_id or wanted.logical_id}"
        yield _drift(wanted, Difference("", wanted.properties, ABSENT), told, REPAIR)
        return
    said = set()
    for name, value in {**wanted.properties, **UNSAID.get(wanted.type, {})}.items():
        if name not in found and not _is_told(wanted.type, name):
            continue
        both = _comparable(name, value), _comparable(name, found.get(name, ABSENT))
        for each in differences(*both, name):
            if _is_free(each):
                continue
            saying = SAYINGS.get(wanted.type, {}).get(name)
            if saying is not None and name in said and kind == "table":
                continue  # one sentence for the property as a whole
            said.add(name)
            yield _drift(wanted, each, *(saying or plain)(wanted, each))


def _comparable(name: str, value: Any) -> Any:
    """A property in a form in which what means the same is the same."""
    if name == "DashboardBody" and isinstance(value, str):
        return loads(value)
    if name in POLICIES:
        return _single(value)
    if isinstance(value, Mapping):
        return {part: _comparable(part, each) for part, each in value.items()}
    return sorted(value, key=repr) if name in SETS and isinstance(value, list) else value


def _single(value: Any) -> Any:
    """A policy whose lists of one text are that text: some services give them back so."""
    if isinstance(value, Mapping):
        return {name: _single(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 1 and not isinstance(value[0], Mapping):
        return value[0]
    return [_single(each) for each in value]


def in_region(wanted: Expected, region: str) -> Expected:
    """A table with replicas as the table that one region has; anything else as it is."""
    if wanted.type != "AWS::DynamoDB::GlobalTable":
        return wanted
    replicas = {each["Region"]: each for each in wanted.properties["Replicas"]}
    own = ("TableClass", "DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "Tags")
    common = ("TableName", "BillingMode", "StreamSpecification", "TimeToLiveSpecification")
    key = {**wanted.properties.get(KEY, {}), **replicas[region].get(KEY, {})}
    properties = {
        **({KEY: key} if key else {}),
        **{name: wanted.properties[name] for name in common if name in wanted.properties},
        **{name: replicas[region][name] for name in own if name in replicas[region]},
        "Replicas": sorted({*replicas} - {region}),
    }
    return evolve(wanted, type="AWS::DynamoDB::Table", properties=properties)


def _is_told(kind: str, name: str) -> bool:
    """Whether what describes a resource would tell of a property, if it were set."""
    return name in UNTOLD_MEANS_ABSENT.get(kind, ())


UNTOLD_MEANS_ABSENT: Mapping[str, tuple[str, ...]] = {
    "AWS::DynamoDB::Table": (
        "TimeToLiveSpecification",
        "StreamSpecification",
        "SSESpecification",
        "OnDemandThroughput",
        "Tags",
    ),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "PublicAccessBlockConfiguration",
        "LifecycleConfiguration",
        "OwnershipControls",
        "VersioningConfiguration",
        "Tags",
    ),
    "AWS::CloudWatch::Alarm": ("AlarmActions", "Dimensions"),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::EC2::VPCEndpoint": ("RouteTableIds",),
}


def _is_free(difference: Difference) -> bool:
    """Whether something is there that nobody asked for, and that does no harm."""
    if difference.before is not ABSENT:
        return False
    return not difference.path.endswith("]") or difference.path.startswith(FREE)


def _drift(wanted: Expected, difference: Difference, sentence: str, advice: str) -> Drift:
    return Drift(
        wanted.logical_id,
        wanted.type,
        wanted.physical_id,
        difference.path,
        difference.before,
        difference.after,
        sentence,
        advice,
    )


def stack_drifts(stack: Stack, deployment: Deployment, stuck: Mapping[str, str]) -> Iterator[Drift]:
    """What is wrong with the stack itself.

    Args:
        stack: as it is.
        deployment: how it should be.
        stuck: status of a stack that takes no change -> what takes it on.
    """
    own = Expected(STACK, STACK, {}, stack.name)
    if stack.status in stuck:
        told = f"stack {stack.name} takes no changes: {stack.reason or 'no reason is given'}"
        way = f"repair what is in the way; then {stuck[stack.status].format(stack.name)}"
        yield _drift(own, Difference("StackStatus", ABSENT, stack.status), told, way)
    wanted = deployment.deletion_protection
    if stack.protected != wanted:
        fate = (
            "can be deleted by a single call"
            if wanted
            else "cannot be deleted, though the options say so"
        )
        difference = Difference("EnableTerminationProtection", wanted, stack.protected)
        yield _drift(
            own, difference, f"stack {stack.name} {fate}", "`dynastore apply` changes that"
        )


def index_drifts(schema: Schema, wanted: Expected, found: TableDescription) -> Iterator[Drift]:
    """How the keys and indexes of a table differ from what its schema needs, and those it has beside."""
    ways = [
        f"`aws dynamodb update-table --cli-input-json '{dumps(each).decode()}'`"
        for each in additions(schema, found)
    ]
    adding = (
        f"{ways[0]}{', then the others in the same way' if len(ways) > 1 else ''}; then `dynastore reindex`"
        if ways
        else "use another table, or change the schema to fit this one"
    )
    for sentence in mismatches(schema, found):
        told = f"{sentence}, in table {wanted.physical_id}: queries on it fail or read too little"
        yield _drift(wanted, Difference("GlobalSecondaryIndexes", ABSENT, ABSENT), told, adding)
    known = {index.name for index in schema.table.indexes} | {None}
    for name in sorted(str(each) for each in found.key_schemas if each not in known):
        path = f"GlobalSecondaryIndexes[{name}]"
        removal = dumps([{"Delete": {"IndexName": name}}]).decode()
        without = update_table(f"--global-secondary-index-updates {removal!r}")
        yield _drift(
            wanted,
            Difference(path, ABSENT, found.key_schemas[name]),
            f"index {name} of table {wanted.physical_id} is none of the schema's: nothing reads it here, and "
            "each write to it is paid for",
            f"if nobody else needs it, {without(wanted)}",
        )
