"""Laws 7 and 12 on every engine: the histories of `tests.properties.histories`, and racing counters."""

from __future__ import annotations

from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynastore import Schema, Update, entity, increment, key, ref
from tests.properties.histories import play
from tests.properties.history import History
from tests.properties.history_entities import SCHEMA
from tests.properties.history_writer import START

from .drivers import at_once
from .engines import PAIRS

WRITERS, INCREMENTS = 50, 200
FEWER = 10  # increments where each takes milliseconds, unless there is time


@entity("counter")
class Counter:
    """Something that many count at the same time."""

    name: str
    count: int = 0

    primary = key("COUNTER#{name}", "~")


# Each example has a table of its own; half of the examples blocking, half of them awaited.
@pytest.mark.on(*PAIRS)
@pytest.mark.scans
@settings(
    max_examples=min(settings.default.max_examples // 5, 500),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_every_moment_of_every_history_is_as_the_model_says(open_store, engine, mode, data):
    name = f"history-{uuid4().hex[:12]}"
    store = open_store(
        Schema(SCHEMA.entities, evolve(SCHEMA.table, name=name)), clock=lambda: START
    )
    store.create_table()
    client = getattr(store, "target", store).client

    answered = {}

    def send(request):
        token = getattr(request, "token", None)
        if engine == "moto" and token in answered:  # moto takes no notice of tokens
            return answered[token]
        answer = client.send(_named(request, name))
        if mode == "awaited":
            answer = store.runner.run(answer)
        if token is not None:
            answered[token] = answer
        return answer

    play(History(send, name), data, steps=15)


def _named(request, name):
    """A request of the shared schema, on the table of this example."""
    if hasattr(request, "actions"):
        return evolve(request, actions=[evolve(each, table=name) for each in request.actions])
    return evolve(request, table=name)


def counted(store, call, times):
    """What a counter says after many have counted, each many times."""
    store.put(Counter(name="c"))
    if hasattr(store, "runner"):

        async def count(own, number):
            for _ in range(times):
                await call(own)
    else:

        def count(own, number):
            for _ in range(times):
                call(own)

    outcomes = at_once(store, count, WRITERS)
    assert [each for each in outcomes if each is not None] == []
    return store.get(Counter, name="c").count


C = ref(Counter, name="c")


@pytest.mark.on(*PAIRS)
@pytest.mark.parametrize("together", [False, True], ids=["alone", "in transactions"])
def test_racing_increments_all_count(open_store, engine, mode, together):
    if engine == "moto":
        pytest.skip("moto checks and writes in two steps: threads lose each other's writes")
    if engine == "sqlite-lagging":
        pytest.skip("writes are those of sqlite-memory")
    store = open_store(Schema([Counter]))
    update = Update(C, count=increment(1))

    def call(own):
        return own.transact(update) if together else own.update(C, count=increment(1))

    has_time = engine == "sqlite-memory" or settings.default.max_examples > 100
    times = INCREMENTS if has_time else FEWER
    assert counted(store, call, times) == WRITERS * times
