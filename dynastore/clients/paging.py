"""Pages of the embedded engine: as many rows as one response holds, filtered after reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

from ..capacity import PAGE_BYTES, item_bytes, read_units
from ..errors import RequestError
from ..expressions.matching import matcher
from ..requests import SEGMENTS, Query, QueryPage, Scan, ScanPage
from ..table import PRIMARY, Index
from ..values.attributes import AttributeMap
from .layout import Layout, key_limit, key_text, loaded
from .metering import projected
from .selecting import check_carried


def query_page(rows: Iterable[tuple[int, str]], request: Query) -> tuple[QueryPage, float]:
    """One page of a query, and the capacity that reading it takes.

    Args:
        rows: size and text of the items that it reads, in order.
        request: the query.
    """
    read, size, ended = _filled(_entries(rows, request.index), request.limit)
    last_key = request.index.key_in(read[-1]) if ended else None
    found = list(filter(matcher(request.filter), read))
    items = () if request.count_only else list(map(_reduced(request), found))
    units = read_units(size, consistent=request.consistent)
    return QueryPage(items, len(found), last_key), units


def scan_rows(layout: Layout, request: Scan) -> tuple[str, tuple[str, ...]]:
    """The SELECT of a scan and its parameters; it reads all segments.

    Raises:
        RequestError: DynamoDB would refuse the scan.
    """
    if not 1 <= request.segments <= SEGMENTS:
        raise RequestError(f"a scan has 1 to {SEGMENTS:,} segments, not {request.segments}")
    if not 0 <= request.segment < request.segments:
        last = request.segments - 1
        raise RequestError(f"segments are numbered from 0 to {last}, not {request.segment}")
    if request.limit is not None and request.limit < 1:
        raise RequestError(f"a scan reads at least 1 item, not {request.limit}")
    index = request.index
    if request.consistent and index != PRIMARY:
        raise RequestError(f"{index.name} cannot be read consistently; only the table can")
    if index.carried is not None:
        check_carried(index, request.attributes)
    order = ", ".join(index.entry_key)
    where = f"{index.hash} IS NOT NULL"
    start: tuple[str, ...] = ()
    if request.start_key is not None:
        start = _start(request, request.start_key)
        where += f" AND ({order}) > ({', '.join('?' * len(start))})"
    return f"SELECT bytes, item FROM {layout.rows} WHERE {where} ORDER BY {order}", start


def scan_page(rows: Iterable[tuple[int, str]], request: Scan) -> ScanPage:
    """One page of a scan.

    Args:
        rows: size and text of all items after the start, by the key of the index.
        request: the scan.
    """
    mine = ((size, item) for size, item in _entries(rows, request.index) if _is_in(request, item))
    read, size, ended = _filled(mine, request.limit)
    return ScanPage(
        items=list(map(_reduced(request), filter(matcher(request.filter), read))),
        scanned=len(read),
        last_key=request.index.key_in(read[-1]) if ended else None,
        units=read_units(size, consistent=request.consistent),
    )


def _entries(rows: Iterable[tuple[int, str]], index: Index) -> Iterator[tuple[int, AttributeMap]]:
    """Sizes and items, as an index holds them."""
    for size, text in rows:
        item = loaded(text)
        if index.carried is None:
            yield size, item
        else:
            entry = projected(index, item)
            yield item_bytes(entry), entry


def _filled(
    entries: Iterable[tuple[int, AttributeMap]], limit: int | None
) -> tuple[list[AttributeMap], int, bool]:
    """What one page holds, its bytes, and whether it ended before *entries* were known to.

    The item that fills a page is still in it. More may follow then: DynamoDB does not look ahead.
    """
    read: list[AttributeMap] = []
    size = 0
    for item_size, item in entries:
        read.append(item)
        size += item_size
        if len(read) == limit or size >= PAGE_BYTES:
            return read, size, True
    return read, size, False


def _reduced(request: Query | Scan) -> Callable[[AttributeMap], AttributeMap]:
    if not request.attributes:
        return lambda item: item
    return lambda item: {name: item[name] for name in request.attributes if name in item}


def _is_in(request: Scan, item: AttributeMap) -> bool:
    """Whether an item is in the segment that is scanned: a partition is never divided."""
    return crc32(item[request.index.hash]["S"].encode()) % request.segments == request.segment


def _start(request: Scan, start: AttributeMap) -> tuple[str, ...]:
    names = request.index.entry_key
    if start.keys() != {*names}:
        raise RequestError(f"this scan starts at {' and '.join(names)}; pass a page's last_key")
    key = tuple(
        key_text(name, start[name], key_limit(_whose(request, name), name)) for name in names
    )
    if not _is_in(request, start):
        raise RequestError("the start key is of another segment; use it with the scan it is from")
    return key


def _whose(request: Scan, name: str) -> Index:
    """The index that a key attribute is of."""
    return request.index if name in request.index.attributes else PRIMARY
