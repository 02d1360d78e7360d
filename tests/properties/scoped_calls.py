"""All that a scoped store and both frameworks' adapters do, with a schema that has every kind of key."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from typing import Any

from agno.session import AgentSession
from langgraph.checkpoint.base import empty_checkpoint

from dynastore import (
    Check,
    Create,
    Delete,
    Put,
    Schema,
    Store,
    Table,
    Update,
    add,
    entity,
    field,
    gsi,
    increment,
    key,
    payload,
    ref,
    since,
    unique,
)
from dynastore.errors import RequestError
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.langgraph import DynastoreSaver, DynastoreStore
from dynastore.table import Index

BUCKET = "agent-payloads"
MONDAY = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)


@entity("letter", lifetime=dt.timedelta(days=9), expires="expires_at")
class Letter:
    user_id: str
    letter_id: str
    address: str = ""
    sent_at: dt.datetime = MONDAY
    reads: int = 0
    labels: set[str] = field(factory=set)
    body: bytes = payload(default=b"")
    expires_at: dt.datetime | None = None

    primary = key("USER#{user_id}", "LETTER#{letter_id}")
    by_address = gsi(1, "TO#{address}", "{sent_at}", include=("address", "expires_at"))
    of_day = gsi(2, "LETTERS#{sent_at:day}", "{sent_at}", across_scopes=True)
    one_address = unique("address")


PLAIN = Schema([Letter], Table("letters", (Index(1, fields=("address", "expires_at")), Index(2))))
SCHEMA = Schema(
    [Letter],
    Table("letters", (Index(1, fields=("address", "expires_at")), Index(2)), bucket=BUCKET),
)


def everything(store: Store) -> list[Any]:
    """Calls of all methods that a role of one scope may use, and what they answer."""
    mine = {"user_id": "ann", "letter_id": "1"}
    large = Letter(
        user_id="ann", letter_id="2", address="y", body=random.Random(1).randbytes(450_000)
    )
    store.put(Letter(**mine, address="x", body=b"b" * 5))
    with suppress(RequestError):  # a name so long that nothing fits a key behind it
        store.put(large)
    store.create(Letter(user_id="ann", letter_id="3", address="z"))
    letter = store.get(Letter, **mine)
    found = store.get(Letter, user_id="ann", letter_id="2")
    assert found is None or found.body == large.body
    answers = [
        store.get_unique(Letter, address="x"),
        store.get_many([ref(Letter, **mine), ref(Letter, user_id="bob", letter_id="9")]),
        list(store.query(Letter, user_id="ann")),
        list(store.query(Letter, address="x", sent_at=since(MONDAY))),
        list(store.collection(Letter, user_id="ann")),
        store.update(letter, reads=increment(1), labels=add("new")),
        store.update(ref(Letter, **mine), address="w"),
        store.touch(ref(Letter, **mine)),
        store.upsert(ref(Letter, user_id="ann", letter_id="4"), address="v"),
        store.move(ref(Letter, **mine), letter_id="5"),
    ]
    more = [Letter(user_id="bob", letter_id=str(each), address=f"b{each}") for each in range(3)]
    store.put_many(more)
    answers.append(store.transact_get(ref(Letter, user_id="bob", letter_id="1")))
    answers += store.transact(
        Create(Letter(user_id="eve", letter_id="1", address="e")),
        Update(ref(Letter, user_id="bob", letter_id="1"), reads=increment(1)),
        Delete(ref(Letter, user_id="bob", letter_id="2")),
        Check(ref(Letter, user_id="ann", letter_id="3"), reads=0),
        Put(Letter(user_id="eve", letter_id="2", address="f")),
    )
    store.delete_many([ref(Letter, user_id="ann", letter_id="2")])
    answers += [
        store.delete(ref(Letter, user_id="bob", letter_id="1")),
        list(store.query(Letter, user_id="bob")),
        list(store.scopes()),
        list(store.across_scopes().query(Letter, sent_at=MONDAY)),
    ]
    return answers


def work_of_frameworks(store: Store) -> None:
    """Calls of LangGraph's checkpointer and store, and of Agno's database."""
    saver, documents, db = DynastoreSaver(store), DynastoreStore(store), DynastoreDb(store)
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    checkpoint = empty_checkpoint() | {
        "channel_values": {"log": [random.Random(1).randbytes(300_000)]},
        "channel_versions": {"log": "1"},
    }
    config = saver.put(config, checkpoint, {"source": "loop", "step": 1}, {"log": "1"})  # type: ignore[arg-type]
    saver.put_writes(config, [("log", "x")], "task")
    saver.get_tuple(config)
    list(saver.list(config))
    saver.threads()
    saver.copy_thread("t", "copy")
    saver.prune(["t"])
    saver.delete_thread("copy")
    documents.put(("users", "ann"), "k", {"likes": "tea"})
    documents.search(("users",), query=None, filter={"likes": "tea"})
    documents.list_namespaces()
    documents.delete(("users", "ann"), "k")
    db.upsert_session(AgentSession(session_id="s", user_id="ann", agent_id="a"))
    db.upsert_run({"run_id": "r", "agent_id": "a", "content": "hi"}, "s", "ann", 0)
    db.get_sessions(user_id="ann", limit=2, page=1)
    db.get_run("r")
    db.calculate_metrics()
    db.delete_sessions(["s"], user_id="ann")
