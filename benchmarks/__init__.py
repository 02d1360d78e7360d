"""Benchmarks: what operations cost. ``python -m benchmarks`` runs them all."""
