"""The sections of a deployment: capacity, bucket, alarms, backups, network, other places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen, validators

from ..errors import ModelError
from ..table import BUCKET
from .checks import each, flag, like, one_of, whole

StorageClass: TypeAlias = Literal[
    "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]

UNITS_LIMIT = 1_000_000  # far above what an account gets unless it asks
DAYS_LIMIT = 36_500  # a hundred years; AWS Backup keeps no longer
INFREQUENT_DAYS = 30  # before them S3 moves nothing to STANDARD_IA; S3 User Guide, lifecycles
COLD_STORAGE_DAYS = 90  # the least that AWS Backup keeps in cold storage; its Developer Guide

optional = validators.optional
REGION = like(r"[a-z]{2,5}(-[a-z]+)+-\d", "a region such as eu-west-1")
BUCKET_NAME = like(BUCKET.pattern, "names of buckets: 3 to 63 lower-case letters, digits, - and .")
VPC = like(r"vpc-[0-9a-f]{8,17}", "an id such as vpc-0123456789abcdef0")


def as_tuple(value: Any) -> Any:
    """A list as a tuple; what is no list is left to the check."""
    is_list = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    return tuple(value) if is_list else value


@frozen(kw_only=True)
class Provisioned:
    """Capacity that is paid by the hour, scaled to what is used: of the table, and of each index.

    Attributes:
        read_min: read units a second it never falls below.
        read_max: read units a second it never rises above.
        write_min: write units a second it never falls below.
        write_max: write units a second it never rises above.
        target_percent: how much of it is to be in use; auto scaling follows that.
    """

    read_min: int = field(default=5, validator=whole(1, UNITS_LIMIT))
    read_max: int = field(default=500, validator=whole(1, UNITS_LIMIT))
    write_min: int = field(default=5, validator=whole(1, UNITS_LIMIT))
    write_max: int = field(default=500, validator=whole(1, UNITS_LIMIT))
    # Application Auto Scaling takes no target outside of these for DynamoDB.
    target_percent: int = field(default=70, validator=whole(20, 90))

    def __attrs_post_init__(self) -> None:
        """Refuse ranges without a number in them."""
        for kind in ("read", "write"):
            low, high = getattr(self, f"{kind}_min"), getattr(self, f"{kind}_max")
            if low > high:
                raise ModelError(f"{kind}_min is {low:,}, above {kind}_max, which is {high:,}")


@frozen(kw_only=True)
class Bucket:
    """The bucket that keeps large payloads.

    Attributes:
        name: of the bucket; None for the schema's.
        versioning: whether what is deleted or written over is kept for a while. Without it the
            bucket cannot be in backups: AWS Backup takes only versioned ones.
        deleted_days: how long versions are kept that were deleted.
        archive_after_days: age from which objects are in another storage class; None for never.
        archive_class: that storage class. Objects of GLACIER and DEEP_ARCHIVE cannot be read before
            they are restored: for archives that nobody opens.
    """

    name: str | None = field(
        default=None,
        validator=optional(like(BUCKET.pattern, "3 to 63 lower-case letters, digits, '-' and '.'")),
    )
    versioning: bool = field(default=False, validator=flag)
    deleted_days: int = field(default=30, validator=whole(1, DAYS_LIMIT))
    archive_after_days: int | None = field(default=None, validator=optional(whole(1, DAYS_LIMIT)))
    archive_class: StorageClass = field(
        default="GLACIER_IR",
        validator=one_of(
            "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
        ),
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what S3 refuses."""
        days = self.archive_after_days or INFREQUENT_DAYS
        if self.archive_class == "STANDARD_IA" and days < INFREQUENT_DAYS:
            raise ModelError(
                f"archive_after_days is {days}, and S3 moves nothing to STANDARD_IA before "
                f"{INFREQUENT_DAYS} days"
            )


@frozen(kw_only=True)
class Alarms:
    """Alarms, and whom they tell.

    Attributes:
        emails: addresses; each has to confirm. For a topic that is made.
        topic_arn: of an SNS topic that is there already; without it one is made, encrypted.
        throttles: throttled reads, or writes, in five minutes that raise an alarm.
        system_errors: failures of DynamoDB itself in five minutes that raise one.
        user_errors: refused requests of the account and region in five minutes that raise one;
            DynamoDB counts them for no table.
        latency_ms: milliseconds that one of a hundred requests of an operation may take, inside of
            DynamoDB.
        consumed_percent: how much of the capacity may be in use, where there is a limit to it.
        replication_ms: milliseconds that a write may take to another region.
    """

    emails: tuple[str, ...] = field(
        default=(),
        converter=as_tuple,
        validator=each(like(r"[^@\s]+@[^@\s]+", "a list of e-mails")),
    )
    topic_arn: str | None = field(
        default=None,
        validator=optional(
            like(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+", "the ARN of a topic")
        ),
    )
    throttles: int = field(default=1, validator=whole(1, UNITS_LIMIT))
    system_errors: int = field(default=5, validator=whole(1, UNITS_LIMIT))
    user_errors: int = field(default=50, validator=whole(1, UNITS_LIMIT))
    latency_ms: int = field(default=100, validator=whole(1, 60_000))
    consumed_percent: int = field(default=80, validator=whole(1, 100))
    replication_ms: int = field(default=10_000, validator=whole(1, 3_600_000))

    def __attrs_post_init__(self) -> None:
        """Refuse to subscribe to what is not ours."""
        if self.topic_arn and self.emails:
            raise ModelError("emails are of a topic that is made; leave them out, or topic_arn")


@frozen(kw_only=True)
class Backups:
    """Copies that AWS Backup takes, in a vault of their own.

    Attributes:
        schedule: when, as AWS writes it, in UTC.
        keep_days: how long each is kept.
        cold_after_days: age from which they are in cold storage, which is cheaper and keeps them for
            90 days at least; None for never.
    """

    schedule: str = field(
        default="cron(0 3 * * ? *)",
        validator=like(
            r"cron\([\w*?/,#-]+( [\w*?/,#-]+){5}\)", "six fields such as cron(0 3 * * ? *)"
        ),
    )
    keep_days: int = field(default=35, validator=whole(1, DAYS_LIMIT))
    cold_after_days: int | None = field(default=None, validator=optional(whole(1, DAYS_LIMIT)))

    def __attrs_post_init__(self) -> None:
        """Refuse what AWS Backup refuses."""
        cold = self.cold_after_days
        if cold is not None and self.keep_days < cold + COLD_STORAGE_DAYS:
            raise ModelError(
                f"keep_days is {self.keep_days}; with cold_after_days {cold} it is "
                f"{cold + COLD_STORAGE_DAYS} at least: cold storage keeps for {COLD_STORAGE_DAYS} days"
            )


@frozen(kw_only=True)
class Network:
    """A VPC from which table and bucket are reached without the internet.

    Attributes:
        vpc: its id.
        route_tables: ids of those that get the routes.
    """

    vpc: str = field(validator=VPC)
    route_tables: tuple[str, ...] = field(
        converter=as_tuple,
        validator=each(
            like(r"rtb-[0-9a-f]{8,17}", "a list of ids such as rtb-0123456789abcdef0"), least=1
        ),
    )


@frozen(kw_only=True)
class Place:
    """Another place that scopes are kept at or moved to; the stack makes nothing there.

    Attributes:
        region: of its tables.
        account: whose they are, 12 digits; None for the stack's own.
        bucket: of the payloads there, where the schema has one.
    """

    region: str = field(validator=REGION)
    account: str | None = field(
        default=None, validator=optional(like(r"\d{12}", "a number of 12 digits"))
    )
    bucket: str | None = field(default=None, validator=optional(BUCKET_NAME))
