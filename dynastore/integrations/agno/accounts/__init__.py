"""Accounts: Agno's service accounts and auth tokens."""
