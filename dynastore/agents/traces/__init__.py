"""Traces and spans, in whatever order they come."""
