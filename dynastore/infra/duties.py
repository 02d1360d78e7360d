"""Which role does what: each method of a store and each command that sends something, by who may do it.

A writer may do all that a reader may, and an admin all that a writer may; a deployer has no items to read.
"""

from __future__ import annotations

from collections.abc import Mapping

METHODS: Mapping[str, tuple[str, ...]] = {
    "reader": (
        *("collection", "get", "get_many", "get_unique", "query", "scopes", "transact_get"),
    ),
    "writer": (
        *("create", "delete", "delete_many", "move", "put", "put_many", "touch", "transact"),
        *("update", "upsert"),
    ),
    "admin": (
        *("changes", "create_table", "delete_scope", "move_scope", "reindex", "scan"),
        *("scope_figures", "sweep", "upcast", "verify"),
    ),
}
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "reader": ("archived list", "browse", "scope list", "threads check", "threads list"),
    "writer": ("archive", "archived restore", "threads repair"),
    "admin": (
        *("backup create", "backup delete", "backup list", "backup pitr", "backup restore"),
        *("demo", "export", "import", "migrate agno", "migrate langgraph", "reindex"),
        *("scope delete", "scope move", "scope stats", "sweep", "upcast", "verify"),
    ),
    "deployer": ("apply", "destroy", "doctor", "plan"),
}
