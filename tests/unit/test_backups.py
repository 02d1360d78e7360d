"""Requests about backups are as botocore's model has them; operations wait for what takes long."""

from __future__ import annotations

import datetime as dt

import boto3
import pytest
from botocore.validate import ParamValidator

from dynastore import Schema, entity, key
from dynastore.clients.wire import Endpoint, Refusal, error_of
from dynastore.errors import RequestError, ServiceError, TableNotFound
from dynastore.operations import backups
from dynastore.requests import Wait
from dynastore.requests.backups import (
    Backup,
    BackupsPage,
    CreateBackup,
    DeleteBackup,
    DescribeBackup,
    DescribeContinuousBackups,
    EnableStream,
    ListBackups,
    Recovery,
    RestoreTableFromBackup,
    RestoreTableToPointInTime,
    UpdateContinuousBackups,
)
from dynastore.requests.tables import (
    DescribeTable,
    DescribeTimeToLive,
    TableDescription,
    UpdateTimeToLive,
)

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/notes/backup/01489602797149-73d8d5bc"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MODEL = boto3.client("dynamodb", region_name="eu-west-1").meta.service_model


@entity("note")
class Note:
    name: str

    primary = key("NOTE#{name}", "~")


SCHEMA = Schema([Note]).named("notes")


@pytest.mark.parametrize(
    "request_",
    [
        CreateBackup("notes", "nightly"),
        DescribeBackup(ARN),
        ListBackups("notes"),
        ListBackups("notes", ARN),
        DeleteBackup(ARN),
        RestoreTableFromBackup("notes-new", ARN),
        RestoreTableToPointInTime("notes", "notes-new"),
        RestoreTableToPointInTime("notes", "notes-new", NOON),
        DescribeContinuousBackups("notes"),
        UpdateContinuousBackups("notes"),
        EnableStream("notes"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_sent_is_as_the_model_has_it(request_):
    shape = MODEL.operation_model(request_.operation).input_shape
    assert ParamValidator().validate(request_.parameters(), shape).generate_report() == ""
    assert request_.writes == (not request_.operation.startswith(("Describe", "List")))


def test_a_moment_is_sent_in_seconds_that_the_model_takes():
    parameters = RestoreTableToPointInTime("notes", "notes-new", NOON).parameters()
    assert parameters == {
        "SourceTableName": "notes",
        "TargetTableName": "notes-new",
        "RestoreDateTime": NOON.timestamp(),
    }
    latest = RestoreTableToPointInTime("notes", "notes-new").parameters()
    assert latest["UseLatestRestorableTime"] is True


DETAILS = {
    "BackupArn": ARN,
    "BackupName": "nightly",
    "BackupStatus": "CREATING",
    "BackupSizeBytes": 7,
    "BackupCreationDateTime": NOON.timestamp(),
}
MADE = Backup(ARN, "nightly", "notes", "CREATING", NOON, 7)


def test_what_comes_back_is_read_as_json_and_as_botocore_has_it():
    assert CreateBackup("notes", "nightly").read({"BackupDetails": DETAILS}) == MADE
    parsed = {**DETAILS, "BackupCreationDateTime": NOON}
    told = {"BackupDetails": parsed, "SourceTableDetails": {"TableName": "notes"}}
    assert DescribeBackup(ARN).read({"BackupDescription": told}) == MADE
    page = {"BackupSummaries": [{**DETAILS, "TableName": "notes"}], "LastEvaluatedBackupArn": ARN}
    assert ListBackups("notes").read(page) == BackupsPage([MADE], ARN)
    window = {
        "PointInTimeRecoveryStatus": "ENABLED",
        "EarliestRestorableDateTime": NOON.timestamp(),
        "LatestRestorableDateTime": NOON.timestamp() + 1,
    }
    answer = {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": window}}
    later = NOON + dt.timedelta(seconds=1)
    assert DescribeContinuousBackups("notes").read(answer) == Recovery(True, NOON, later)
    off = {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}
    assert DescribeContinuousBackups("notes").read(off) == Recovery(enabled=False)


@pytest.mark.parametrize("code", ["TableNotFoundException", "SourceTableNotFoundException"])
def test_a_table_that_is_not_there_is_told_as_always(code):
    endpoint = Endpoint("https://dynamodb.eu-west-1.amazonaws.com", "eu-west-1")
    refusal = Refusal(400, code, "no such table")
    error = error_of(refusal, CreateBackup("notes", "nightly"), endpoint)
    assert isinstance(error, TableNotFound)
    assert "there is no table notes" in str(error)


def answered(steps, *answers):
    """What an operation asks, and what it returns, given answers in turn."""
    asked, left = [], list(answers)
    answer = None
    try:
        while True:
            request = steps.send(answer)
            asked.append(request)
            answer = None if isinstance(request, Wait) else left.pop(0)
    except StopIteration as stop:
        return asked, stop.value


def test_a_backup_in_the_making_is_waited_for():
    ready = Backup(ARN, "nightly", "notes", "AVAILABLE", NOON, 7)
    steps = backups.create_backup(SCHEMA, "nightly")
    asked, made = answered(steps, MADE, MADE, ready)
    assert made == ready
    assert [type(each) for each in asked] == [
        CreateBackup,
        Wait,
        DescribeBackup,
        Wait,
        DescribeBackup,
    ]


def test_a_backup_that_is_never_there_is_told():
    with pytest.raises(ServiceError, match="still CREATING"):
        answered(backups.create_backup(SCHEMA, "nightly"), *[MADE] * 200)


def test_all_pages_of_backups_are_read_newest_first():
    older = Backup("old", "nightly", "notes", "AVAILABLE", NOON - dt.timedelta(days=1), 7)
    steps = backups.backups(SCHEMA)
    asked, found = answered(steps, BackupsPage([older], "old"), BackupsPage([MADE]))
    assert found == [MADE, older]
    assert [each.after for each in asked] == [None, "old"]


def test_a_backup_in_the_making_cannot_be_restored():
    with pytest.raises(RequestError, match="is CREATING; wait"):
        answered(backups.backup_named(SCHEMA, "nightly"), BackupsPage([MADE]))


KEYS = {None: ("PK", "SK")}


def described(*, active=True, stream=None):
    return TableDescription(active, KEYS, {}, stream)


def test_a_table_that_is_being_made_is_looked_at_again():
    asked, is_ready = answered(backups.is_ready(SCHEMA), described(active=False))
    assert not is_ready
    assert [type(each) for each in asked] == [DescribeTable, Wait]
    assert answered(backups.is_ready(SCHEMA), described())[1]


def test_what_is_set_already_is_left_alone():
    """A call with --go-on meets what the one before has set."""
    there = described(stream="arn")
    steps = backups.set_up(SCHEMA, embedded=False)
    asked, restored = answered(steps, there, "TTL", there, None)
    kinds = [DescribeTable, DescribeTimeToLive, DescribeTable, UpdateContinuousBackups]
    assert [type(each) for each in asked] == kinds
    assert restored.set == ("time to live", "stream", "point-in-time recovery")


def test_what_is_lacking_is_set_and_waited_for():
    bare = described()
    steps = backups.set_up(SCHEMA, embedded=False, recovery=False)
    asked, restored = answered(steps, bare, None, None, bare, None, described(stream="arn"))
    assert [type(each) for each in asked] == [
        DescribeTable,
        DescribeTimeToLive,
        UpdateTimeToLive,
        DescribeTable,
        EnableStream,
        DescribeTable,
    ]
    assert restored.set == ("time to live", "stream")


@pytest.mark.parametrize("at", [NOON - dt.timedelta(seconds=1), NOON + dt.timedelta(hours=2)])
def test_a_moment_that_cannot_be_had_is_refused(at):
    recovery = Recovery(True, NOON, NOON + dt.timedelta(hours=1))
    with pytest.raises(RequestError, match="can be had as it was from 2026-03-01 12:00"):
        backups.check_moment(recovery, "notes", at)
    backups.check_moment(recovery, "notes", NOON)
    backups.check_moment(recovery, "notes", None)
