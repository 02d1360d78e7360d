"""What holds data, as Terraform has it: tables, the bucket, keys."""

from __future__ import annotations

from typing import Any

from ..names import Value
from .expressions import Stack
from .parts import Made, given, lasting, tagged

CAPACITIES = ["read_capacity", "write_capacity"]


def table(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A table; its replicas are a part of it."""
    told = resource["Properties"]
    hash_key, range_key = (each["AttributeName"] for each in told["KeySchema"])
    scaled = "ProvisionedThroughput" in told
    body = given(
        name=told["TableName"],
        billing_mode=told["BillingMode"],
        table_class=_everywhere(told, "TableClass"),
        hash_key=hash_key,
        range_key=range_key,
        attribute=[
            {"name": each["AttributeName"], "type": each["AttributeType"]}
            for each in told["AttributeDefinitions"]
        ],
        global_secondary_index=[_index(each) for each in told.get("GlobalSecondaryIndexes", ())],
        **_capacity(told),
        stream_enabled=True,
        stream_view_type=told["StreamSpecification"]["StreamViewType"],
        ttl={"enabled": True, "attribute_name": told["TimeToLiveSpecification"]["AttributeName"]},
        server_side_encryption=_encryption(stack, told),
        point_in_time_recovery=_recovery(_everywhere(told, "PointInTimeRecoverySpecification")),
        deletion_protection_enabled=_everywhere(told, "DeletionProtectionEnabled"),
        replica=[_replica(stack, each) for each in told.get("Replicas", ())[1:]],
        tags=tagged(_everywhere(told, "Tags")),
        depends_on=[stack.address(each) for each in resource.get("DependsOn", ())],
        # Auto scaling changes them; a plan would set them back.
        lifecycle=lasting(resource, CAPACITIES if scaled else []),
    )
    return [("aws_dynamodb_table", "", body)]


def _everywhere(told: dict[str, Value], name: str) -> Value:
    """What a global table says of each replica, and the first of them is the table itself."""
    return (told["Replicas"][0] if "Replicas" in told else told).get(name)


def _index(told: dict[str, Value]) -> dict[str, Any]:
    return given(
        name=told["IndexName"],
        key_schema=[
            {"attribute_name": each["AttributeName"], "key_type": each["KeyType"]}
            for each in told["KeySchema"]
        ],
        projection_type=told["Projection"]["ProjectionType"],
        non_key_attributes=told["Projection"].get("NonKeyAttributes"),
        **_capacity(told),
    )


def _capacity(told: dict[str, Value]) -> dict[str, Any]:
    units = told.get("ProvisionedThroughput", {})
    limits = {
        **told.get("OnDemandThroughput", {}),
        **told.get("ReadOnDemandThroughputSettings", {}),
        **told.get("WriteOnDemandThroughputSettings", {}),
    }
    return given(
        read_capacity=units.get("ReadCapacityUnits"),
        write_capacity=units.get("WriteCapacityUnits"),
        on_demand_throughput=given(
            max_read_request_units=limits.get("MaxReadRequestUnits"),
            max_write_request_units=limits.get("MaxWriteRequestUnits"),
        ),
    )


def _encryption(stack: Stack, told: dict[str, Value]) -> dict[str, Any]:
    if "SSESpecification" not in told:
        return {}
    own = _everywhere(told, "SSESpecification") or {}
    return given(enabled=True, kms_key_arn=stack.value(own.get("KMSMasterKeyId")))


def _recovery(told: Value) -> dict[str, Any]:
    return given(
        enabled=told["PointInTimeRecoveryEnabled"],
        recovery_period_in_days=told.get("RecoveryPeriodInDays"),
    )


def _replica(stack: Stack, told: dict[str, Value]) -> dict[str, Any]:
    key = told.get("SSESpecification", {}).get("KMSMasterKeyId")
    return given(
        region_name=told["Region"],
        kms_key_arn=stack.value(key),
        point_in_time_recovery=told["PointInTimeRecoverySpecification"][
            "PointInTimeRecoveryEnabled"
        ],
        deletion_protection_enabled=told["DeletionProtectionEnabled"],
        propagate_tags=True,
    )


def key(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """A key."""
    told = resource["Properties"]
    body = given(
        description=told["Description"],
        enable_key_rotation=told["EnableKeyRotation"],
        policy=stack.document(told["KeyPolicy"]),
        tags=tagged(told.get("Tags")),
        lifecycle=lasting(resource),
    )
    return [("aws_kms_key", "", body)]


def bucket(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """The bucket, and a resource for each of its settings."""
    told = resource["Properties"]
    body = given(
        bucket=told["BucketName"],
        tags=tagged(told.get("Tags")),
        lifecycle=lasting(resource),
    )
    of = {"bucket": stack.value({"Ref": name})}
    settings = {
        "server_side_encryption_configuration": {"rule": [_bucket_encryption(stack, told)]},
        "public_access_block": _public_access(told["PublicAccessBlockConfiguration"]),
        "ownership_controls": {"rule": [_ownership(told)]},
        "lifecycle_configuration": {"rule": _rules(told)},
        "versioning": _versioning(told),
    }
    made = (
        (f"aws_s3_bucket_{each}", "", {**of, **set_}) for each, set_ in settings.items() if set_
    )
    return [("aws_s3_bucket", "", body), *made]


def _public_access(told: dict[str, Value]) -> dict[str, Any]:
    return {
        "block_public_acls": told["BlockPublicAcls"],
        "block_public_policy": told["BlockPublicPolicy"],
        "ignore_public_acls": told["IgnorePublicAcls"],
        "restrict_public_buckets": told["RestrictPublicBuckets"],
    }


def _ownership(told: dict[str, Value]) -> dict[str, Any]:
    (owner,) = told["OwnershipControls"]["Rules"]
    return {"object_ownership": owner["ObjectOwnership"]}


def _rules(told: dict[str, Value]) -> list[dict[str, Any]]:
    return [_rule(each) for each in told["LifecycleConfiguration"]["Rules"]]


def _versioning(told: dict[str, Value]) -> dict[str, Any]:
    """Nothing where there is none."""
    if "VersioningConfiguration" not in told:
        return {}
    return {"versioning_configuration": {"status": told["VersioningConfiguration"]["Status"]}}


def _bucket_encryption(stack: Stack, told: dict[str, Value]) -> dict[str, Any]:
    (encryption,) = told["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    default = encryption["ServerSideEncryptionByDefault"]
    return given(
        apply_server_side_encryption_by_default=given(
            sse_algorithm=default["SSEAlgorithm"],
            kms_master_key_id=stack.value(default.get("KMSMasterKeyID")),
        ),
        bucket_key_enabled=encryption.get("BucketKeyEnabled"),
    )


def _rule(told: dict[str, Value]) -> dict[str, Any]:
    unfinished = told.get("AbortIncompleteMultipartUpload", {})
    gone = told.get("NoncurrentVersionExpiration", {})
    return {
        "id": told["Id"],
        "status": told["Status"],
        "filter": {},  # all objects
        **given(
            abort_incomplete_multipart_upload=given(
                days_after_initiation=unfinished.get("DaysAfterInitiation")
            ),
            transition=[
                {"days": each["TransitionInDays"], "storage_class": each["StorageClass"]}
                for each in told.get("Transitions", ())
            ],
            noncurrent_version_expiration=given(noncurrent_days=gone.get("NoncurrentDays")),
            expiration=given(
                expired_object_delete_marker=told.get("ExpiredObjectDeleteMarker"),
            ),
        ),
    }


def bucket_policy(stack: Stack, name: str, resource: dict[str, Value]) -> Made:
    """The policy of the bucket."""
    told = resource["Properties"]
    body = {
        "bucket": stack.value(told["Bucket"]),
        "policy": stack.document(told["PolicyDocument"]),
    }
    return [("aws_s3_bucket_policy", "", body)]
