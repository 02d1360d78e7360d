"""Agno's approvals."""
