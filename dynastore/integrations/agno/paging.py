"""Sorting and paging as Agno's contract has it: by offset, with exact totals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

E = TypeVar("E")


def in_order(
    entries: Iterable[E],
    value: Callable[[E, str], Any],
    by: str | None,
    order: str | None,
    *,
    known: Collection[str],
    otherwise: Callable[[E], Any],
) -> list[E]:
    """Entries in the order that is asked for.

    Args:
        entries: in any order.
        value: gives the value of an entry's column.
        by: the column to sort by, ``updated_at`` for ``created_at`` where it has no value.
        order: ``asc``, or else descending.
        known: columns that one can sort by. By others, and by none, it is as by *otherwise*.
        otherwise: what sorts entries that nothing else does.
    """
    natural = sorted(entries, key=otherwise)
    if by not in known:
        return natural
    name = str(by)

    def rank(entry: E) -> tuple[bool, Any]:
        found = value(entry, name)
        if found is None and name == "updated_at":
            found = value(entry, "created_at")
        return found is not None, found

    return sorted(natural, key=rank, reverse=order != "asc")


def page_of(entries: Sequence[E], limit: int | None, page: int | None) -> Sequence[E]:
    """Some of the entries: those of a page, counted from 1; all without a limit, or with one below 0.

    Below the first page there is none: it is given instead.
    """
    if limit is None or limit < 0:
        return entries
    start = (max(page or 1, 1) - 1) * limit
    return entries[start : start + limit]
