"""Contenders: clients that carry out the same operations, and what they are called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from .entities import ITEMS, MESSAGES, SESSIONS, items

REGION: Final = "eu-west-1"
KEY_ID: Final = "AKIDEXAMPLE"
SECRET: Final = "benchmark"  # any is good: nobody checks signatures

GET, PUT, UPDATE = "get", "put", "update"
FLAT, SMALL, LARGE = "100 flat", "100 of 1 KB", "100 of 10 KB"
TABLES: Mapping[str, str] = dict(zip((FLAT, SMALL, LARGE), (SESSIONS, *MESSAGES), strict=True))
OPERATIONS = (GET, PUT, UPDATE, *TABLES)

PLAN, ENCODE, DECODE, EXPRESSIONS, SIGN = "plan", "encode", "decode", "expressions", "sign"
PARTS = (PLAN, ENCODE, DECODE, EXPRESSIONS, SIGN)

PARTITION = "USER#ann"
SORT_KEYS: Mapping[str, str] = {
    table: "SESSION#" if table == SESSIONS else "TURN#" for table in TABLES.values()
}
FIRST = items(SESSIONS)[0]
WIRE_KEY = {name: FIRST[name] for name in ("PK", "SK")}
PLAIN_KEY = {name: value["S"] for name, value in WIRE_KEY.items()}
TITLE, TOKENS = "A trip to Naples", 25  # what an update sets, and adds


@frozen
class Contender:
    """A client, ready to be measured.

    Attributes:
        name: what it is called in tables.
        calls: what can be measured of it, by operation or part.
        awaited: whether calls of operations give back an awaitable; parts never do.
        close: gives back connections, where that has to be awaited.
    """

    name: str
    calls: Mapping[str, Callable[[], Any]]
    awaited: bool = field(default=False, kw_only=True)
    close: Callable[[], Awaitable[Any]] | None = field(default=None, kw_only=True)

    def check(self, what: str, result: Any) -> None:
        """See that a client did what is measured.

        Raises:
            RuntimeError: it read something else.
        """
        if what in TABLES and len(result) != ITEMS:
            raise RuntimeError(f"{self.name} read {len(result)} items, not {ITEMS}")
        if what == GET and not result:
            raise RuntimeError(f"{self.name} read nothing")
