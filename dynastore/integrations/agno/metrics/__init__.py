"""Agno's metrics."""
