"""Searching documents below a prefix: by their values, and by what they mean."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from ...operations.interleaved import all_of
from ...operations.together import IN_FLIGHT
from ...planner import Ask
from ...requests import TOP_LIMIT, Steps
from ...schema.schema import Schema
from ...terms import begins_with
from .entities import PARTITION_LABELS, Document, Embedding, Name, Namespace, name_of
from .filters import check_filter, passes
from .indexed import Ranked, index_of, nearest, suits
from .labels import Labels, checked, text_of
from .listing import entries, entry_of, not_negative
from .pages import Pages
from .reading import documents
from .values import value_in
from .vectors import likeness

ENTRIES = 1_000  # of the registry to read at a time: some 130 KB
FEWEST = (
    10  # documents to read at a time where some may not pass; twice as many in each further page
)

E = TypeVar("E")


@frozen
class Search:
    """What is searched for.

    Attributes:
        prefix: what the namespaces begin with; () for all.
        wanted: field -> what it must be, see `filters`; None for all.
        limit: how many documents at most.
        offset: how many to pass over.
        vector: of length 1: what they should mean; None for the order of their names.

    Raises:
        RequestError: the prefix, the filter or a number is wrong.
    """

    prefix: Labels = field(converter=checked)
    wanted: Mapping[str, Any] | None = None
    limit: int = 10
    offset: int = 0
    vector: tuple[float, ...] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what no document could be compared with."""
        check_filter(self.wanted or {})
        not_negative(self.limit)
        not_negative(self.offset)

    @property
    def upto(self) -> int:
        """How many documents have to be found."""
        return self.offset + self.limit if self.limit else 0


@frozen
class Found:
    """A document that was found.

    Attributes:
        document: it.
        value: its value.
        score: how near it is to what was meant, -1 to 1; None where nothing was, or where it has no
            vectors.
    """

    document: Document
    value: dict[str, Any] = field(repr=False)
    score: float | None = None

    @property
    def name(self) -> Name:
        """Its name."""
        return name_of(self.document)


def search(schema: Schema, asked: Search, *, consistent: bool = True) -> Steps[list[Found]]:
    """Documents below a prefix that pass a filter: the nearest first, then by namespace and name.

    A prefix of two labels or more is one key condition. A shorter one goes through the registry to
    the partitions there are, a few at a time and no more than the limit needs. What passes a filter
    is sought until there are as many as asked for, however many pages that takes.

    By meaning, all vectors below the prefix are compared, exactly; the nearest documents are read,
    and where there are not enough, documents without vectors follow. A vector index of the table
    finds the nearest instead, where it can; see `indexed`.
    """
    found: list[Found] = []
    if asked.vector is not None and asked.upto:
        found = yield from _nearest(schema, asked, asked.vector, consistent=consistent)
    yield from _filled(schema, asked, found, consistent=consistent)
    return found[asked.offset :]


def _filled(schema: Schema, asked: Search, found: list[Found], *, consistent: bool) -> Steps[None]:
    """Add documents in the order of their names, until there are as many as asked for."""
    have = {each.name for each in found}
    walk = _Walk(schema, Document, asked.prefix, consistent=consistent)
    width = max(FEWEST, asked.upto) if asked.wanted or have else asked.upto
    while len(found) < asked.upto and not walk.ended:
        page = yield from walk.page(width)
        some = (Found(document, value_in(document.value)) for document in page)
        found += [
            each for each in some if passes(each.value, asked.wanted) and each.name not in have
        ]
        width *= 2
    del found[asked.upto :]


def _nearest(
    schema: Schema, asked: Search, vector: Sequence[float], *, consistent: bool
) -> Steps[list[Found]]:
    """The documents that pass and have vectors, the nearest first, as many as asked for."""
    index = index_of(schema)
    if index is not None and suits(index, asked.prefix, vector, asked.upto):
        for top in _tops(asked):
            near = yield from nearest(schema, index, asked.prefix, vector, top)
            found = yield from _read(schema, asked, near.ranked, consistent=consistent)
            if near.are_all or len(found) == asked.upto:
                return found
    ranked = yield from _ranked(schema, asked.prefix, vector, consistent=consistent)
    return (yield from _read(schema, asked, ranked, consistent=consistent))


def _tops(asked: Search) -> list[int]:
    """How many vectors a vector index is asked for; then, if too few documents are left, for all."""
    is_whole = not asked.wanted and len(asked.prefix) == PARTITION_LABELS
    return sorted({asked.upto if is_whole else TOP_LIMIT, TOP_LIMIT})


def _read(
    schema: Schema, asked: Search, ranked: list[Ranked], *, consistent: bool
) -> Steps[list[Found]]:
    """The documents that pass, as many as asked for, of those whose vectors were ranked."""
    found: list[Found] = []
    width = max(FEWEST, asked.upto) if asked.wanted else asked.upto
    while ranked and len(found) < asked.upto:
        some, ranked = ranked[:width], ranked[width:]
        read = yield from documents(schema, [each.name for each in some], consistent=consistent)
        for each in some:
            document = read.get(each.name)
            # The vectors of a document that was deleted or replaced meanwhile mean nothing.
            if document is None or document.embedded != each.digest:
                continue
            value = value_in(document.value)
            if passes(value, asked.wanted):
                found.append(Found(document, value, each.score))
        width *= 2
    return found[: asked.upto]


def _ranked(
    schema: Schema, prefix: Labels, vector: Sequence[float], *, consistent: bool
) -> Steps[list[Ranked]]:
    """All vectors below a prefix that can be compared, the nearest first. They are not kept."""
    ranked: list[Ranked] = []
    walk = _Walk(schema, Embedding, prefix, consistent=consistent)
    while not walk.ended:
        for each in (yield from walk.page(None)):
            score = likeness(vector, each.packed)
            if score is not None:
                ranked.append(Ranked(score, name_of(each), each.digest))
    return sorted(ranked, key=lambda each: each.score, reverse=True)


class _Stretch(Generic[E]):
    """A partition, or what of it is below a prefix.

    Attributes:
        pages: what reads it.
        read: what was read and not yet taken.
    """

    def __init__(self, pages: Pages[E]) -> None:
        """Nothing is read yet."""
        self.pages = pages
        self.read: list[E] = []

    def fill(self, limit: int | None) -> Steps[None]:
        """Read the next page."""
        self.read += yield from self.pages.page(limit)

    @property
    def is_due(self) -> bool:
        """Whether there is more to read, and nothing to take."""
        return not self.read and not self.pages.ended


class _Walk(Generic[E]):
    """Entities of all namespaces below a prefix, in the order of namespace and name."""

    def __init__(self, schema: Schema, cls: type[E], prefix: Labels, *, consistent: bool) -> None:
        """Nothing is read yet."""
        self._schema = schema
        self._cls = cls
        self._ask = Ask(consistent=consistent)
        self._left: deque[_Stretch[E]] = deque()
        self._entries: Pages[Namespace] | None = None
        self._last: Labels | None = None
        self._width = 1
        if len(prefix) < PARTITION_LABELS:
            self._entries = entries(schema, prefix, consistent=consistent)
        else:
            self._left.append(self._stretch(prefix))

    @property
    def ended(self) -> bool:
        """Whether all were read."""
        return not self._left and (self._entries is None or self._entries.ended)

    def page(self, limit: int | None) -> Steps[list[E]]:
        """The next entities; none does not mean that there are no more.

        Args:
            limit: how many of each partition at most, of one first and then of more at a time.
                Without it partitions are read a few at a time from the start.
        """
        if not self._left and self._entries is not None:
            self._add((yield from self._entries.page(ENTRIES)))
        width = IN_FLIGHT if limit is None else min(self._width, IN_FLIGHT)
        self._width *= 2
        due = [each for each in islice(self._left, width) if each.is_due]
        yield from all_of(each.fill(limit) for each in due)
        return self._taken()

    def _taken(self) -> list[E]:
        """What was read and is next in order."""
        found: list[E] = []
        while self._left:
            found += self._left[0].read
            self._left[0].read = []
            if not self._left[0].pages.ended:
                break
            self._left.popleft()
        return found

    def _add(self, namespaces: Sequence[Namespace]) -> None:
        """Add the partitions of namespaces; namespaces of one partition follow each other."""
        for labels, _ in map(entry_of, namespaces):
            partition = labels[:PARTITION_LABELS]
            if partition != self._last:
                self._left.append(self._stretch(partition))
                self._last = partition

    def _stretch(self, labels: Labels) -> _Stretch[E]:
        first, second, *rest = (*labels, "") if len(labels) < PARTITION_LABELS else labels
        where: dict[str, Any] = {"first": first, "second": second}
        if rest:
            where["rest"] = begins_with(text_of(rest))
        return _Stretch(Pages(self._schema, self._cls, where, self._ask))
