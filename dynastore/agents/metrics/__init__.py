"""Figures of days, calculated from the headers of sessions."""
