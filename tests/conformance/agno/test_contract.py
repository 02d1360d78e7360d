"""Agno's contract: the same calls on our database and on Agno's SqliteDb give the same answers."""

from __future__ import annotations

import inspect
from itertools import count

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from agno.db.base import AsyncBaseDb, BaseDb
from agno.db.sqlite import SqliteDb

from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.db import CALLS

from .answers import answered
from .topics import learnings, sessions, traces

TOPICS = [sessions.TOPIC, traces.TOPIC, learnings.TOPIC]

SCOPES = count()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda each: each.name)
@settings(
    max_examples=settings.default.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_answers_are_those_of_agnos_sqlite(open_db, topic, data):
    ours = open_db(scope=f"example {next(SCOPES)}")
    reference = SqliteDb(db_url="sqlite:///:memory:")
    reference._create_all_tables()  # it answers otherwise before there are any
    try:
        begun = data.draw(topic.begun)
        asked = data.draw(st.lists(topic.calls, min_size=1, max_size=12))
        for call in begun + asked:
            if topic.differs(call, reference):
                event(f"{call.name} may differ")
                continue
            event(call.name)
            expected = topic.comparable(call, answered(reference, call))
            assert topic.comparable(call, answered(ours, call)) == expected, call
    finally:
        reference.close()


@pytest.mark.parametrize(
    ("db", "contract"), [(DynastoreDb, BaseDb), (AsyncDynastoreDb, AsyncBaseDb)]
)
def test_methods_take_what_the_contract_says(db, contract):
    names = [name for each in CALLS for name in vars(each) if not name.startswith("_")]
    assert len(names) > 15
    for name in names:
        theirs = getattr(contract, name, getattr(BaseDb, name))  # the awaited one lacks some
        assert _parameters(getattr(db, name)) == _parameters(theirs), name
        assert inspect.iscoroutinefunction(getattr(db, name)) is (contract is AsyncBaseDb)


def _parameters(method):
    found = inspect.signature(method).parameters.values()
    return [(each.name, each.kind, each.default) for each in found]
