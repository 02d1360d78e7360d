"""Knowledge: what Agno's contract asks of the documents that agents look things up in."""

from __future__ import annotations

from typing import Any

from agno.db.schemas.knowledge import KnowledgeRow
from agno.db.utils import validate_pagination

from ....agents.knowledge import keeping as library
from ....agents.knowledge.entities import LISTED, Knowledge
from ....entities.spec import ref
from ....operations.reading.reads import get_many, read_all
from ....planner import Ask
from ....requests import Steps
from ....terms import all_of, any_of, missing
from ..calls import Calls
from ..paging import in_order, page_of
from ..texts import FIRST
from .rows import FIELDS, SORTED, changes_of, column, document_of, is_readable, row_of


class KnowledgeCalls(Calls):
    """Knowledge: documents of users, and those that are everybody's."""

    def delete_knowledge_content(
        self,
        id: str,  # noqa: A002 (the contract's)
        user_id: str | None = None,
    ) -> Steps[None]:
        """Delete a document, if it is the user's own: one request."""
        yield from library.delete(self.schema, self.known_documents, id, user_id)

    def get_knowledge_content(
        self,
        id: str,  # noqa: A002 (the contract's)
        user_id: str | None = None,
    ) -> Steps[KnowledgeRow | None]:
        """A document, if it is the user's or everybody's: one request."""
        found = yield from library.load(self.schema, self.known_documents, id)
        if found is None or not is_readable(user_id, found.user_id):
            return None
        return row_of(found)

    def get_knowledge_contents(
        self,
        limit: int | None = None,
        page: int | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        linked_to: str | None = None,
        user_id: str | None = None,
    ) -> Steps[tuple[list[KnowledgeRow], int]]:
        """A page of documents, and how many there are: one request for each 3,700, and one for the page.

        They are found by an index, which may lag by a second; what is given back is current.

        Args:
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column. By others than name, type, owner and beginning all are read whole.
            sort_order: ``asc``, or else descending.
            linked_to: the knowledge base that they are a part of.
            user_id: whose they are, besides everybody's.
        """
        validate_pagination(limit, page)
        found = yield from self._documents(linked_to, user_id, sort_by)
        ordered = in_order(found, column, sort_by, sort_order, known=SORTED, otherwise=_added)
        refs = [
            ref(Knowledge, knowledge_id=each["knowledge_id"])
            for each in page_of(ordered, limit, page)
        ]
        current = yield from get_many(self.schema, refs, consistent=True)
        rows = [
            row_of(each)
            for each in current
            if each is not None
            and is_readable(user_id, each.user_id)
            and linked_to in {None, each.linked_to}
        ]
        return rows, len(ordered)

    def _documents(
        self, linked_to: str | None, user_id: str | None, sort_by: str | None
    ) -> Steps[list[dict[str, Any]]]:
        """Of each document the fields of `LISTED`, and the one that lists are sorted by."""
        where = {} if linked_to is None else {"linked_to": linked_to}
        owned = (
            () if user_id is None else (any_of(all_of(user_id=user_id), all_of(user_id=missing())),)
        )
        by = FIELDS.get(sort_by or "", sort_by)
        fields = dict.fromkeys((*LISTED, str(by)) if sort_by in SORTED else LISTED)
        plan = self.schema.plan(Knowledge, where, owned, Ask(selected=tuple(fields)))
        return (yield from read_all(self.schema, plan))

    def upsert_knowledge_content(self, knowledge_row: KnowledgeRow) -> Steps[KnowledgeRow]:
        """Add a document, or change what the row says of it: one request, if this process knows of it.

        It knows what it has read or written; of what it does not, one that is there takes two.

        Raises:
            ValueError: it is there, and is not the user's.
        """
        new = document_of(knowledge_row)
        saved = yield from library.save(
            self.schema, self.known_documents, new, changes_of(new), knowledge_row.user_id
        )
        if not saved:
            raise ValueError(f"Knowledge content {knowledge_row.id} not found")
        return knowledge_row


def _added(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"] or FIRST, entry["knowledge_id"]
