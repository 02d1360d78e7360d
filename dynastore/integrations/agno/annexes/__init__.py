"""Annexes of sessions: Agno's tool results, compactions and transcripts."""
