"""Requests: what can be asked of AWS, as values.

A request knows its parameters and how to read its response. It does not know how to send itself;
clients do that. ``response = yield from GetItem(...)`` inside an operation hands the request to
whoever runs the operation and gives back the typed response.

Attribute values are DynamoDB's: ``{"S": "ann"}``, ``{"N": "42"}``, ``{"M": {...}}``. Numbers are
written in plain notation without trailing zeros. ``{"B": ...}`` holds bytes in what is sent; in
what comes back it may still be base64 text, which the codec decodes when it needs it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from attrs import frozen

from ..attributes import AttributeMap, AttributeValue

R = TypeVar("R")
T = TypeVar("T")

Steps: TypeAlias = Generator["Request[Any] | Together[Any] | Wait | Now", Any, T]
"""An operation: yields the requests to send, returns its result."""


@frozen
class Key:
    """The primary key of an item, as the two texts that are stored."""

    pk: str
    sk: str

    @property
    def attributes(self) -> AttributeMap:
        """The key as DynamoDB takes it."""
        return {"PK": {"S": self.pk}, "SK": {"S": self.sk}}

    @classmethod
    def of(cls, item: Mapping[str, AttributeValue]) -> Key:
        """The primary key of a stored item."""
        return cls(item["PK"]["S"], item["SK"]["S"])

    def __str__(self) -> str:
        return f"{self.pk} {self.sk}"


class Request(Generic[R]):
    """One call to AWS whose response is read as an R.

    Attributes:
        operation: AWS's name of the call, such as ``GetItem``.
        service: boto3's name of the service that answers it.
        repeatable: whether sending it twice does what sending it once does, so that it may be sent
            again after a failure that leaves open whether it was carried out.
    """

    operation: ClassVar[str]
    service: ClassVar[str] = "dynamodb"

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return True

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        raise NotImplementedError

    def read(self, response: Mapping[str, Any]) -> R:
        """What callers want of the response, which is under AWS's names."""
        raise NotImplementedError

    def __iter__(self) -> Generator[Request[R], Any, R]:
        response: R = yield self
        return response


@frozen
class Together(Generic[R]):
    """Requests without an order between them; a runner may overlap them.

    All are sent. If any fails, the runner throws one `PartialFailure` whose ``done`` and ``failed``
    are by position.
    """

    requests: Sequence[Request[R]]

    def __iter__(self) -> Generator[Together[R], Any, list[R]]:
        responses: list[R] = yield self
        return responses


@frozen
class Wait:
    """Nothing is sent for a while; what a runner is asked instead of a clock."""

    seconds: float

    def __iter__(self) -> Generator[Wait, Any, None]:
        yield self


@frozen
class Now:
    """The time, by the store's clock; what a runner is asked instead of a clock."""

    def __iter__(self) -> Generator[Now, Any, dt.datetime]:
        now: dt.datetime = yield self
        return now
