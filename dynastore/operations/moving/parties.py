"""Who takes part in a move: three schemas, of which two may be of one table, and a scope."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from ...attributes import AttributeMap
from ...errors import RequestError, shown
from ...requests import Key, Purpose
from ...schema import Schema
from ...table import SCOPE
from ...terms import BeginsWith, Conditions, Equal, Not
from ..reading.scanner import ScanOptions, Sweep
from ..scopes.registry import entry_key
from .sides import Side


def check_places(clients: Sequence[object], *, writers_stopped: bool) -> None:
    """Refuse to move a scope to where its writers cannot follow it.

    Args:
        clients: of the stores of the move; those at one place have one.
        writers_stopped: whether there are none.

    Raises:
        RequestError: they cannot.
    """
    if not writers_stopped and any(each is not clients[0] for each in clients):
        raise RequestError(
            "stores with a placement use one place, so they cannot follow a scope to another region, "
            "account or file: stop who writes to it, say writers_stopped, and connect them there "
            "afterwards. For a table at the same place give its name alone"
        )


@frozen
class Parties:
    """What moves, from where to where.

    Attributes:
        scope: its name.
        home: the table with its entry, which says where it lives; without a scope.
        source: the table that it lives in, without a scope.
        target: the table that it moves to, without a scope.

    Raises:
        RequestError: the scope cannot move there as it is.
    """

    scope: str
    home: Schema
    source: Schema
    target: Schema

    def __attrs_post_init__(self) -> None:
        """Refuse what would arrive as something else."""
        if any(each.scopes for each in (self.home, self.source, self.target)):
            raise RequestError(
                "only an outermost scope moves, with all in it; give stores without a scope"
            )
        source, target = self.source.table, self.target.table
        if source.name == target.name:
            raise RequestError(
                f"both tables are called {source.name}, and the entry of a scope names the one that it "
                "lives in; give one of them another name, such as schema.named('private-table')"
            )
        there = {each.number: each.attributes for each in target.indexes}
        lacking = [each for each in source.indexes if there.get(each.number) != each.attributes]
        if lacking or source.vectors != target.vectors:
            raise RequestError(
                f"tables {source.name} and {target.name} have other indexes, and items move as they "
                "are; use one schema for both"
            )
        if source.bucket is not None and target.bucket is None:
            raise RequestError(
                f"table {source.name} keeps payloads in bucket {shown(source.bucket)}, and table "
                f"{target.name} has none; name one"
            )

    @property
    def is_from_home(self) -> bool:
        """Whether it lives in the table that has its entry."""
        return self.source.table.name == self.home.table.name

    def scoped(self, side: Side) -> Schema:
        """The scope on a side."""
        schema: Schema = getattr(self, side)
        return schema.scoped(self.scope)

    def table(self, side: Side) -> str:
        """Name of the table of a side."""
        schema: Schema = getattr(self, side)
        return schema.table.name

    def check_lives_in(self, table: str | None) -> None:
        """Refuse another source than the table that the entry of the scope names, if any.

        Raises:
            RequestError: it lives elsewhere.
        """
        lives_in, source = table or self.table("home"), self.table("source")
        if lives_in != source:
            raise RequestError(
                f"scope {self.scope!r} lives in table {lives_in}, not in {source}; name that one as "
                "the place that it moves from"
            )

    def check_is_free(self, items: Sequence[AttributeMap]) -> None:
        """Refuse a target that has items of the scope, which would be mixed with those that move.

        Raises:
            RequestError: there are some.
        """
        if items:
            raise RequestError(
                f"table {self.table('target')} has items of scope {self.scope!r} already, such as "
                f"{Key.of(items[0])}; delete the scope there first, if they are of no use"
            )

    def check_is_something(self, items: int) -> None:
        """Refuse to move nothing: most likely the scope lives elsewhere.

        Raises:
            RequestError: there are no items.
        """
        if not items:
            raise RequestError(
                f"table {self.table('source')} has nothing of scope {self.scope!r}; name the table that "
                "it lives in"
            )

    def sweep(
        self,
        side: Side,
        options: ScanOptions,
        cursor: str | None = None,
    ) -> Sweep:
        """Reads all items of the scope on a side, consistently; its own entry is none of them."""
        schema = self.scoped(side)
        found: Conditions = (
            ("PK", BeginsWith({"S": schema.prefix})),
            ("PK", Not(Equal({"S": entry_key(schema).pk}))),
        )
        return Sweep(
            schema.table.name,
            found,
            evolve(options, consistent=True),
            cursor,
            kind=f"move scope, {side}",
            purpose=Purpose(SCOPE, "scan"),
        )


@frozen
class Route:
    """A move as it is asked for, before it is known where the scope lives.

    Attributes:
        scope: its name.
        home: the table with its entry, without a scope.
        target: the table that it moves to, without a scope.
        source: the table that it lives in, without a scope; None for the one that its entry names.
    """

    scope: str
    home: Schema
    target: Schema
    source: Schema | None = None

    def parties(self, lives_in: str) -> Parties | None:
        """Who takes part; None where the scope lives in the target already.

        Args:
            lives_in: name of the table that the entry names, or that an earlier call moved it from.

        Raises:
            RequestError: the scope cannot move there as it is.
        """
        if self.source is not None:
            return Parties(self.scope, self.home, self.source, self.target)
        if lives_in == self.target.table.name:
            return None
        return Parties(self.scope, self.home, self.home.named(lives_in), self.target)
