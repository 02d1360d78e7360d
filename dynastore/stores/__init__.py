"""Stores: what users call, blocking or awaited, and what the calls give back."""
