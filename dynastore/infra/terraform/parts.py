"""What the resources of a configuration are made of alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ..names import Value
from .expressions import literal

Made: TypeAlias = list[tuple[str, str, dict[str, Any]]]
"""What a resource of a template becomes: Terraform's type, what its name ends in, arguments."""


def given(**arguments: Any) -> dict[str, Any]:
    """Those that say something: neither None nor empty."""
    return {name: each for name, each in arguments.items() if each not in (None, [], {}, ())}


def tagged(told: Sequence[dict[str, str]] | None) -> dict[str, str]:
    """Tags as Terraform has them."""
    return {literal(each["Key"]): literal(each["Value"]) for each in told or ()}


def lasting(resource: dict[str, Value], ignored: Sequence[str] = ()) -> dict[str, Any]:
    """The block ``lifecycle`` of a resource: what is to last is not destroyed."""
    kept = resource.get("DeletionPolicy") == "Retain"
    return given(prevent_destroy=kept or None, ignore_changes=[*ignored])
