"""What the users of Agno's HTTP service ask of it: of each router all that reads or writes a database."""

from __future__ import annotations

from .building import components
from .knowing import knowledge, learnings, memories
from .running import approvals, schedules, service_accounts
from .talking import agents, config, metrics, sessions
from .watching import evals, traces

SCRIPTS = (
    *(config, sessions, agents, memories, metrics, knowledge, evals, traces),
    *(learnings, schedules, approvals, service_accounts),
)
# Of blocking databases alone: the service has no components on one that is awaited.
BLOCKING_SCRIPTS = (components,)
