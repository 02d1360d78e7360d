"""Signed HTTP requests to S3, on aiohttp.

botocore knows where the parts of a request go and how answers are read, and signs; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer

from ..requests import Request
from ..requests.objects import GetObject, ObjectRequest, PutObject
from .posting import Poster
from .posts import Post, Reply
from .signing import Signer, signed_by_botocore
from .wire import Refusal, unreadable

if TYPE_CHECKING:
    import boto3

DIGEST = "X-Amz-Content-SHA256"
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


class ObjectPoster(Poster):
    """Sends requests to S3."""

    def __init__(self, session: boto3.Session, client: Any) -> None:
        """Go where *client*, a boto3 client of S3, would go, with its settings."""
        super().__init__(session, client)
        model = client.meta.service_model
        self._model = model
        self._serializer = create_serializer(model.metadata["protocol"], False)
        self._parser = create_parser(model.metadata["protocol"])

    def post_of(self, request: Request[Any]) -> Post:
        """What a request is sent as."""
        model = self._model.operation_model(request.operation)
        made = self._serializer.serialize_to_request(request.parameters(), model)
        # Not the path: whether it has the bucket depends on what else botocore was used for.
        _, _, fixed = made["url_path"].partition("?")
        query = "&".join(filter(None, (fixed, urlencode(made["query_string"], quote_via=quote))))
        url = self._url_of(cast("ObjectRequest[Any]", request)) + (f"?{query}" if query else "")
        headers = dict(made["headers"])
        if isinstance(request, PutObject):
            headers |= {DIGEST: request.digest.hex(), "Content-Length": str(len(made["body"]))}
        return Post(request.operation, model.http["method"], url, headers, made["body"])

    def response(self, request: Request[Any], answer: Reply, /) -> Mapping[str, Any]:
        """What a success holds, under AWS's names.

        Raises:
            Unavailable: it is not S3's.
        """
        if isinstance(request, GetObject):
            return {"Body": answer.body}  # botocore's parser takes it for text
        return self._parsed(answer, self._model.operation_model(request.operation).output_shape)

    def refusal(self, answer: Reply) -> Refusal:
        """What an answer says that is no success."""
        parsed = self._parsed(answer, None)
        error, metadata = parsed["Error"], parsed["ResponseMetadata"]
        code, message = error.get("Code") or str(answer.status), error.get("Message") or ""
        return Refusal(answer.status, code, message, metadata.get("RequestId"))

    def _parsed(self, answer: Reply, shape: Any) -> Mapping[str, Any]:
        read = {
            "status_code": answer.status,
            "headers": HeadersDict(answer.headers),
            "body": answer.body,
            "context": {},
        }
        try:
            parsed: Mapping[str, Any] = self._parser.parse(read, shape)
        except ResponseParserError as error:
            raise unreadable(self.endpoint, "S3") from error
        return parsed

    def _url_of(self, request: ObjectRequest[Any]) -> str:
        """The URL of an object or of a bucket; at AWS each bucket has a host."""
        bucket, name = request.bucket, quote(getattr(request, "name", ""), safe="/~")
        base = urlsplit(self._url)
        asked = (self._config.s3 or {}).get("addressing_style")
        has_host = (base.hostname or "").endswith(AWS_DOMAINS) and "." not in bucket
        if asked == "path" or not has_host:
            return f"{self._url}{bucket}/{name}"
        return f"{base.scheme}://{bucket}.{base.netloc}/{name}"

    def _signed(self, post: Post, credentials: Any) -> Mapping[str, str]:
        """The headers of a post, its signature (SigV4) among them."""
        signer = ObjectSigner(credentials, self.endpoint.region, self._clock, "s3")
        return signed_by_botocore(post, signer)


class ObjectSigner(Signer, S3SigV4Auth):  # type: ignore[misc]  # botocore has no annotations
    """Signs a request to S3 by the digest of its body, where that is known."""

    def payload(self, request: Any) -> Any:
        """The SHA-256 of the body, in hex."""
        return request.context.get(DIGEST) or super().payload(request)

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context[DIGEST] = request.headers.get(DIGEST)  # botocore would make it anew
        super()._modify_request_before_signing(request)
