"""Requests about backups of a table, and tables made of them. None of them is ever on the data path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import frozen

from .request import R, Request


@frozen
class Backup:
    """A backup, as AWS or the embedded engine tells of it.

    Attributes:
        arn: what names it: an ARN; of an SQLite file the path of the copy.
        name: what it was called; several may have one name.
        table: that it was made of.
        status: ``CREATING``, ``AVAILABLE`` or ``DELETED``.
        created: when it was begun; what was written later is not in it.
        size_bytes: of what it holds; AWS counts every six hours.
    """

    arn: str
    name: str
    table: str
    status: str
    created: dt.datetime
    size_bytes: int

    @property
    def is_available(self) -> bool:
        """Whether a table can be made of it."""
        return self.status == "AVAILABLE"


@frozen
class BackupsPage:
    """Some backups.

    Attributes:
        backups: in no order.
        last: the ARN that the next page starts after (LastEvaluatedBackupArn); None at the end.
    """

    backups: Sequence[Backup]
    last: str | None = None


@frozen
class Recovery:
    """Whether a table can be had as it was, and as of when.

    Attributes:
        enabled: whether continuous backups are made (point-in-time recovery).
        earliest: the first moment that it can be had of; None where there is none.
        latest: the last one, some five minutes ago.
    """

    enabled: bool
    earliest: dt.datetime | None = None
    latest: dt.datetime | None = None


class _Once(Request[R]):
    """A request that, sent twice, makes two of something or is refused."""

    @property
    def repeatable(self) -> bool:
        """It is not known whether the first one was carried out."""
        return False


@frozen
class CreateBackup(_Once[Backup]):
    """Keep a table as it is now. It takes nothing of the table's capacity."""

    operation: ClassVar[str] = "CreateBackup"
    table: str
    name: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"TableName": self.table, "BackupName": self.name}

    def read(self, response: Mapping[str, Any]) -> Backup:
        """The backup, which may still be in the making."""
        return _backup(response["BackupDetails"], self.table)


@frozen
class DescribeBackup(Request[Backup]):
    """Tell of one backup."""

    operation: ClassVar[str] = "DescribeBackup"
    writes: ClassVar[bool] = False
    backup: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"BackupArn": self.backup}

    def read(self, response: Mapping[str, Any]) -> Backup:
        """The backup."""
        return _described(response)


@frozen
class ListBackups(Request[BackupsPage]):
    """List the backups of a table, 100 at most; those of AWS Backup are not among them.

    Attributes:
        table: its name.
        after: the ARN after which to start: a former page's ``last``.
    """

    operation: ClassVar[str] = "ListBackups"
    writes: ClassVar[bool] = False
    table: str
    after: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        start = {"ExclusiveStartBackupArn": self.after} if self.after else {}
        return {"TableName": self.table, **start}

    def read(self, response: Mapping[str, Any]) -> BackupsPage:
        """The page."""
        found = [_backup(each, each["TableName"]) for each in response.get("BackupSummaries", ())]
        return BackupsPage(found, response.get("LastEvaluatedBackupArn"))


@frozen
class DeleteBackup(_Once[Backup]):
    """Delete a backup for good."""

    operation: ClassVar[str] = "DeleteBackup"
    backup: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"BackupArn": self.backup}

    def read(self, response: Mapping[str, Any]) -> Backup:
        """The backup that was deleted."""
        return _described(response)


@frozen
class RestoreTableFromBackup(_Once[None]):
    """Make a table of a backup: items, keys and indexes, and none of its settings.

    Attributes:
        table: name of the new table.
        backup: its ARN.
    """

    operation: ClassVar[str] = "RestoreTableFromBackup"
    table: str
    backup: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"TargetTableName": self.table, "BackupArn": self.backup}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing: the table is being made."""


@frozen
class RestoreTableToPointInTime(_Once[None]):
    """Make a table as another was at a moment: items, keys and indexes, and none of its settings.

    Attributes:
        source: name of the table that was.
        table: name of the new table.
        at: the moment, to the second; None for the last that can be had.
    """

    operation: ClassVar[str] = "RestoreTableToPointInTime"
    source: str
    table: str
    at: dt.datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        latest = {"UseLatestRestorableTime": True}
        moment = latest if self.at is None else {"RestoreDateTime": self.at.timestamp()}
        return {"SourceTableName": self.source, "TargetTableName": self.table, **moment}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing: the table is being made."""


@frozen
class DescribeContinuousBackups(Request[Recovery]):
    """Tell whether a table can be had as it was at a moment."""

    operation: ClassVar[str] = "DescribeContinuousBackups"
    writes: ClassVar[bool] = False
    table: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"TableName": self.table}

    def read(self, response: Mapping[str, Any]) -> Recovery:
        """What can be had."""
        told = response["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        earliest, latest = (
            _moment(told.get(f"{which}RestorableDateTime")) for which in ("Earliest", "Latest")
        )
        return Recovery(told.get("PointInTimeRecoveryStatus") == "ENABLED", earliest, latest)


@frozen
class UpdateContinuousBackups(Request[None]):
    """Let a table be kept continuously from now on, for 35 days."""

    operation: ClassVar[str] = "UpdateContinuousBackups"
    table: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        wanted = {"PointInTimeRecoveryEnabled": True}
        return {"TableName": self.table, "PointInTimeRecoverySpecification": wanted}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


@frozen
class EnableStream(_Once[None]):
    """Let a table have a stream of old and new images; one that has a stream refuses."""

    operation: ClassVar[str] = "UpdateTable"
    table: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        return {"TableName": self.table, "StreamSpecification": stream}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


def _described(response: Mapping[str, Any]) -> Backup:
    told = response["BackupDescription"]
    return _backup(told["BackupDetails"], told.get("SourceTableDetails", {}).get("TableName", ""))


def _backup(details: Mapping[str, Any], table: str) -> Backup:
    return Backup(
        details["BackupArn"],
        details["BackupName"],
        table,
        details["BackupStatus"],
        _moment(details["BackupCreationDateTime"]) or dt.datetime.fromtimestamp(0, dt.UTC),
        int(details.get("BackupSizeBytes", 0)),
    )


def _moment(told: float | dt.datetime | None) -> dt.datetime | None:
    """A point in time as JSON has it, in seconds since 1970, or as botocore reads it."""
    if told is None or isinstance(told, dt.datetime):
        return told
    return dt.datetime.fromtimestamp(told, dt.UTC)
