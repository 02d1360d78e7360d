"""LangGraph's saver answers as the one in memory does, after any calls of several processes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dynastore.agents.checkpointing import clearing, deltas, loading, recent, rewriting
from dynastore.errors import DataError
from dynastore.integrations.langgraph import saver

from .checkpoint_model import Machine, small_constants


def test_any_calls_of_several_processes_are_answered_as_in_memory():
    with small_constants():
        run_state_machine_as_test(
            Machine, settings=settings(max_examples=60, stateful_step_count=25)
        )


def places_as_texts(patch: pytest.MonkeyPatch) -> None:
    """Writes of a task are sorted as texts: 0, 1, 10, 2."""
    sound: Any = loading._Waiting

    def waiting(order: Any, *rest: Any) -> Any:
        return sound((*order[:2], str(order[2])), *rest)

    patch.setattr(loading, "_Waiting", waiting)


def removed_at_once(patch: pytest.MonkeyPatch) -> None:
    """What is pruned is deleted, though another process may remember it."""
    sound = clearing.prune

    def prune(*arguments: Any, **options: Any) -> Any:
        return sound(*arguments, **{**options, "grace": dt.timedelta(0)})

    patch.setattr(saver, "prune", prune)


def runs_deleted_at_once(patch: pytest.MonkeyPatch) -> None:
    """The checkpoints of a run are deleted, though another process may go on from them."""
    sound = clearing.delete_for_runs

    def delete_for_runs(*arguments: Any, **options: Any) -> Any:
        return sound(*arguments, **{**options, "grace": dt.timedelta(0)})

    patch.setattr(saver, "delete_for_runs", delete_for_runs)


def remembered_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A process refers to what it read long ago."""
    patch.setattr(recent, "REMEMBERED", dt.timedelta(days=9))


def referred_by_root(patch: pytest.MonkeyPatch) -> None:
    """Only what builds on the same whole value is taken to be referred to."""

    def referred(contents: Any, live: Any) -> set[str]:
        roots = {(name, held.root) for each in live for name, held in contents[each].held.items()}
        own = {
            each
            for each, content in contents.items()
            for name, held in content.held.items()
            if held.at == each and (name, held.root) in roots
        }
        return own | {root for _, root in roots}

    patch.setattr(clearing, "referred", referred)


def forms_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What only the form that is replaced refers to is deleted with it."""
    sound = clearing._anew

    def anew(*arguments: Any) -> Any:
        return [_Nameless(each) for each in (yield from sound(*arguments))]

    class _Nameless:
        """Looked up by its id the second time only: where it is written, not where it is released."""

        def __init__(self, each: Any) -> None:
            self.each, self.asked = each, 0

        def __getattr__(self, name: str) -> Any:
            self.asked += name == "checkpoint_id"
            first = name == "checkpoint_id" and self.asked == 1
            return "none" if first else getattr(self.each, name)

    def referred(contents: Any, live: Any) -> set[str]:
        return rewriting.referred(contents, [each for each in live if each != "none"])

    patch.setattr(clearing, "_anew", anew)
    patch.setattr(clearing, "referred", referred)


def ghosts_without_writes(patch: pytest.MonkeyPatch) -> None:
    """What values are made of goes, because no segment is there."""
    patch.setattr(clearing._Namespace, "_ancestors", lambda *_: ())


def ends_overlap(patch: pytest.MonkeyPatch) -> None:
    """A list with equal members at both ends is spliced where they overlap."""
    sound = deltas._splice

    def splice(held: Any, before: Any, elements: Any, digests: Any) -> Any:
        found = sound(held, before, elements, digests)
        last = sum(1 for _ in deltas._alike(zip(before[::-1], digests[::-1], strict=False)))
        return evolve(found, last=min(last, len(before) - found.first))

    patch.setattr(deltas, "_splice", splice)


SEEDS = (
    places_as_texts,
    removed_at_once,
    runs_deleted_at_once,
    remembered_for_ever,
    referred_by_root,
    forms_forgotten,
    ghosts_without_writes,
    ends_overlap,
)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.__name__)
def test_a_seeded_bug_is_caught(seed, record_property):
    tried = 0

    class Counted(Machine):
        def __init__(self) -> None:
            nonlocal tried
            tried += 1
            super().__init__()

    # The same examples in every run, and the first failure as it is: it has only to be there.
    once = settings(
        max_examples=300,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    with small_constants() as patch:
        seed(patch)
        with pytest.raises((AssertionError, DataError)):
            run_state_machine_as_test(Counted, settings=once)
    record_property("seeded", f"{seed.__name__}: caught by history {tried}")
