"""Moving in: what another of Agno's databases has, topic by topic."""
