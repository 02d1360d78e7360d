"""Transcripts: appended, read by place, and removed with their session."""
