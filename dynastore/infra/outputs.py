"""What a stack tells: names and ARNs that programs and other stacks take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import RequestError
from .names import Placed, Value, attribute, ref
from .stacks import Stack, Template

# Type of a resource that has a name or an ARN of interest -> how it is had, and what it is called.
TOLD: Mapping[str, tuple[tuple[str, str | None, str], ...]] = {
    "AWS::S3::Bucket": (("Name", None, "The bucket of payloads"), ("Arn", "Arn", "Its ARN")),
    "AWS::KMS::Key": (("Arn", "Arn", "The ARN of a key"),),
    "AWS::IAM::ManagedPolicy": (("Arn", None, "The ARN of a policy, for a role"),),
    "AWS::SNS::Topic": (("Arn", None, "The topic that alarms tell"),),
    "AWS::Backup::BackupVault": (("Name", None, "The vault that backups are in"),),
    "AWS::CloudWatch::Dashboard": (("Name", None, "The dashboard"),),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        ("Arn", None, "The ARN of the load balancer"),
        ("Host", "DNSName", "Where the service answers; your domain's record is an alias of it"),
        ("Zone", "CanonicalHostedZoneID", "The hosted zone for that alias"),
    ),
    "AWS::ECS::Cluster": (("Name", None, "The cluster that the service is in"),),
    "AWS::ECS::Service": (("Name", "Name", "The service"),),
    "AWS::Logs::LogGroup": (("Name", None, "The group that logs are in"),),
}


def outputs(
    all_placed: Iterable[Placed], resources: Mapping[str, Mapping[str, Value]]
) -> dict[str, Value]:
    """The outputs: logical id and what is told of it -> output."""
    told: dict[str, Value] = {}
    for placed in all_placed:
        # Who imports an output does not care whether the table has replicas.
        own, about = placed.id.removeprefix("Global"), f"of table {placed.name}"
        told[f"{own}Name"] = _output(f"The name {about}", ref(placed.id))
        told[f"{own}Arn"] = _output(f"The ARN {about}", attribute(placed.id))
        stream = attribute(placed.id, "StreamArn")
        told[f"{own}StreamArn"] = _output(f"The ARN of the stream {about}", stream)
    for name, resource in resources.items():
        for suffix, of, description in TOLD.get(resource["Type"], ()):
            value = ref(name) if of is None else attribute(name, of)
            told[f"{name}{suffix}"] = _output(description, value)
    return told


def taken(wanted: Template, of: Stack | None, name: str) -> dict[str, str]:
    """The parameters of a template that are outputs of another stack of the same names.

    Args:
        wanted: the template.
        of: the other stack; None where there is none.
        name: of that stack.

    Raises:
        RequestError: it is not there, or does not tell all of them.
    """
    names = wanted.get("Parameters", {})
    if of is None or not of.is_made:
        raise RequestError(
            f"there is no stack {name}, whose outputs {', '.join(names)} the service takes: make it first, "
            "`dynastore apply --only table`; if it has another name, say --table-stack"
        )
    if missing := sorted(each for each in names if each not in of.outputs):
        raise RequestError(
            f"stack {name} has no output {missing[0]}, which the service takes: bring it up to date with the "
            "same options first, `dynastore apply --only table`"
        )
    return {each: of.outputs[each] for each in names}


def _output(description: str, value: Value) -> dict[str, Value]:
    return {"Description": description, "Value": value}
