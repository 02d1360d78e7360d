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

from .entity import Ref, entity, payload, ref, version
from .operations.reads import Page
from .patterns import AccessPattern, gsi, key
from .plan import Plan
from .results import AsyncResults, Results
from .schema import Schema
from .store import AsyncStore, Store
from .table import Index, Table
from .terms import (
    after,
    append,
    before,
    begins_with,
    between,
    increment,
    since,
    unset,
    until,
)

__all__ = [
    "AccessPattern",
    "AsyncResults",
    "AsyncStore",
    "Index",
    "Page",
    "Plan",
    "Ref",
    "Results",
    "Schema",
    "Store",
    "Table",
    "after",
    "append",
    "before",
    "begins_with",
    "between",
    "entity",
    "field",
    "gsi",
    "increment",
    "key",
    "payload",
    "ref",
    "since",
    "unset",
    "until",
    "version",
]
