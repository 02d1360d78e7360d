"""Agno's schedules and what came of them."""
