"""Agno's contract: the same calls on our database and on Agno's SqliteDb give the same answers."""

from __future__ import annotations

import inspect
from importlib import import_module
from itertools import count

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from agno.db.base import AsyncBaseDb, BaseDb

from benchmarks.agno import TOPICS as MEASURED
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.db import BLOCKING_CALLS, CALLS

from ..engines import EMBEDDED_PAIRS
from .answers import answered
from .reference import empty_reference

pytestmark = pytest.mark.on(*EMBEDDED_PAIRS)

TOPICS = [
    import_module(f"{__package__}.topics.{name.replace(' ', '_')}").TOPIC for name in MEASURED
]

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
    if not topic.awaited and isinstance(ours.db, AsyncDynastoreDb):
        pytest.skip("Agno's awaited databases have none of these calls")
    reference = empty_reference()  # it answers otherwise before there are any tables
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
    calls = CALLS if contract is AsyncBaseDb else BLOCKING_CALLS
    names = [name for each in calls for name in vars(each) if not name.startswith("_")]
    assert len(names) > 15
    for name in names:
        theirs = getattr(contract, name, getattr(BaseDb, name))  # the awaited one lacks some
        assert _parameters(getattr(db, name)) == _parameters(theirs), name
        assert inspect.iscoroutinefunction(getattr(db, name)) is (contract is AsyncBaseDb)


def test_no_topic_has_a_method_of_another():
    names = [name for each in CALLS for name in vars(each) if not name.startswith("__")]
    assert len(names) == len(set(names))


def _parameters(method):
    found = inspect.signature(method).parameters.values()
    return [(each.name, each.kind, each.default) for each in found]
