"""Agno's knowledge."""
