"""Schemas and deployments that have everything, for tests of what is derived from them."""

from __future__ import annotations

from attrs import evolve

from dynastore import Elsewhere, Placement, Private, Schema, VectorIndex
from dynastore.agents import agent_schema
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms, Backups, Bucket, Network, Place, Provisioned
from dynastore.infra.service.section import Service

KEY = "arn:aws:kms:eu-central-1:123456789012:key/12345678-1234-1234-1234-123456789012"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:on-call"


def in_bucket(schema: Schema) -> Schema:
    return schema.on(lambda table: evolve(table, bucket="payloads-of-agents"))


AGENTS = in_bucket(agent_schema())
SEARCHED = in_bucket(agent_schema(VectorIndex(dimensions=8)))
PLACED = Placement(private=["qa", "GSI1"]).placed(AGENTS)
US = Elsewhere(region_name="us-east-1", bucket="payloads-in-the-us")
FAR = Placement(private={"qa": Private(place="us"), "ops": Private()}, places={"us": US})

WHOLE = Deployment(
    tags={"team": "agents", "cost centre": "7"},
    bucket=Bucket(versioning=True, archive_after_days=90),
    scopes=("qa", ("acme", "q*a"), ("acme", "q-a"), "100%{x}"),
    alarms=Alarms(emails=("a@example.org", "b@example.org")),
    dashboard=True,
    backups=Backups(keep_days=120, cold_after_days=30),
    network=Network(vpc="vpc-0123456789abcdef0", route_tables=("rtb-0123456789abcdef0",)),
)
SERVICE = Service(
    image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/agents/api:1.2",
    public_subnets=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    task_subnets=("subnet-0123456789abcdef2", "subnet-0123456789abcdef3"),
    certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    architecture="ARM64",
    target_requests=600,
    environment={"LOG_LEVEL": "INFO", "PRICE": "${none}"},
    secrets={
        "OPENAI_API_KEY": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:models-AbCdEf:openai::",
        "OS_SECURITY_KEY": "arn:aws:ssm:eu-west-1:123456789012:parameter/agents/key",
    },
    secret_keys=(KEY,),
)
PLAIN = Service(
    image="docker.io/example/agent@sha256:" + "0" * 64,
    vpc="vpc-0123456789abcdef0",
    public_subnets=SERVICE.public_subnets,
    task_subnets=SERVICE.public_subnets,
    assign_public_ip=True,
    plain_http=True,
    container_check=False,
    tasks_min=1,
    tasks_max=1,
)
CASES: dict[str, tuple[Schema, Deployment]] = {
    "nothing said": (agent_schema(), Deployment()),
    "provisioned": (
        AGENTS,
        evolve(WHOLE, provisioned=Provisioned(target_percent=50), encryption="customer"),
    ),
    "vectors": (SEARCHED, evolve(WHOLE, max_read_units=10, encryption="aws-managed")),
    "replicas": (
        SEARCHED,
        evolve(
            WHOLE,
            max_write_units=10,
            encryption="customer",
            replicas=("eu-central-1",),
            replica_keys={"eu-central-1": KEY},
        ),
    ),
    "provisioned replicas": (
        PLACED,
        evolve(WHOLE, provisioned=Provisioned(), replicas=("eu-central-1", "us-east-1")),
    ),
    "private tables": (
        PLACED,
        evolve(
            WHOLE,
            encryption=KEY,
            retain=False,
            deletion_protection=False,
            recovery_days=0,
            table_class="STANDARD_INFREQUENT_ACCESS",
            alarms=Alarms(topic_arn=TOPIC),
            backups=Backups(),
        ),
    ),
    "another place": (
        FAR.placed(AGENTS),
        evolve(
            WHOLE,
            old_tables=("langgraph-checkpoints", "agno_*"),
            old_buckets=("langgraph-values",),
            places={"us": Place(region="us-east-1", account="210987654321", bucket=US.bucket)},
        ),
    ),
    "service": (AGENTS, evolve(WHOLE, encryption="customer", service=SERVICE)),
    "plain service": (agent_schema(), Deployment(deletion_protection=False, service=PLAIN)),
}
