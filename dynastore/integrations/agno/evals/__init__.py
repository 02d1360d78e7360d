"""Agno's eval runs."""
