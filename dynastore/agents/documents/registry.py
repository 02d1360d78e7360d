"""The registry of namespaces: which there are, without a scan.

An entry says that documents may be there; whether they are may have to be looked up:

1. An entry is written before the first document of its namespace, and is never deleted. So no
   document is ever hidden, whatever race there was, and who knows of an entry knows it for good.
2. It is marked as vanishing before a document is deleted, or put with an expiry, and never
   unmarked. It is settled after a document was put.
3. So one that is settled and not vanishing has a document. All others are looked up when listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...entities.spec import Ref, ref
from ...errors import AlreadyExists
from ...operations.interleaved import all_of
from ...operations.reading import reads
from ...operations.writing.writes import write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Update
from .entities import Namespace
from .labels import Labels, text_of

KNOWN = 100_000  # namespaces that a process remembers; some 200 bytes each


class Known:
    """What one process knows of entries; it stays true, as they only ever change in one direction."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._vanishing: dict[Labels, bool] = {}

    def says(self, namespace: Labels, *, vanishing: bool) -> bool:
        """Whether a namespace is known to have an entry, marked if that is asked."""
        known = self._vanishing.get(namespace)
        return known is not None and (known or not vanishing)

    def learn(self, namespace: Labels, *, vanishing: bool) -> None:
        """A namespace has an entry, marked or not."""
        if len(self._vanishing) >= KNOWN:
            self._vanishing.clear()
        self._vanishing[namespace] = vanishing or self._vanishing.get(namespace, False)


def entered(
    schema: Schema, namespaces: Mapping[Labels, bool], known: Known
) -> Steps[frozenset[Labels]]:
    """Make entries of namespaces, before documents are put there or deleted.

    An entry is made for a delete too: another writer may put what is to be deleted.

    Args:
        schema: where.
        namespaces: to whether documents are deleted there, or put that may expire.
        known: what this process knows; it learns of those that have an entry now.

    Returns:
        Those to be `settled` once the documents are put.
    """
    unsure = [each for each, v in namespaces.items() if not known.says(each, vanishing=v)]
    if not unsure:
        return frozenset()
    entries = yield from reads.get_many(schema, [*map(_ref, unsure)], consistent=True)
    found = dict(zip(unsure, entries, strict=True))
    yield from all_of(
        _entered(schema, each, entry, vanishing=namespaces[each]) for each, entry in found.items()
    )
    unsettled = set()
    for each, entry in found.items():
        vanishing = namespaces[each] or (entry is not None and entry.vanishing)
        known.learn(each, vanishing=vanishing)
        if not vanishing and not (entry is not None and entry.settled):
            unsettled.add(each)
    return frozenset(unsettled)


def settled(schema: Schema, namespaces: Iterable[Labels]) -> Steps[None]:
    """Note that a document was put into namespaces whose entries were made for it."""
    yield from all_of(write(schema, Update(_ref(each), settled=True)) for each in namespaces)


def _entered(
    schema: Schema, namespace: Labels, entry: Namespace | None, *, vanishing: bool
) -> Steps[None]:
    """Make the entry of a namespace, or mark the one there is."""
    if entry is None:
        new = Namespace(labels=text_of(namespace), vanishing=vanishing)
        try:
            yield from write(schema, Create(new))
        except AlreadyExists:  # another writer made it meanwhile, and may not have marked it
            if vanishing:
                yield from _mark(schema, namespace)
    elif vanishing and not entry.vanishing:
        yield from _mark(schema, namespace)


def _mark(schema: Schema, namespace: Labels) -> Steps[None]:
    yield from write(schema, Update(_ref(namespace), vanishing=True))


def _ref(namespace: Labels) -> Ref[Namespace]:
    return ref(Namespace, labels=text_of(namespace))
