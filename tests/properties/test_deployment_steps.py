"""The steps of a deployment: whatever indexes and replicas come and go, one at a time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dynastore.infra.changes import indexes_of, is_rebuilt
from dynastore.infra.steps import steps
from dynastore.table import INDEX_LIMIT

OTHERS = st.dictionaries(st.sampled_from(["Alarm", "Bucket", "Policy"]), st.integers(0, 2))
# Number of an index -> which of its keys it has.
INDEXES = st.dictionaries(st.integers(1, INDEX_LIMIT), st.integers(0, 1), max_size=INDEX_LIMIT)


def template(indexes, others=(), billing="PAY_PER_REQUEST", name="Table"):
    """A template of one table; an index of variant 1 has another range attribute."""
    paid = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    throughput = {"ProvisionedThroughput": paid} if billing == "PROVISIONED" else {}
    listed = [
        {
            "IndexName": f"GSI{number}",
            "KeySchema": keys(f"GSI{number}H", f"GSI{number}R{variant}"),
            "Projection": {"ProjectionType": "ALL"},
            **throughput,
        }
        for number, variant in indexes.items()
    ]
    names = {
        entry["AttributeName"]: None
        for part in [keys("PK", "SK"), *[each["KeySchema"] for each in listed]]
        for entry in part
    }
    properties = {
        "BillingMode": billing,
        **throughput,
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in names],
        "KeySchema": keys("PK", "SK"),
        **({"GlobalSecondaryIndexes": listed} if listed else {}),
    }
    rest = {
        key: {"Type": "AWS::X::Y", "Properties": {"Z": value}}
        for key, value in dict(others).items()
    }
    return {"Resources": {name: {"Type": "AWS::DynamoDB::Table", "Properties": properties}, **rest}}


def keys(first, second):
    return [
        {"AttributeName": first, "KeyType": "HASH"},
        {"AttributeName": second, "KeyType": "RANGE"},
    ]


BILLING = st.sampled_from(["PAY_PER_REQUEST", "PROVISIONED"])
TEMPLATES = st.builds(template, INDEXES, OTHERS, BILLING)


def of_table(stack):
    return indexes_of(stack["Resources"]["Table"])


def moved(before, after):
    """Names of the indexes that come, go or are built again."""
    old, new = of_table(before), of_table(after)
    return {
        name
        for name in old.keys() | new.keys()
        if name not in old or name not in new or is_rebuilt(old[name], new[name])
    }


@given(TEMPLATES, TEMPLATES)
def test_the_last_step_is_what_is_wanted_and_each_moves_one_index_at_most(deployed, wanted):
    made = steps(deployed, wanted)
    assert made[-1].template == wanted
    path = [deployed, *(each.template for each in made)]
    counts = [len(moved(before, after)) for before, after in pairwise(path)]
    assert all(count == 1 for count in counts[:-1])
    assert counts[-1] <= 1
    assert all(len(of_table(each)) <= INDEX_LIMIT for each in path)


@given(TEMPLATES, TEMPLATES)
def test_an_index_that_stays_is_never_dropped_and_none_comes_and_goes(deployed, wanted):
    made = steps(deployed, wanted)
    stays = {name for name in of_table(deployed) if name not in moved(deployed, wanted)}
    stays &= of_table(wanted).keys()
    for each in made:
        assert stays <= of_table(each.template).keys()
        assert of_table(each.template).keys() <= of_table(deployed).keys() | of_table(wanted).keys()
    rebuilt = moved(deployed, wanted) & of_table(deployed).keys() & of_table(wanted).keys()
    assert len(made) == max(1, len(moved(deployed, wanted)) + len(rebuilt))


@given(TEMPLATES, TEMPLATES)
def test_a_table_defines_the_attributes_of_its_keys_and_no_others(deployed, wanted):
    for each in steps(deployed, wanted):
        properties = each.template["Resources"]["Table"]["Properties"]
        keyed = [properties, *of_table(each.template).values()]
        names = {entry["AttributeName"] for part in keyed for entry in part["KeySchema"]}
        defined = [entry["AttributeName"] for entry in properties["AttributeDefinitions"]]
        assert sorted(defined) == sorted(names)


@given(TEMPLATES, TEMPLATES)
def test_until_the_last_step_only_indexes_change_and_are_paid_as_their_table_is(deployed, wanted):
    for each in steps(deployed, wanted)[:-1]:
        table = each.template["Resources"]["Table"]["Properties"]
        others = each.template["Resources"].keys() - {"Table"}
        assert others == deployed["Resources"].keys() - {"Table"}
        for index in of_table(each.template).values():
            assert ("ProvisionedThroughput" in index) == (table["BillingMode"] == "PROVISIONED")


@given(TEMPLATES, TEMPLATES)
def test_begun_again_after_any_step_what_is_left_is_found(deployed, wanted):
    made = steps(deployed, wanted)
    for done, each in enumerate(made[:-1], 1):
        left = steps(each.template, wanted)
        assert [(s.action, s.index) for s in left] == [(s.action, s.index) for s in made[done:]]
    assert [each.action for each in steps(wanted, wanted)] == [None]


@given(TEMPLATES)
def test_a_new_stack_and_another_table_take_one_step(wanted):
    assert [each.template for each in steps(None, wanted)] == [wanted]
    other = template({1: 0}, name="TableOfOld")
    assert [each.template for each in steps(other, wanted)] == [wanted]


def test_new_indexes_come_before_old_ones_go():
    made = steps(template({1: 0, 2: 0}), template({2: 1, 3: 0}))
    assert [(each.action, each.index) for each in made] == [
        ("add", "GSI3"),
        ("remove", "GSI1"),
        ("remove", "GSI2"),
        ("add", "GSI2"),
    ]


def test_a_table_with_as_many_indexes_as_there_can_be_loses_one_before_it_gets_another():
    full = dict.fromkeys(range(1, INDEX_LIMIT + 1), 0)
    other = {each + 1: 0 for each in full}
    made = steps(template(full), template(other))
    assert [each.action for each in made] == ["remove", "add"]


def test_replicas_speak_of_the_indexes_that_there_are():
    def replicated(indexes):
        made = template(indexes, billing="PROVISIONED")
        table = made["Resources"]["Table"]
        table["Type"] = "AWS::DynamoDB::GlobalTable"
        told = [{"IndexName": f"GSI{each}", "Reads": 5} for each in indexes]
        table["Properties"]["Replicas"] = [
            {"Region": region, "GlobalSecondaryIndexes": told}
            for region in ({"Ref": "AWS::Region"}, "eu-central-1")
        ]
        return made

    made = steps(replicated({1: 0}), replicated({2: 0, 3: 0}))
    assert len(made) == 3
    for each in made:
        for replica in each.template["Resources"]["Table"]["Properties"]["Replicas"]:
            told = {index["IndexName"] for index in replica["GlobalSecondaryIndexes"]}
            assert told == of_table(each.template).keys()


REGIONS = st.lists(st.sampled_from(["eu-central-1", "us-east-1", "us-west-2"]), unique=True)


def replicated(regions, indexes, days=35):
    made = template(indexes)
    table = made["Resources"]["Table"]
    table["Type"] = "AWS::DynamoDB::GlobalTable"
    own = {"PointInTimeRecoverySpecification": {"RecoveryPeriodInDays": days}}
    table["Properties"]["Replicas"] = [
        {"Region": each, **own} for each in ({"Ref": "AWS::Region"}, *regions)
    ]
    return made


def regions_of(stack):
    replicas = stack["Resources"]["Table"]["Properties"]["Replicas"]
    assert len({str(each.keys()) for each in replicas}) == 1
    return {str(each["Region"]) for each in replicas}


@given(REGIONS, REGIONS, INDEXES, INDEXES, st.integers(1, 35))
def test_replicas_come_and_go_one_at_a_time_and_never_with_an_index(old, new, before, after, days):
    deployed, wanted = replicated(old, before), replicated(new, after, days)
    made = [deployed, *(each.template for each in steps(deployed, wanted))]
    assert made[-1] == wanted
    for one, other in pairwise(made):
        counted = len(regions_of(one) ^ regions_of(other)) + len(moved(one, other))
        assert counted <= 1
    for number, each in enumerate(made[1:-1], 1):
        left = steps(each, wanted)
        assert len(left) == len(made) - 1 - number


def test_a_replica_that_comes_meanwhile_is_as_its_table_is_and_has_its_own_key():
    deployed, wanted = replicated([], {}), replicated(["us-east-1", "us-west-2"], {}, days=7)
    for stack, keys in ((deployed, "a"), (wanted, "abc")):
        listed = stack["Resources"]["Table"]["Properties"]["Replicas"]
        for replica, key in zip(listed, keys, strict=True):
            replica["SSESpecification"] = {"KMSMasterKeyId": key}
    first, _ = steps(deployed, wanted)
    own, added = first.template["Resources"]["Table"]["Properties"]["Replicas"]
    assert (first.action, first.replica, added["Region"]) == ("add", "us-east-1", "us-east-1")
    assert added["SSESpecification"] == {"KMSMasterKeyId": "b"}
    same = "PointInTimeRecoverySpecification"
    assert added[same] == own[same] == {"RecoveryPeriodInDays": 35}
