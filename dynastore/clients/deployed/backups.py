"""Vaults and plans of AWS Backup as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..control import ControlPlane
from .reading import Properties, present, selected

# AWS Backup does not tell a vault that is not there from one that is another's.
ABSENT = frozenset({"ResourceNotFoundException", "AccessDeniedException"})


def vault(plane: ControlPlane, name: str, wanted: Mapping[str, Any]) -> Properties | None:
    """A vault."""
    answer = plane.found("backup", "describe_backup_vault", ABSENT, BackupVaultName=name)
    return None if answer is None else selected(answer, wanted)


def plan(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """A plan, its rules by the words of a template."""
    answer = plane.found("backup", "get_backup_plan", ABSENT, BackupPlanId=name)
    if answer is None:
        return None
    told = answer["BackupPlan"]
    rules = [_rule(each) for each in told["Rules"]]
    return {"BackupPlan": {"BackupPlanName": told["BackupPlanName"], "BackupPlanRule": rules}}


def selection(plane: ControlPlane, _: str, wanted: Mapping[str, Any]) -> Properties | None:
    """What a plan copies; found by its name, since its id in CloudFormation is not that of AWS Backup."""
    plan_id, said = wanted["BackupPlanId"], wanted["BackupSelection"]
    listed = plane.found("backup", "list_backup_selections", ABSENT, BackupPlanId=plan_id) or {}
    for each in listed.get("BackupSelectionsList", ()):
        if each["SelectionName"] == said["SelectionName"]:
            ids = {"BackupPlanId": plan_id, "SelectionId": each["SelectionId"]}
            told = plane.call("backup", "get_backup_selection", **ids)["BackupSelection"]
            return {"BackupPlanId": plan_id, "BackupSelection": selected(told, said)}
    return None


def _rule(told: Mapping[str, Any]) -> Properties:
    return present(
        {
            "RuleName": told["RuleName"],
            "TargetBackupVault": told["TargetBackupVaultName"],
            "ScheduleExpression": told.get("ScheduleExpression"),
            "Lifecycle": told.get("Lifecycle"),
        }
    )
