"""LangGraph's operations on a store, as operations on documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from attrs import evolve, frozen
from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    get_text_at_path,
    validate_op_namespace,
)

from ...agents import documents
from ...agents.documents import (
    Content,
    Document,
    Found,
    Known,
    Listing,
    Name,
    Packed,
    Path,
    Search,
)
from ...agents.documents.labels import checked
from ...errors import RequestError, shown
from ...operations.interleaved import all_of
from ...requests import Steps
from ...schema.schema import Schema
from . import given

Vectors: TypeAlias = Mapping[str, Sequence[float]]
"""Text -> what the model makes of it."""


@frozen
class Settings:
    """How a store reads and understands.

    Attributes:
        consistent: whether reads see every write acknowledged before.
        paths: to the texts that tell what a value means, or None where nothing is understood.
        dims: dimensions of vectors, or None for as many as the model gives.
    """

    consistent: bool = True
    paths: tuple[str, ...] | None = None
    dims: int | None = None


@frozen
class Work:
    """One call of ``batch``.

    Its reads come first, all together, of the table as it was before the call; then of each name
    the last put.

    Attributes:
        ops: the operations, in order.
        settings: of the store.

    Raises:
        InvalidNamespaceError: a label is empty, no text, or has a period or U+0000 in it.
        RequestError: something else is wrong; nothing is sent.
    """

    ops: tuple[Op, ...]
    settings: Settings

    def __attrs_post_init__(self) -> None:
        """Refuse what is wrong before anything is sent."""
        for op in self.ops:
            if not isinstance(op, GetOp | SearchOp | ListNamespacesOp | PutOp):
                raise RequestError(f"{shown(op)} is no operation on a store")
            _check_namespaces(op)
            validate_op_namespace(op)
        # Both are kept, and refuse what is wrong while they are made.
        _ = self.contents, self.asked

    @cached_property
    def puts(self) -> Mapping[Name, PutOp]:
        """The last put of each name."""
        return {name_in(op): op for op in self.ops if isinstance(op, PutOp)}

    @cached_property
    def contents(self) -> Mapping[Name, Content | None]:
        """What is put under each name, without vectors; None for what is deleted."""
        return {name: content_of(op) for name, op in self.puts.items()}

    @cached_property
    def asked(self) -> Sequence[tuple[Search, str | None] | Listing]:
        """Searches, with what they ask for by meaning, and listings, in order."""
        return [
            listing_of(op)
            if isinstance(op, ListNamespacesOp)
            else (search_of(op), given.query(op.query))
            for op in self.ops
            if isinstance(op, SearchOp | ListNamespacesOp)
        ]

    def check_names(self, schema: Schema) -> None:
        """Refuse what no item can be under, before anything is sent.

        Raises:
            RequestError: a namespace or a key is too long, or of a wrong type.
        """
        codec = schema.codec(Document)
        for op in self.ops:
            if isinstance(op, GetOp | PutOp):
                labels, key = name_in(op)
                try:
                    codec.key({**documents.place_of(labels), "document_id": key}, schema.prefix)
                except RequestError as error:
                    raise RequestError(
                        f"the namespace {shown(labels)} with the key {shown(key)}: {error}"
                    ) from error

    @property
    def reads(self) -> bool:
        """Whether anything is read."""
        return any(not isinstance(op, PutOp) for op in self.ops)

    @property
    def queries(self) -> list[str]:
        """What searches ask for by meaning, each once."""
        if self.settings.paths is None:
            return []
        searches = (op for op in self.ops if isinstance(op, SearchOp))
        return [*dict.fromkeys(op.query for op in searches if op.query)]

    @property
    def texts(self) -> list[str]:
        """What tells the meaning of values that are put, each once."""
        return [*dict.fromkeys(text for op in self.puts.values() for text in self._texts_of(op))]

    def reading(self, schema: Schema, vectors: Vectors) -> Steps[list[Result]]:
        """What the operations answer, in their order; None for puts."""
        found, *others = yield from all_of([self._gotten(schema), *self._asking(schema, vectors)])
        rest = iter(others)
        results: list[Result] = []
        read: list[Document] = []
        for op in self.ops:
            match op:
                case GetOp():
                    document = found.get(name_in(op))
                    results.append(None if document is None else item_of(document))
                    read += [document] if document is not None and op.refresh_ttl else []
                case SearchOp():
                    answer = next(rest)
                    results.append([search_item_of(each) for each in answer])
                    read += [each.document for each in answer if op.refresh_ttl]
                case ListNamespacesOp():
                    results.append(next(rest))
                case PutOp():
                    results.append(None)
        yield from documents.used(schema, read)
        return results

    def writing(self, schema: Schema, known: Known, vectors: Vectors) -> Steps[None]:
        """The puts and deletes."""
        contents = {
            name: content and evolve(content, vectors=self._vectors_of(self.puts[name], vectors))
            for name, content in self.contents.items()
        }
        yield from documents.written(schema, contents, known)

    def _gotten(self, schema: Schema) -> Steps[Mapping[Name, Document]]:
        names = [name_in(op) for op in self.ops if isinstance(op, GetOp)]
        if not names:
            return {}
        return (yield from documents.documents(schema, names, consistent=self.settings.consistent))

    def _asking(self, schema: Schema, vectors: Vectors) -> Iterable[Steps[Any]]:
        consistent = self.settings.consistent
        for each in self.asked:
            if isinstance(each, Listing):
                yield documents.namespaces(schema, each, consistent=consistent)
            else:
                search = self._meant(*each, vectors)
                yield documents.search(schema, search, consistent=consistent)

    def _meant(self, search: Search, query: str | None, vectors: Vectors) -> Search:
        if not query or query not in vectors:
            return search
        vector = documents.unit(vectors[query], self.settings.dims)
        return evolve(search, vector=tuple(vector))

    def _vectors_of(self, op: PutOp, vectors: Vectors) -> Packed | None:
        made = [vectors[text] for text in self._texts_of(op)]
        return documents.packed(made, self.settings.dims) if made else None

    def _texts_of(self, op: PutOp) -> list[str]:
        """The texts of a value that have vectors."""
        if op.value is None or op.index is False or self.settings.paths is None:
            return []
        paths = self.settings.paths if op.index is None else op.index
        return [text for path in paths for text in get_text_at_path(op.value, path)]


def _check_namespaces(op: Op) -> None:
    """Refuse what LangGraph could not look at."""
    match op:
        case GetOp() | PutOp():
            given.namespace(op.namespace)
        case SearchOp():
            given.namespace(op.namespace_prefix)
        case ListNamespacesOp():
            given.conditions(op.match_conditions)


def name_in(op: GetOp | PutOp) -> Name:
    """The name of the document that an operation is about."""
    return checked(op.namespace), op.key


def item_of(document: Document) -> Item:
    """A document as LangGraph has it."""
    namespace, key = documents.name_of(document)
    return Item(
        value=documents.value_in(document.value),
        key=key,
        namespace=namespace,
        created_at=document.created_at,
        updated_at=document.updated_at,
    )


def search_item_of(found: Found) -> SearchItem:
    """A document that was found, as LangGraph has it."""
    namespace, key = found.name
    return SearchItem(
        value=found.value,
        key=key,
        namespace=namespace,
        created_at=found.document.created_at,
        updated_at=found.document.updated_at,
        score=found.score,
    )


def content_of(op: PutOp) -> Content | None:
    """What is put, or None."""
    if op.index is not None and op.index is not False:
        given.paths("index", op.index)
    return None if op.value is None else Content(documents.text_of_value(op.value), op.ttl)


def search_of(op: SearchOp) -> Search:
    """What is searched for, without what it means."""
    return Search(checked(op.namespace_prefix), op.filter, op.limit, op.offset)


def listing_of(op: ListNamespacesOp) -> Listing:
    """Which namespaces are listed."""
    paths = tuple(
        Path(each.match_type, tuple(each.path)) for each in given.conditions(op.match_conditions)
    )
    return Listing(paths, op.max_depth, op.limit, op.offset)
