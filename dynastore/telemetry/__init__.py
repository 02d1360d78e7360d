"""Telemetry: what was sent, what it took, and whose it was."""
