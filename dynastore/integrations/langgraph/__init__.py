"""LangGraph on a store: its checkpointer and its long-term memory."""

from .saver import DynastoreSaver

__all__ = ["DynastoreSaver"]
