"""Annexes of sessions: results of tools and compactions, which are not read with the session."""
