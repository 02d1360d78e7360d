"""Components with their versions: agents, teams and workflows that are kept as data.

A version is written with its links and the header of its component, in one transaction. Which version is
current comes last: where that is said, all versions are here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from ....agents.components.entities import (
    Component,
    ComponentConfig,
    ComponentLink,
    ComponentOutline,
    ComponentVersion,
)
from ....agents.components.reading import loaded
from ....agents.components.saving import Edition, changed, outlined, save
from ....operations.interleaved import all_of
from ....requests import Steps
from ....schema.schema import Schema
from ..components.rows import (
    children,
    component_row,
    config_row,
    link_of,
    link_rows,
    version_of,
    with_version,
)
from ..texts import json_bytes, moment
from .conversations import dated
from .old import Lacking, Old, Row
from .topics import (
    BROKEN,
    NOT_THEIRS,
    TOGETHER,
    Found,
    Stored,
    aligned,
    batches,
    column,
    made_of,
    reason,
    tried,
    what,
)

ID = "component_id"
HEADER = "header"
VERSIONS = "component versions"
LINKS = "links"
TOLD = ("description", "metadata")

Version: TypeAlias = tuple[ComponentVersion, ComponentConfig]


@frozen
class Kept:
    """What is here of a component.

    Attributes:
        header: its header, or None.
        versions: its versions with their configs and links, by number.
    """

    header: Stored | None = None
    versions: Mapping[int, Stored] = field(factory=dict)


@frozen
class Components:
    """Components, live and archived. A row has the ``component_id``, the ``header``, and its versions.

    A version is the row of its config, with the rows of its ``links``.
    """

    name: str = "components"
    table: str = "components_table_name"

    def pages(self, old: Old) -> Iterator[Sequence[Row]]:
        """All components with their versions: a request for each, and for each version."""
        for page in old.pages("list_components", column(ID), by=ID, include_deleted=True):
            for some in batches(page, TOGETHER):
                yield [_row_in(old, dated(each)) for each in some]

    def here(self, schema: Schema, rows: Sequence[Row]) -> Steps[list[Any]]:
        """What is stored of some components: a request for each 100 of them and of their versions."""
        places = [(row[ID], number) for row in rows for number in row[VERSIONS]]
        headers, configs = yield from loaded(schema, [row[ID] for row in rows], places)
        return [
            _kept(headers.get(row[ID]), [configs.get((row[ID], each)) for each in row[VERSIONS]])
            for row in rows
        ]

    def compared(self, row: Row, stored: Kept) -> list[Found]:
        """What is the same here of a component and of its versions, and what is not."""
        if BROKEN in row:
            return [Found(self.name, row[ID], row[BROKEN])]
        versions = [
            Found(VERSIONS, f"{row[ID]}/{number}", _what(row, number, stored))
            for number in row[VERSIONS]
        ]
        return [Found(self.name, row[ID], what(row[HEADER], stored.header)), *versions]

    def aligned(self, row: Row, stored: Kept, seconds: float) -> Row:
        """A component with the times of what is stored, as far as these are no further away than that."""
        versions = {
            number: _aligned(each, stored.versions.get(number), seconds)
            for number, each in row[VERSIONS].items()
        }
        return {**row, HEADER: aligned(row[HEADER], stored.header, seconds), VERSIONS: versions}

    def save(self, schema: Schema, pairs: Sequence[tuple[Row, Kept]]) -> Steps[list[str]]:
        """Write what is missing or older here: a request for each version, and then the header."""
        return (yield from all_of(_save(schema, *each) for each in pairs))


def _row_in(old: Old, header: Row) -> Row:
    """A component with all its versions. Agno gives those of archived ones to nobody but its tables."""
    row = {ID: header[ID], HEADER: header, VERSIONS: {}}
    if header.get("deleted_at") is None:
        everything = {"include_config": True, "include_deleted": True}
        configs = old.call("list_configs", header[ID], **everything)
    else:
        try:
            configs = old.rows("component_configs_table_name", component_id=header[ID])
        except Lacking as lacking:
            why = f"its versions cannot be read while it is archived; restore it there ({lacking})"
            return {**row, BROKEN: why}
    return {**row, VERSIONS: {each["version"]: _version_in(old, dated(each)) for each in configs}}


def _version_in(old: Old, config: Row) -> Row:
    links = [
        {**each, "created_at": each["created_at"] or config["created_at"]}
        for each in old.call("get_links", config[ID], config["version"])
    ]
    # Of links with the same position Agno's SQL says no order.
    return {**config, LINKS: sorted(links, key=_place)}


def _place(link: Row) -> tuple[int, str, str]:
    return link["position"], *_name(link)


def _name(link: Row) -> tuple[str, str]:
    return link["link_kind"], link["link_key"]


def _kept(header: Component | None, configs: Sequence[ComponentConfig | None]) -> Kept:
    if header is None:
        return Kept()
    versions: dict[int, Stored] = {}
    for config in configs:
        version = None if config is None else version_of(header, config.version)
        if config is not None and version is not None:
            links = link_rows(header.component_id, config)
            row = {**config_row(header, version, config), LINKS: links}
            versions[config.version] = Stored(row, config)
    return Kept(Stored(component_row(header), header), versions)


def _what(row: Row, number: int, stored: Kept) -> str:
    """What differs of a version, which is whose its component is."""
    differs = what(row[VERSIONS][number], stored.versions.get(number))
    return f"{differs}; {NOT_THEIRS}" if differs and _is_anothers(row, stored) else differs


def _is_anothers(row: Row, stored: Kept) -> bool:
    return stored.header is not None and reason(row[HEADER], stored.header.row) == NOT_THEIRS


def _aligned(version: Row, stored: Stored | None, seconds: float) -> Row:
    if stored is None:
        return version
    here = {_name(each): Stored(each, None) for each in stored.row[LINKS]}
    links = [aligned(each, here.get(_name(each)), seconds) for each in version[LINKS]]
    return {**aligned(version, stored, seconds), LINKS: links}


def _save(schema: Schema, row: Row, stored: Kept) -> Steps[str]:
    if BROKEN in row:
        return str(row[BROKEN])
    if _is_anothers(row, stored):
        return ""
    # All of it before anything is written: what cannot be kept whole is not kept in part.
    made = made_of(_made, row)
    if isinstance(made, str):
        return made
    return (yield from tried(_write(schema, row, stored, *made)))


def _write(
    schema: Schema, row: Row, stored: Kept, component: Component, versions: Sequence[Version]
) -> Steps[None]:
    header, is_new = stored.header, stored.header is None
    at = outlined(component, current_version=None) if header is None else header.entity
    for version, config in versions:
        before = stored.versions.get(version.number)
        if _is_due(row[VERSIONS][version.number], before):
            edition = _edition(with_version(at, version), config, before, is_new=is_new)
            at, is_new = (yield from save(schema, edition)), False
    if _is_due(row[HEADER], header):
        names = ("versions", "linked_count", "revision")
        after = changed(component, **{name: getattr(at, name) for name in names})
        yield from save(schema, Edition(after, is_new))


def _is_due(row: Row, stored: Stored | None) -> bool:
    return stored is None or bool(what(row, stored) and not reason(row, stored.row))


def _edition(
    after: Component, config: ComponentConfig, before: Stored | None, *, is_new: bool
) -> Edition:
    had = set() if before is None else children(before.entity.links)
    links = children(config.links)
    return Edition(after, is_new, config, config.version, linked=links - had, unlinked=had - links)


def _made(row: Row) -> tuple[Component, list[Version]]:
    """A component without its versions, and these, the first one first."""
    versions = row[VERSIONS]
    return component_in(row[HEADER]), [version_in(versions[each]) for each in sorted(versions)]


def component_in(row: Row) -> Component:
    """The component that a row is, without its versions."""
    return Component(
        component_id=row[ID],
        kind=row["component_type"],
        user_id=row.get("user_id"),
        created_at=moment(row["created_at"]),
        updated_at=_at(row.get("updated_at")),
        outline=ComponentOutline(
            component_id=row[ID],
            name=row["name"],
            current_version=row.get("current_version"),
            archived_at=_at(row.get("deleted_at")),
        ),
        content=json_bytes({name: row.get(name) for name in TOLD}),
    )


def version_in(row: Row) -> Version:
    """The version that a row is, and what it is made of."""
    version = ComponentVersion(
        number=row["version"],
        stage=row["stage"],
        label=row.get("label"),
        notes=row.get("notes"),
        created_at=moment(row["created_at"]),
        updated_at=_at(row.get("updated_at")),
    )
    config = ComponentConfig(
        component_id=row[ID],
        version=row["version"],
        content=json_bytes(row["config"]),
        links=[_link(each) for each in row[LINKS]],
    )
    return version, config


def _link(row: Row) -> ComponentLink:
    if row.get("child_version") is None:
        raise ValueError(f"the link to {row['child_component_id']} says no version")
    return link_of(row, moment(row["created_at"]))


def _at(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else moment(seconds)
