"""That law 4 can fail: bugs that a planner might have are seeded, and its check catches each.

What caught them is printed at the end of the test run, under "seeded bugs".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

from dynastore.operations.reading import planned, settling, sources
from dynastore.operations.reading.reader import Reader
from dynastore.operations.reading.settling import Settler
from dynastore.planner import paths, planning
from dynastore.terms import BeginsWith

from .answering import check, empty_store
from .generating import questions

EXAMPLES = 2_000  # as many as `make test` tries

Seed = Callable[[pytest.MonkeyPatch], None]


def wrong_prefix(patch: pytest.MonkeyPatch) -> None:
    """A prefix ends with a value, and not with the separator behind it: ``1`` finds ``10`` too."""
    sound = paths.reach

    def reach(*arguments: Any) -> Any:
        found = sound(*arguments)
        if not found.key or not isinstance(found.key[-1][1], BeginsWith):
            return found
        *before, (name, test) = found.key
        return evolve(found, key=(*before, (name, BeginsWith(test.text.rstrip("#") or "#"))))

    patch.setattr(paths, "reach", reach)


def dropped_filter(patch: pytest.MonkeyPatch) -> None:
    """Of what the server should filter by, the last condition is forgotten."""
    sound = planning.division_of

    def division_of(*arguments: Any) -> Any:
        found = sound(*arguments)
        return evolve(found, filters=found.filters[:-1])

    patch.setattr(planning, "division_of", division_of)


def sparse_not_implied(patch: pytest.MonkeyPatch) -> None:
    """A sparse index is read though the filters do not say that it has all that is asked for."""
    patch.setattr(planning, "_implies", lambda *_: True)


def merged_out_of_order(patch: pytest.MonkeyPatch) -> None:
    """Branches are read one after the other where they should be merged."""
    patch.setattr(Reader, "_merging", lambda self: None)


def cursor_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """A page goes on after the item that follows its last one."""

    taken = sources.Stretch.take

    def take(self: sources.Stretch) -> Any:
        item = taken(self)
        self._last = self.head
        return item

    patch.setattr(sources.Stretch, "take", take)


def expired_by_key(patch: pytest.MonkeyPatch) -> None:
    """What the client has to leave out because it is expired is found."""
    patch.setattr(settling, "unexpired", lambda now: ())


def expired_in_indexes(patch: pytest.MonkeyPatch) -> None:
    """What the server has to leave out because it is expired is found."""
    patch.setattr(planned, "unexpired", lambda now: ())


def counted_without_looking(patch: pytest.MonkeyPatch) -> None:
    """Entries of indexes that carry keys only are counted, the expired ones too."""
    patch.setattr(Settler, "_is_early", Settler._asks)
    patch.setattr(Settler, "checks", Settler.filters)


SEEDS = {
    "wrong prefix": (wrong_prefix, "joined"),
    "dropped filter": (dropped_filter, "plain"),
    "sparse index not implied": (sparse_not_implied, "sparse"),
    "merge out of order": (merged_out_of_order, "sharded"),
    "cursor off by one": (cursor_off_by_one, "sharded"),
    "expired by key": (expired_by_key, "expiring"),
    "expired in indexes": (expired_in_indexes, "expiring"),
    "counted without looking": (counted_without_looking, "expiring"),
}


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_bug_is_caught(name, monkeypatch, record_property):
    seed, family = SEEDS[name]
    seed(monkeypatch)
    tried = 0

    # The same examples in every run, and the first failure as it is: it has only to be there.
    @given(questions(family))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(question: Any) -> None:
        nonlocal tried
        tried += 1
        check(empty_store(question.schema), question)

    with pytest.raises(AssertionError) as caught:
        answers()
    line = str(caught.traceback[-1].statement).strip()
    record_property("seeded", f"{name}: caught by example {tried}, at `{line}`")
