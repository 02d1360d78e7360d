"""What a deployment would change, resource by resource, and which data that would lose.

CloudFormation says of each resource whether it is added, changed, replaced or removed, and by which of
its properties. The two templates say what the values are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen
from orjson import JSONDecodeError, loads

from .deployment import RECOVERY_DAYS_LIMIT
from .paths import ABSENT, Difference, differences
from .stacks import Template
from .terraform.expressions import KINDS

Action: TypeAlias = Literal["added", "adopted", "changed", "replaced", "removed"]
Certainty: TypeAlias = Literal["no", "maybe", "yes"]
Resource: TypeAlias = Mapping[str, Any]

TABLES = frozenset({"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"})
INDEXES = "GlobalSecondaryIndexes"
RECOVERY = "PointInTimeRecoverySpecification"
# Terraform has a name for each type that is in a template of ours. The others are of the CDK, and of waiting,
# and hold nothing.
OURS = frozenset(KINDS) | {
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
}
# What of a resource with data is lost with it.
DATA: Mapping[str, str] = {
    **dict.fromkeys(TABLES, "all its items"),
    "AWS::S3::Bucket": "all its objects",
    "AWS::Backup::BackupVault": "all its recovery points",
    "AWS::KMS::Key": "everything that it encrypted, which nobody can read without it",
}
# Of an index, what an update in place cannot change: it is deleted and built again.
DEFINING = ("KeySchema", "Projection")
RECREATIONS = ("Never", "Conditionally", "Always")
ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition", "Metadata", "Type")


@frozen
class PropertyChange:
    """A property that changes.

    Attributes:
        path: such as ``Tags[team].Value``.
        before: its value; ABSENT where there is none, or none is known.
        after: what it becomes.
        replaces: whether the resource is replaced for it; *maybe* where that depends on what another
            resource becomes.
        cause: what changes it where the template has it as it was, such as ``Bucket.Arn``.
    """

    path: str
    before: Any
    after: Any
    replaces: Certainty = "no"
    cause: str | None = None


@frozen
class Loss:
    """Data that a change loses.

    Attributes:
        name: what ``--allow-data-loss`` has to name: a logical id such as ``Bucket``, or that of a table
            and its index, such as ``Table.GSI2``.
        sentence: what is lost, and how.
    """

    name: str
    sentence: str


@frozen
class Change:
    """What becomes of a resource.

    Attributes:
        logical_id: its name in the template.
        type: such as ``AWS::DynamoDB::Table``.
        action: what is done to it.
        properties: what changes of it; nothing where it is added or removed.
        physical_id: its name in AWS; None while it has none.
        kept: whether what is removed or replaced stays, outside of the stack.
        losses: data that is lost.
    """

    logical_id: str
    type: str
    action: Action
    properties: tuple[PropertyChange, ...] = ()
    physical_id: str | None = None
    kept: bool = False
    losses: tuple[Loss, ...] = ()


def changes(
    deployed: Template | None, wanted: Template, found: Iterable[Mapping[str, Any]]
) -> tuple[Change, ...]:
    """What a deployment would change, in CloudFormation's order.

    Args:
        deployed: the stack's template; None of a stack that is not made yet.
        wanted: the template that it gets.
        found: each ``ResourceChange`` of the change set.
    """
    old = (deployed or {}).get("Resources", {})
    new = wanted.get("Resources", {})
    return tuple(
        _change(each, old.get(each["LogicalResourceId"]), new.get(each["LogicalResourceId"]))
        for each in found
    )


def additions(wanted: Template) -> tuple[Change, ...]:
    """What a deployment makes where nothing is yet."""
    return tuple(
        Change(name, resource["Type"], "added") for name, resource in wanted["Resources"].items()
    )


def removals(deployed: Template, physical: Mapping[str, str]) -> tuple[Change, ...]:
    """What becomes of each resource that is in a stack, where the stack is deleted.

    Args:
        deployed: the stack's template.
        physical: logical id -> physical id.
    """
    gone = (
        {"Action": "Remove", "LogicalResourceId": name, "ResourceType": resource["Type"]}
        | {"PhysicalResourceId": physical[name]}
        for name, resource in deployed["Resources"].items()
        if name in physical
    )
    return changes(deployed, {}, gone)


def losses(found: Iterable[Change], allowed: Iterable[str] = ()) -> tuple[Loss, ...]:
    """Data that changes lose, without that which may be lost."""
    named = {*allowed}
    return tuple(loss for each in found for loss in each.losses if loss.name not in named)


def _change(found: Mapping[str, Any], old: Resource | None, new: Resource | None) -> Change:
    logical_id, kind = found["LogicalResourceId"], found["ResourceType"]
    properties = () if old is None or new is None else tuple(_properties(found, old, new))
    action = _action(found, properties, holds_data=kind in DATA)
    policy = (old if action == "removed" else new) or {}
    kept = _is_kept(policy.get("DeletionPolicy" if action == "removed" else "UpdateReplacePolicy"))
    lost = _losses(found, action, old or {}, new or {}, kept=kept)
    physical = found.get("PhysicalResourceId")
    return Change(logical_id, kind, action, properties, physical, kept, tuple(lost))


def _is_kept(policy: Any) -> bool:
    """RetainExceptOnCreate keeps what once was made; a policy that is no text is not relied on."""
    return policy in ("Retain", "RetainExceptOnCreate")


def _action(
    found: Mapping[str, Any], properties: tuple[PropertyChange, ...], *, holds_data: bool
) -> Action:
    match found["Action"]:
        case "Add":
            return "added"
        case "Import":
            return "adopted"
        case "Remove":
            return "removed"
    # "Conditional" is no answer: the condition is told of each property. For data, maybe is as bad as yes.
    told = {each.replaces for each in properties}
    bad = {"maybe", "yes"} if holds_data else {"yes"}
    return "replaced" if found.get("Replacement") == "True" or told & bad else "changed"


def _properties(found: Mapping[str, Any], old: Resource, new: Resource) -> Iterator[PropertyChange]:
    # Several may be told of one property: the one that would do the most harm counts, so it comes last.
    details = sorted(found.get("Details", ()), key=_harm)
    told = {_name(each): each for each in details}
    seen = set()
    before, after = old.get("Properties", {}), new.get("Properties", {})
    for each in differences(before, after):
        top = each.path.partition(".")[0].partition("[")[0]
        seen.add(top)
        yield _property(each, told.get(top), old, new)
    for name in ATTRIBUTES:
        if old.get(name) != new.get(name):
            seen.add(name)
            # CloudFormation has no way from one type to another.
            replaces: Certainty = "yes" if name == "Type" else "no"
            yield PropertyChange(name, old.get(name, ABSENT), new.get(name, ABSENT), replaces)
    # What changes though the templates agree: by another resource, or by the stack's tags.
    for name in told.keys() - seen:
        target = told[name]["Target"]
        values = (_given(target, "BeforeValue"), _given(target, "AfterValue"))
        yield _property(Difference(name, *values), told[name], old, new)


def _harm(detail: Mapping[str, Any]) -> int:
    return RECREATIONS.index(detail["Target"].get("RequiresRecreation", "Never"))


def _name(detail: Mapping[str, Any]) -> str:
    target = detail["Target"]
    return str(target.get("Name") or target.get("Attribute", ""))


def _given(target: Mapping[str, Any], name: str) -> Any:
    """A value as CloudFormation tells it: JSON, or a text that is none."""
    value = target.get(name)
    if value is None:
        return ABSENT
    try:
        return loads(value)
    except JSONDecodeError:
        return value


def _property(
    difference: Difference, detail: Mapping[str, Any] | None, old: Resource, new: Resource
) -> PropertyChange:
    told = detail or {}
    return PropertyChange(
        difference.path,
        difference.before,
        difference.after,
        _replaces(difference, told, old, new),
        told.get("CausingEntity"),
    )


def _replaces(
    difference: Difference, detail: Mapping[str, Any], old: Resource, new: Resource
) -> Certainty:
    recreation = detail.get("Target", {}).get("RequiresRecreation", "Never")
    if recreation == "Never":
        return "no"
    if recreation == "Conditionally" and not _condition_holds(difference, old, new):
        return "no"
    return "maybe" if detail.get("Evaluation") == "Dynamic" else "yes"


def _condition_holds(difference: Difference, old: Resource, new: Resource) -> bool:
    """Whether a property that replaces under a condition does so; yes, unless it is known.

    A table is replaced for an attribute that gets another type, and not for one that comes or goes with
    an index. Source: CloudFormation, AWS::DynamoDB::Table, AttributeDefinitions.
    """
    is_definition = difference.path.startswith("AttributeDefinitions")
    if new.get("Type") not in TABLES or old.get("Type") not in TABLES or not is_definition:
        return True
    return difference.before is not ABSENT and difference.after is not ABSENT


def _losses(
    found: Mapping[str, Any], action: Action, old: Resource, new: Resource, *, kept: bool
) -> Iterator[Loss]:
    logical_id, kind = found["LogicalResourceId"], found["ResourceType"]
    of_old = old.get("Type", kind)
    data = DATA.get(of_old)
    if of_old not in OURS and action in ("removed", "replaced") and not kept:
        told = f"{logical_id} ({of_old}) is none of dynastore's, and is deleted, whatever it holds"
        yield Loss(logical_id, told)
    elif data is not None and action == "removed" and not kept:
        yield Loss(logical_id, f"{logical_id} is deleted, with {data}")
    elif data is not None and action == "replaced":
        fate = f"stays outside of the stack, with {data}" if kept else f"is deleted, with {data}"
        yield Loss(logical_id, f"an empty {logical_id} takes its place; the old one {fate}")
    elif kind in TABLES and action == "changed":
        yield from _lost_indexes(
            logical_id, {**indexes_of(old), **_live_indexes(found)}, indexes_of(new)
        )
        yield from _lost_replicas(logical_id, old, new)
        yield from _lost_recovery(logical_id, old, new)


def _lost_indexes(
    logical_id: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Loss]:
    for name, index in old.items():
        whole = f"{logical_id}.{name}"
        if name not in new:
            yield Loss(whole, f"index {name} is deleted: queries on it fail from then on")
        elif is_rebuilt(index, new[name]):
            yield Loss(
                whole,
                f"index {name} is deleted and built again: queries on it fail until it is built",
            )


def _live_indexes(found: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The indexes that a table has, where CloudFormation says: a repair deletes those that others added."""
    context = _given(found, "BeforeContext")
    return indexes_of(context) if isinstance(context, Mapping) else {}


def _lost_replicas(logical_id: str, old: Resource, new: Resource) -> Iterator[Loss]:
    left = _replicas(new)
    for region in _replicas(old):
        if region not in left:
            told = f"the replica in {region} is deleted: programs there fail from then on"
            yield Loss(f"{logical_id}.{region}", told)


def _replicas(resource: Resource) -> list[str]:
    """Regions with a copy, but the stack's own, which is a reference."""
    listed = resource.get("Properties", {}).get("Replicas") or []
    return [each["Region"] for each in listed if isinstance(each["Region"], str)]


def _lost_recovery(logical_id: str, old: Resource, new: Resource) -> Iterator[Loss]:
    before, after = _recovery_days(old), _recovery_days(new)
    if after < before:
        left = f"{after} day{'s' * (after > 1)}" if after else "no time at all"
        told = f"{logical_id} can be restored to any second of {left}, and no longer of {before}"
        yield Loss(f"{logical_id}.PointInTimeRecovery", told)


def _recovery_days(resource: Resource) -> int:
    """How far back a table can be restored; a global table says the same of each replica."""
    properties = resource.get("Properties", {})
    told = (properties.get("Replicas") or [properties])[0].get(RECOVERY) or {}
    if told.get("PointInTimeRecoveryEnabled") is not True:
        return 0
    return int(told.get("RecoveryPeriodInDays", RECOVERY_DAYS_LIMIT))


def indexes_of(resource: Resource) -> dict[str, Mapping[str, Any]]:
    """The global secondary indexes of a table in a template, by name, in their order there."""
    listed = resource.get("Properties", {}).get(INDEXES) or []
    return {each["IndexName"]: each for each in listed}


def is_rebuilt(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an index has to be deleted and built again to become another."""
    return any(_normal(old.get(name)) != _normal(new.get(name)) for name in DEFINING)


def _normal(value: Any) -> Any:
    """The attributes that an index carries are a set, whatever order they are written in."""
    if not isinstance(value, Mapping) or "NonKeyAttributes" not in value:
        return value
    return {**value, "NonKeyAttributes": sorted(value["NonKeyAttributes"])}
