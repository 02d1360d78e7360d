"""A vector database of Agno's in memory."""

from __future__ import annotations

from typing import Any

from agno.knowledge.document import Document
from agno.vectordb.base import VectorDb


class Shelf(VectorDb):
    """Documents in memory, found by a word."""

    def __init__(self) -> None:
        super().__init__(name="shelf")
        self.kept: dict[str, list[Document]] = {}

    def create(self) -> None: ...

    def exists(self) -> bool:
        return True

    def insert(
        self,
        content_hash: str,
        documents: list[Document],
        filters: Any = None,
        user_id: str | None = None,
    ) -> None:
        self.kept[content_hash] = documents

    upsert = insert

    def search(
        self, query: str, limit: int = 5, filters: Any = None, user_id: str | None = None
    ) -> list[Document]:
        every = [each for documents in self.kept.values() for each in documents]
        return [each for each in every if query in each.content][:limit]

    def delete_by_content_id(self, content_id: str, user_id: str | None = None) -> bool:
        for kept in self.kept.values():
            kept[:] = [each for each in kept if each.content_id != content_id]
        return True

    def update_metadata(self, content_id: str, metadata: dict[str, Any]) -> None: ...

    def content_hash_exists(self, content_hash: str, user_id: str | None = None) -> bool:
        return content_hash in self.kept

    def get_supported_search_types(self) -> list[str]:
        return ["keyword"]

    async def async_create(self) -> None: ...

    async def async_exists(self) -> bool:
        return True

    async def async_insert(
        self,
        content_hash: str,
        documents: list[Document],
        filters: Any = None,
        user_id: str | None = None,
    ) -> None:
        self.insert(content_hash, documents)

    async_upsert = async_insert

    async def async_search(
        self, query: str, limit: int = 5, filters: Any = None, user_id: str | None = None
    ) -> list[Document]:
        return self.search(query, limit)

    def _unasked(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("nobody asks this of it here")

    drop = delete = delete_by_id = delete_by_metadata = delete_by_name = _unasked
    id_exists = name_exists = async_drop = async_name_exists = _unasked
