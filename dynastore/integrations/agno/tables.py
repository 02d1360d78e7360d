"""Tables and their versions, as Agno sees them: names of what is all in one table."""

from __future__ import annotations

from ...agents.versions import SchemaVersion
from ...operations.reading.reads import get
from ...operations.tables import table_exists
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...writes import Put
from .calls import Calls

# Of what is stored here, in Agno's counting: runs by themselves. There is nothing to migrate.
VERSION = "3.0.0"


class TableCalls(Calls):
    """Tables and their versions."""

    def table_exists(self, table_name: str) -> Steps[bool]:  # noqa: ARG002 (the contract's)
        """Whether the one table is there, which keeps what Agno would have in many."""
        return (yield from table_exists(self.schema))

    def get_latest_schema_version(self, table_name: str) -> Steps[str]:
        """The version of a table: the one that was saved last, or that of what is stored here."""
        found = yield from get(self.schema, SchemaVersion, {"name": table_name}, consistent=True)
        return VERSION if found is None else found.version

    def upsert_schema_version(self, table_name: str, version: str) -> Steps[None]:
        """Save the version of a table."""
        now = yield from Now()
        yield from write(
            self.schema, Put(SchemaVersion(name=table_name, version=version, updated_at=now))
        )
