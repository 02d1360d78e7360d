"""A day of agents is carried out on a server here and on engines that store, and keeps to its limits."""

import asyncio

import pytest

from benchmarks.workload.budget import MOST_UNITS, WRITE_DOLLARS, Budget
from benchmarks.workload.day import Agent
from benchmarks.workload.players import kinds
from benchmarks.workload.runs import AWAITED, BLOCKING, Target, day_on, here, stretch
from benchmarks.workload.script import Script, written
from benchmarks.workload.soaking import GROWTH, WINDOWS, Grown, grown, soak
from dynastore import Store
from tests.conformance.engines import moto_server

SECONDS = 0.2
KINDS = {
    "list sessions",
    "save session",
    "load session",
    "read memories",
    "read checkpoint",
    "put checkpoint",
    "save run",
    "save memory",
}


@pytest.fixture(scope="module")
def target():
    with here(0) as target:
        yield target


def conversations(store, budget, count):
    """Some conversations one after the other; the names of what was done."""
    agent = Agent(store.schema)
    names = []
    with store.observed(budget):
        for _, (number, had) in zip(range(count), agent.conversations, strict=False):
            for name, steps in agent.operations(number, had):
                if not budget.begin():
                    return names
                store.run(steps)
                budget.end()
                names.append(name)
    return names


@pytest.mark.parametrize("mode", [BLOCKING, AWAITED])
@pytest.mark.parametrize("count", [1, 8])
def test_a_stretch_is_measured_on_the_server_here(mode, count, target):
    found = stretch(target, Budget(), mode, count, SECONDS)
    assert found.operations > count
    assert found.requests >= found.operations
    assert 0 < found.percentile(50) <= found.percentile(99)
    assert found.cpu is not None


def test_a_server_that_waits_makes_operations_wait():
    with here(30) as target:
        found = stretch(target, Budget(), BLOCKING, 1, SECONDS)
    assert found.percentile(1) >= 0.03


def test_a_day_can_be_had_again_where_it_is_stored():
    with Store.connect("sqlite://").scope("benchmark") as store:
        assert {*conversations(store, Budget(), 2)} == KINDS
        assert {*conversations(store, Budget(), 2)} == KINDS  # by another process, so to say


def test_an_operation_takes_no_more_than_is_reserved_for_it():
    with Store.connect("sqlite://").scope("benchmark") as store:
        budget, agent = Budget(), Agent(store.schema)
        with store.observed(budget):
            for number, had in [
                each for _, each in zip(range(5), agent.conversations, strict=False)
            ]:
                for _, steps in agent.operations(number, had):
                    before = budget.spent
                    store.run(steps)
                    assert budget.spent - before <= MOST_UNITS * WRITE_DOLLARS / 1e6


def test_a_spend_limit_is_not_passed():
    dollars = 0.0004
    with Store.connect("sqlite://").scope("benchmark") as store:
        whole, limited = Budget(), Budget(dollars)
        done = conversations(store, whole, 30)
        some = conversations(store, limited, 30)
    assert whole.spent > dollars
    assert 0 < limited.spent <= dollars
    assert 0 < len(some) < len(done)


def test_what_is_in_flight_is_reserved():
    budget = Budget(3.5 * MOST_UNITS * WRITE_DOLLARS / 1e6)
    assert [budget.begin() for _ in range(5)] == [True, True, True, False, False]
    budget.end()
    assert budget.begin()


def test_the_day_runs_on_a_table_that_is_made_for_it(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "benchmark")
    with moto_server() as url:
        target = Target("agents-benchmark", "eu-west-1", url)
        budget = Budget()
        found = stretch(target, budget, AWAITED, 2, 1.0)
        assert found.operations > 2
        assert found.cpu is None
        assert found.dollars > 0


def test_a_stretch_with_fewer_in_flight_than_it_says_is_left_out(target):
    three = 3.5 * MOST_UNITS * WRITE_DOLLARS / 1e6
    found = day_on(target, Budget(three), SECONDS, in_flight=(1, 8))
    assert {count for _, count, _ in found} <= {1}


def test_growth_is_that_after_warming_up():
    steady = [50, 80, 95, 100, *[100] * (WINDOWS - 4)]
    assert grown(steady) == 0
    leaking = [100 + 4 * window for window in range(WINDOWS)]
    assert grown(leaking) > GROWTH


def test_a_soak_fails_where_something_is_kept_of_each_request(target, monkeypatch):
    kept = []
    original = Budget.begin

    def leaking(self):
        kept.append([object() for _ in range(2_000)])
        return original(self)

    monkeypatch.setattr(Budget, "begin", leaking)
    with pytest.raises(Grown, match="blocking"):
        soak(target, Budget(), 0.12)


def test_tasks_and_threads_take_each_conversation_once():
    async def taken(agent):
        async def take():
            return [each for _, (each, _) in zip(range(20), agent.conversations, strict=False)]

        return [each for some in await asyncio.gather(take(), take()) for each in some]

    with Store.connect("sqlite://") as store:
        agent = Agent(store.schema)
    numbers = asyncio.run(taken(agent))
    assert len({*numbers}) == len(numbers) == 40


def test_others_play_the_same_day(target):
    asked = written(target.table, target.settings)
    operations = {request.operation for conversation in asked for _, request in conversation}
    assert {name for conversation in asked for name, _ in conversation} == KINDS
    assert operations == {"PutItem", "Query", "UpdateItem"}
    blocking = [kind for kind in kinds() if not kind.is_awaited]
    assert {kind.name for kind in blocking} == {"boto3", "PynamoDB"}
    for kind in blocking:
        player = kind.opened(target.table, target.endpoint_url, 1, asked)
        for _, request in asked[0]:
            found = player.play(player.prepared(request))
            assert kind.name == "boto3" or request.operation != "Query" or found
        player.close()


def test_a_script_is_had_again_and_again(target):
    asked = written(target.table, target.settings)[:2]
    script = Script(asked, lambda request: request.operation)
    had = [each for _, (_, each) in zip(range(5), script.conversations, strict=False)]
    assert had[0] == had[2] == had[4]
    assert [*script.operations(0, had[1])] == [(name, each.operation) for name, each in asked[1]]
