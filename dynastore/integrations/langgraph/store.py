"""LangGraph's store on dynastore: what a graph's nodes remember across threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from langgraph.store.base import (
    BaseStore,
    IndexConfig,
    Op,
    Result,
    TTLConfig,
)

from ...agents.documents import Aspect, Document, Embedding, Known, Namespace, index_of
from ...clients import opening
from ...stores.async_store import AsyncStore
from ...stores.store import Store
from ..stores import OnStores, Stores
from . import given
from .operations import Settings, Vectors, Work


class DynastoreStore(OnStores, BaseStore):
    """Items under keys in namespaces, in the table of a dynastore store.

        builder.compile(store=DynastoreStore("sqlite:///agent.db"))

    `batch` and what calls it run on a Store, `abatch` on its AsyncStore. Threads and tasks may share
    it. Items that expired are not found.

    Attributes:
        ttl_config: the default ttl, and whether reads prolong it.
        index_config: how values are understood, or None.
        embeddings: what makes vectors of texts, or None.
    """

    supports_ttl = True

    def __init__(
        self,
        store: Store | AsyncStore | str | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        consistent: bool = True,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: where items are kept: a store, or a *where* of `Store.connect`.
            index: for search by meaning: ``embed``, and if known ``dims`` and ``fields``.
            ttl: ``default_ttl`` in minutes, and ``refresh_on_read``.
            consistent: whether reads see every write acknowledged before, at twice the read units.
            region_name: such as ``eu-west-1``, of the table that is named.
            endpoint_url: another server than AWS's. A session or a Config is for `Store.connect`.

        Raises:
            RequestError: something given is wrong, the store's schema lacks the entities of
                documents, or its vector index what documents are found by.
        """
        self.ttl_config = given.ttl_config(ttl)
        self.index_config = given.index_config(index)
        self.embeddings = given.embeddings(self.index_config)
        paths = None if index is None else tuple(index.get("fields") or ["$"])
        dims = None if index is None else index.get("dims")
        self._settings = Settings(given.flag("consistent", consistent), paths, dims)
        where = opening.Settings(region_name=region_name, endpoint_url=endpoint_url)
        self._stores = Stores.of(store, where)
        self._schema = self._stores.schema
        of_index = () if index_of(self._schema) is None else (Aspect,)
        self._stores.check(Document, Embedding, Namespace, *of_index)
        self._known = Known()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations: reads as the table was before, then the last put of each key.

        Args:
            ops: any of LangGraph's, in any order.

        Returns:
            An answer for each, in order; None for puts.

        Raises:
            InvalidNamespaceError: a namespace is none.
            RequestError: something else is wrong; nothing was sent.
            PartialFailure: some puts were not carried out.
        """
        work = Work(given.operations(ops), self._settings)
        work.check_names(self._schema)
        results: list[Result] = [None] * len(work.ops)
        if work.reads:
            meant = self._vectors_of_queries(work.queries)
            results = self._stores.blocking.run(work.reading(self._schema, meant))
        if work.puts:
            vectors = self._vectors_of_texts(work.texts)
            self._stores.blocking.run(work.writing(self._schema, self._known, vectors))
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations, awaited; see `batch`."""
        work = Work(given.operations(ops), self._settings)
        work.check_names(self._schema)
        results: list[Result] = [None] * len(work.ops)
        if work.reads:
            meant = await self._avectors_of_queries(work.queries)
            results = await self._stores.awaited.run(work.reading(self._schema, meant))
        if work.puts:
            vectors = await self._avectors_of_texts(work.texts)
            await self._stores.awaited.run(work.writing(self._schema, self._known, vectors))
        return results

    def _vectors_of_queries(self, queries: list[str]) -> Vectors:
        if self.embeddings is None:
            return {}
        given.blocking(self.embeddings)
        return {query: self.embeddings.embed_query(query) for query in queries}

    async def _avectors_of_queries(self, queries: list[str]) -> Vectors:
        if self.embeddings is None:
            return {}
        made = await asyncio.gather(*map(self.embeddings.aembed_query, queries))
        return dict(zip(queries, made, strict=True))

    def _vectors_of_texts(self, texts: list[str]) -> Vectors:
        if self.embeddings is None or not texts:
            return {}
        given.blocking(self.embeddings)
        return _by_text(texts, self.embeddings.embed_documents(texts))

    async def _avectors_of_texts(self, texts: list[str]) -> Vectors:
        if self.embeddings is None or not texts:
            return {}
        return _by_text(texts, await self.embeddings.aembed_documents(texts))


def _by_text(texts: list[str], made: Any) -> Vectors:
    return dict(zip(texts, given.vectors(made, len(texts)), strict=True))
