"""The schema that the pictures are of: people, and what they have to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from dynastore import Schema, created, entity, gsi, key, payload, unique, version


@entity("person", count=10_000)
class Person:
    """Somebody who has tasks.

    Attributes:
        person_id: as the identity provider has it.
        email: where reminders go.
        joined_at: when the person was first stored.
    """

    person_id: str
    email: str
    joined_at: datetime = created()

    primary = key("PERSON#{person_id}", "~")
    by_email = unique("email")


@entity("task", expires="expires_at", lifetime=timedelta(days=90), distinct={"team": 50})
class Task:
    """What is to be done, by whom, and until when.

    Attributes:
        person_id: who does it.
        task_id: unique among the tasks of that person.
        team: whose board it is on, or None.
        status: where it is: begun tasks are never open again.
        due_at: until when.
        notes: what was said of it.
        revision: an optimistic lock.
        expires_at: when it is forgotten.
    """

    person_id: str
    task_id: str
    team: str | None = None
    status: Literal["open", "begun", "done"] = "open"
    due_at: datetime
    notes: list[str] = payload(factory=list)
    revision: int = version()
    expires_at: datetime | None = None

    primary = key("PERSON#{person_id}", "TASK#{task_id}")
    board = gsi(1, "TEAM#{team}", "TASK", "{status}", "{due_at}")
    due = gsi(
        2, "DUE#{due_at:day}", "{due_at}", when={"status": "open"}, shards=4, include=("team",)
    )


schema = Schema([Person, Task]).named("tasks")
