"""Laws 7 and 12: whatever writers race and whatever fails, no index is stale and nothing is lost.

That the check can fail is shown too: bugs that writes might have are seeded, and it catches each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dynastore import operations
from dynastore.codec import payloads
from dynastore.operations import known
from dynastore.operations.writing import attempts, batches, updates, writes
from dynastore.requests import BatchWriteItem, GetItem, Now, Steps, UpdateItem
from dynastore.testing import memory_store

from .histories import FATES, play
from .history import History
from .history_entities import CLASSES, SCHEMA, Doc, Memo, Page, Tally
from .history_writer import START

HISTORIES = 300 if settings.default.max_examples <= 100 else 10_000  # in make test, in make fuzz
SEEDED = 4_000  # of which one must catch a seeded bug

Seed = Callable[[pytest.MonkeyPatch], None]


PART_BYTES = 64  # so that a payload of 150 bytes has three parts


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    for module in (payloads, operations.payloads):
        monkeypatch.setattr(module, "PART_BYTES", PART_BYTES)


def played(
    data: st.DataObject, fates: Sequence[str] = FATES, classes: Sequence[type[Any]] = CLASSES
) -> None:
    store = memory_store(SCHEMA, clock=lambda: START)
    store.create_table()
    play(History(store.client.send, SCHEMA.table.name, classes), data, 25, fates)


@pytest.mark.scans
@settings(max_examples=HISTORIES)
@given(st.data())
def test_every_moment_of_every_history_is_as_the_model_says(data):
    played(data)


@pytest.mark.scans
@settings(max_examples=HISTORIES)
@given(st.data())
def test_no_moment_leaves_parts_that_expire_before_their_item(data):
    """Of these alone, so that there are more of them."""
    played(data, classes=[Page])


def unguarded(patch: pytest.MonkeyPatch) -> None:
    """What was read is believed without a guard."""
    of_item = known.Known.of_item

    def believed(*arguments: Any) -> known.Known:
        found = of_item(*arguments)
        return found if found.values is None else evolve(found, guard=())

    patch.setattr(known.Known, "of_item", believed)


def stale_index(patch: pytest.MonkeyPatch) -> None:
    """An update forgets the index attributes."""
    patch.setattr(updates.UpdateAttempt, "_index_changes", lambda *_: {})


def guard_not_moved(patch: pytest.MonkeyPatch) -> None:
    """An update of a unique value leaves its guards alone."""
    patch.setattr(updates.UpdateAttempt, "guarding", lambda _: [])


def guard_left(patch: pytest.MonkeyPatch) -> None:
    """A delete leaves the guards of its values."""
    patch.setattr(attempts.DeleteAttempt, "guarding", lambda _: [])


def no_lock(patch: pytest.MonkeyPatch) -> None:
    """Revisions are not compared."""
    patch.setattr(attempts, "revision_guard", lambda *_: ())


def no_guess(patch: pytest.MonkeyPatch) -> None:
    """A put takes for granted that nothing it replaces has unique values."""
    patch.setattr(attempts.PutAttempt, "_guess", lambda _: known.NOTHING)


def no_heirs(patch: pytest.MonkeyPatch) -> None:
    """A value that passes from one entity to another is given up and taken in one transaction."""
    patch.setattr(writes, "merged", list)


def repeated(patch: pytest.MonkeyPatch) -> None:
    """An update whose answer was lost is sent again."""
    patch.setattr(UpdateItem, "repeatable", property(lambda _: True))


def forgotten(patch: pytest.MonkeyPatch) -> None:
    """What a table leaves of a batch is taken for written."""

    def sent_once(batch: Sequence[Any]) -> Steps[dict[Any, Any]]:
        yield from BatchWriteItem(tuple(batch))
        return {}

    patch.setattr(batches, "_batch", sent_once)


def revived(patch: pytest.MonkeyPatch) -> None:
    """An update, such as that of a touch, does not ask whether the item has expired."""
    patch.setattr(attempts, "unexpired", lambda _: ())


def pointer_first(patch: pytest.MonkeyPatch) -> None:
    """A put writes its item before the parts that it leads to."""
    begun, finished = attempts.PutAttempt.begun, attempts.PutAttempt.finished

    def begun_without(self: Any) -> Steps[None]:
        steps, self.late = begun(self), []
        asked = next(steps, None)
        while asked is not None:
            if isinstance(asked, Now):
                asked = steps.send((yield asked))
                continue
            self.late.append(asked)
            try:
                asked = steps.send([None] * 10)
            except StopIteration:
                return

    def finished_late(self: Any, item: Any) -> Steps[Any]:
        for asked in self.late:
            yield from asked
        return (yield from finished(self, item))

    patch.setattr(attempts.PutAttempt, "begun", begun_without)
    patch.setattr(attempts.PutAttempt, "finished", finished_late)


def parts_first(patch: pytest.MonkeyPatch) -> None:
    """A delete removes the parts before the item that leads to them."""

    def begun(self: Any) -> Steps[None]:
        item = yield from GetItem(self.schema.table.name, self.key, consistent=True)
        yield from operations.payloads.delete_parts(self.schema, item)

    patch.setattr(attempts.DeleteAttempt, "begun", begun)


# Each with what it has to do with, and the fates that show it; all that is drawn besides takes time.
SEEDS: dict[Seed, tuple[list[type[Any]], list[str]]] = {
    unguarded: ([Doc, Tally], ["ok"]),
    stale_index: ([Doc, Tally], ["ok"]),
    guard_not_moved: ([Doc, Tally], ["ok"]),
    guard_left: ([Doc, Tally], ["ok"]),
    no_lock: ([Doc], ["ok"]),
    no_guess: ([Doc, Tally], ["ok"]),
    no_heirs: ([Tally], ["ok"]),
    repeated: ([Doc, Tally], ["ok", "twice"]),
    forgotten: ([Page], ["ok", "left"]),
    revived: ([Memo, Page], ["ok"]),
    pointer_first: ([Page], ["ok"]),
    parts_first: ([Page], ["ok"]),
}


@pytest.mark.scans
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeded_bug_is_caught(seed: Seed, monkeypatch, record_property):
    seed(monkeypatch)
    classes, fates = SEEDS[seed]
    tried = 0

    # The same examples in every run, and the first failure as it is: it has only to be there.
    @given(st.data())
    @settings(
        max_examples=SEEDED,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def histories(data: st.DataObject) -> None:
        nonlocal tried
        tried += 1
        played(data, fates, classes)

    with pytest.raises(AssertionError):
        histories()
    name = seed.__name__.replace("_", " ")
    record_property("seeded", f"{name}: caught by history {tried}")
