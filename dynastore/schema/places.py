"""Requests of several places: to which one a request goes, and what it is there.

Operations call tables, buckets and streams by their addresses. A place knows names alone, so a request
is sent to it with names, and what the answer names is given back as addresses.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from attrs import evolve

from ..codec.payload_objects import Owner
from ..keys.addresses import PLACE, address, name_in, one_place, place_in
from ..requests import BatchWriteItem, Request, TransactWriteItems
from ..requests.backups import (
    Backup,
    BackupsPage,
    DeleteBackup,
    DescribeBackup,
    ListBackups,
    RestoreTableFromBackup,
    RestoreTableToPointInTime,
)
from ..requests.objects import HeadObject, ObjectRequest, PutObject
from ..requests.streams import StreamRequest
from ..requests.tables import CreateTable, DescribeTable

R = TypeVar("R")


def place_of(request: Request[Any]) -> str | None:
    """The place that a request goes to; None for that of the shared table.

    Raises:
        RequestError: it is about tables of several places.
    """
    match request:
        case TransactWriteItems(actions=actions) | BatchWriteItem(actions=actions):
            return one_place(each.table for each in actions)
        case ObjectRequest(bucket=bucket):
            return place_in(bucket)
        case StreamRequest(stream=stream):
            return place_in(stream)
        case CreateTable(table=table):
            return place_in(table.name)
        case DescribeBackup(backup=backup) | DeleteBackup(backup=backup):
            return place_in(backup) if _has_place(backup) else None
        case RestoreTableFromBackup(table=table, backup=backup):
            return one_place([table, address(place_of(DescribeBackup(backup)), "backup")])
        case RestoreTableToPointInTime(table=table, source=source):
            return one_place([table, source])
    return place_in(str(getattr(request, "table", "")))


def named(request: Request[R]) -> Request[R]:
    """A request of one place as it is sent there."""
    asked: Any = request
    return cast("Request[R]", evolve(asked, **_names(asked)))


def _names(request: Request[Any]) -> dict[str, Any]:
    """What is another, attribute by attribute, where addresses are names."""
    match request:
        case TransactWriteItems(actions=actions) | BatchWriteItem(actions=actions):
            return {"actions": tuple(evolve(each, table=name_in(each.table)) for each in actions)}
        case PutObject(bucket=bucket, metadata=metadata):
            owner = Owner.of(metadata)
            told = metadata if owner is None else _owned(owner, name_in(owner.table))
            return {"bucket": name_in(bucket), "metadata": told}
        case ObjectRequest(bucket=bucket):
            return {"bucket": name_in(bucket)}
        case StreamRequest(stream=stream):
            return {"stream": name_in(stream)}
        case CreateTable(table=table):
            return {"table": evolve(table, name=name_in(table.name), bucket=None)}
        case DescribeBackup(backup=backup) | DeleteBackup(backup=backup):
            return {"backup": _backup_in(backup)}
        case RestoreTableFromBackup(table=table, backup=backup):
            return {"table": name_in(table), "backup": _backup_in(backup)}
        case RestoreTableToPointInTime(table=table, source=source):
            return {"table": name_in(table), "source": name_in(source)}
        case ListBackups(table=table, after=after):
            return {"table": name_in(table), "after": after and _backup_in(after)}
    return {"table": name_in(cast("Any", request).table)}


def addressed(place: str, request: Request[R], answer: R) -> R:
    """The answer of a place, with addresses for names."""
    asked: Any = request
    found: Any = answer
    match asked:
        case BatchWriteItem():  # what is left to write
            found = tuple(evolve(each, table=address(place, each.table)) for each in found)
        case DescribeTable() if found.stream is not None:
            found = evolve(found, stream=address(place, found.stream))
        case HeadObject() if found is not None and (owner := Owner.of(found)) is not None:
            found = _owned(owner, address(place, owner.table))
    match answer:
        case Backup():
            found = _backup_at(place, answer)
        case BackupsPage(backups=backups, last=last):
            kept = [_backup_at(place, each) for each in backups]
            found = BackupsPage(kept, last and address(place, last))
    return cast("R", found)


def _owned(owner: Owner, table: str) -> dict[str, str]:
    return evolve(owner, table=table).metadata


def _backup_at(place: str, backup: Backup) -> Backup:
    arn, table = address(place, backup.arn), address(place, backup.table)
    return evolve(backup, arn=arn, table=table)


def _backup_in(known: str) -> str:
    """What a backup is called at its place."""
    return name_in(known) if _has_place(known) else known


def _has_place(backup: str) -> bool:
    """Whether the name of a backup has a place: that of a file is its path, which may have a colon."""
    place = place_in(backup)
    return place is not None and PLACE.fullmatch(place) is not None
