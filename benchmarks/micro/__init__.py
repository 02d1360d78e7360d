"""Client CPU of single calls, in units of boto3's low-level client, beside other libraries.

Each client does the same operations on a server that gives the same answers to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from . import starts
from .clients import awaited_dynastore, boto, missing
from .clients import dynastore as blocking_dynastore
from .contenders import GET, LARGE, OPERATIONS, PARTS, PUT, UPDATE, FLAT
from .measuring import ROUNDS, Cell, Ratio, ratios

OURS = (blocking_dynastore.NAME, awaited_dynastore.NAME)
BARS: Mapping[str, float] = {GET: 0.80, PUT: 0.80, UPDATE: 0.80, FLAT: 0.25, LARGE: 0.25}
IMPORT_BAR = 0.35
