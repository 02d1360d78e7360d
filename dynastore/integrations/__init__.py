"""Frameworks on a store, one package each; importing one needs its framework."""
