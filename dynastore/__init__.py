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

from attrs import field

from .async_store import AsyncStore
from .changes import add, append, discard, if_missing, increment, inside, prepend, unset
from .entity import entity
from .followed import AsyncChanges, Changes
from .homes import Placement, Private
from .kept_fields import created, updated, version
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
from .patterns import AccessPattern, gsi, key
from .payload_fields import payload
from .plan import Plan
from .results import AsyncResults, Results
from .scanned import AsyncScanned, Scanned
from .schema import Schema
from .spec import Ref, ref
from .store import Store
from .streams import Change, changes_of, take_batch
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
from .uniques import unique
from .verified import AsyncVerified, Verified
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
