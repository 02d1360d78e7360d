"""What is posted to a service, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class Post:
    """What is sent, but for its signature.

    Attributes:
        operation: AWS's name of the call.
        method: of HTTP.
        url: with its query, encoded.
        headers: besides those of the signature.
        body: what is sent; a large one is not copied.
    """

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@frozen
class Reply:
    """What came back.

    Attributes:
        status: of HTTP.
        headers: in any case of their names.
        body: unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
