"""LangGraph on dynastore: pip install "dynastore[langgraph]"."""

from .store import DynastoreStore

__all__ = ["DynastoreStore"]
