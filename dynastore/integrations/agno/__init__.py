"""Agno: `DynastoreDb` and `AsyncDynastoreDb` keep what its agents, teams and workflows remember."""

from .db import AsyncDynastoreDb, DynastoreDb

__all__ = ["AsyncDynastoreDb", "DynastoreDb"]
