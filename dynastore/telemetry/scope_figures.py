"""What requests took, by scope, entity and access pattern.

figures = ScopeFigures()
with store.observed(figures):
    ...
print(figures)

scope   entity   pattern   operation  requests  failed  retries  units   bytes  seconds
acme    session  by_agent  Query             3       0        0    1.5   4,210    0.021
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson
from attrs import asdict

from ..clients.observing import Ending
from ..errors import RequestError, shown
from ..keys.templates import scopes_in
from ..operations.scopes.measuring import Scope
from ..requests import (
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    Query,
    Request,
    SearchVectors,
    TransactGetItems,
    TransactWriteItems,
    UpdateItem,
    key_of,
)
from ..terms import Equal, predicates_of
from .consumption import HEADING, NAMES, Consumed, Consumption, Use, as_table, line_of

SCOPES = 1_000  # that are told apart unless more are asked for

Taken: TypeAlias = Mapping[Use, Consumed]
"""What was taken for each use, in the order of their names."""


class ScopeFigures:
    """An observer that adds up what requests took for each scope, for any number of threads and tasks.

    Whose a request is, is told by its partition keys. It sends nothing itself.
    """

    def __init__(self, *, limit: int = SCOPES) -> None:
        """Nothing yet.

        Args:
            limit: how many scopes are told apart, the first that are met; all others are one. Each
                takes some hundred bytes for each of its uses.

        Raises:
            RequestError: the limit is no whole number, or below 1.
        """
        if type(limit) is not int or limit < 1:
            raise RequestError(
                f"a limit is a whole number of scopes, at least 1, not {shown(limit)}"
            )
        self._limit = limit
        self._by_scope: dict[Scope, Consumption] = {}
        self._others = Consumption()
        self._shared = Consumption()
        self._lock = threading.Lock()

    def __call__(self, request: Request[Any], /) -> Ending:
        """Be told how a request ends."""
        scopes = {scopes_in(partition) for partition in _partitions(request)}
        whose = self._of(*scopes) if len(scopes) == 1 else self._shared
        return whose(request)

    @property
    def by_scope(self) -> Mapping[Scope, Taken]:
        """What each scope took; ``()`` is what is in no scope. Sorted by names."""
        with self._lock:
            found = sorted(self._by_scope.items())
        return {scope: consumption.by_use for scope, consumption in found}

    @property
    def others(self) -> Taken:
        """What the scopes took together that were met when the limit was reached."""
        return self._others.by_use

    @property
    def shared(self) -> Taken:
        """What no single scope took: scans, what is about the table, and objects in a bucket.

        Requests for items of several scopes are among them, such as those of `verify`.
        """
        return self._shared.by_use

    def __str__(self) -> str:
        """A table, a line for each scope and use."""
        named = {" / ".join(scope) or "(no scope)": taken for scope, taken in self.by_scope.items()}
        rows = (*named.items(), ("(others)", self.others), ("(shared)", self.shared))
        lines = [(name, *line_of(*each)) for name, taken in rows for each in taken.items()]
        return as_table([("scope", *HEADING), *lines], 1 + NAMES)

    def lines(self) -> Iterator[str]:
        """All of it as JSON lines, for a file that ``dynastore scope stats --requests`` reads.

        An object for each scope and use. Its ``scope`` is a list of names; null for what no single scope
        took, and for what those took together that were not told apart.
        """
        unknown = ((None, self.others), (None, self.shared))
        for scope, taken in (*self.by_scope.items(), *unknown):
            for use, consumed in taken.items():
                told = {"scope": scope, **asdict(use), **asdict(consumed)}
                yield orjson.dumps(told).decode()

    def _of(self, scope: Scope) -> Consumption:
        with self._lock:
            known = self._by_scope.get(scope)
            if known is None and len(self._by_scope) < self._limit:
                known = self._by_scope[scope] = Consumption()
            return self._others if known is None else known


def _partitions(request: Request[Any]) -> Iterable[str]:
    """The partition keys that a request names: of the table, or of the index that it is on."""
    match request:
        case Query():
            tests = dict(predicates_of(request.key))
            partition = tests.get(request.index.hash)
            return [partition.value["S"]] if isinstance(partition, Equal) else []
        case SearchVectors():
            return [request.pk]
        case BatchGetItem() | TransactGetItems() | TransactWriteItems():
            return (key.pk for key in request.keys)
        case BatchWriteItem():
            return (key_of(each).pk for each in request.actions)
        case PutItem():
            return [Key.of(request.item).pk]
        case GetItem() | UpdateItem() | DeleteItem():
            return [request.key.pk]
    return []
