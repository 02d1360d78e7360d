"""What does not move, and why. Where there is any, that is said."""

from __future__ import annotations

from attrs import frozen

BY_KEY = "Agno has no method that lists all of them; move them by their keys"
ONLY_SQL = "Agno keeps this in SQL only; let its service keep the old database for it"
NO_TABLES = "they are those of the old tables; here there is nothing to migrate"


@frozen
class Left:
    """Rows that stay in the old database.

    Attributes:
        name: what they are.
        tables: the attributes of the old database that have the names of their tables.
        method: what reads them; a class that has not got it has none of them.
        why: why they stay, and what to do.
    """

    name: str
    tables: tuple[str, ...]
    method: str
    why: str


COMPANY = ("products", "sources", "projects", "tasks")
OAUTH = ("clients", "transactions", "codes", "refresh_tokens", "keys")
AUTHZ = ("policy", "grouping", "roles", "users", "audit", "decisions")

LEFT = (
    Left("auth tokens", ("auth_tokens_table_name",), "get_auth_token", BY_KEY),
    Left("transcripts", ("transcripts_table_name",), "get_transcript_entries", BY_KEY),
    Left(
        "products, sources, projects and tasks",
        tuple(f"{each}_table_name" for each in COMPANY),
        "get_products",
        ONLY_SQL,
    ),
    Left(
        "clients, codes, tokens and keys of MCP's OAuth",
        tuple(f"mcp_oauth_{each}_table_name" for each in OAUTH),
        "get_mcp_oauth_client",
        ONLY_SQL,
    ),
    Left(
        "roles, users and the audit of the service",
        tuple(f"authz_{each}_table_name" for each in AUTHZ),
        "list_authz_roles",
        ONLY_SQL,
    ),
    Left("schema versions", ("versions_table_name",), "get_latest_schema_version", NO_TABLES),
)
