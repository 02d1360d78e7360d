"""Making the table, and checking that an existing one fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import RequestError, ServiceError, TableMismatch, TableNotFound, Unavailable
from ..requests import Steps, Wait
from ..requests.tables import (
    CreateTable,
    DescribeTable,
    DescribeTimeToLive,
    TableDescription,
    UpdateTimeToLive,
    addition,
    carried_in,
    vector_addition,
    vector_definition,
)
from ..schema.schema import Schema
from ..table import PRIMARY, TTL, Index, VectorIndex

FIRST_WAIT_SECONDS = 0.05  # doubled up to the longest
LONGEST_WAIT_SECONDS = 2.0
WAITS = 160  # some five minutes; an empty table takes AWS about ten seconds


def create_table(schema: Schema) -> Steps[None]:
    """Make the table unless it is there, wait until it can be used, and check that it fits.

    An SQLite file gets the indexes that it lacks. A table of DynamoDB gets none: building one is
    paid by what is stored, so the error says how it is done.

    Several processes may do it at once: all succeed.

    Raises:
        TableMismatch: the table has other keys or indexes than the schema needs.
        Unavailable: it was not active within five minutes.
    """
    try:
        yield from CreateTable(schema.table)
    except ServiceError as error:
        if error.code != "ResourceInUseException":  # there already, or just being made
            raise
    check_fits(schema, (yield from wait_until_active(schema.table.name)))
    yield from expire_items(schema.table.name)


def check_fits(schema: Schema, description: TableDescription) -> None:
    """Refuse a table that is not as the schema needs it.

    Raises:
        TableMismatch: it has other keys or indexes.
    """
    if differences := tuple(mismatches(schema, description)):
        raise TableMismatch(schema.table.name, differences, additions(schema, description))


def wait_until_active(table: str) -> Steps[TableDescription]:
    """The description of a table, once it and its indexes can be used.

    Raises:
        Unavailable: that was not so within five minutes.
    """
    wait = FIRST_WAIT_SECONDS
    for _ in range(WAITS):
        try:
            description = yield from DescribeTable(table)
        except TableNotFound:  # created a moment ago, and not yet seen everywhere
            description = None
        if description is not None and description.active:
            return description
        yield from Wait(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
    raise Unavailable(
        "TableNotActive", f"table {table} is still not active; look at it in the console"
    )


def mismatches(schema: Schema, found: TableDescription) -> Iterator[str]:
    """What of a table's keys and indexes does not fit a schema, a sentence each."""
    for index in (PRIMARY, *schema.table.indexes):
        name = index.name or "the primary key"
        keys = found.key_schemas.get(index.name)
        if keys is None:
            yield f"index {name} is missing"
        elif keys != index.attributes:
            yield f"{name} is ({', '.join(keys)}), not ({', '.join(index.attributes)})"
        else:
            yield from _not_carried(index, found.projections.get(name))
    if schema.table.vectors is not None:
        yield from _vector_differences(schema.table.vectors, found)


def _vector_differences(index: VectorIndex, found: TableDescription) -> Iterator[str]:
    stored = found.vectors.get(index.name)
    if stored is None:
        yield f"vector index {index.name} is missing"
        return
    wanted = vector_definition(index)
    carried = carried_in(stored["Projection"])
    for name in sorted(wanted.keys() - {"Projection"}):
        if stored.get(name) != wanted[name]:
            yield f"vector index {index.name} has {name} {stored.get(name)}, not {wanted[name]}"
    yield from _not_carried(index, carried)


def additions(schema: Schema, found: TableDescription) -> list[dict[str, Any]]:
    """The parameters of each UpdateTable that adds an index which is missing, one after the other."""
    missing = [each for each in schema.table.indexes if each.name not in found.key_schemas]
    additions = [addition(schema.table.name, index) for index in missing]
    vectors = schema.table.vectors
    if vectors is not None and vectors.name not in found.vectors:
        additions.append(vector_addition(schema.table.name, vectors))
    return additions


def _not_carried(index: Index | VectorIndex, found: tuple[str, ...] | None) -> Iterator[str]:
    """What an index lacks of the attributes that it has to carry; more of them do no harm."""
    if found is None:
        return
    if index.carried is None:
        yield f"index {index.name} carries {', '.join(found) or 'its keys only'}, not all attributes"
    elif missing := [name for name in index.carried if name not in found]:
        yield f"index {index.name} does not carry {', '.join(missing)}"


def expire_items(table: str) -> Steps[None]:
    """Have items expire by the attribute of ours, if that is not so already.

    Raises:
        TableMismatch: they expire by another one.
    """
    attribute = yield from DescribeTimeToLive(table)
    if attribute is None:
        try:
            yield from UpdateTimeToLive(table)
        except RequestError:  # refused where another process enabled it just now
            attribute = yield from DescribeTimeToLive(table)
            if attribute is None:
                raise
    if attribute not in {None, TTL}:
        raise TableMismatch(table, [f"items expire by {attribute}, not by {TTL}"])


def table_exists(schema: Schema) -> Steps[bool]:
    """Whether the table is there, though it may not be active yet."""
    try:
        yield from DescribeTable(schema.table.name)
    except TableNotFound:
        return False
    return True
