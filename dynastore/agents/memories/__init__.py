"""Memories of users, each in a partition of its own."""
