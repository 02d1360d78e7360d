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
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from ..errors import DynastoreError, PartialFailure
from ..table import TYPE
from ..values.attributes import AttributeMap, AttributeValue

R = TypeVar("R")
T = TypeVar("T")

Steps: TypeAlias = Generator["Request[Any] | Together[Any] | Wait | Now", Any, T]
"""An operation: yields the requests to send, returns its result."""


@frozen
class Key:
    """The primary key of an item, as the two texts that are stored.

    Attributes:
        pk: the hash attribute.
        sk: the range attribute.
        entity: type tag of the entity that it is a key of, where that is known; no part of the key.
        pattern: what leads there: the access pattern, or ``payload`` for parts; no part of it either.
    """

    pk: str
    sk: str
    entity: str | None = field(default=None, eq=False, repr=False)
    pattern: str = field(default="primary", eq=False, repr=False)

    @property
    def attributes(self) -> AttributeMap:
        """The key as DynamoDB takes it."""
        return {"PK": {"S": self.pk}, "SK": {"S": self.sk}}

    @classmethod
    def of(cls, item: Mapping[str, AttributeValue]) -> Key:
        """The primary key of a stored item."""
        tag = item.get(TYPE)
        return cls(item["PK"]["S"], item["SK"]["S"], None if tag is None else tag.get("S"))

    def __str__(self) -> str:
        return f"{self.pk} {self.sk}"


@frozen
class Purpose:
    """What a request is for, told to those who observe requests. It is no part of what is sent.

    Attributes:
        entity: type tag of the entity; of several, joined by a bar.
        pattern: name of the access pattern; ``scan`` where there is none, ``payload`` for parts of
            one.
    """

    entity: str
    pattern: str

    @classmethod
    def of_keys(cls, keys: Iterable[Key]) -> Purpose | None:
        """That of a request by primary key; None where a key is not known to be of an entity."""
        known = [*keys]
        entities = dict.fromkeys(key.entity for key in known)
        if not entities or None in entities:
            return None
        patterns = dict.fromkeys(key.pattern for key in known)
        return cls(" | ".join(map(str, entities)), " | ".join(patterns))


class Request(Generic[R]):
    """One call to AWS whose response is read as an R.

    Attributes:
        operation: AWS's name of the call, such as ``GetItem``.
        service: boto3's name of the service that answers it.
        writes: whether it changes anything.
        repeatable: whether sending it twice does what sending it once does, so that it may be sent
            again after a failure that leaves open whether it was carried out.
        absent: AWS's codes for "there is none", where that is an answer and no error.
    """

    operation: ClassVar[str]
    service: ClassVar[str] = "dynamodb"
    writes: ClassVar[bool] = True
    absent: ClassVar[frozenset[str]] = frozenset()

    @property
    def purpose(self) -> Purpose | None:
        """The entity and the access pattern that it serves, or None where that is not known."""
        return None

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

    def responses(self, outcomes: Sequence[R | DynastoreError]) -> list[R]:
        """What became of each request, as what is answered to whoever asked.

        Raises:
            PartialFailure: some of the outcomes are errors.
        """
        failed = {at: each for at, each in enumerate(outcomes) if isinstance(each, DynastoreError)}
        done = {
            at: each for at, each in enumerate(outcomes) if not isinstance(each, DynastoreError)
        }
        if failed:
            raise PartialFailure(done, failed)
        return [*done.values()]


@frozen
class Wait:
    """Nothing is sent for a while; what a runner is asked instead of a clock.

    Attributes:
        seconds: how long.
        jittered: whether to wait for a random part of it, so that those who failed together do not
            come back together.
    """

    seconds: float
    jittered: bool = False

    def __iter__(self) -> Generator[Wait, Any, None]:
        yield self


@frozen
class Now:
    """The time, by the store's clock; what a runner is asked instead of a clock."""

    def __iter__(self) -> Generator[Now, Any, dt.datetime]:
        now: dt.datetime = yield self
        return now
