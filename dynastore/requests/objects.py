"""Requests about objects in a bucket of S3: put, get, delete, list."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import field, frozen

from .request import R, Request

# A HEAD has no body, so its answer has no code but the status.
MISSING = frozenset({"NoSuchKey", "404"})


class ObjectRequest(Request[R]):
    """A request to S3, whose bodies are bytes.

    Attributes:
        permission: IAM's name of what has to be allowed.
        bucket: name of the bucket.
    """

    service: ClassVar[str] = "s3"
    permission: ClassVar[str]
    bucket: str

    @property
    def resource(self) -> str:
        """The ARN that the permission is needed for."""
        return f"arn:aws:s3:::{self.bucket}/*"


@frozen
class PutObject(ObjectRequest[None]):
    """Write one object, replacing what is there.

    Attributes:
        body: what is kept.
        digest: SHA-256 of the body, by which S3 sees whether it arrived.
        metadata: texts in ASCII, up to 2 KB with their names.
    """

    operation: ClassVar[str] = "PutObject"
    permission: ClassVar[str] = "s3:PutObject"
    bucket: str
    name: str
    body: bytes = field(repr=False, converter=bytes)
    digest: bytes = field(repr=False)
    metadata: Mapping[str, str] = field(repr=False)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "Bucket": self.bucket,
            "Key": self.name,
            "Body": self.body,
            "ChecksumSHA256": b64encode(self.digest).decode(),
            "Metadata": self.metadata,
        }

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


@frozen
class GetObject(ObjectRequest["bytes | bytearray | None"]):
    """Read one object; None if there is none."""

    operation: ClassVar[str] = "GetObject"
    permission: ClassVar[str] = "s3:GetObject"
    writes: ClassVar[bool] = False
    absent: ClassVar[frozenset[str]] = MISSING
    bucket: str
    name: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"Bucket": self.bucket, "Key": self.name}

    def read(self, response: Mapping[str, Any]) -> bytes | bytearray | None:
        """The body."""
        return response.get("Body")


@frozen
class HeadObject(ObjectRequest["Mapping[str, str] | None"]):
    """Read the metadata of one object; None if there is none."""

    operation: ClassVar[str] = "HeadObject"
    permission: ClassVar[str] = "s3:GetObject"
    writes: ClassVar[bool] = False
    absent: ClassVar[frozenset[str]] = MISSING
    bucket: str
    name: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"Bucket": self.bucket, "Key": self.name}

    def read(self, response: Mapping[str, Any]) -> Mapping[str, str] | None:
        """The metadata."""
        return response.get("Metadata")


@frozen
class DeleteObject(ObjectRequest[None]):
    """Delete one object; where there is none, that is no error."""

    operation: ClassVar[str] = "DeleteObject"
    permission: ClassVar[str] = "s3:DeleteObject"
    bucket: str
    name: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"Bucket": self.bucket, "Key": self.name}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


@frozen
class StoredObject:
    """An object, as a list tells it.

    Attributes:
        name: its key in the bucket.
        size: in bytes.
    """

    name: str
    size: int


@frozen
class ObjectsPage:
    """Some objects, in the order of their names.

    Attributes:
        objects: at most as many as asked for.
        last: the name that the next page starts after; None at the end.
    """

    objects: Sequence[StoredObject]
    last: str | None

    @classmethod
    def of(cls, objects: Sequence[StoredObject], *, more: bool) -> ObjectsPage:
        """A page after which there are more, or not."""
        return cls(objects, objects[-1].name if more and objects else None)


@frozen
class ListObjectsV2(ObjectRequest[ObjectsPage]):
    """List objects by name.

    Attributes:
        prefix: what their names begin with.
        limit: how many at most, 1 to 1,000.
        after: the name after which to start, or "".
    """

    operation: ClassVar[str] = "ListObjectsV2"
    permission: ClassVar[str] = "s3:ListBucket"
    writes: ClassVar[bool] = False
    bucket: str
    prefix: str
    limit: int
    after: str = ""

    @property
    def resource(self) -> str:
        """The ARN of the bucket itself."""
        return f"arn:aws:s3:::{self.bucket}"

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        start = {"StartAfter": self.after} if self.after else {}
        named = {"Prefix": self.prefix} if self.prefix else {}
        return {"Bucket": self.bucket, "MaxKeys": self.limit, **named, **start}

    def read(self, response: Mapping[str, Any]) -> ObjectsPage:
        """The page."""
        objects = [StoredObject(each["Key"], each["Size"]) for each in response.get("Contents", ())]
        return ObjectsPage.of(objects, more=bool(response.get("IsTruncated")))
