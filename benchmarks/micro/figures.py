"""All figures of a run, and the bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from attrs import frozen

from .contenders import FLAT, GET, LARGE, PUT, UPDATE
from .measuring import Cell, Ratio, ratios
from .starts import ratio as import_ratio

BARS: Mapping[str, float] = {GET: 0.80, PUT: 0.80, UPDATE: 0.80, FLAT: 0.25, LARGE: 0.25}
IMPORT_BAR = 0.35


@frozen
class Figures:
    """What was measured.

    Attributes:
        ratios: of operations in units of boto3's, of parts in units of its get.
        started: of the import, in units of boto3's.
    """

    ratios: Mapping[Cell, Ratio]
    started: Ratio

    @classmethod
    def measured(cls, rounds: int) -> Self:
        """Those of so many rounds."""
        return cls(ratios(rounds), import_ratio(rounds))
