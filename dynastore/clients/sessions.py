"""What both network clients take from boto3: credentials, region, endpoint, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore
from botocore import exceptions as aws
from botocore import handlers
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import create_loader

from ..errors import AccessDenied, DynastoreError, RequestError, ServiceError
from ..requests import Request
from .endpoint_keeping import keep_endpoints
from .request_signing import keep_keys
from .retries import NO_RETRIES, RetryPolicy
from .wire import Endpoint, Refusal, error_of, unanswered, unreached

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0  # a page of 1 MB takes DynamoDB well under a second; botocore waits 60

# Kept open by a client; aiohttp's own default. Of those that a blocking client has in use beyond it
# each is closed after its request, and more awaited requests wait for one.
CONNECTIONS = 100

UNCHECKED = {"parameter_validation": False}  # requests are ours, and it takes 7 % of a put

BOTOCORE_ERRORS = (aws.BotoCoreError, aws.ClientError)

NO_IDENTITY = (
    aws.CredentialRetrievalError,
    aws.LoginError,
    aws.MetadataRetrievalError,
    aws.NoAuthTokenError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.RefreshWithMFAUnsupportedError,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.UnknownCredentialError,
)
_NO_CONNECTION = (
    aws.ConnectTimeoutError,
    aws.EndpointConnectionError,
    aws.ProxyConnectionError,
)
_NO_ANSWER = (
    aws.ChecksumError,
    aws.ConnectionError,
    aws.HTTPClientError,
    aws.IncompleteReadError,
)


def connect(
    session: boto3.Session,
    service: str = "dynamodb",
    *,
    region_name: str | None = None,
    endpoint_url: str | None = None,
    config: Config | None = None,
) -> Any:
    """A boto3 client of DynamoDB whose settings fit us, where *config* does not say otherwise.

    Args:
        session: where credentials, region and endpoint come from, unless given here.
        service: boto3's name of it; ``dynamodbstreams`` and ``s3`` are the others.
        region_name: such as ``eu-west-1``.
        endpoint_url: another server than AWS's.
        config: what it sets is kept.

    Raises:
        RequestError: there is no region, or a setting is wrong.
        AccessDenied: the profile or its credentials cannot be read.
    """
    try:
        client = session.client(
            service,
            region_name=region_name,
            endpoint_url=endpoint_url,
            config=_settings(session, service, config, at_aws=endpoint_url is None),
        )
    except (aws.BotoCoreError, ValueError) as error:
        raise _not_connected(error) from error
    if policy_for(config) is not NO_RETRIES:
        _take_over_retries(client)
    keep_keys(client)
    if service == "dynamodb":
        keep_endpoints(client)
    return client


def _take_over_retries(client: Any) -> None:
    """Leave out what botocore does for retries of its own, of which there are none: 4 % of a get.

    It looks at each answer once more, and tells of attempts in two headers that know nothing of ours.
    Where botocore has neither by these names, nothing changes.
    """
    events, name = client.meta.events, client.meta.service_model.service_id.hyphenize()
    events.unregister(f"needs-retry.{name}", unique_id=f"retry-config-{name}")
    if (headers := getattr(handlers, "add_retry_headers", None)) is not None:
        events.unregister("request-created", headers)


def new_session(profile: str | None = None) -> boto3.Session:
    """A boto3 session of environment and profile.

    Args:
        profile: of the AWS configuration, instead of the one named by ``AWS_PROFILE``.

    Raises:
        AccessDenied: there is no such profile.
    """
    import boto3

    try:
        return boto3.Session(profile_name=profile)
    except aws.BotoCoreError as error:
        raise _not_connected(error) from error


def policy_for(config: Config | None) -> RetryPolicy:
    """Our retries; none if *config* sets botocore's, since two layers would multiply."""
    return NO_RETRIES if config is not None and config.retries else RetryPolicy()


def checks_parameters(config: Config | None) -> bool:
    """Whether botocore checks what requests hold: only if *config* says so."""
    from botocore.config import Config as Settings

    checking: bool = Settings(**UNCHECKED).merge(config or Settings()).parameter_validation
    return checking


def setting(session: boto3.Session, name: str) -> Any:
    """A setting of environment or profile, under botocore's name."""
    return session._session.get_config_variable(name)  # noqa: SLF001 - boto3 shows no other way


def endpoint_of(client: Any) -> Endpoint:
    """Where a boto3 client sends requests."""
    return Endpoint(client.meta.endpoint_url, client.meta.region_name)


def search_url(client: Any) -> str:
    """Where a boto3 client of DynamoDB sends SearchVectors: AWS has an endpoint of its own for it.

    A server that is none of AWS's answers it where it answers all else. Endpoints of an account are
    not used, as for other requests.
    """
    endpoint = endpoint_of(client)
    if not endpoint.is_regional:
        return f"{endpoint.url.rstrip('/')}/"
    config, loader = client.meta.config, create_loader()
    rules = loader.load_service_model("dynamodb", "endpoint-rule-set-1")
    found = EndpointProvider(rules, loader.load_data("partitions")).resolve_endpoint(
        Region=endpoint.region,
        UseFIPS=bool(config.use_fips_endpoint),
        UseDualStack=bool(config.use_dualstack_endpoint),
        IsSearchOperation=True,
    )
    return f"{found.url.rstrip('/')}/"


def botocore_error(error: Exception, request: Request[Any], endpoint: Endpoint) -> DynastoreError:
    """Our error for one of botocore's."""
    if isinstance(error, aws.ClientError):
        return error_of(refusal_of(error), request, endpoint)
    return unsent_or_unanswered(error, endpoint)


def unsent_or_unanswered(error: Exception, endpoint: Endpoint) -> DynastoreError:
    """Our error for one of botocore's that is no answer of a service."""
    if isinstance(error, aws.ParamValidationError):
        return RequestError(f"botocore refused the request: {error}")
    if isinstance(error, NO_IDENTITY):
        return no_identity(error)
    if isinstance(error, _NO_CONNECTION):
        return unreached(error, endpoint)
    if isinstance(error, _NO_ANSWER):
        return unanswered(error, endpoint)
    return ServiceError(type(error).__name__, str(error))


def code_of(error: Exception) -> str | None:
    """AWS's code of a refusal; None of another error of botocore."""
    return refusal_of(error).code if isinstance(error, aws.ClientError) else None


def _settings(
    session: boto3.Session, service: str, config: Config | None, *, at_aws: bool
) -> Config:
    """Ours, under those of *config*."""
    from botocore.config import Config as Settings

    given = config or Settings()
    ours = Settings(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        # Connections are made when they are needed: room for those of many threads costs nothing.
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1},  # retries.py decides
        **UNCHECKED,
        user_agent=_user_agent(session, given),
        # Or the account of a stream's ARN becomes part of the host, which no emulator knows.
        account_id_endpoint_mode="disabled" if service == "dynamodbstreams" else None,
        **(_of_objects(at_aws=at_aws) if service == "s3" else {}),
    )
    return ours.merge(given)


def _of_objects(*, at_aws: bool) -> dict[str, Any]:
    """Settings of S3. Requests bring the digest of a body, and readers check it: that is enough."""
    required = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    # No emulator has a host name for each bucket.
    return required if at_aws else {**required, "s3": {"addressing_style": "path"}}


def _user_agent(session: boto3.Session, given: Config) -> str | None:
    """A fixed User-Agent, since botocore builds its own twice a request: 10 % of a get.

    None, so that botocore's is sent, where the application has a name that belongs into it.
    """
    if given.user_agent_appid or setting(session, "user_agent_appid"):
        return None
    return f"Botocore/{botocore.__version__} dynastore"


def _not_connected(error: Exception) -> DynastoreError:
    if isinstance(error, aws.NoRegionError):
        return RequestError(
            "no region: give region_name=, set AWS_DEFAULT_REGION, or set a region in the profile."
        )
    if isinstance(error, NO_IDENTITY):
        return no_identity(error)
    return RequestError(f"boto3 refuses these settings: {error}")


def no_identity(error: Exception) -> AccessDenied:
    """What is raised where botocore finds no credentials that it could sign with."""
    advice = "Set AWS_PROFILE or AWS_ACCESS_KEY_ID, sign in, or give session="
    return AccessDenied(type(error).__name__, f"{str(error).rstrip('.')}. {advice}.")


def refusal_of(error: aws.ClientError) -> Refusal:
    """What a service said when it refused."""
    answer: Any = error.response
    metadata = answer.get("ResponseMetadata", {})
    return Refusal(
        status=metadata.get("HTTPStatusCode", 400),
        code=answer["Error"].get("Code", "Unknown"),
        message=answer["Error"].get("Message", "no message"),
        request_id=metadata.get("RequestId"),
        item=answer.get("Item"),
        reasons=answer.get("CancellationReasons") or (),
    )
