"""LangGraph on a store: its checkpointer and its long-term memory."""

from .saver import DynastoreSaver
from .store import DynastoreStore

__all__ = ["DynastoreSaver", "DynastoreStore"]
