"""What agents on LangGraph cost: no more than docs/explanation/langgraph-cost.md says."""

import random

import boto3
import pytest
from moto import mock_aws

pytest.importorskip("langgraph.graph", reason="needs the extra dynastore[test]")

from benchmarks.langgraph.chat import DocumentState, chat, made_turns
from benchmarks.langgraph.figures import BARS, figures, is_met
from benchmarks.langgraph.measuring import CONFIG, course
from benchmarks.langgraph.meters import ours
from benchmarks.langgraph.peer import REGION, Theirs
from benchmarks.payloads import VARIABLE
from dynastore import Store
from dynastore.agents.checkpoints.entities import CheckpointValue
from dynastore.integrations.langgraph import DynastoreSaver

pytestmark = pytest.mark.scans  # what is stored is counted


@pytest.fixture(scope="module", autouse=True)
def own_sample():
    """The text is that of our sample, whatever conversations there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        yield


@pytest.fixture(scope="module")
def measured(own_sample):
    return figures(ours)


@pytest.mark.parametrize("figure", BARS, ids=lambda figure: f"{figure.of}: {figure.unit}")
def test_no_figure_is_above_its_bar(measured, figure):
    assert is_met(figure, measured[figure]), f"{measured[figure]} is above {BARS[figure]}"


def test_the_last_of_120_turns_costs_what_the_first_cost():
    found = course(ours, made_turns(120))
    assert {each.requests for each in found.turns[1:]} == {9}
    assert found.mean().write_units <= 16
    assert found.growth <= 1.1


def test_sqlite_counts_as_the_meter_of_the_peer_does_on_moto():
    turns = made_turns(4)
    with mock_aws():
        client, reader = (boto3.client("dynamodb", region_name=REGION) for _ in range(2))
        store = Store.connect("checkpoints", client=client, create=True)
        meter = Theirs(DynastoreSaver(store), reader)
        graph = chat(turns).compile(checkpointer=meter.saver)
        taken = []
        for number, turn in enumerate(turns):
            if number == 1:  # the first one begins the thread: a transaction, which no peer makes
                client.meta.events.register("provide-client-params.*", meter.add)
            before = meter.taken
            graph.invoke({"messages": [turn.asked]}, CONFIG)
            taken.append(meter.taken - before)
    assert taken[1:] == list(course(ours, turns).turns)[1:]


def test_a_write_of_an_older_checkpoint_is_not_read():
    """Neither for its cost, nor because it may be gone."""
    turns = made_turns(2)
    document = random.Random(0).randbytes(500_000)
    with ours() as opened:
        graph = chat(turns, DocumentState).compile(checkpointer=opened.saver)
        graph.invoke({"messages": [turns[0].asked], "document": document}, CONFIG)
        state = graph.get_state(CONFIG)
        values = list(opened.store.query(CheckpointValue, thread_id="t1"))
        large = [each for each in values if each.name.count("#") == 2]
        assert large, "no write is stored by itself"
        opened.store.delete_many(large)
        assert graph.get_state(CONFIG) == state
