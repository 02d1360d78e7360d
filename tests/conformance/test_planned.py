"""Law 4 on every engine: the same generated questions, answered as brute force answers them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynastore import Schema
from tests.properties.answering import check
from tests.properties.generating import FAMILIES, NOW, questions

from .engines import PAIRS


# Each example has a table of its own, because each has a schema of its own.
@pytest.mark.on(*PAIRS)
@settings(
    max_examples=min(settings.default.max_examples // 2, 500),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(FAMILIES).flatmap(questions))
def test_a_plan_finds_what_filtering_everything_finds(open_store, settled, question):
    table = evolve(question.schema.table, name=f"planned-{uuid4().hex[:12]}")
    store = open_store(Schema(question.schema.entities, table), clock=lambda: NOW)
    check(store, question, settled)
