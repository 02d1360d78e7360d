"""Buckets and keys as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..control import ControlPlane
from .reading import Properties, present, tags

# Codes of what a bucket does not have. Source: S3 API reference, "Error responses".
NO_BUCKET = frozenset({"404", "NoSuchBucket"})
NOT_SET = NO_BUCKET | {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
NO_KEY = frozenset({"NotFoundException"})


def bucket(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A bucket, without its policy."""
    if plane.found("s3", "head_bucket", NO_BUCKET, Bucket=name) is None:
        return None

    def part(operation: str, member: str) -> Any:
        answer = plane.found("s3", operation, NOT_SET, Bucket=name)
        return None if answer is None else answer.get(member)

    encryption = part("get_bucket_encryption", "ServerSideEncryptionConfiguration")
    ownership = part("get_bucket_ownership_controls", "OwnershipControls")
    versioning = part("get_bucket_versioning", "Status")
    return present(
        {
            "BucketName": name,
            "BucketEncryption": encryption and _encryption(encryption["Rules"]),
            "PublicAccessBlockConfiguration": part(
                "get_public_access_block", "PublicAccessBlockConfiguration"
            ),
            "OwnershipControls": ownership,
            "VersioningConfiguration": versioning and {"Status": versioning},
            "LifecycleConfiguration": _lifecycle(
                part("get_bucket_lifecycle_configuration", "Rules")
            ),
            "Tags": tags(part("get_bucket_tagging", "TagSet") or ()),
        }
    )


def policy(plane: ControlPlane, _: str, wanted: Mapping[str, Any]) -> Properties | None:
    """The policy of a bucket."""
    name = wanted["Bucket"]
    answer = plane.found("s3", "get_bucket_policy", NOT_SET, Bucket=name)
    if answer is None:
        return None
    return {"Bucket": name, "PolicyDocument": orjson.loads(answer["Policy"])}


def key(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A key; one that waits for its deletion is none."""
    answer = plane.found("kms", "describe_key", NO_KEY, KeyId=name)
    if answer is None or answer["KeyMetadata"]["KeyState"] in {"PendingDeletion", "Disabled"}:
        return None
    rotated = plane.call("kms", "get_key_rotation_status", KeyId=name)["KeyRotationEnabled"]
    document = plane.call("kms", "get_key_policy", KeyId=name, PolicyName="default")["Policy"]
    return {
        "Description": answer["KeyMetadata"]["Description"],
        "EnableKeyRotation": rotated,
        "KeyPolicy": orjson.loads(document),
    }


def _encryption(rules: list[dict[str, Any]]) -> Properties:
    """In a template the default has its own word."""
    named = [
        {
            "ServerSideEncryptionByDefault": each.get("ApplyServerSideEncryptionByDefault"),
            **({"BucketKeyEnabled": True} if each.get("BucketKeyEnabled") else {}),
        }
        for each in rules
    ]
    return {"ServerSideEncryptionConfiguration": named}


def _lifecycle(rules: list[dict[str, Any]] | None) -> Properties | None:
    """In a template a rule says without more words what it is for."""
    return None if rules is None else {"Rules": [_rule(each) for each in rules]}


def _rule(told: Mapping[str, Any]) -> Properties:
    moves = [
        present({"StorageClass": each["StorageClass"], "TransitionInDays": each.get("Days")})
        for each in told.get("Transitions") or ()
    ]
    marker = told.get("Expiration", {}).get("ExpiredObjectDeleteMarker")
    return present(
        {
            "Id": told.get("ID"),
            "Status": told["Status"],
            "AbortIncompleteMultipartUpload": told.get("AbortIncompleteMultipartUpload"),
            "Transitions": moves or None,
            "NoncurrentVersionExpiration": told.get("NoncurrentVersionExpiration"),
            "ExpiredObjectDeleteMarker": marker,
            "ExpirationInDays": told.get("Expiration", {}).get("Days"),
        }
    )
