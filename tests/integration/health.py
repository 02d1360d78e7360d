"""A stack as AWS would have deployed it, for tests of what is found where somebody changed it.

ministack's CloudFormation itself leaves out the time to live, point-in-time recovery, the key of a topic, and
the lifecycle and tags of buckets, so they are set as AWS would have. It has no auto scaling and no selections
of backups: a template without them is applied here.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from uuid import uuid4

import boto3
from botocore.stub import Stubber

from dynastore import Schema, Table
from dynastore.cli.deployment.doctor import examined
from dynastore.clients.control import ControlPlane
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms, Backups

from ..conformance.deploying import run, target
from .deployed import ONE, Note

DEPLOYMENT = Deployment(
    deletion_protection=False,
    retain=False,
    recovery_days=0,  # ministack does not tell how many there are
    dashboard=True,
    alarms=Alarms(),
    backups=Backups(),
    tags={"team": "agents"},
)


def healthy_target(cloud):
    """Everything that ministack can deploy, as AWS would have deployed it."""
    name = f"notes-{uuid4().hex[:8]}"
    schema = Schema([Note], Table(name, ONE.table.indexes, bucket=f"{name}-payloads"))
    made = target(schema, cloud, DEPLOYMENT)
    run(made)
    as_aws_would(cloud, made)
    return made


def as_aws_would(cloud, made):
    name = made.schema.table.name
    ttl = {"Enabled": True, "AttributeName": "TTL"}
    cloud.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=ttl)
    rule = {
        "ID": "UnfinishedUploads",
        "Status": "Enabled",
        "Filter": {},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    cloud.call(
        "s3",
        "put_bucket_lifecycle_configuration",
        Bucket=made.schema.table.bucket,
        LifecycleConfiguration={"Rules": [rule]},
    )
    tags = {"TagSet": [{"Key": "team", "Value": "agents"}]}
    cloud.call("s3", "put_bucket_tagging", Bucket=made.schema.table.bucket, Tagging=tags)
    set_topic(cloud, made, "KmsMasterKeyId", physical(made, "AlarmTopicKey"))


def set_topic(cloud, made, name, value):
    topic = physical(made, "AlarmTopic")
    told = {"AttributeName": name, "AttributeValue": value}
    cloud.call("sns", "set_topic_attributes", TopicArn=topic, **told)


def found(made):
    """What differs: the resource, and the property."""
    wrong = examined(made, only_implied=False).wrong
    return {(each.resource, each.path.partition("[")[0].partition(".")[0]) for each in wrong}


def physical(made, logical_id):
    return made.stacks.resources(made.name)[logical_id]


def arn(table):
    return f"arn:aws:dynamodb:eu-west-1:000000000000:table/{table}"


@contextmanager
def stubbed(url, service):
    """A control plane, and what its client of a service answers."""
    plane = ControlPlane(boto3.Session(), endpoint_url=url)
    with closing(plane), Stubber(plane._client(service)) as stub:
        yield plane, stub
