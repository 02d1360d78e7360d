"""What payloads of real conversations cost, against the same values stored natively."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.payloads import VARIABLE, units
from dynastore.values import payload_forms

REAL = Path(__file__).parents[3] / "shared" / "data" / "tau_bench_airline.jsonl"
FILE = Path(os.environ.get(VARIABLE, REAL))


@pytest.mark.skipif(not FILE.is_file(), reason=f"{VARIABLE} names no file of conversations")
@pytest.mark.parametrize("method", ["zstd", "zlib"])
@pytest.mark.parametrize(("size", "most"), [(6_000, 0.50), (200_000, 0.25)])
def test_payloads_of_real_conversations_cost_a_part_of_their_native_units(
    size, most, method, monkeypatch
):
    monkeypatch.setenv(VARIABLE, str(FILE))
    if method == "zlib":
        monkeypatch.setattr(payload_forms, "zstandard", None)
    assert units(size).ratio <= most


def test_the_sample_of_the_demo_costs_less_too(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert units(1_500).ratio <= 0.75
