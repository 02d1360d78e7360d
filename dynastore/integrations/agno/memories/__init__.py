"""Agno's memories."""
