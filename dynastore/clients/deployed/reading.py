"""What readers of deployed resources have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..control import ControlPlane

Properties: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[ControlPlane, str, Mapping[str, Any]], Properties | None]


def present(told: Mapping[str, Any]) -> Properties:
    """Properties without those that are not set."""
    return {name: value for name, value in told.items() if value is not None}


def tags(told: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Tags as templates have them, without those that AWS itself sets."""
    return [
        {"Key": each["Key"], "Value": each["Value"]}
        for each in told
        if not each["Key"].startswith("aws:")
    ]


def selected(told: Mapping[str, Any], wanted: Iterable[str]) -> Properties:
    """Of what a service tells under the names of a template, what the template speaks of.

    For services whose answers are full of defaults.
    """
    return {name: told[name] for name in wanted if name in told}
