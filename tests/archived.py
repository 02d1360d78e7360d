"""What archiving means for threads, and for sessions: the same laws hold for both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dynastore import Store
from dynastore.agents import Run, SessionArchive
from dynastore.agents.checkpoints.archives import archive_of
from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.agents.checkpoints.entities import Checkpoint, CheckpointValue, TaskWrites
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.agents.checkpoints.returning import bring_back
from dynastore.agents.checkpoints.stored import read_refs
from dynastore.agents.checkpoints.stubs import is_stub_ref
from dynastore.agents.conversations.archiving import archive_sessions, restore_session
from dynastore.agents.conversations.belongings import belongings
from dynastore.integrations.langgraph import DynastoreSaver
from tests import cold
from tests.cold import COLD, LARGE, Moment, bucket_schema
from tests.dying import DyingClient


@pytest.fixture(name="client")
def a_client():
    return DyingClient()


@pytest.fixture(name="clock")
def a_clock():
    return Moment()


@pytest.fixture(name="store")
def a_store(client, clock) -> Iterator[Store]:
    with client.store(bucket_schema(), clock=clock) as store:
        yield store


class Threads:
    """A thread of eight checkpoints, with a graph inside it, large values, and what tasks wrote."""

    archiving_requests, returning_requests = 9, 6  # at least

    def made(self, store):
        cold.conversation(store)

    def seen(self, store):
        return cold.seen(store)

    def newest(self, store):
        """What a read of little gives."""
        return DynastoreSaver(store).get_tuple(cold.config()).pending_writes

    def archive(self, store):
        return store.run(archive_threads(store.schema, COLD))

    def restore(self, store):
        return store.run(bring_back(store.schema, "t"))

    def state(self, store, thread="t"):
        found = store.run(archive_of(store.schema, thread))
        return None if found is None else found.state

    def listed(self, store):
        return [each.thread_id for each in DynastoreSaver(store).threads()]

    def here(self, store, thread="t"):
        """What is in the table of a thread, without stubs."""
        found = set()
        for cls in (Checkpoint, CheckpointValue, TaskWrites):
            refs = store.run(read_refs(store.schema, cls, {"thread_id": thread}, Keeping()))
            found |= {each for each in refs if cls is not Checkpoint or not is_stub_ref(each)}
        return found


class Sessions:
    """A session whose runs repeat a system message; one of them is large."""

    archiving_requests, returning_requests = 6, 6  # at least
    runs = 7

    def __init__(self):
        pytest.importorskip("agno", reason="needs the extra dynastore[agno]")

    def db(self, store):
        from dynastore.integrations.agno import DynastoreDb

        return DynastoreDb(store)

    def made(self, store, *, large=True):
        from tests.conformance.agno.made import run, session

        db = self.db(store)
        db.upsert_session(session())
        for count in range(self.runs):
            said = LARGE if large and count == 3 else f"said {count}"
            db.upsert_run(run(count, said=said), "agent-0", "ann", count)
        return db

    def seen(self, store):
        """All of the session that can be read, by a process that begins."""
        found = self.db(store).get_session("agent-0", deserialize=False)
        return found and {name: each for name, each in found.items() if name != "updated_at"}

    def newest(self, store):
        """What a read of little gives."""
        return self.db(store).get_run("agent-0-run-6", deserialize=False)

    def archive(self, store):
        return store.run(archive_sessions(store.schema, COLD))

    def restore(self, store):
        return store.run(restore_session(store.schema, "agent-0"))

    def archives(self, store):
        found = []
        for state in ("leaving", "archived", "returning", "back"):
            found += store.query(SessionArchive, state=state)
        return found

    def state(self, store):
        found = self.archives(store)
        return found[0].state if found else None

    def listed(self, store):
        return [each.session_id for each in self.db(store).get_sessions(include_runs=False)]

    def here(self, store):
        """The runs and passages whose texts are in the table."""
        found = store.run(belongings(store.schema, "agent-0"))
        return {
            each.run_id if isinstance(each, Run) else each.digest
            for each in found
            if each.archived is None
        }
