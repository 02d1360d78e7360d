"""Backups of a table, and new tables made of them.

What a table is made of anew has the items, the keys and the indexes. DynamoDB restores neither time to
live nor the stream nor continuous backups, nor tags, alarms, scaling or protection against deletion. So
the first three, which a schema needs, are set here, and the others are for whoever deploys the table.

Objects in the bucket are in no backup. A restored table refers to those that the backup knew, and in
the bucket they belong to the table that they were written for: `upkeep.adopting` copies them into a
bucket of the restored one, so that a sweep of either leaves the other's alone.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from ..errors import RequestError, ServiceError
from ..requests import Steps, Wait
from ..requests.backups import (
    Backup,
    CreateBackup,
    DescribeBackup,
    DescribeContinuousBackups,
    EnableStream,
    ListBackups,
    Recovery,
    RestoreTableFromBackup,
    RestoreTableToPointInTime,
    UpdateContinuousBackups,
)
from ..requests.tables import DescribeTable
from ..schema.schema import Schema
from .tables import check_fits, expire_items, wait_until_active

WAIT_SECONDS = 2.0  # between looks at a backup in the making, or a table
LOOKS = 150  # five minutes; AWS makes most backups within one


@frozen
class Restored:
    """A table that was made of a backup, and is ready.

    Attributes:
        table: its name.
        set: what was set, because no restore brings it: names of settings.
    """

    table: str
    set: tuple[str, ...]


def create_backup(schema: Schema, name: str) -> Steps[Backup]:
    """Keep the table as it is now, and wait until that can be restored.

    Raises:
        RequestError: no backup can be called so.
        ServiceError: there is no such table, or it was not there within five minutes.
    """
    made = yield from CreateBackup(schema.table.name, name)
    for _ in range(LOOKS):
        if made.is_available:
            return made
        yield from Wait(WAIT_SECONDS)
        made = yield from DescribeBackup(made.arn)
    raise ServiceError(
        "BackupNotAvailable", f"backup {made.arn} is still {made.status}; look at it in the console"
    )


def backups(schema: Schema) -> Steps[list[Backup]]:
    """All backups of the table that were asked for, the newest first; those of AWS Backup are not here."""
    found: list[Backup] = []
    after: str | None = None
    while True:
        page = yield from ListBackups(schema.table.name, after)
        found += page.backups
        after = page.last
        if after is None:
            return sorted(found, key=lambda each: each.created, reverse=True)


def backup_named(schema: Schema, name: str) -> Steps[Backup]:
    """The backup that a name or an ARN means; of several of one name the newest.

    Raises:
        RequestError: none of the table is called so.
    """
    known = yield from backups(schema)
    found = next((each for each in known if name in {each.arn, each.name}), None)
    if found is None:
        raise RequestError(
            f"table {schema.table.name} has no backup {name!r}; it has "
            f"{', '.join(dict.fromkeys(each.name for each in known)) or 'none'}"
        )
    if not found.is_available:
        raise RequestError(f"backup {found.arn} is {found.status}; wait until it is AVAILABLE")
    return found


def check_moment(recovery: Recovery, table: str, at: dt.datetime | None) -> None:
    """Refuse a moment that a table cannot be had of.

    Raises:
        RequestError: it is outside of what is kept, or nothing is.
    """
    if not recovery.enabled:
        raise RequestError(
            f"table {table} has no point-in-time recovery; enable it with `dynastore backup pitr "
            "--enable`, from which on it can be had as it was"
        )
    first, last = recovery.earliest, recovery.latest
    if at is not None and ((first and at < first) or (last and at > last)):
        raise RequestError(
            f"table {table} can be had as it was from {first} to {last}, not at {at}"
        )


def recovery_of(schema: Schema) -> Steps[Recovery]:
    """Whether the table can be had as it was, and as of when."""
    return (yield from DescribeContinuousBackups(schema.table.name))


def enable_recovery(schema: Schema) -> Steps[Recovery]:
    """Let the table be kept continuously from now on."""
    yield from UpdateContinuousBackups(schema.table.name)
    return (yield from recovery_of(schema))


def begin_restore(schema: Schema, backup: Backup) -> Steps[None]:
    """Let a table be made of a backup; `is_ready` tells when it is there.

    Args:
        schema: on the table to be made.
        backup: what it is made of.
    """
    yield from RestoreTableFromBackup(schema.table.name, backup.arn)


def begin_recovery(schema: Schema, source: str, at: dt.datetime | None) -> Steps[None]:
    """Let a table be made as another was at a moment; `is_ready` tells when it is there.

    Args:
        schema: on the table to be made.
        source: name of the other.
        at: when; None for the latest moment that can be had.
    """
    yield from RestoreTableToPointInTime(source, schema.table.name, at)


def is_ready(schema: Schema) -> Steps[bool]:
    """Look whether a table and its indexes can be used; if not, after a wait of two seconds."""
    if (yield from DescribeTable(schema.table.name)).active:
        return True
    yield from Wait(WAIT_SECONDS)
    return False


def set_up(schema: Schema, *, embedded: bool, recovery: bool = True) -> Steps[Restored]:
    """Set what no restore brings, once the table is active. It may be repeated.

    Args:
        schema: on the restored table.
        embedded: whether it is in an SQLite file, of which everything was copied.
        recovery: whether it is to be kept continuously, too.

    Raises:
        TableMismatch: it has other keys or indexes than the schema needs.
    """
    name = schema.table.name
    check_fits(schema, (yield from wait_until_active(name)))
    if embedded:
        return Restored(name, ())
    done = ["time to live", "stream"]
    yield from expire_items(name)
    if (yield from DescribeTable(name)).stream is None:
        yield from EnableStream(name)
        yield from wait_until_active(name)
    if recovery:
        yield from UpdateContinuousBackups(name)
        done.append("point-in-time recovery")
    return Restored(name, tuple(done))
