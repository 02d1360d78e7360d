"""Stores whose table has many other items: filled once, and copied for each of those who ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field

from dynastore import Store
from dynastore.agents import ENTITIES, Learning, Span, Trace

from .patterns import Floored, calls, fill

# What lists of these show is in a form of its own, which adapters read.
OF_OWN_FORM = (Trace, Span, Learning)
FILLING = [cls for cls in ENTITIES if cls not in OF_OWN_FORM]


@define
class Among:
    """A file with so many items of all ready-made entities.

    Attributes:
        items: how many.
        path: of the file.
    """

    items: int
    path: Path
    _copies: int = field(default=0, init=False)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """A store on a copy of it, which is deleted then."""
        self._copies += 1
        copy = self.path.with_name(f"copy-{self._copies}.db")
        shutil.copyfile(self.path, copy)
        with Store.connect(f"sqlite:///{copy}") as store:
            yield store
        for each in copy.parent.glob(f"{copy.name}*"):  # its log among them
            each.unlink()

    def entity_costs(self) -> dict[str, Floored]:
        """What each access pattern takes in it, with as many items of the other entities."""
        with self.opened() as store:
            each = self.items // len(FILLING)
            fill(store, each * len(OF_OWN_FORM), OF_OWN_FORM)
            return dict(calls(store))


@contextmanager
def among(items: int) -> Iterator[Among]:
    """A file with so many items, for a while."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "filled.db"
        with Store.connect(f"sqlite:///{path}") as store:
            fill(store, items, FILLING)
        yield Among(items, path)
