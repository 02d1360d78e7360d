"""Upkeep: what a saver does with whole threads, besides what graphs ask of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ...agents.checkpoints.checking import check
from ...agents.checkpoints.clearing import (
    PRUNED_GRACE,
    delete_for_runs,
    prune,
)
from ...agents.checkpoints.copying import copy_thread
from ...agents.checkpoints.deleting import delete_thread
from ...agents.checkpoints.entities import Thread
from ...agents.checkpoints.findings import Checked, Repaired
from ...agents.checkpoints.keeping import Keeping
from ...agents.checkpoints.recent import Recent
from ...agents.checkpoints.repairing import repair
from ...agents.checkpoints.threads import threads, threads_of_runs
from ...entities.lifetimes import LONGEST
from ...errors import RequestError, shown
from ...operations.reading.reader import Page
from ...requests import Steps
from ...schema.schema import Schema
from ..stores import OnStores
from . import given
from .conversion import Conversion

T = TypeVar("T")

# What is removed because of a read that misses what was written a moment ago would be lost.
STRICT = Keeping(consistent=True)


class Upkeep(OnStores):
    """Deletes, copies, prunes, checks, repairs and lists threads."""

    _recent: Recent
    _keeping: Keeping

    @property
    def _schema(self) -> Schema:
        return self._stores.schema

    @property
    def _convert(self) -> Conversion:
        raise NotImplementedError

    def delete_thread(self, thread_id: str) -> None:
        """Delete all of a thread.

        Raises:
            PartialFailure: some of it could not be deleted; call it again.
        """
        self._stores.blocking.run(self._delete_thread(given.id_text("thread_id", thread_id)))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all of a thread; see `delete_thread`."""
        await self._stores.awaited.run(self._delete_thread(given.id_text("thread_id", thread_id)))

    def delete_for_runs(
        self, run_ids: Sequence[str], *, grace: dt.timedelta = PRUNED_GRACE
    ) -> None:
        """Delete the checkpoints that some runs made, and what tasks wrote after them.

        Args:
            run_ids: the runs: the ``run_id`` in the metadata of checkpoints, which LangGraph takes
                from the configurable or the metadata of a config.
            grace: as of `prune`. What other checkpoints refer to stays for longer, and is deleted
                by a later `prune`.
        """
        self._stores.blocking.run(self._delete_for_runs(run_ids, grace))

    async def adelete_for_runs(
        self, run_ids: Sequence[str], *, grace: dt.timedelta = PRUNED_GRACE
    ) -> None:
        """Delete the checkpoints that some runs made; see `delete_for_runs`."""
        await self._stores.awaited.run(self._delete_for_runs(run_ids, grace))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread, with all of its checkpoints and writes.

        Args:
            source_thread_id: the thread.
            target_thread_id: of no thread; or of an earlier copy that was not worked on since,
                which then gets what it lacks.

        Raises:
            RequestError: there is no such thread, or the target is another one.
        """
        source = given.id_text("source_thread_id", source_thread_id)
        target = given.id_text("target_thread_id", target_thread_id)
        self._stores.blocking.run(self._copy_thread(source, target))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread; see `copy_thread`."""
        source = given.id_text("source_thread_id", source_thread_id)
        target = given.id_text("target_thread_id", target_thread_id)
        await self._stores.awaited.run(self._copy_thread(source, target))

    def prune(
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int = 1,
        grace: dt.timedelta = PRUNED_GRACE,
    ) -> None:
        """Remove all but the newest checkpoints of each namespace of some threads.

        Args:
            thread_ids: the threads.
            strategy: ``keep_latest``, or ``delete`` for all of them.
            keep_last: how many stay, 1 or more.
            grace: what is removed is given back no more, and is deleted by the first call after it
                has been so for the grace; at once with none, if no process works on the threads.

        Raises:
            RequestError: there is no such strategy, or a number is out of range.
        """
        for thread_id in given.id_texts("thread_ids", thread_ids):
            self._stores.blocking.run(self._prune(thread_id, strategy, keep_last, grace))

    async def aprune(
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int = 1,
        grace: dt.timedelta = PRUNED_GRACE,
    ) -> None:
        """Remove all but the newest checkpoints of some threads; see `prune`."""
        for thread_id in given.id_texts("thread_ids", thread_ids):
            await self._stores.awaited.run(self._prune(thread_id, strategy, keep_last, grace))

    def check(self, thread_id: str) -> Checked:
        """Read all of a thread, and tell what is wrong with it: see `repair`.

        What is written at the moment may be told as litter.
        """
        return self._stores.blocking.run(self._check(given.id_text("thread_id", thread_id)))

    async def acheck(self, thread_id: str) -> Checked:
        """Read all of a thread, and tell what is wrong with it; see `check`."""
        return await self._stores.awaited.run(self._check(given.id_text("thread_id", thread_id)))

    def repair(self, thread_id: str, *, grace: dt.timedelta = PRUNED_GRACE) -> Repaired:
        """Make the newest checkpoint of each namespace that can be read the last one, and tidy up.

        Those that cannot be read are given back no more. What a task wrote and cannot be read is
        deleted, so that the task runs again. A header that is missing is written.

        Args:
            thread_id: the thread.
            grace: what goes, and what nothing refers to, is deleted by the first call after it has
                been so for the grace; at once with none, if no process works on the thread.
        """
        thread_id = given.id_text("thread_id", thread_id)
        return self._stores.blocking.run(self._repair(thread_id, grace))

    async def arepair(self, thread_id: str, *, grace: dt.timedelta = PRUNED_GRACE) -> Repaired:
        """Make the newest checkpoint that can be read the last one; see `repair`."""
        thread_id = given.id_text("thread_id", thread_id)
        return await self._stores.awaited.run(self._repair(thread_id, grace))

    def threads(
        self,
        *,
        user_id: str | int | None = None,
        component: str | int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Thread]:
        """One page of threads, those that began last first.

        With a ttl, one is listed for up to half of it longer than its last checkpoint is given back.

        Args:
            user_id: whose: the ``user_id`` of the config or its metadata, 7 as ``"7"``; of all users
                without.
            component: the ``assistant_id`` or ``graph_id`` there; of all without.
            limit: how many at most; as many as one request brings without.
            cursor: of the page before, by the same call; None there at the end.

        Returns:
            A page: iterate it, or take its ``entities`` and its ``cursor``.
        """
        return self._stores.blocking.run(self._threads(user_id, component, limit, cursor))

    async def athreads(
        self,
        *,
        user_id: str | int | None = None,
        component: str | int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Thread]:
        """One page of threads; see `threads`."""
        return await self._stores.awaited.run(self._threads(user_id, component, limit, cursor))

    def _threads(
        self, user_id: Any, component: Any, limit: int | None, cursor: str | None
    ) -> Steps[Page[Thread]]:
        return threads(
            self._schema,
            user_id=None if user_id is None else given.id_text("user_id", user_id),
            component=None if component is None else given.id_text("component", component),
            limit=limit,
            cursor=cursor,
        )

    def _forgetting(self, thread_ids: Iterable[str], steps: Steps[T]) -> Steps[T]:
        """Forget threads after something was done with them, or with a part of them if it failed."""
        try:
            return (yield from steps)
        finally:
            for each in thread_ids:
                self._recent.forget(each)

    def _delete_thread(self, thread_id: str) -> Steps[None]:
        return self._forgetting([thread_id], delete_thread(self._schema, thread_id, STRICT))

    def _copy_thread(self, source: str, target: str) -> Steps[None]:
        return self._forgetting([target], copy_thread(self._schema, source, target, STRICT))

    def _delete_for_runs(self, run_ids: Sequence[str], grace: dt.timedelta) -> Steps[None]:
        runs = frozenset(given.id_texts("run_ids", run_ids))
        grace = _checked(grace)
        found = yield from threads_of_runs(self._schema, runs)
        lasting = self._convert.lasting
        deleting = delete_for_runs(self._schema, found, runs, STRICT, lasting, grace=grace)
        yield from self._forgetting(found, deleting)

    def _prune(
        self, thread_id: str, strategy: str, keep_last: int, grace: dt.timedelta
    ) -> Steps[None]:
        if strategy == "delete":
            return (yield from self._delete_thread(thread_id))
        if strategy != "keep_latest":
            raise RequestError(f"a strategy is 'keep_latest' or 'delete', not {shown(strategy)}")
        if type(keep_last) is not int or keep_last < 1:
            raise RequestError(f"keep_last is 1 or more, not {shown(keep_last)}")
        schema, lasting, grace = self._schema, self._convert.lasting, _checked(grace)
        pruning = prune(schema, thread_id, STRICT, lasting, keep_last=keep_last, grace=grace)
        yield from self._forgetting([thread_id], pruning)

    def _check(self, thread_id: str) -> Steps[Checked]:
        return check(self._schema, thread_id, STRICT, self._convert.lasting)

    def _repair(self, thread_id: str, grace: dt.timedelta) -> Steps[Repaired]:
        schema, convert, grace = self._schema, self._convert, _checked(grace)
        repairing = repair(
            schema, thread_id, STRICT, convert.lasting, convert.described, grace=grace
        )
        return self._forgetting([thread_id], repairing)


def _checked(grace: dt.timedelta) -> dt.timedelta:
    """A grace that can be waited for.

    Raises:
        RequestError: it is no timedelta, or below zero.
    """
    if not isinstance(grace, dt.timedelta) or not dt.timedelta() <= grace <= LONGEST:
        raise RequestError(
            f"grace is a timedelta of zero or more, up to 100 years, not {shown(grace)}"
        )
    return grace
