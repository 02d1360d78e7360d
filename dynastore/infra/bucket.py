"""The bucket of payloads: private, encrypted, reached by TLS alone, and what becomes of old objects."""

from __future__ import annotations

from typing import Any

from .deployment import Deployment
from .encryption import bucket_encryption
from .names import BUCKET, Resources, Value, attribute, lasting, ref, tags
from .sections import Bucket

UNFINISHED_DAYS = 7  # after which the parts of an upload that nobody finished are deleted


def bucket(name: str | None, deployment: Deployment) -> Resources:
    """The bucket and its policy; nothing where there is none.

    Objects that no item refers to are found by ``dynastore sweep`` only: no rule of age could tell
    them from those that are just old.
    """
    if name is None:
        return {}
    options = deployment.bucket or Bucket()
    versioning = {"VersioningConfiguration": {"Status": "Enabled"}} if options.versioning else {}
    properties = {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [bucket_encryption(deployment)],
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        **versioning,
        "LifecycleConfiguration": {"Rules": rules(options)},
        **tags(deployment),
    }
    made = {"Type": "AWS::S3::Bucket", "Properties": properties}
    return {BUCKET: lasting(deployment, made), f"{BUCKET}Policy": _policy()}


def rules(options: Bucket) -> list[dict[str, Value]]:
    """The rules of its lifecycle."""
    unfinished = {"DaysAfterInitiation": UNFINISHED_DAYS}
    found = [_rule("UnfinishedUploads", {"AbortIncompleteMultipartUpload": unfinished})]
    if options.archive_after_days is not None:
        move = {
            "StorageClass": options.archive_class,
            "TransitionInDays": options.archive_after_days,
        }
        found.append(_rule("OldObjects", {"Transitions": [move]}))
    if options.versioning:
        gone = {"NoncurrentDays": options.deleted_days}
        found.append(_rule("DeletedObjects", {"NoncurrentVersionExpiration": gone}))
        found.append(_rule("MarkersOfDeleted", {"ExpiredObjectDeleteMarker": True}))
    return found


def _rule(name: str, does: dict[str, Value]) -> dict[str, Value]:
    return {"Id": name, "Status": "Enabled", **does}


def _policy() -> dict[str, Any]:
    statement = {
        "Sid": "NothingWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [attribute(BUCKET), {"Fn::Sub": f"${{{BUCKET}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": ref(BUCKET),
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
