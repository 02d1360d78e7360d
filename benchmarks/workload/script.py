"""The day as a script: the requests that ours sends for it, for clients that have no operations to run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, TypeAlias

from attrs import frozen

from dynastore import Store
from dynastore.clients.base import Client, run
from dynastore.requests import Request

from .day import SCOPE, Agent, Shared

PLAIN_SET = re.compile(r"(#\d+) = (:\d+)")  # not one that counts
CONVERSATIONS = 20  # that are told apart; then they are had again


@frozen
class Asked:
    """A request of the script.

    Attributes:
        operation: AWS's name of the call.
        parameters: as boto3 takes them.
    """

    operation: str
    parameters: Mapping[str, Any]

    @property
    def hash_value(self) -> str:
        """The partition key of a Query."""
        value: str = self.parameters["ExpressionAttributeValues"][":0"]["S"]
        return value

    @property
    def range_value(self) -> str | None:
        """What the sort key of a Query begins with, or is on an index; None where all is asked for."""
        if " AND " not in self.parameters["KeyConditionExpression"]:
            return None
        value: str = self.parameters["ExpressionAttributeValues"][":1"]["S"]
        return value

    @property
    def set_values(self) -> Mapping[str, Any]:
        """Attribute -> value that an UpdateItem sets, as far as it is written plainly."""
        names = self.parameters["ExpressionAttributeNames"]
        values = self.parameters["ExpressionAttributeValues"]
        pairs = PLAIN_SET.findall(self.parameters["UpdateExpression"])
        return {names[left]: values[right] for left, right in pairs}


Conversations: TypeAlias = Sequence[Sequence[tuple[str, Asked]]]
"""Of each conversation what is done, and the request that it takes."""


class Script:
    """What is done in the day, in its order; threads or tasks share it as they share an `Agent`."""

    def __init__(self, day: Conversations, prepared: Callable[[Asked], Any]) -> None:
        """Prepare it.

        Args:
            day: what is asked.
            prepared: what is made of a request beforehand.
        """
        ready = [[(name, prepared(asked)) for name, asked in each] for each in day]
        self.conversations = Shared(enumerate(cycle(ready)))

    def operations(self, _: int, ready: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Those of a conversation, in their order."""
        return iter(ready)


class _Writing:
    """A client that writes down what is asked of it."""

    overlaps = True

    def __init__(self, client: Client) -> None:
        self.observers = client.observers
        self.asked: list[Request[Any]] = []
        self._client = client

    def send(self, request: Request[Any], /, *, deadline: Any = None) -> Any:
        self.asked.append(request)
        return self._client.send(request, deadline=deadline)

    def close(self) -> None:
        """It is another's to close."""


def written(table: str, settings: Mapping[str, Any]) -> Conversations:
    """The script of the day, by having it once."""
    with Store.connect(table, **settings).scope(SCOPE) as store:
        agent, writing = Agent(store.schema), _Writing(store.client)
        found: list[list[tuple[str, Asked]]] = []
        for _, (number, had) in zip(range(CONVERSATIONS), agent.conversations, strict=False):
            found.append([])
            for name, steps in agent.operations(number, had):
                writing.asked.clear()
                run(steps, writing)
                found[-1] += [(name, _asked(each)) for each in writing.asked]
    return found


def _asked(request: Request[Any]) -> Asked:
    return Asked(request.operation, request.parameters())
