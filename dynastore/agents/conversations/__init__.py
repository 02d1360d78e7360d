"""Conversations: a session and its runs are loaded by one query, and a turn writes the turn."""
