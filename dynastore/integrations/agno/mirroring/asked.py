"""What is asked of both databases: which calls write, and what the second one is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, Literal, TypeAlias

from attrs import evolve, field, frozen

from ..calls import ADMINISTRATION

Kind: TypeAlias = Literal["read", "write", "one"]
"""Of the one that is read, and compared; of both; only of the one that is read."""

READING = ("get_", "list_", "search_", "load_")
# What a call tells of tables is no content, and a claim can be only one database's.
OF_ONE = (
    "table_exists",
    "get_latest_schema_version",
    "upsert_schema_version",
    "claim_due_schedule",
)
OWN = ("close", "to_dict", "from_dict")
# Figures that each database calculates for itself, and what is found by the moment.
UNCOMPARED = ("get_metrics", "get_trace_stats", "get_span_stats", "get_expired_tool_results")
# An empty answer of these says that nothing was written: then nothing is to be written elsewhere.
DECIDED = (
    *("upsert_session", "rename_session", "cancel_pending_run", "reassign_session_owner"),
    *("update_approval", "update_schedule", "update_schedule_run", "update_learning"),
    *("release_schedule", "stamp_schedule_provenance", "rename_eval_run"),
    *("set_current_version", "restore_component"),
)
# What a name has in it -> the topic that is moved; the first that fits.
TOPICS = {
    "memor": "memories",
    "knowledge": "knowledge",
    "eval": "evals",
    "learning": "learnings",
    "span": "spans",
    "trace": "traces",
    "metrics": "metrics",
    "schedule_run": "schedule runs",
    "schedule": "schedules",
    "approval": "approvals",
    "service_account": "service accounts",
    "tool_result": "tool results",
    "compaction": "compactions",
    "transcript": "transcripts",
    "auth_token": "auth tokens",
    "component": "components",
    "config": "components",
    "current_version": "components",
    "session": "sessions",
    "run": "sessions",
}


@frozen
class Asked:
    """A call.

    Attributes:
        method: its name.
        args: what it is given by place.
        named: what it is given by name.
    """

    method: str
    args: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(factory=dict)

    @property
    def topic(self) -> str:
        """What it is about, as migrations call it; "" for nothing that they move."""
        return next((topic for part, topic in TOPICS.items() if part in self.method), "")

    def of(self, database: Any) -> Any:
        """What a database answers; to be awaited, if it is."""
        return getattr(database, self.method)(*self.args, **self.named)

    def given(self, contract: type[Any]) -> dict[str, Any]:
        """All that it is given, by name."""
        return (
            signature(getattr(contract, self.method)).bind(None, *self.args, **self.named).arguments
        )

    def sessions(self, contract: type[Any]) -> set[str]:
        """The sessions that it names."""
        given = self.given(contract)
        named = {given.get("session_id"), *given.get("session_ids", ())}
        objects = [given.get("session"), *given.get("sessions", ())]
        named |= {getattr(each, "session_id", None) for each in objects}
        return {each for each in named if each is not None}

    def is_page(self, contract: type[Any]) -> bool:
        """Whether it asks for some of what there is, of which each database may choose others."""
        given = self.given(contract)
        return any(given.get(name) is not None for name in ("limit", "page", "runs_limit"))

    def of_second(self, answer: Any) -> Asked:
        """What the second database is asked after the first one gave an answer.

        A schedule it gives back without having claimed it. A version of a component it adds only if
        that gets the same number: one that lacks a version would count the next one in its place.
        """
        if self.method == "release_schedule":
            claim = ("worker_id", "locked_at")
            return evolve(self, named={k: v for k, v in self.named.items() if k not in claim})
        if self.method == "upsert_config" and self._is_new_version and answer["version"] > 1:
            return evolve(
                self, named={**self.named, "expected_latest_version": answer["version"] - 1}
            )
        return self

    @property
    def _is_new_version(self) -> bool:
        before_version = 2  # arguments of `upsert_config`
        return len(self.args) <= before_version and self.named.get("version") is None


def kind_of(method: str) -> Kind:
    """What becomes of a method."""
    if method in OF_ONE or any(each in method for each in ADMINISTRATION):
        return "one"
    return "read" if method.startswith(READING) else "write"


def methods_of(contract: type[Any]) -> list[str]:
    """The methods of a contract that are asked of the databases."""
    names = (name for name in dir(contract) if not name.startswith("_") and name not in OWN)
    return [name for name in names if callable(getattr(contract, name))]
