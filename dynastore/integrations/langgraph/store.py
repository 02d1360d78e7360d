"""LangGraph's store on dynastore: what a graph's nodes remember across threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from langgraph.store.base import (
    BaseStore,
    IndexConfig,
    Op,
    Result,
    TTLConfig,
    ensure_embeddings,
)

from ...agents.documents import Document, Embedding, Known, Namespace
from ...async_store import AsyncStore
from ...errors import RequestError, shown
from ...store import Store
from .operations import Settings, Vectors, Work


class DynastoreStore(BaseStore):
    """Items under keys in namespaces, in the table of a dynastore store.

    `batch` sends through a Store and `abatch` through an AsyncStore, on the same table: whichever is
    not given is made when it is first needed. Items that expired are not found.

    Attributes:
        ttl_config: the default ttl, and whether reads prolong it.
        index_config: how values are understood, or None.
        embeddings: what makes vectors of texts, or None.
    """

    supports_ttl = True

    def __init__(
        self,
        where: Store | AsyncStore | str | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        consistent: bool = True,
    ) -> None:
        """Nothing is sent.

        Args:
            where: a store whose schema has the ready-made entities; or where one is, as of
                `Store.connect`: a table's name or a URL.
            index: for search by meaning: ``embed``, and if known ``dims`` and ``fields``.
            ttl: ``default_ttl`` in minutes, and ``refresh_on_read``.
            consistent: whether reads see every write acknowledged before, at twice the read units.

        Raises:
            RequestError: the store's schema lacks the entities of documents, or there is no place.
        """
        given = where if isinstance(where, Store | AsyncStore) else Store.connect(where)
        _check(given)
        self._given = given
        self._owns_given = given is not where
        self._schema = given.schema
        self._twin: Store | AsyncStore | None = None
        self._making = threading.Lock()
        self._known = Known()
        self.ttl_config = ttl
        self.index_config = index
        self.embeddings = None if index is None else ensure_embeddings(index.get("embed"))
        paths = None if index is None else tuple(index.get("fields") or ["$"])
        self._settings = Settings(consistent, paths, None if index is None else index.get("dims"))

    @classmethod
    def from_conn_string(
        cls,
        where: str | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        consistent: bool = True,
    ) -> Self:
        """A store on a table, to be used in a ``with`` or an ``async with``; see `__init__`."""
        return cls(where, index=index, ttl=ttl, consistent=consistent)

    def setup(self) -> None:
        """Make the table unless it is there."""
        self._blocking.create_table()

    async def asetup(self) -> None:
        """Make the table unless it is there."""
        await self._awaited.create_table()

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
        work = Work(tuple(ops), self._settings)
        results: list[Result] = [None] * len(work.ops)
        if work.reads:
            meant = self._vectors_of_queries(work.queries)
            results = self._blocking.run(work.reading(self._schema, meant))
        if work.puts:
            vectors = self._vectors_of_texts(work.texts)
            self._blocking.run(work.writing(self._schema, self._known, vectors))
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations, awaited; see `batch`."""
        work = Work(tuple(ops), self._settings)
        results: list[Result] = [None] * len(work.ops)
        if work.reads:
            meant = await self._avectors_of_queries(work.queries)
            results = await self._awaited.run(work.reading(self._schema, meant))
        if work.puts:
            vectors = await self._avectors_of_texts(work.texts)
            await self._awaited.run(work.writing(self._schema, self._known, vectors))
        return results

    def close(self) -> None:
        """Give back the connections of the blocking store, if it was made here."""
        for each in self._own:
            if isinstance(each, Store):
                each.close()

    async def aclose(self) -> None:
        """Give back all connections of stores that were made here."""
        self.close()
        for each in self._own:
            if isinstance(each, AsyncStore):
                await each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def _own(self) -> list[Store | AsyncStore]:
        own = [self._given] if self._owns_given else []
        return own if self._twin is None else [*own, self._twin]

    @property
    def _blocking(self) -> Store:
        if isinstance(self._given, Store):
            return self._given
        with self._making:
            if self._twin is None:
                self._twin = self._given.blocking()
        assert isinstance(self._twin, Store)
        return self._twin

    @property
    def _awaited(self) -> AsyncStore:
        if isinstance(self._given, AsyncStore):
            return self._given
        with self._making:
            if self._twin is None:
                self._twin = self._given.awaited()
        assert isinstance(self._twin, AsyncStore)
        return self._twin

    def _vectors_of_queries(self, queries: list[str]) -> Vectors:
        if self.embeddings is None:
            return {}
        return {query: self.embeddings.embed_query(query) for query in queries}

    async def _avectors_of_queries(self, queries: list[str]) -> Vectors:
        if self.embeddings is None:
            return {}
        made = await asyncio.gather(*map(self.embeddings.aembed_query, queries))
        return dict(zip(queries, made, strict=True))

    def _vectors_of_texts(self, texts: list[str]) -> Vectors:
        if self.embeddings is None or not texts:
            return {}
        return _by_text(texts, self.embeddings.embed_documents(texts))

    async def _avectors_of_texts(self, texts: list[str]) -> Vectors:
        if self.embeddings is None or not texts:
            return {}
        return _by_text(texts, await self.embeddings.aembed_documents(texts))


def _by_text(texts: list[str], vectors: list[list[float]]) -> Vectors:
    if len(vectors) != len(texts):
        raise RequestError(f"the index's embed made {len(vectors)} vectors of {len(texts)} texts")
    return dict(zip(texts, vectors, strict=True))


def _check(store: object) -> None:
    if not isinstance(store, Store | AsyncStore):
        raise RequestError(f"{shown(store)} is no store, and no place of one")
    for cls in (Document, Embedding, Namespace):
        store.schema.codec(cls)
