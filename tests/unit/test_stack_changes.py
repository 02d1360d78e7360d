"""What a change set means: told as AWS tells it, with what ministack's change sets do not have."""

from __future__ import annotations

import json

import pytest

from dynastore.infra.changes import OURS, PropertyChange, changes, losses, removals
from dynastore.infra.cloudformation import template
from dynastore.infra.paths import ABSENT, Difference, differences
from dynastore.infra.stacks import Stack, stack_name

from .infra.deployments import CASES

DEFINED = [{"AttributeName": "PK", "AttributeType": "S"}]


def table(**properties):
    resource = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "t", **properties}}
    return {"Resources": {"Table": resource}}


def modified(*details, replacement="False", kind="AWS::DynamoDB::Table", name="Table"):
    return {
        "Action": "Modify",
        "LogicalResourceId": name,
        "ResourceType": kind,
        "Replacement": replacement,
        "Details": [*details],
    }


def detail(name, recreation="Never", evaluation="Static", **target):
    return {
        "Target": {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": recreation,
            **target,
        },
        "Evaluation": evaluation,
    }


def test_an_attribute_that_comes_with_an_index_does_not_replace_the_table_and_another_type_does():
    """AWS says "Conditional" of both."""
    conditional = modified(
        detail("AttributeDefinitions", "Conditionally"), replacement="Conditional"
    )
    more = [*DEFINED, {"AttributeName": "GSI1H", "AttributeType": "S"}]
    old = table(AttributeDefinitions=DEFINED)
    (added,) = changes(old, table(AttributeDefinitions=more), [conditional])
    assert (added.action, added.losses) == ("changed", ())
    other = [{"AttributeName": "PK", "AttributeType": "N"}]
    (altered,) = changes(old, table(AttributeDefinitions=other), [conditional])
    assert altered.action == "replaced"
    assert [each.name for each in altered.losses] == ["Table"]


def test_where_it_depends_on_another_resource_data_is_held_to_be_replaced_and_the_rest_is_not():
    by_reference = detail("KmsKey", "Always", "Dynamic") | {"CausingEntity": "Key.Arn"}
    old = table()
    (of_data,) = changes(old, old, [modified(by_reference, replacement="Conditional")])
    assert of_data.action == "replaced"
    assert of_data.properties == (PropertyChange("KmsKey", ABSENT, ABSENT, "maybe", "Key.Arn"),)
    policy = {"Resources": {"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {"A": 1}}}}
    found = modified(
        by_reference, replacement="Conditional", kind="AWS::S3::BucketPolicy", name="P"
    )
    assert [each.action for each in changes(policy, policy, [found])] == ["changed"]


def test_what_was_changed_behind_a_stack_is_told_by_cloudformation_alone():
    drifted = modified(
        detail(
            "TimeToLiveSpecification",
            BeforeValue='{"Enabled":false}',
            AfterValue='{"Enabled":true}',
        )
    )
    (change,) = changes(table(), table(), [drifted])
    assert change.properties == (
        PropertyChange("TimeToLiveSpecification", {"Enabled": False}, {"Enabled": True}),
    )
    text = modified(detail("TableClass", BeforeValue="STANDARD"))
    (change,) = changes(table(), table(), [text])
    assert (change.properties[0].before, change.properties[0].after) == ("STANDARD", ABSENT)


@pytest.mark.parametrize("kept", [True, False])
def test_data_that_is_removed_is_lost_unless_it_is_kept(kept):
    old = table()
    old["Resources"]["Table"]["DeletionPolicy"] = "Retain" if kept else "Delete"
    (gone,) = removals(old, {"Table": "t"})
    assert (gone.action, gone.kept, gone.physical_id) == ("removed", kept, "t")
    assert [each.sentence for each in gone.losses] == (
        [] if kept else ["Table is deleted, with all its items"]
    )
    assert losses([gone], ["Table"]) == ()
    assert losses([gone], ["table", "t"]) == gone.losses


def test_a_resource_of_another_type_is_another_one():
    new = table()
    new["Resources"]["Table"]["Type"] = "AWS::DynamoDB::GlobalTable"
    found = modified(kind="AWS::DynamoDB::GlobalTable")
    (change,) = changes(table(), new, [found])
    assert change.action == "replaced"
    assert [each.name for each in change.losses] == ["Table"]


def test_an_index_with_other_keys_is_built_again_and_with_other_order_of_attributes_is_not():
    def indexed(key, carried):
        return table(
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "GSI1",
                    "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": carried},
                }
            ]
        )

    found = modified(detail("GlobalSecondaryIndexes"))
    (other,) = changes(indexed("A", ["x", "y"]), indexed("B", ["x", "y"]), [found])
    assert [each.name for each in other.losses] == ["Table.GSI1"]
    assert "is deleted and built again" in other.losses[0].sentence
    (same,) = changes(indexed("A", ["x", "y"]), indexed("A", ["y", "x"]), [found])
    assert same.losses == ()


def test_members_of_lists_are_told_apart_by_their_names():
    old = {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], "List": [1, 2]}
    new = {"Tags": [{"Key": "b", "Value": "3"}, {"Key": "a", "Value": "1"}], "List": [2, 1]}
    assert [*differences(old, new)] == [
        Difference("Tags[b].Value", "2", "3"),
        Difference("List", [1, 2], [2, 1]),
    ]
    unnamed = [*differences({"Rules": [{"X": 1}]}, {"Rules": [{"X": 2}]})]
    assert [each.path for each in unnamed] == ["Rules"]


@pytest.mark.parametrize(
    ("table_name", "stack"),
    [
        ("agent-state", "agent-state"),
        ("a_b.c", "a-b-c"),
        ("1st", "table-1st"),
        ("x" * 200, "x" * 128),
    ],
)
def test_a_stack_is_called_as_its_table_where_it_can(table_name, stack):
    assert stack_name(table_name) == stack


@pytest.mark.parametrize(
    ("status", "made", "moving"),
    [
        ("REVIEW_IN_PROGRESS", False, False),
        ("CREATE_IN_PROGRESS", True, True),
        ("ROLLBACK_COMPLETE", False, False),
        ("UPDATE_ROLLBACK_COMPLETE", True, False),
        ("DELETE_COMPLETE", False, False),
    ],
)
def test_a_stack_with_a_change_set_alone_is_not_made_yet(status, made, moving):
    stack = Stack("s", "arn", status)
    assert (stack.is_made, stack.is_moving) == (made, moving)


def with_indexes(*names):
    made = [{"IndexName": each, "KeySchema": [], "Projection": {}} for each in names]
    return table(GlobalSecondaryIndexes=made) if made else table()


def test_a_repair_that_deletes_an_index_that_others_added_loses_it():
    """Of change sets that compare with what is there, what is there is told as a text of JSON."""
    live = with_indexes("mine")["Resources"]["Table"]["Properties"]
    drifted = modified(detail("GlobalSecondaryIndexes"))
    drifted["BeforeContext"] = json.dumps({"Properties": live})
    (change,) = changes(table(), table(), [drifted])
    assert [each.name for each in change.losses] == ["Table.mine"]
    (change,) = changes(with_indexes("mine"), with_indexes("mine"), [drifted])
    assert change.losses == ()


def test_of_several_details_of_a_property_the_worst_counts():
    old = table(KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}])
    new = table(KeySchema=[{"AttributeName": "X", "KeyType": "HASH"}])
    for details in ("Always", "Never"), ("Never", "Always"):
        told = modified(*(detail("KeySchema", each) for each in details), replacement="Conditional")
        (change,) = changes(old, new, [told])
        assert [each.name for each in change.losses] == ["Table"]


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (35, 0, "no time at all"),
        (35, 7, "7 days"),
        (None, 1, "1 day"),
        (7, 35, None),
        (0, 35, None),
    ],
)
def test_points_to_restore_to_are_lost_where_recovery_is_shortened(before, after, lost):
    def recovered(days):
        on = {"PointInTimeRecoveryEnabled": days != 0}
        days_told = {"RecoveryPeriodInDays": days} if days else {}
        return table(PointInTimeRecoverySpecification={**on, **days_told})

    told = modified(detail("PointInTimeRecoverySpecification"))
    (change,) = changes(recovered(before), recovered(after), [told])
    assert [each.name for each in change.losses] == ["Table.PointInTimeRecovery"] * (
        lost is not None
    )
    assert all(f"to any second of {lost}, " in each.sentence for each in change.losses)


def test_a_replica_that_goes_is_lost_and_one_that_comes_is_not():
    def replicated(*regions):
        of = [{"Region": each} for each in ({"Ref": "AWS::Region"}, *regions)]
        made = {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {"Replicas": of}}
        return {"Resources": {"GlobalTable": made}}

    told = modified(detail("Replicas"), kind="AWS::DynamoDB::GlobalTable", name="GlobalTable")
    two, one = replicated("us-east-1", "us-west-2"), replicated("us-west-2")
    assert [each.name for each in changes(two, one, [told])[0].losses] == ["GlobalTable.us-east-1"]
    assert changes(one, two, [told])[0].losses == ()


def test_every_type_of_a_template_is_known_to_be_ours():
    foreign = {
        "Action": "Remove",
        "LogicalResourceId": "Db",
        "ResourceType": "AWS::RDS::DBInstance",
    }
    old = {"Resources": {"Db": {"Type": "AWS::RDS::DBInstance"}}}
    assert [each.name for each in changes(old, {}, [foreign])[0].losses] == ["Db"]
    for case in CASES.values():
        kinds = {each["Type"] for each in template(*case)["Resources"].values()}
        assert kinds <= OURS
