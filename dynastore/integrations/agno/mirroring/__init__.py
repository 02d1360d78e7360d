"""Mirroring: two databases that are kept alike, and what is told of where they are not."""
