"""Requests and capacity units of each kind of call, in tables of several sizes.

Deterministic: counted on SQLite, which counts units as DynamoDB does. No figure may depend on how
many other items the table holds; `tests/integration/test_cost.py` asserts it in smaller tables.
"""
