"""Placements: which scopes, and which classes of a scope, are kept in the shared table or a private one.

A private table may be at another place: in another region, account or file. Places have names, and no
entry of a scope holds more of a place than its name.

A private table is named after the shared one and its scope, ``agent-state.common_qa``, so that a policy or
an alarm for ``agent-state.*`` is for all of them, and nobody has to remember which table is whose. Keys
have their scope in both: the same item is the same, byte for byte, wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from ..entities.spec import spec_of
from ..errors import ModelError, UnknownPlace, shown
from ..keys.addresses import name_in, place_in
from ..table import NAME
from .elsewhere import Elsewhere, as_places, told_places
from .schema import Schema

KEYS = {"shared", "private", "places"}  # of a file
PRIVATE_KEYS = {"only", "but", "place"}  # of a scope in a file


def private_name(shared: str, scope: str) -> str:
    """The name of a scope's private table, by that of the shared one: ``agent-state.common_qa``.

    Raises:
        ModelError: that is no name of a table.
    """
    name = f"{shared}.{scope}"
    if not NAME.fullmatch(name):
        raise ModelError(
            f"the private table of scope {scope!r} would be named {name!r}, and a name has 3 to 255 "
            "letters, digits, '_', '-' and '.'; name the scope so, or keep it shared"
        )
    return name


def _as_tuple(classes: Iterable[type[Any] | str]) -> tuple[type[Any] | str, ...]:
    if isinstance(classes, str | type):
        raise ModelError(f"classes are a list, not {shown(classes)}; write [...] around it")
    return tuple(classes)


@frozen
class Private:
    """What of a scope is in a table of its own; all of it, unless it says otherwise.

    Attributes:
        schema: the entities of the scope, where they are not those of all: own ones beside them, or
            own classes with more fields in place of them. Its table's name is not used.
        only: the classes that are in the private table, or their type tags; all else is shared.
        but: the classes that stay in the shared table, or their type tags; all else is private.
        place: where that table is, by its name in the placement; where the shared one is without it.
    """

    schema: Schema | None = None
    only: tuple[type[Any] | str, ...] = field(default=(), converter=_as_tuple)
    but: tuple[type[Any] | str, ...] = field(default=(), converter=_as_tuple)
    place: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what says two things, and what is no schema."""
        if not isinstance(self.schema, Schema | None):
            raise ModelError(f"schema= is a Schema([...]), not {shown(self.schema)}")
        if self.only and self.but:
            raise ModelError(
                "a private table has only some classes, or all but some; leave one out"
            )


def _as_private(private: object) -> Mapping[str, Private]:
    if isinstance(private, Mapping):
        return {**private}
    if isinstance(private, str) or not isinstance(private, Iterable):
        raise ModelError(
            f"private= is a list of scopes, or scope -> Private(), not {shown(private)}"
        )
    return {scope: Private() for scope in private}


@frozen
class Placement:
    """Which outermost scopes have a table of their own. All others are in the shared table.

    Scopes inside of a scope are where that is. A scope that was moved since is where its entry says,
    see `operations.scopes.locations`: the entry is right, and the placement is to be brought up to
    date.

    Attributes:
        shared: the shared table, as `Store.connect` takes it; without it ``DYNASTORE_URL``.
        private: scope -> what of it is in the private table; or a list of scopes.
        places: name -> another place that scopes are kept at, or may be moved to: an `Elsewhere`, or
            the URL of a file. All who use a scope need to know the place that it lives at.
    """

    shared: str | None = None
    private: Mapping[str, Private] = field(default=(), converter=_as_private)
    places: Mapping[str, Elsewhere] = field(factory=dict, converter=as_places)

    def __attrs_post_init__(self) -> None:
        """Refuse scopes that no table can be named after.

        Raises:
            ModelError: which one.
        """
        for scope, each in self.private.items():
            if not isinstance(scope, str) or not scope:
                raise ModelError(
                    f"a scope's name is a text of at least one character, not {scope!r}"
                )
            if not isinstance(each, Private):
                raise ModelError(f"private table of {scope!r}: write Private(), not {shown(each)}")
            if each.place is not None and each.place not in self.places:
                known = f"has {', '.join(self.places)}" if self.places else "has none"
                raise ModelError(
                    f"scope {scope!r} is at place {each.place!r}, and this placement {known}: add it "
                    f"to places=, or as [places.{each.place}]"
                )

    @classmethod
    def read(cls, path: str | Path) -> Placement:
        """A placement from a TOML file; see the how-to page for its form.

        Raises:
            ModelError: the file cannot be read, or says something else than a placement.
        """
        import tomllib

        try:
            told = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"{path} is no placement: {error}") from error
        try:
            return cls(told.get("shared"), _told(told), told_places(told))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error

    def placed(self, schema: Schema) -> Schema:
        """A schema whose scopes are in the tables that this placement says.

        Raises:
            ModelError: no table can be named after a scope, or a class is unknown, kept apart from
                one that shares a partition with it, or stored otherwise in the shared table.
        """
        if schema.shared is not None or schema.scopes:
            raise ModelError("a placement is of a schema without one, and without a scope")
        shared = evolve(schema, inside={})
        tables = _Tables(shared, self.places)
        inside = {
            scope: evolve(each, shared=shared)
            for scope, each in schema.inside.items()
            if scope not in self.private
        }
        for scope, private in self.private.items():
            own = private.schema or schema.inside.get(scope, shared)
            inside[scope] = tables.of(scope, own, private)
        return evolve(schema, shared=shared, inside=inside)


@frozen
class _Tables:
    """Makes the schemas of scopes that have a private table."""

    shared: Schema
    places: Mapping[str, Elsewhere]

    def of(self, scope: str, entities: Schema, private: Private) -> Schema:
        """The schema of a scope: of the table that most of it is in, and with the classes apart."""
        table = evolve(entities.table, name=private_name(self.shared.table.name, scope))
        if private.place is not None:
            table = self.places[private.place].holds(table, private.place)
        there = evolve(entities, table=table, inside={}, shared=self.shared)
        self._check_alike(scope, there)
        home, other = there, self.shared
        if private.only:
            home, other = Schema(entities.entities, self.shared.table), there
        apart = {_found(scope, entities, each): other for each in private.only or private.but}
        for cls in apart:
            _check_alone(scope, cls, entities, apart)
            if other is self.shared and cls not in self.shared.codecs:
                raise ModelError(
                    f"{cls.__name__} of scope {scope!r} cannot stay in the shared table, whose schema "
                    "does not have it"
                )
        return evolve(home, apart=apart, shared=self.shared, inside={})

    def _check_alike(self, scope: str, there: Schema) -> None:
        """Items must be the same in both tables, or a scope could not be moved."""
        for index in there.table.indexes:
            mine = self.shared.table.index(index.number)
            if mine is not None and mine.attributes != index.attributes:
                raise ModelError(
                    f"index {index.number} of scope {scope!r} has other attributes than that of the "
                    f"shared table: {', '.join(index.attributes)}, not {', '.join(mine.attributes)}"
                )


def table_at(table: str, scope: str, schema: Schema, places: Mapping[str, Elsewhere]) -> Schema:
    """The schema of a table that a scope may be in, which need not be the one that it is placed in.

    Args:
        table: its name, or its address.
        scope: name of an outermost scope.
        schema: that of all tables.
        places: what places there are.

    Raises:
        UnknownPlace: the table is at another one.
        ModelError: payloads are kept in a bucket, and none is named for the place.
    """
    home, placed = (
        evolve(each, scopes=(), inside={}, apart={}, shared=None)
        for each in (schema.shared or schema, schema.scoped(scope))
    )
    for each in (home, placed):
        if each.table.name == table:
            return each
    place, lives_at = place_in(table), place_in(placed.table.name)
    if place is None:
        bucket = placed.table.bucket if lives_at is None else home.table.bucket
        return evolve(placed, table=evolve(placed.table, name=table, bucket=bucket))
    if place not in places:
        raise UnknownPlace(place, [*places], scope)
    there = places[place].holds(evolve(placed.table, name=name_in(table)), place)
    return evolve(placed, table=there)


def _told(told: Mapping[str, Any]) -> Any:
    """What a file says of private tables."""
    if unknown := sorted(told.keys() - KEYS):
        raise ModelError(f"{unknown[0]!r} is no key of a placement; it has shared, private, places")
    shared, private = told.get("shared"), told.get("private", {})
    if not isinstance(shared, str | None):
        raise ModelError(f"shared is the name of a table or a URL, not {shown(shared)}")
    if not isinstance(private, dict):
        return private
    return {scope: _told_of(scope, each) for scope, each in private.items()}


def _told_of(scope: str, told: object) -> Private:
    if not isinstance(told, dict):
        raise ModelError(f"private.{scope} is a table, [private.{scope}], not {shown(told)}")
    if unknown := sorted(told.keys() - PRIVATE_KEYS):
        raise ModelError(f"{unknown[0]!r} is no key of private.{scope}; it has only, but and place")
    for name, tags in told.items():
        if name == "place":
            if not isinstance(tags, str):
                raise ModelError(f"private.{scope}.place is a name of places, not {shown(tags)}")
        elif not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise ModelError(f"private.{scope}.{name} is a list of type tags, not {shown(tags)}")
    return Private(**told)


def _found(scope: str, schema: Schema, wanted: type[Any] | str) -> type[Any]:
    """A class of a schema, by itself or by its type tag."""
    for cls in schema.entities:
        if wanted in (cls, spec_of(cls).tag):
            return cls
    tags = ", ".join(spec_of(cls).tag for cls in schema.entities)
    raise ModelError(f"{shown(wanted)} is no class of scope {scope!r}, which has {tags}")


def _check_alone(scope: str, cls: type[Any], schema: Schema, apart: Iterable[type[Any]]) -> None:
    """A class goes with those that share its partitions: one query reads them together."""
    mine = spec_of(cls).primary
    for other in schema.entities:
        if other not in apart and mine.partition.overlaps(spec_of(other).primary.partition):
            raise ModelError(
                f"{cls.__name__} of scope {scope!r} shares partitions with {other.__name__}, so both "
                "are kept in one table; name both"
            )
