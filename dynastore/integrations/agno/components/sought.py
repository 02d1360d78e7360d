"""Which components a call is about, of their index entries and of what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import frozen

from ....agents.components.entities import LISTED, Component, ComponentOutline


@frozen
class SoughtComponents:
    """Which components are wanted; None for any.

    Attributes:
        kind: agent, team or workflow.
        user_id: who must be allowed to see them: all see what is shared, or live.
        archived: whether also those that are archived.
        name: what they are called.
        excluded: ids of those that are not wanted.
    """

    kind: str | None = None
    user_id: str | None = None
    archived: bool = False
    name: str | None = None
    excluded: Collection[str] = frozenset()

    def has(self, component: Component) -> bool:
        """Whether a component is one of them."""
        return self.has_entry({name: getattr(component, name) for name in LISTED})

    def has_entry(self, entry: Mapping[str, Any]) -> bool:
        """Whether an index entry is one of them."""
        outline: ComponentOutline = entry["outline"]
        is_archived = outline.archived_at is not None
        if (is_archived and not self.archived) or outline.component_id in self.excluded:
            return False
        is_live = outline.current_version is not None and not is_archived
        is_seen = self.user_id is None or entry["user_id"] in (self.user_id, None) or is_live
        matches = self.kind in (None, entry["kind"]) and self.name in (None, outline.name)
        return is_seen and matches
