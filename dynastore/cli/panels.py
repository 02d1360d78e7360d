"""The panels of ``dynastore --help``, in the order in which they stand there."""

from __future__ import annotations

START = "Start here"
SCHEMA = "Know a schema: made of your code, nothing is sent"
DEPLOY = "Deploy a table, and look after it"
KEEP = "Back up and bring back"
ORDER = "Keep a table in order"
TENANTS = "Scopes and threads"
MOVE = "Move in from elsewhere"

PANELS = (START, SCHEMA, DEPLOY, KEEP, ORDER, TENANTS, MOVE)
