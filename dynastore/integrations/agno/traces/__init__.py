"""Agno's traces and spans."""
