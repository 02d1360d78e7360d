"""Listing namespaces: entries of the registry, looked up where they may have no document left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, TypeAlias

from attrs import field, frozen

from ...errors import RequestError, shown
from ...operations.interleaved import all_of
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import begins_with
from .entities import Document, Namespace, place_of
from .labels import Labels, checked, labels_in, text_of
from .pages import Pages

ANY = "*"  # in a path: whatever label is there
ENTRIES = 100  # of the registry to read at least: some 13 KB; twice as many in each further page

Entry: TypeAlias = tuple[Labels, Namespace]


@frozen
class Path:
    """How namespaces begin or end.

    Attributes:
        kind: which of it.
        labels: those, in order; ``*`` is any.
    """

    kind: Literal["prefix", "suffix"]
    labels: Labels = field(converter=checked)

    def matches(self, namespace: Labels) -> bool:
        """Whether a namespace begins or ends so."""
        count = len(self.labels)
        if len(namespace) < count:
            return False
        part = namespace[:count] if self.kind == "prefix" else namespace[len(namespace) - count :]
        return all(mine in {ANY, its} for mine, its in zip(self.labels, part, strict=True))

    @property
    def literal(self) -> Labels:
        """The labels that the namespaces begin with for certain."""
        if self.kind == "suffix":
            return ()
        upto = self.labels.index(ANY) if ANY in self.labels else len(self.labels)
        return self.labels[:upto]


@frozen
class Listing:
    """Which namespaces are listed, in the order of their labels.

    Attributes:
        paths: how they begin and end; all must match.
        depth: after how many labels they are cut off, or None. What is then alike is listed once.
        limit: how many at most.
        offset: how many to pass over.

    Raises:
        RequestError: a number is negative.
    """

    paths: tuple[Path, ...] = ()
    depth: int | None = None
    limit: int = 100
    offset: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse what would count from the end."""
        for each in (self.depth or 0, self.limit, self.offset):
            not_negative(each)

    @property
    def prefix(self) -> Labels:
        """The longest beginning that they all have for certain."""
        return max((each.literal for each in self.paths), key=len, default=())

    def matches(self, entry: Entry) -> bool:
        """Whether it is asked for."""
        return all(path.matches(entry[0]) for path in self.paths)

    def cut(self, entry: Entry) -> Labels:
        """What is listed of it."""
        return entry[0][: self.depth]


def not_negative(number: int) -> None:
    """Refuse a limit or an offset that is none.

    Raises:
        RequestError: it is negative, or no whole number.
    """
    if type(number) is not int or number < 0:
        raise RequestError(f"a limit or an offset is a whole number from 0, not {shown(number)}")


def namespaces(schema: Schema, asked: Listing, *, consistent: bool = True) -> Steps[list[Labels]]:
    """The namespaces that have documents.

    The registry is read, and entries are looked up, only as far as the limit asks for.

    Args:
        schema: where.
        asked: which.
        consistent: whether every write acknowledged before must be seen.
    """
    pages = entries(schema, asked.prefix, consistent=consistent)
    upto = asked.offset + asked.limit
    width = max(ENTRIES, upto + 1)  # the last namespace may go on in the next page
    left: list[Entry] = []
    found: list[Labels] = []
    while len(found) < upto and (left or not pages.ended):
        groups = [list(group) for _, group in groupby(left, key=asked.cut)]
        whole = groups if pages.ended else groups[:-1]
        if not whole:
            page = yield from pages.page(width)
            width *= 2
            left += filter(asked.matches, map(entry_of, page))
            continue
        some = whole[: upto - len(found)]
        left = [entry for group in groups[len(some) :] for entry in group]
        inhabited = yield from all_of(
            _inhabited(schema, each, consistent=consistent) for each in some
        )
        found += [
            asked.cut(group[0]) for group, is_one in zip(some, inhabited, strict=True) if is_one
        ]
    return found[asked.offset :]


def entries(schema: Schema, prefix: Labels, *, consistent: bool) -> Pages[Namespace]:
    """The entries of the registry below a prefix, in the order of their labels."""
    where = {"labels": begins_with(text_of(prefix))} if prefix else {}
    return Pages(schema, Namespace, where, Ask(consistent=consistent))


def entry_of(namespace: Namespace) -> Entry:
    """An entry, with its labels."""
    return labels_in(namespace.labels), namespace


def _inhabited(schema: Schema, group: Sequence[Entry], *, consistent: bool) -> Steps[bool]:
    """Whether one of some namespaces has a document."""
    if any(entry.trusted for _, entry in group):
        return True
    for labels, _ in group:
        ask = Ask(consistent=consistent, selected=("document_id",))
        pages = Pages(schema, Document, dict(place_of(labels)), ask)
        if (yield from pages.page(1)):
            return True
    return False
