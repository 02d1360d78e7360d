"""Kept: what a process has read or written last, by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 10_000  # values, unless told otherwise; an id and a name take some 300 bytes


class Kept(Generic[K, V]):
    """So many values, by their names. Threads may share it."""

    def __init__(self, most: int = MOST) -> None:
        """Nothing is remembered.

        Args:
            most: values; of more, the one that was kept longest ago is forgotten.
        """
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, name: K) -> V | None:
        """What was kept under a name last; None where that is not known."""
        with self._lock:
            return self._kept.get(name)

    def keep(self, name: K, value: V) -> None:
        """Remember a value."""
        with self._lock:
            self._kept[name] = value
            self._kept.move_to_end(name)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, name: K) -> None:
        """Forget a value, if it is remembered."""
        with self._lock:
            self._kept.pop(name, None)

    def forget_where(self, chosen: Callable[[K], bool]) -> None:
        """Forget the values whose names are chosen."""
        with self._lock:
            for name in [each for each in self._kept if chosen(each)]:
                del self._kept[name]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
