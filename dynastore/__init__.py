"""dynastore: everything an AI agent must remember, in one DynamoDB table.

@entity("note")
class Note:
    user_id: str
    note_id: str
    text: str

    primary = key("USER#{user_id}", "NOTE#{note_id}")

store = Store.connect("sqlite:///agent.db", Schema([Note]))
store.put(Note(user_id="ann", note_id="n1", text="likes tea"))
store.query(Note, user_id="ann")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import field

    from .changes import add, append, discard, if_missing, increment, inside, prepend, unset
    from .entities.declaring import entity
    from .entities.kept_fields import created, updated, version
    from .entities.patterns import AccessPattern, gsi, key
    from .entities.payload_fields import payload
    from .entities.spec import Ref, ref
    from .entities.uniques import unique
    from .operations.reading.reader import Page, Slice
    from .operations.reading.settling import InScope
    from .operations.scopes.deleting import ScopeDeleted
    from .operations.scopes.measuring import ScopeSizes
    from .operations.upkeep.findings import (
        Drifted,
        Duplicated,
        Malformed,
        Misplaced,
        Orphaned,
        Outdated,
        Unguarded,
    )
    from .operations.upkeep.sweeping import Swept
    from .operations.upkeep.upcasts import Upcasted
    from .planner.plan import Plan
    from .schema.elsewhere import Elsewhere
    from .schema.homes import Placement, Private
    from .schema.schema import Schema
    from .schema.streams import Change, changes_of, take_batch
    from .stores.async_store import AsyncStore
    from .stores.followed import AsyncChanges, Changes
    from .stores.results import AsyncResults, Results
    from .stores.scanned import AsyncScanned, Scanned
    from .stores.store import Store
    from .stores.verified import AsyncVerified, Verified
    from .table import Index, Table, VectorIndex
    from .terms import (
        after,
        all_of,
        any_of,
        before,
        begins_with,
        between,
        contains,
        exists,
        missing,
        not_,
        one_of,
        since,
        size,
        until,
    )
    from .writes import Check, Create, Delete, Put, Update

__all__ = [
    "AccessPattern",
    "AsyncChanges",
    "AsyncResults",
    "AsyncScanned",
    "AsyncStore",
    "AsyncVerified",
    "Change",
    "Changes",
    "Check",
    "Create",
    "Delete",
    "Drifted",
    "Duplicated",
    "Elsewhere",
    "InScope",
    "Index",
    "Malformed",
    "Misplaced",
    "Orphaned",
    "Outdated",
    "Page",
    "Placement",
    "Plan",
    "Private",
    "Put",
    "Ref",
    "Results",
    "Scanned",
    "Schema",
    "ScopeDeleted",
    "ScopeSizes",
    "Slice",
    "Store",
    "Swept",
    "Table",
    "Unguarded",
    "Upcasted",
    "Update",
    "VectorIndex",
    "Verified",
    "add",
    "after",
    "all_of",
    "any_of",
    "append",
    "before",
    "begins_with",
    "between",
    "changes_of",
    "contains",
    "created",
    "discard",
    "entity",
    "exists",
    "field",
    "gsi",
    "if_missing",
    "increment",
    "inside",
    "key",
    "missing",
    "not_",
    "one_of",
    "payload",
    "prepend",
    "ref",
    "since",
    "size",
    "take_batch",
    "unique",
    "unset",
    "until",
    "updated",
    "version",
]

_FOUND_IN = {
    "attrs": ("field",),
    ".stores.async_store": ("AsyncStore",),
    ".changes": (
        "add",
        "append",
        "discard",
        "if_missing",
        "increment",
        "inside",
        "prepend",
        "unset",
    ),
    ".entities.declaring": ("entity",),
    ".stores.followed": ("AsyncChanges", "Changes"),
    ".schema.elsewhere": ("Elsewhere",),
    ".schema.homes": ("Placement", "Private"),
    ".entities.kept_fields": ("created", "updated", "version"),
    ".operations.reading.reader": ("Page", "Slice"),
    ".operations.reading.settling": ("InScope",),
    ".operations.scopes.deleting": ("ScopeDeleted",),
    ".operations.scopes.measuring": ("ScopeSizes",),
    ".operations.upkeep.findings": (
        "Drifted",
        "Duplicated",
        "Malformed",
        "Misplaced",
        "Orphaned",
        "Outdated",
        "Unguarded",
    ),
    ".operations.upkeep.sweeping": ("Swept",),
    ".operations.upkeep.upcasts": ("Upcasted",),
    ".entities.patterns": ("AccessPattern", "gsi", "key"),
    ".entities.payload_fields": ("payload",),
    ".planner.plan": ("Plan",),
    ".stores.results": ("AsyncResults", "Results"),
    ".stores.scanned": ("AsyncScanned", "Scanned"),
    ".schema.schema": ("Schema",),
    ".entities.spec": ("Ref", "ref"),
    ".stores.store": ("Store",),
    ".schema.streams": ("Change", "changes_of", "take_batch"),
    ".table": ("Index", "Table", "VectorIndex"),
    ".terms": (
        "after",
        "all_of",
        "any_of",
        "before",
        "begins_with",
        "between",
        "contains",
        "exists",
        "missing",
        "not_",
        "one_of",
        "since",
        "size",
        "until",
    ),
    ".entities.uniques": ("unique",),
    ".stores.verified": ("AsyncVerified", "Verified"),
    ".writes": ("Check", "Create", "Delete", "Put", "Update"),
}
"""Module -> the public names that are loaded from it, each when it is first used.

An agent that starts for one call pays for what that call needs, and not for the rest.
"""

# Type checkers read the imports above. A `__getattr__` in their sight would allow any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for module, names in _FOUND_IN.items():
            if name in names:
                globals()[name] = value = getattr(import_module(module, __name__), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
