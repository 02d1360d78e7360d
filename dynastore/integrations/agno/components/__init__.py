"""Agno's components: agents, teams and workflows kept as data, in versions."""
