"""Lists of everything that are spread over several partitions, as `Table.directory_shards` has them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from dynastore import Store, Table
from dynastore.agents import agent_schema
from dynastore.errors import ModelError
from dynastore.integrations.agno import DynastoreDb
from dynastore.requests import Scan
from dynastore.testing import memory_store, recorded

from .answers import answered
from .made import run, session
from .reference import empty_reference
from .test_contract import TOPICS

SHARDS = 3


@pytest.mark.parametrize("topic", TOPICS, ids=lambda each: each.name)
@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_answers_are_the_same(topic, data):
    reference = empty_reference()  # what is drawn may lead two answers apart only where it does
    one, spread = (
        DynastoreDb(memory_store(agent_schema(directory_shards=each))) for each in (1, SHARDS)
    )
    try:
        begun = data.draw(topic.begun)
        for call in begun + data.draw(st.lists(topic.calls, min_size=1, max_size=12)):
            if topic.differs(call, reference):
                continue
            answered(reference, call)
            expected = topic.comparable(call, answered(one, call))
            assert topic.comparable(call, answered(spread, call)) == expected, call
    finally:
        reference.close()


@pytest.mark.scans
def test_a_directory_is_in_several_partitions_and_each_write_takes_what_it_took():
    units = []
    for shards in (1, SHARDS):
        store = memory_store(agent_schema(directory_shards=shards))
        db = DynastoreDb(store)
        with recorded(store) as sent:
            for number in range(20):
                db.upsert_session(session(number))
                db.upsert_run(run(of=f"agent-{number}"), f"agent-{number}", "ann", 0)
        units.append([each.units for each in sent])
        partitions = {item["GSI3H"]["S"] for item in store.run(_items(store)) if "GSI3H" in item}
        assert len(partitions & {f"SESSIONS#{each}" for each in range(SHARDS)}) == (shards > 1) * 3
        assert ("SESSIONS" in partitions) is (shards == 1)
        assert len(db.get_sessions(limit=20, include_runs=False)) == 20
    assert units[0] == units[1]


def _items(store):
    return (yield from Scan(store.schema.table.name)).items


@pytest.mark.scans
def test_reindex_spreads_what_is_there(tmp_path):
    url = f"sqlite:///{tmp_path / 'agents.db'}"
    with Store.connect(url, agent_schema()) as store:
        DynastoreDb(store).upsert_sessions([session(number) for number in range(20)])
    with Store.connect(url, agent_schema(directory_shards=SHARDS)) as store:
        assert {type(each).__name__ for each in store.verify()} == {"Drifted"}
        assert len(list(store.reindex())) == 20
        assert list(store.verify()) == []
        assert len(DynastoreDb(store).get_sessions()) == 20


@pytest.mark.parametrize("shards", [0, 101, True, 2.0])
def test_a_number_that_is_none_is_refused(shards):
    with pytest.raises(ModelError, match="directory_shards are 1 to 100"):
        Table("agents", directory_shards=shards)
