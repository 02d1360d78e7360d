"""LangGraph's own conformance suite, on every engine: all capabilities, required and optional."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("langgraph.checkpoint.conformance", reason="needs the extra dynastore[test]")

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import Capability

from dynastore.agents import agent_schema
from dynastore.integrations.langgraph import DynastoreSaver

from .drivers import Awaited
from .engines import PAIRS


class Blocking(DynastoreSaver):
    """A saver for a suite that awaits: its methods block."""

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        return self.get_tuple(config)

    async def alist(self, config: Any, **options: Any) -> AsyncIterator[CheckpointTuple]:
        for each in self.list(config, **options):
            yield each

    async def aput(self, *args: Any) -> Any:
        return self.put(*args)

    async def aput_writes(self, *args: Any, **options: Any) -> None:
        self.put_writes(*args, **options)

    async def adelete_thread(self, thread_id: str) -> None:
        self.delete_thread(thread_id)

    async def adelete_for_runs(self, run_ids: Any) -> None:
        self.delete_for_runs(run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self.copy_thread(source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Any, **options: Any) -> None:
        self.prune(thread_ids, **options)


def run(store: Any, steps: Any) -> Any:
    return store.runner.run(steps) if isinstance(store, Awaited) else asyncio.run(steps)


@pytest.mark.on(*PAIRS)
@pytest.mark.parametrize("capability", [each.value for each in Capability])
def test_every_capability_of_the_suite_passes(open_store, settled, capability):
    store = open_store(agent_schema())

    @checkpointer_test(name="dynastore")
    async def savers():
        saver = DynastoreSaver(store.target) if isinstance(store, Awaited) else Blocking(store)
        saver.adelete_for_runs = _after(settled, saver.adelete_for_runs)
        yield saver

    report = run(store, validate(savers, capabilities={capability}))
    result = report.results[capability]
    assert result.failures in (None, [])
    assert result.passed
    assert result.tests_passed > 0


def _after(settled: Any, method: Any) -> Any:
    """A method that finds by an index, after what was written is in it."""

    async def called(*args: Any, **options: Any) -> Any:
        settled()
        return await method(*args, **options)

    return called
