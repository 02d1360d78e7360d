"""What is deployed, compared with what a schema and its deployment imply: a sentence for each difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import evolve, frozen
from orjson import dumps, loads

from ..operations.tables import additions, mismatches
from ..requests.tables import TableDescription
from ..schema.schema import Schema
from .paths import ABSENT, Difference, differences
from .resolving import Expected

KINDS: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "table",
    "AWS::DynamoDB::GlobalTable": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::S3::BucketPolicy": "policy of bucket",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::SNS::Topic": "topic",
    "AWS::Backup::BackupVault": "backup vault",
    "AWS::Backup::BackupPlan": "backup plan",
    "AWS::Backup::BackupSelection": "backup selection",
    "AWS::KMS::Key": "key",
    "AWS::ApplicationAutoScaling::ScalableTarget": "auto scaling",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "auto scaling policy",
}
REPAIR = (
    "`dynastore apply --repair` brings it back, or `dynastore apply` where there is no stack yet"
)
# Members of lists that others may add; nothing is wrong with a tag more.
FREE = "Tags"
POLICIES = frozenset({"PolicyDocument", "KeyPolicy"})


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


Saying: TypeAlias = Callable[[Expected, Difference], tuple[str, str]]
"""What a difference means, and what to do about it."""


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
    for name, value in wanted.properties.items():
        if name not in found and not _is_told(wanted.type, name):
            continue
        both = _comparable(name, value), _comparable(name, found.get(name, ABSENT))
        for each in differences(*both, name):
            if _is_free(each):
                continue
            saying = TABLE.get(name) if kind == "table" else None
            if saying is not None and name in said:
                continue  # one sentence for the property as a whole
            said.add(name)
            yield _drift(wanted, each, *(saying or _plain)(wanted, each))


def _comparable(name: str, value: Any) -> Any:
    """A property in a form in which what means the same is the same."""
    if name == "DashboardBody" and isinstance(value, str):
        return loads(value)
    return _single(value) if name in POLICIES else value


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
    properties = {
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


def _plain(wanted: Expected, difference: Difference) -> tuple[str, str]:
    kind = KINDS.get(wanted.type, wanted.type)
    name = wanted.physical_id or wanted.logical_id
    return f"{difference.path} of {kind} {name} {_is_not(difference)}", REPAIR


def _is_not(difference: Difference) -> str:
    if difference.after is ABSENT:
        return f"is missing; it should be {_text(difference.before)}"
    if difference.before is ABSENT:
        return f"is {_text(difference.after)}, and should not be there"
    return f"is {_text(difference.after)}, not {_text(difference.before)}"


def _text(value: Any) -> str:
    text = dumps(value, default=repr).decode()
    return text if len(text) <= 200 else f"{text[:199]}…"


def _update(options: str) -> Callable[[Expected], str]:
    """Calls of UpdateTable."""
    return lambda wanted: f"`aws dynamodb update-table --table-name {wanted.physical_id} {options}`"


def _ttl(wanted: Expected, difference: Difference) -> tuple[str, str]:
    table = wanted.physical_id
    attribute = wanted.properties["TimeToLiveSpecification"]["AttributeName"]
    by_other = difference.path.endswith("AttributeName")
    told = f"expire by {difference.after}, not by {attribute}" if by_other else "are never deleted"
    means = (
        f"items of table {table} {told}: what has expired is hidden, and stays stored and paid for"
    )
    option = f"--time-to-live-specification Enabled=true,AttributeName={attribute}"
    return means, f"`aws dynamodb update-time-to-live --table-name {table} {option}`"


def _recovery(wanted: Expected, _: Difference) -> tuple[str, str]:
    table, options = wanted.physical_id, wanted.properties["PointInTimeRecoverySpecification"]
    days = options.get("RecoveryPeriodInDays")
    means = (
        f"table {table} cannot be restored to any second of the last {days} days"
        if days
        else f"point-in-time recovery of table {table} is on, and paid for, though the options say no"
    )
    told = ",".join(f"{name}={dumps(value).decode()}" for name, value in options.items())
    option = f"--point-in-time-recovery-specification {told}"
    return means, f"`aws dynamodb update-continuous-backups --table-name {table} {option}`"


def _stream(wanted: Expected, _: Difference) -> tuple[str, str]:
    view = wanted.properties["StreamSpecification"]["StreamViewType"]
    means = (
        f"the stream of table {wanted.physical_id} is off, or has other images than {view}: changes() "
        "needs it, and so does moving a scope while it is written to"
    )
    way = _update(f"--stream-specification StreamEnabled=true,StreamViewType={view}")
    return means, way(wanted)


def _protection(wanted: Expected, difference: Difference) -> tuple[str, str]:
    on = bool(difference.before)
    told = (
        "can be deleted by a single call" if on else "cannot be deleted, though the options say so"
    )
    flag = "--deletion-protection-enabled" if on else "--no-deletion-protection-enabled"
    return f"table {wanted.physical_id} {told}", _update(flag)(wanted)


def _billing(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = f"table {wanted.physical_id} is billed as {difference.after}, not as {difference.before}"
    return told, _update(f"--billing-mode {difference.before}")(wanted)


def _class(wanted: Expected, difference: Difference) -> tuple[str, str]:
    told = f"table {wanted.physical_id} is of class {difference.after}, not of {difference.before}"
    return told, _update(f"--table-class {difference.before}")(wanted)


TABLE: Mapping[str, Saying] = {
    "TimeToLiveSpecification": _ttl,
    "PointInTimeRecoverySpecification": _recovery,
    "StreamSpecification": _stream,
    "DeletionProtectionEnabled": _protection,
    "BillingMode": _billing,
    "TableClass": _class,
}


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
        yield _drift(
            wanted,
            Difference(path, ABSENT, found.key_schemas[name]),
            f"index {name} of table {wanted.physical_id} is none of the schema's: nothing reads it here, and "
            "each write to it is paid for",
            f"if nobody else needs it, {_update(f'--global-secondary-index-updates {removal!r}')(wanted)}",
        )
