"""Laws of the simulated partitions that the benchmark of key designs stands on."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale import ceilings, partitions
from benchmarks.scale.drawing import Design, Drawing, constant_patterns, rank, share
from benchmarks.scale.partitions import (
    MINUTE,
    WRITE_LIMIT,
    Call,
    Simulated,
    Touch,
    load,
    place,
)
from dynastore.agents import Session, agent_schema

from .trying import tries

CALLS = 200  # of a minute, of one write unit each
UNSHARDED, SHARDED = Design("one"), Design("shards", shards=8)

rates = st.integers(10, 20_000)  # writes a second


def writes(places: list[tuple[int, str]]) -> list[Call]:
    """A call for each place."""
    return [Call("write", (Touch(0, each, load(1, 0)),)) for each in places]


def growing(minute: int, key: str = "SPANS") -> list[tuple[int, str]]:
    """Places of one partition key whose sort keys grow with time."""
    return [place(key, f"{minute:03}{number:05}") for number in range(CALLS)]


@given(rates, st.integers(1, 40))
def test_a_key_whose_sort_keys_grow_never_takes_more_than_one_partition_does(rate, minutes):
    simulated = Simulated({0: 4})
    weight = rate * MINUTE / CALLS
    for minute in range(minutes):
        done = simulated.minute(writes(growing(minute)), weight).done["write"]
        assert done <= WRITE_LIMIT * MINUTE + 1e-6


@given(rates, st.integers(0, 2**32))
def test_a_single_item_never_takes_more_than_one_partition_does(rate, seed):
    simulated = Simulated({0: 4})
    calls = writes([place("USER#ann", f"{seed}")] * CALLS)
    outcome = simulated.run([calls] * 10, rate * MINUTE / CALLS)
    assert outcome.done["write"] <= WRITE_LIMIT * MINUTE + 1e-6


def test_a_growing_key_is_parted_from_its_neighbours():
    def minute(number):
        busy = [Call("busy", each.touches) for each in writes(growing(number, "SPANS"))]
        calm = [Call("calm", each.touches) for each in writes(growing(number, "MEMORIES")[::10])]
        mixed = [*busy, *calm]
        return sorted(mixed, key=lambda call: call.touches[0].place[1])  # as time goes by

    outcome = Simulated({0: 1}).run([minute(each) for each in range(30)], 5_000 * MINUTE / CALLS)
    assert outcome.throttled("calm") == 0
    assert outcome.done["busy"] == pytest.approx(WRITE_LIMIT * MINUTE, rel=0.05)


@given(st.integers(2, 8))
def test_shards_multiply_what_a_key_takes(shards):
    per_shard = CALLS // shards
    minutes = [
        [
            each
            for call in range(per_shard)
            for each in writes(
                [place(f"SPANS#{shard}", f"{minute:03}{call:05}") for shard in range(shards)]
            )
        ]
        for minute in range(60)
    ]
    weight = 3 * shards * WRITE_LIMIT * MINUTE / (per_shard * shards)  # three times what fits
    done = Simulated({0: 1}).run(minutes, weight).done["write"]
    assert done == pytest.approx(shards * WRITE_LIMIT * MINUTE, rel=0.1)


def test_a_key_whose_sort_keys_are_ids_is_split_until_it_fits():
    draw = Random(1)
    minutes = [
        writes([place("U#ann", f"{draw.getrandbits(64):016x}") for _ in range(CALLS)])
        for _ in range(30)
    ]
    outcome = Simulated({0: 1}).run(minutes, 5_000 * MINUTE / CALLS)
    assert outcome.throttled() == 0
    assert outcome.partitions[0] > 4


def test_an_item_that_is_hot_ends_alone_and_its_neighbours_are_served():
    cold = [place("U#ann", f"m{number:03}") for number in range(CALLS // 2)]
    hot = place("U#ann", "m050x")
    mixed = [each for pair in zip(cold, [hot] * len(cold), strict=True) for each in pair]
    calls = [
        Call("hot" if each == hot else "cold", (Touch(0, each, load(1, 0)),)) for each in mixed
    ]
    Random(1).shuffle(calls)
    outcome = Simulated({0: 1}).run([calls] * 30, 1_800 * 2 * MINUTE / CALLS)
    assert outcome.throttled("cold") == 0
    assert outcome.done["hot"] == pytest.approx(WRITE_LIMIT * MINUTE, rel=0.05)


@tries(30)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("ABC"), st.text("abc", max_size=2), st.booleans()),
            min_size=1,
            max_size=60,
        ),
        min_size=1,
        max_size=12,
    ),
    st.floats(1, 10_000),
)
def test_no_call_is_lost_and_no_partition_is_busy_for_longer_than_a_minute(minutes, weight):
    simulated = Simulated({0: 2, 1: 3})
    for drawn in minutes:
        calls = [
            Call(key, tuple(Touch(n, None if even else place(key, sort), 0.01) for n in (0, 1)))
            for key, sort, even in drawn
        ]
        outcome = simulated.minute(calls, weight)
        assert sum(outcome.offered.values()) == pytest.approx(len(calls) * weight)
        for kind, offered in outcome.offered.items():
            assert 0 <= outcome.done[kind] <= offered
        for number, count in outcome.partitions.items():
            done = sum(outcome.done.values()) * 0.01
            assert done <= MINUTE * count + 1e-6, f"index {number} did more than it can"


def test_the_same_seed_draws_the_same_calls():
    assert Drawing.of(UNSHARDED, 7).minutes(1, 20) == Drawing.of(UNSHARDED, 7).minutes(1, 20)
    assert Drawing.of(UNSHARDED, 7).minutes(1, 20) != Drawing.of(UNSHARDED, 8).minutes(1, 20)


def test_keys_are_those_that_the_schema_makes():
    minutes = Drawing.of(UNSHARDED, 7).minutes(1, 100)
    met = {each.place[0] for call in minutes[0] for each in call.touches if each.place}
    assert place("SESSIONS", "")[0] in met
    sharded = Drawing.of(SHARDED, 7).minutes(3, 200)
    met = {
        each.place[0]
        for minute in sharded
        for call in minute
        for each in call.touches
        if each.place
    }
    assert place("SESSIONS", "")[0] not in met
    assert {place(f"SPANS#{shard}", "")[0] for shard in range(8)} <= met


def test_what_a_turn_writes_under_constant_keys_is_in_the_ceilings():
    calls = Drawing.of(UNSHARDED, 7).minutes(1, 400)[0]
    for ceiling in ceilings():
        key = place(ceiling.key, "")[0]
        seconds = sum(
            each.load * call.times
            for call in calls
            for each in call.touches
            if each.place is not None and each.place[0] == key
        )
        assert seconds * WRITE_LIMIT / 400 == pytest.approx(ceiling.a_turn, rel=0.05)


def test_ranks_are_met_as_often_as_their_share_says():
    draw = Random(3)
    met = [rank(draw, 10**6) for _ in range(20_000)]
    assert met.count(1) / len(met) == pytest.approx(share(1, 10**6), rel=0.1)
    assert max(met) <= 10**6


def test_a_larger_table_has_more_partitions():
    assert partitions(0) == 4
    assert partitions(25_000) == 2_500


def test_directories_are_found_in_the_schema():
    keys = {(name, pattern.hash.text) for name, pattern in constant_patterns(agent_schema())}
    assert (Session.__name__, "SESSIONS") in keys
