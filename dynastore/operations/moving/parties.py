"""Who takes part in a move: tables, of which two may be one, and a scope."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from ...errors import RequestError, shown
from ...keys.addresses import name_in, place_in
from ...requests import Key, Purpose
from ...schema.schema import Schema
from ...table import SCOPE
from ...terms import BeginsWith, Conditions, Equal, Not
from ...values.attributes import AttributeMap
from ..reading.scanner import ScanOptions, Sweep
from ..scopes.registry import entry_key
from .sides import Side


@frozen
class Parties:
    """What moves, from where to where.

    Attributes:
        scope: its name.
        home: the table with its entry, which says where it lives.
        placed: the table that it lives in where the entry says nothing.
        source: the table that it lives in.
        target: the table that it moves to.

    Raises:
        RequestError: the scope cannot move there as it is.
    """

    scope: str
    home: Schema
    placed: Schema
    source: Schema
    target: Schema

    def __attrs_post_init__(self) -> None:
        """Refuse what would arrive as something else."""
        source, target = self.source.table, self.target.table
        if source.name == target.name:
            raise _one_name(source.name)
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
        if source.bucket is not None and self._names_alike():
            raise RequestError(
                f"tables {source.name} and {target.name} have one name and keep payloads in buckets of "
                "one name, where nobody could tell whose they are; give the place another bucket"
            )

    def _names_alike(self) -> bool:
        """Whether the tables are called alike at their places, and so are their buckets."""
        source, target = self.source.table, self.target.table
        tables = name_in(source.name) == name_in(target.name)
        return tables and name_in(f"{source.bucket}") == name_in(f"{target.bucket}")

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
        lives_in, source = table or self.placed.table.name, self.table("source")
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
        home: the table with its entry.
        placed: the table that it lives in where the entry says nothing.
        target: the table that it moves to.
        source: the table that it lives in, if that was given; it is right then.
    """

    scope: str
    home: Schema
    placed: Schema
    target: Schema
    source: Schema | None = None

    @classmethod
    def of(cls, scope: str, schema: Schema, to: Schema, source: Schema | None) -> Route:
        """The move of a scope of a schema, to and perhaps from a table that is given.

        Raises:
            RequestError: a schema is of a scope; or some classes of the scope are in another table.
        """
        if any(each is not None and each.scopes for each in (schema, to, source)):
            raise RequestError(
                "only an outermost scope moves, with all in it; give stores without a scope"
            )
        within = schema.scoped(scope)
        within.check_whole()
        home, placed = _plain(schema.shared or schema), _plain(within)
        return cls(scope, home, placed, _plain(to), source and _plain(source))

    def check_places(
        self, home: object, source: object, target: object, *, writers_stopped: bool
    ) -> None:
        """Refuse to move a scope to where its writers, or the next call, cannot find it.

        Args:
            home: the client of the home table; tables at one place have one client.
            source: that of the source.
            target: that of the target.
            writers_stopped: whether there are no writers.

        Raises:
            RequestError: they cannot.
        """
        name = self.target.table.name
        if target is not home and name in {self.home.table.name, self.placed.table.name}:
            raise _one_name(name)
        if not writers_stopped and not home is source is target:
            raise RequestError(
                "writers follow a scope to another region, account or file only where their placement "
                "has a name for it: connect with places={'us': Elsewhere(...)}, as they do, and give "
                "'us:TABLE'. Or stop who writes to it, say writers_stopped, and connect them there "
                "afterwards. For a table at the same place give its name alone"
            )

    def check_buckets(self, *, writers_stopped: bool) -> None:
        """Refuse to let writers keep payloads in a bucket, or read them there, who know none.

        Raises:
            RequestError: the target has a bucket, and they have none.
        """
        known, target = self.placed.table.bucket, self.target.table.bucket
        if not writers_stopped and known is None and target is not None:
            raise RequestError(
                f"stores keep the payloads of scope {self.scope!r} in no bucket, and do not follow them "
                f"to {target}: name no bucket, or stop who writes to it and say writers_stopped"
            )

    def parties(self, table: str | None, bucket: str | None) -> Parties | None:
        """Who takes part; None where the scope lives in the target already.

        Args:
            table: that the entry names, or that an earlier call moved it from; None for neither.
            bucket: that of its payloads there, if that is known.

        Raises:
            RequestError: the scope cannot move there as it is.
        """
        if self.source is not None:
            return Parties(self.scope, self.home, self.placed, self.source, self.target)
        if (table or self.placed.table.name) == self.target.table.name:
            return None
        known = {each.table.name: each for each in (self.home, self.placed)}
        lives = self.placed if table is None else known.get(table) or self._named(table, bucket)
        return Parties(self.scope, self.home, self.placed, lives, self.target)

    def _named(self, table: str, bucket: str | None) -> Schema:
        """A table that somebody moved the scope to; an entry of old says no bucket."""
        placed = self.placed.table
        if bucket is None and place_in(table) == place_in(placed.name):
            bucket = placed.bucket
        return evolve(self.placed, table=evolve(placed, name=table, bucket=bucket))


def _plain(schema: Schema) -> Schema:
    """A schema of a table alone: without scopes, and without what a placement says of them."""
    return evolve(schema, scopes=(), inside={}, apart={}, shared=None)


def _one_name(name: str) -> RequestError:
    return RequestError(
        f"both tables are called {name}, and the entry of a scope names the one that it lives in; give "
        "one of them another name, such as schema.named('private-table'), or its place one"
    )
