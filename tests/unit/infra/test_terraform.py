"""Terraform's configuration: its arguments are the provider's, and every reference leads somewhere.

No provider is at hand here, so nothing is planned: the arguments are compared with those that
`aws_provider` has of it.
"""

from __future__ import annotations

import json
import re

import pytest
from attrs import evolve

from dynastore import Schema, Table
from dynastore.errors import ModelError
from dynastore.infra.cloudformation import template
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Provisioned
from dynastore.infra.service.balancing import TASK_INGRESS
from dynastore.infra.terraform import configuration

from .aws_provider import RESOURCES
from .deployments import AGENTS, CASES, KEY, SEARCHED, WHOLE

META = {"lifecycle", "depends_on"}
BUILT_IN = {
    "data.aws_region.current.region",
    "data.aws_caller_identity.current.account_id",
    "data.aws_partition.current.partition",
    "var.stack_name",
}
EXPORTED = {"arn", "stream_arn", "id", "key_id", "arn_suffix", "dns_name", "zone_id"}
DEPLOYED = {
    "nothing said": CASES["nothing said"],
    "provisioned": CASES["provisioned"],
    "private tables": CASES["private tables"],
    "service": CASES["service"],
    "plain service": CASES["plain service"],
    "replicas": (
        AGENTS,
        evolve(
            WHOLE,
            max_read_units=10,
            encryption="customer",
            replicas=("eu-central-1",),
            replica_keys={"eu-central-1": KEY},
        ),
    ),
}


@pytest.fixture(params=DEPLOYED)
def made(request):
    return configuration(*DEPLOYED[request.param])


def bodies(made):
    for kind, named in made["resource"].items():
        for name, body in named.items():
            yield f"{kind}.{name}", kind, body


def wrong_arguments(told, known, place):
    """What of a block is no argument, or is missing, with its place."""
    required = {name[:-1] for name in known if name.endswith("!")}
    blocks = {name.rstrip("!"): each for name, each in known.items()}
    for name in required - told.keys():
        yield f"{place}.{name} is missing"
    for name, value in told.items():
        if name not in blocks:
            yield f"{place}.{name} is unknown"
        elif blocks[name] is not None:
            for each in value if isinstance(value, list) else [value]:
                yield from wrong_arguments(each, blocks[name], f"{place}.{name}")


def test_every_argument_is_one_of_the_provider(made):
    wrong = [
        each
        for place, kind, body in bodies(made)
        for each in wrong_arguments(
            {name: value for name, value in body.items() if name not in META},
            RESOURCES[kind],
            place,
        )
    ]
    assert wrong == []


def test_every_reference_leads_somewhere(made):
    places = {place for place, _, _ in bodies(made)}
    text = json.dumps([made["resource"], made["output"]])
    # In JSON texts a "$${" is literal.
    found = set(re.findall(r"(?<!\$)\$\{([^}]+)\}", text))
    assert found
    for each in found - BUILT_IN:
        place, _, attribute = each.rpartition(".")
        assert place in places, each
        kind, _, name = place.partition(".")
        assert attribute in EXPORTED or attribute in made["resource"][kind][name], each
    for _, _, body in bodies(made):
        assert {*body.get("depends_on", ())} <= places


def test_there_is_a_resource_for_each_of_the_template(made, request):
    schema, deployment = DEPLOYED[request.node.callspec.params["made"]]
    in_template = template(schema, deployment)["Resources"]
    parts = ("aws_s3_bucket_", "aws_iam_role_policy", "aws_vpc_security_group_")
    whole = [
        kind
        for _, kind, _ in bodies(made)
        if not kind.startswith(parts) or kind == "aws_s3_bucket_policy"
    ]
    rules = [each for each in in_template if each == TASK_INGRESS]
    assert len(whole) == len(in_template) - len(rules)


def test_the_keys_of_an_index_are_those_of_the_template():
    made = configuration(AGENTS, Deployment())
    (table,) = made["resource"]["aws_dynamodb_table"].values()
    told = template(AGENTS, Deployment())["Resources"]["Table"]["Properties"]
    assert [
        [(each["attribute_name"], each["key_type"]) for each in index["key_schema"]]
        for index in table["global_secondary_index"]
    ] == [
        [(each["AttributeName"], each["KeyType"]) for each in index["KeySchema"]]
        for index in told["GlobalSecondaryIndexes"]
    ]
    assert (table["hash_key"], table["range_key"]) == ("PK", "SK")
    assert table["ttl"] == {"enabled": True, "attribute_name": "TTL"}


def test_what_holds_data_is_not_destroyed():
    schema, deployment = CASES["provisioned"]
    kept = configuration(schema, deployment)["resource"]
    assert kept["aws_dynamodb_table"]["table"]["lifecycle"] == {
        "prevent_destroy": True,
        "ignore_changes": ["read_capacity", "write_capacity"],
    }
    assert kept["aws_s3_bucket"]["bucket"]["lifecycle"] == {"prevent_destroy": True}
    lost = configuration(schema, evolve(deployment, retain=False))["resource"]
    assert "lifecycle" not in lost["aws_s3_bucket"]["bucket"]


def test_scopes_whose_names_differ_in_capitals_have_a_policy_each():
    made = configuration(AGENTS, Deployment(scopes=("qa", "QA", "q-a")))
    scopes = [name for name in made["resource"]["aws_iam_policy"] if name.startswith("scope")]
    assert len(scopes) == 3


def test_what_is_no_expression_is_taken_as_it_is():
    made = configuration(AGENTS, Deployment(scopes=("100%{x}",)))
    (policy,) = [
        each["policy"]
        for name, each in made["resource"]["aws_iam_policy"].items()
        if name.startswith("scope")
    ]
    assert "@100%%{x}#*" in policy


def test_what_the_provider_does_not_have_is_refused():
    with pytest.raises(ModelError, match="vector index, which Terraform's provider aws does not"):
        configuration(SEARCHED, Deployment())
    deployment = Deployment(provisioned=Provisioned(), replicas=("eu-west-1",))
    with pytest.raises(ModelError, match="does not scale provisioned capacity of global"):
        configuration(Schema([], Table("agents")), deployment)
