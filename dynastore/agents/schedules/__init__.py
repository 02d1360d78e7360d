"""Schedules: which is due, who claims it, and what came of it."""
