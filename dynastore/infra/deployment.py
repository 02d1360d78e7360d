"""Deployment: how a schema's table is to be run, where the schema leaves a choice.

What the schema says (keys, indexes, projections, bucket) is not here. Every option has a default, so
that `Deployment()` is a table on demand that cannot be lost by mistake; all that costs by the month and
is no protection has to be asked for. Whoever runs it writes a small TOML file: the options of `Deployment`
are its keys, and those of `sections` its sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from ..errors import ModelError, shown
from ..keys.addresses import PLACE
from .checks import each, flag, known, like, one_of, pairs, section, whole
from .sections import (
    BUCKET_NAME,
    REGION,
    UNITS_LIMIT,
    Alarms,
    Backups,
    Bucket,
    Network,
    Place,
    Provisioned,
    as_tuple,
    optional,
)
from .service.section import Service

Role: TypeAlias = Literal["reader", "writer", "admin"]
TableClass: TypeAlias = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]

AWS_OWNED, AWS_MANAGED, CUSTOMER = "aws-owned", "aws-managed", "customer"
ROLES: tuple[Role, ...] = ("reader", "writer", "admin")

TAGS_LIMIT = 50  # of a resource; AWS General Reference, "Tag naming limits and requirements"
RECOVERY_DAYS_LIMIT = 35  # of point-in-time recovery; DynamoDB Developer Guide

# Of a table that is there already, or what names begin with.
OLD_TABLE = like(r"[\w.-]{2,255}\*?", "names of tables, or what names begin with, such as 'agno_*'")
KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"


def region_of(encryption: str) -> str | None:
    """The region of a key, by its ARN; None where it is none."""
    return encryption.split(":")[3] if encryption.startswith("arn:") else None


def _paths(value: Any) -> Any:
    """Scopes as paths: ``["qa", ["acme", "qa"]]`` is a scope, and one inside another."""
    told = as_tuple(value)
    if not isinstance(told, tuple):
        return told
    return tuple((one,) if isinstance(one, str) else as_tuple(one) for one in told)


@frozen(kw_only=True)
class Deployment:
    """How a schema's table is run.

    Attributes:
        provisioned: capacity by the hour; None for on demand, paid by the request.
        max_read_units: read units a second that an on-demand table serves at most, and each of its
            indexes; None for no limit. What a loop that runs away can cost ends there.
        max_write_units: the same for writing.
        table_class: STANDARD_INFREQUENT_ACCESS stores at less than half the price, and reads and
            writes at a quarter more.
        deletion_protection: whether deleting the table is refused.
        retain: whether table, bucket, key and vault stay where a stack is deleted.
        recovery_days: how far back the table can be restored to any second; 0 for not at all.
        encryption: whose key: ``aws-owned`` (free), ``aws-managed``, ``customer`` (one that is made),
            or the ARN of one.
        tags: of all that is made.
        global_table: whether it is a global table even without replicas: they can then be added in
            place, and a table cannot become a global one in place.
        replicas: regions with a copy that can be written too.
        replica_keys: region -> ARN of the key there, where the key is a customer's.
        bucket: of payloads; None for as the schema has it.
        roles: which managed policies there are.
        admin_buckets: buckets beside the payloads' own that an admin exports to, imports from, and
            restores payloads to.
        old_tables: tables of other libraries, which an admin may read to move them in.
        old_buckets: buckets that these keep values in.
        scopes: scopes that have a policy of their own, as paths: ``("acme", "qa")``.
        places: name -> another place of a placement, which the policies are for, too.
        alarms: None for none.
        dashboard: whether there is one in CloudWatch.
        backups: None for none beside ``recovery_days``.
        network: None for no endpoints.
        service: what runs on the table; None for nothing.

    Raises:
        ModelError: an option is set to what it cannot be, or does not go with another.
    """

    provisioned: Provisioned | None = field(default=None, validator=optional(section(Provisioned)))
    max_read_units: int | None = field(default=None, validator=optional(whole(1, UNITS_LIMIT)))
    max_write_units: int | None = field(default=None, validator=optional(whole(1, UNITS_LIMIT)))
    table_class: TableClass = field(
        default="STANDARD", validator=one_of("STANDARD", "STANDARD_INFREQUENT_ACCESS")
    )
    deletion_protection: bool = field(default=True, validator=flag)
    retain: bool = field(default=True, validator=flag)
    recovery_days: int = field(default=35, validator=whole(0, RECOVERY_DAYS_LIMIT))
    encryption: str = field(
        default=AWS_OWNED,
        validator=like(
            f"{AWS_OWNED}|{AWS_MANAGED}|{CUSTOMER}|{KEY_ARN}",
            f"{AWS_OWNED}, {AWS_MANAGED}, {CUSTOMER} or the ARN of a key",
        ),
    )
    # AWS takes more characters, but not every service the same ones.
    tags: Mapping[str, str] = field(
        factory=dict,
        validator=pairs(
            like(
                r"(?!(?i:aws:))[\w .:/=+@-]{1,128}",
                "keys of 1 to 128 characters that are no 'aws:'",
            ),
            like(r"[\w .:/=+@-]{0,256}", "values of up to 256 letters, digits and .:/=+@-_"),
        ),
    )
    global_table: bool = field(default=False, validator=flag)
    replicas: tuple[str, ...] = field(default=(), converter=as_tuple, validator=each(REGION))
    replica_keys: Mapping[str, str] = field(
        factory=dict, validator=pairs(REGION, like(KEY_ARN, "the ARN of a key"))
    )
    bucket: Bucket | None = field(default=None, validator=optional(section(Bucket)))
    roles: tuple[Role, ...] = field(
        default=ROLES, converter=as_tuple, validator=each(one_of(*ROLES))
    )
    admin_buckets: tuple[str, ...] = field(
        default=(), converter=as_tuple, validator=each(BUCKET_NAME)
    )
    old_tables: tuple[str, ...] = field(default=(), converter=as_tuple, validator=each(OLD_TABLE))
    old_buckets: tuple[str, ...] = field(
        default=(), converter=as_tuple, validator=each(BUCKET_NAME)
    )
    scopes: tuple[tuple[str, ...], ...] = field(
        default=(),
        converter=_paths,
        validator=each(
            each(like(r"(?s).+", "a list of scopes, or of paths of scopes"), least=1, repeated=True)
        ),
    )
    places: Mapping[str, Place] = field(
        factory=dict,
        validator=pairs(like(PLACE.pattern, "a table of places by name"), section(Place)),
    )
    alarms: Alarms | None = field(default=None, validator=optional(section(Alarms)))
    dashboard: bool = field(default=False, validator=flag)
    backups: Backups | None = field(default=None, validator=optional(section(Backups)))
    network: Network | None = field(default=None, validator=optional(section(Network)))
    service: Service | None = field(default=None, validator=optional(section(Service)))

    def __attrs_post_init__(self) -> None:
        """Refuse options that do not go together."""
        if self.provisioned and (self.max_read_units or self.max_write_units):
            raise ModelError(
                "max_read_units and max_write_units are of a table on demand; "
                "[provisioned] has read_max and write_max"
            )
        self._check_tags()
        has_own_key = self.encryption not in {AWS_OWNED, AWS_MANAGED}
        wanted = {*self.replicas} if has_own_key else set()
        if wanted != {*self.replica_keys}:
            raise ModelError(
                f"replica_keys has a key for {_listed(self.replica_keys)}, and it takes one for "
                f"{_listed(wanted)}: for each replica where the key is a customer's, as keys are of "
                "one region"
            )
        for region, arn in self.replica_keys.items():
            if region_of(arn) != region:
                raise ModelError(f"replica_keys has a key of {region_of(arn)} for {region}")
        if self.service is not None:
            self._check_service(self.service)

    def _check_tags(self) -> None:
        """Refuse what some resource does not take."""
        if len(self.tags) > TAGS_LIMIT:
            raise ModelError(f"tags has {len(self.tags)}, and AWS takes {TAGS_LIMIT}")
        # A role's tags are the same in capitals and small letters.
        if len({each.lower() for each in self.tags}) < len(self.tags):
            raise ModelError("tags has keys that differ in capitals alone, which roles do not take")

    def _check_service(self, service: Service) -> None:
        if "writer" not in self.roles:
            raise ModelError("roles has no writer, whose policy is that of the service's tasks")
        network = self.network.vpc if self.network else None
        if service.vpc is None and network is None:
            raise ModelError("service.vpc is missing; name the VPC there, or in [network]")
        if network is not None and service.vpc not in {None, network}:
            raise ModelError(
                f"service.vpc is {service.vpc}, and network.vpc is {network}: the endpoints would be "
                "in another VPC than the tasks; leave out service.vpc"
            )

    @property
    def is_global(self) -> bool:
        """Whether its tables are global tables."""
        return self.global_table or bool(self.replicas)

    @classmethod
    def read(cls, path: str | Path) -> Deployment:
        """The options in a TOML file.

        Raises:
            ModelError: it cannot be read, or says what no option is; with the file and the key.
        """
        import tomllib

        try:
            told = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"{path} cannot be read as options: {error}") from error
        try:
            return cls.told(told)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> Deployment:
        """The options in a mapping, as TOML or JSON has it.

        Raises:
            ModelError: it says what no option is; with the key.
        """
        known(cls, told, "")
        sections: dict[str, Any] = {
            name: _section(name, SECTIONS[name], value)
            for name, value in told.items()
            if name in SECTIONS
        }
        if isinstance(places := told.get("places"), Mapping):
            sections["places"] = {
                name: _section(f"places.{name}", Place, value) for name, value in places.items()
            }
        return cls(**{**told, **sections})


SECTIONS: Mapping[str, type[Any]] = {
    "provisioned": Provisioned,
    "bucket": Bucket,
    "alarms": Alarms,
    "backups": Backups,
    "network": Network,
    "service": Service,
}


def _section(name: str, cls: type[Any], told: Any) -> Any:
    if not isinstance(told, Mapping):
        raise ModelError(f"{name} is a section, [{name}], not {shown(told)}")
    known(cls, told, f"{name}.")
    try:
        return cls(**told)
    except ModelError as error:
        raise ModelError(f"{name}.{error}") from error


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
