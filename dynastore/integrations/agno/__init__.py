"""Agno: `DynastoreDb` and `AsyncDynastoreDb` keep what its agents, teams and workflows remember.

`Migration` moves what another of Agno's databases has, `MirrorDb` keeps both alike meanwhile.
"""

from .db import AsyncDynastoreDb, DynastoreDb
from .mirroring.awaited import AsyncMirrorDb
from .mirroring.mirror import MirrorDb
from .moving.migration import Migration

__all__ = ["AsyncDynastoreDb", "AsyncMirrorDb", "DynastoreDb", "Migration", "MirrorDb"]
