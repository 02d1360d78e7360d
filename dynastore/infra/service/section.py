"""The section of a deployment that has a service: image, network, size, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import field, frozen

from ...errors import ModelError
from ..checks import each, flag, like, one_of, pairs, whole
from ..sections import VPC, as_tuple, optional

Architecture: TypeAlias = Literal["X86_64", "ARM64"]

# CPU units of a task (1,024 are one CPU) -> MiB of memory that it may have, fewest first.
# Source: Amazon ECS Developer Guide, "Fargate task definition parameters".
SIZES: Mapping[int, Sequence[int]] = {
    256: (512, 1_024, 2_048),
    512: range(1_024, 4_097, 1_024),
    1_024: range(2_048, 8_193, 1_024),
    2_048: range(4_096, 16_385, 1_024),
    4_096: range(8_192, 30_721, 1_024),
    8_192: range(16_384, 61_441, 4_096),
    16_384: range(32_768, 122_881, 8_192),
}
# Source: Amazon CloudWatch Logs API Reference, "PutRetentionPolicy"; days.
KEPT_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)
ZONES = 2  # that a load balancer is at least in
PORTS_LIMIT = 65_535
TASKS_LIMIT = 1_000  # of a service; Amazon ECS quotas
IDLE_LIMIT_SECONDS = 4_000  # Elastic Load Balancing, "Application Load Balancers"
REQUESTS_LIMIT = 1_000_000

IN_SECRETS_MANAGER = (
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+(:[^:\s]*:[^:\s]*:[^:\s]*)?"
)
IN_PARAMETER_STORE = r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[\w./-]+"

OCTET = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
# What points at the table is not a setting: it is derived.
_variable = like(
    r"(?!AWS_|DYNASTORE_)[A-Za-z_]\w*", "names of variables that are no AWS_ or DYNASTORE_"
)
_subnet = like(r"subnet-[0-9a-f]{8,17}", "a list of ids such as subnet-0123456789abcdef0")


@frozen(kw_only=True)
class Service:
    """An HTTP service on the table.

    Attributes:
        image: of the container; None where a flag says it.
        vpc: id of the VPC; None for that of the section ``network``.
        public_subnets: where the load balancer is: of two zones at least.
        task_subnets: where the containers are: private ones, whose way out is a NAT gateway.
        assign_public_ip: whether containers have an address of their own in the internet; it is the way
            out where there is no NAT gateway. Nobody gets in by it.
        certificate_arn: of ACM; the listener is then HTTPS, and HTTP leads there.
        plain_http: consent to a listener without encryption, where there is no certificate.
        callers: address ranges that may reach the listener.
        port: that the container listens on.
        health_path: what answers 200 while the container is well, without a login.
        container_check: whether the container asks itself, too; for that it must have Python.
        cpu: units of each task; 1,024 are one CPU.
        memory: MiB of each task.
        architecture: what the image is built for.
        tasks_min: tasks there are at least.
        tasks_max: tasks there are at most; as many as ``tasks_min`` for no scaling.
        target_cpu_percent: how much of the CPU is to be in use; scaling follows that.
        target_requests: requests a minute that each task is to have; None for scaling by CPU alone.
        idle_seconds: how long an answer may pause before the load balancer gives up.
        environment: variables of the container.
        secrets: variable -> ARN of a secret, or of a parameter of Systems Manager.
        secret_keys: ARNs of the keys that these are encrypted with, where they are a customer's.
        log_days: how long logs are kept.
        errors: failures (5xx) in five minutes that raise an alarm.
        in_use_percent: how much of CPU, or memory, may be in use before an alarm is raised.
    """

    image: str | None = field(
        default=None,
        validator=optional(
            like(
                r"[a-z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?", "an image such as example.org/agent:1"
            )
        ),
    )
    vpc: str | None = field(default=None, validator=optional(VPC))
    public_subnets: tuple[str, ...] = field(
        converter=as_tuple, validator=each(_subnet, least=ZONES)
    )
    task_subnets: tuple[str, ...] = field(converter=as_tuple, validator=each(_subnet, least=1))
    assign_public_ip: bool = field(default=False, validator=flag)
    certificate_arn: str | None = field(
        default=None,
        validator=optional(
            like(
                r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+",
                "the ARN of a certificate",
            )
        ),
    )
    plain_http: bool = field(default=False, validator=flag)
    callers: tuple[str, ...] = field(
        default=("0.0.0.0/0",),
        converter=as_tuple,
        validator=each(
            like(
                rf"{OCTET}(\.{OCTET}){{3}}/([12]?\d|3[0-2])",
                "a list of ranges such as 192.0.2.0/24",
            ),
            least=1,
        ),
    )
    port: int = field(default=8000, validator=whole(1, PORTS_LIMIT))
    health_path: str = field(
        default="/health", validator=like(r"/[\w./?=&%-]*", "a path such as /health")
    )
    container_check: bool = field(default=True, validator=flag)
    cpu: int = field(default=512, validator=whole(min(SIZES), max(SIZES)))
    memory: int = field(default=1024, validator=whole(SIZES[256][0], SIZES[16_384][-1]))
    architecture: Architecture = field(default="X86_64", validator=one_of("X86_64", "ARM64"))
    tasks_min: int = field(default=2, validator=whole(1, TASKS_LIMIT))
    tasks_max: int = field(default=10, validator=whole(1, TASKS_LIMIT))
    target_cpu_percent: int = field(default=60, validator=whole(10, 100))
    target_requests: int | None = field(default=None, validator=optional(whole(1, REQUESTS_LIMIT)))
    idle_seconds: int = field(default=300, validator=whole(1, IDLE_LIMIT_SECONDS))
    environment: Mapping[str, str] = field(
        factory=dict, validator=pairs(_variable, like(r"(?s).*", "a text"))
    )
    secrets: Mapping[str, str] = field(
        factory=dict,
        validator=pairs(
            _variable,
            like(
                f"{IN_SECRETS_MANAGER}|{IN_PARAMETER_STORE}",
                "the ARN of a secret, or of a parameter",
            ),
        ),
    )
    secret_keys: tuple[str, ...] = field(
        default=(),
        converter=as_tuple,
        validator=each(
            like(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "a list of ARNs of keys")
        ),
    )
    log_days: int = field(default=30, validator=whole(min(KEPT_DAYS), max(KEPT_DAYS)))
    errors: int = field(default=5, validator=whole(1, REQUESTS_LIMIT))
    in_use_percent: int = field(default=90, validator=whole(1, 100))

    def __attrs_post_init__(self) -> None:
        """Refuse options that do not go together."""
        self._check_size()
        if self.tasks_min > self.tasks_max:
            raise ModelError(
                f"tasks_min is {self.tasks_min}, above tasks_max, which is {self.tasks_max}"
            )
        if self.certificate_arn is None and not self.plain_http:
            raise ModelError(
                "certificate_arn is missing, so what callers send could be read on its way; name one, or "
                "say plain_http = true"
            )
        if self.certificate_arn and self.plain_http:
            raise ModelError("plain_http is for a service without certificate_arn; leave one out")
        if self.log_days not in KEPT_DAYS:
            raise ModelError(
                f"log_days is one of {', '.join(map(str, KEPT_DAYS))}, not {self.log_days}"
            )
        if twice := self.environment.keys() & self.secrets.keys():
            raise ModelError(f"{min(twice)} is in environment and in secrets; leave one out")

    def _check_size(self) -> None:
        """Fargate has no task of any size."""
        if self.cpu not in SIZES:
            raise ModelError(f"cpu is one of {', '.join(map(str, SIZES))}, not {self.cpu}")
        if self.memory not in SIZES[self.cpu]:
            raise ModelError(
                f"memory is {self.memory}; with cpu {self.cpu} it is one of "
                f"{', '.join(map(str, SIZES[self.cpu]))} MiB"
            )

    @property
    def is_scaled(self) -> bool:
        """Whether the number of tasks follows what they do."""
        return self.tasks_min < self.tasks_max
