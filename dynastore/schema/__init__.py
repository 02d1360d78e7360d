"""The schema: a table and its entities, checked together, and where its scopes are placed."""
