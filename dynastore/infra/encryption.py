"""The key that tables and bucket are encrypted with, where it is a customer's; and what roles need of it."""

from __future__ import annotations

from typing import Any

from .deployment import AWS_MANAGED, AWS_OWNED, CUSTOMER, Deployment
from .names import KEY, Resources, Value, attribute, lasting, ref, sub, tags

WHOLE_ACCOUNT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"


def key(deployment: Deployment, name: str) -> Resources:
    """The key, where one is made; it is rotated every year."""
    if deployment.encryption != CUSTOMER:
        return {}
    return {
        KEY: lasting(
            deployment,
            {
                "Type": "AWS::KMS::Key",
                "Properties": {
                    "Description": f"Data of table {name}",
                    "EnableKeyRotation": True,
                    "KeyPolicy": key_policy(_use_by_logs(name) if deployment.service else []),
                    **tags(deployment),
                },
            },
        )
    }


def log_group(name: str) -> str:
    """The name of the group that the logs of a table's service are in."""
    return f"/dynastore/{name}"


def _use_by_logs(name: str) -> list[dict[str, Any]]:
    """What CloudWatch Logs needs to encrypt the group of the service, and no other one.

    Source: Amazon CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
    """
    arn = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{log_group(name)}"
    return [
        {
            "Sid": "LogsOfTheService",
            "Effect": "Allow",
            "Principal": {"Service": sub("logs.${AWS::Region}.amazonaws.com")},
            "Action": [
                *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"),
                *("kms:GenerateDataKey*", "kms:ReEncrypt*"),
            ],
            "Resource": "*",  # in a key's policy: that key
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": sub(arn)}},
        }
    ]


def key_policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """The policy of a key: IAM policies of its account say who may use it, and statements who else."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PoliciesOfTheAccount",
                "Effect": "Allow",
                "Principal": {"AWS": sub(WHOLE_ACCOUNT)},
                "Action": "kms:*",
                "Resource": "*",  # in a key's policy: that key
            },
            *statements,
        ],
    }


def key_arn(deployment: Deployment) -> Value | None:
    """The customer's key; None where the key is AWS's."""
    if deployment.encryption in {AWS_OWNED, AWS_MANAGED}:
        return None
    return attribute(KEY) if deployment.encryption == CUSTOMER else deployment.encryption


def table_encryption(deployment: Deployment) -> dict[str, Value]:
    """The property of a table; nothing where the key is AWS's own: tables are encrypted anyway."""
    if deployment.encryption == AWS_OWNED:
        return {}
    found = key_arn(deployment)
    named = {} if found is None else {"KMSMasterKeyId": found}
    return {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", **named}}


def bucket_encryption(deployment: Deployment) -> dict[str, Value]:
    """How a bucket encrypts by default; one data key serves many objects, which saves requests to KMS."""
    if deployment.encryption == AWS_OWNED:
        return {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    found = key_arn(deployment)
    named = {} if found is None else {"KMSMasterKeyID": found}
    return {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", **named},
        "BucketKeyEnabled": True,
    }


def key_statements(
    deployment: Deployment, *, in_bucket: bool, writes: bool, restores: bool = False
) -> list[dict[str, Any]]:
    """What a role needs of a customer's key, through DynamoDB and S3 alone.

    DynamoDB decrypts the table's key for each of its callers, whether they read or write; S3 makes a
    data key for what is written. Whoever restores a table lets it use the key.

    Source: DynamoDB Developer Guide, "How DynamoDB uses AWS KMS"; S3 User Guide, "Using SSE-KMS".
    """
    found = key_arn(deployment)
    if found is None:
        return []
    regions = [ref("AWS::Region"), *deployment.replicas]
    through = [sub(f"dynamodb.{_text(each)}.amazonaws.com") for each in regions]
    if in_bucket:
        through.append(sub("s3.${AWS::Region}.amazonaws.com"))
    actions = ["kms:Decrypt"]
    if in_bucket and writes:
        actions.append("kms:GenerateDataKey")
    if restores:
        actions += ["kms:CreateGrant", "kms:DescribeKey"]
    return [
        {
            "Sid": "KeyOfTheData",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": [found, *deployment.replica_keys.values()],
            "Condition": {"StringEquals": {"kms:ViaService": through}},
        }
    ]


def _text(region: Value) -> str:
    return region if isinstance(region, str) else "${AWS::Region}"
