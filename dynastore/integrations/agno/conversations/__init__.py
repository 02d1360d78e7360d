"""Agno's sessions and runs."""
