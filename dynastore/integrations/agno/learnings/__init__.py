"""Agno's learnings."""
