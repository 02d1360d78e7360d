"""Agno's HTTP service on a database, and what it answered."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import jwt
from agno.agent import Agent
from agno.knowledge.knowledge import Knowledge
from agno.os import AgentOS
from agno.os.authz import Authorization
from agno.registry import Registry
from agno.team import Team
from attrs import define, field
from httpx2 import ASGITransport, AsyncClient

from ..agno_model import ScriptedModel
from ..agno_shelf import Shelf

SECRET = "known to the service and to those who sign its users' tokens"
DB_ID = "one"
RECENT_SECONDS = 3_600  # what happened in a test

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\"' ]*")
MEASURED = ("search_time_ms", "run_time", "memory_usage", "duration", "time_to_first", "expires_at")
SECRETS = {"token", "token_prefix"}


@define
class Service:
    """An AgentOS that is asked, and its answers so far.

    Attributes:
        client: over which it is asked.
        db: the database that it is on.
        runner: runs the service.
        answers: who asked what, and the status and what was said, as plain values.
    """

    client: AsyncClient
    db: Any
    runner: asyncio.Runner
    answers: list[Any] = field(factory=list)
    _ids: dict[str, str] = field(factory=dict)

    def __call__(
        self, method: str, path: str, body: Any = None, *, by: str | None = None, **named: Any
    ) -> Any:
        """Ask, as an administrator or *by* a user who sees what is theirs; what was said."""
        headers = {"Authorization": f"Bearer {token(by)}"}
        sent = {"json": body} if body is not None else {}
        request = self.client.request(method, path, headers=headers, **sent, **named)
        answer = self.runner.run(request)
        said = answer.json() if answer.content else None
        asked = f"{by or 'admin'} {method} {self.plain(path)} {named.get('params', '')}"
        self.answers.append((asked, answer.status_code, self.plain(said)))
        return said

    def save(self, name: str, *args: Any, **named: Any) -> Any:
        """Call the database, as an agent does."""
        answer = getattr(self.db, name)(*args, **named)
        return self.runner.run(answer) if asyncio.iscoroutine(answer) else answer

    def plain(self, said: Any, name: str = "") -> Any:
        """What was said, without what is another each time: ids that were made up, and times."""
        if name == "db" and isinstance(said, dict):
            return said.get("id")  # each database tells of itself in its own words
        if isinstance(said, dict):
            return {each: self.plain(said[each], each) for each in sorted(said)}
        if isinstance(said, list):
            return [self.plain(each, name) for each in said]
        if name in SECRETS:
            return "secret"
        if isinstance(said, int | float) and any(each in name for each in MEASURED):
            return "measured"
        if isinstance(said, int | float) and abs(said - time.time()) < RECENT_SECONDS:
            return "now"
        if isinstance(said, str):
            return UUID.sub(self._named, MOMENT.sub(_moment, said))
        return said

    def _named(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found[0], f"id {len(self._ids)}")


def _moment(found: re.Match[str]) -> str:
    at = datetime.fromisoformat(found[0])
    is_now = abs(at.timestamp() - time.time()) < RECENT_SECONDS
    return "now" if is_now else found[0]


def token(user: str | None) -> str:
    """Says who asks: a user, or without one an administrator."""
    scopes = ["agent_os:admin"] if user is None else USER_SCOPES
    claims = {"sub": user or "admin", "scopes": scopes, "exp": int(time.time()) + RECENT_SECONDS}
    return jwt.encode(claims, SECRET, algorithm="HS256")


PARTS = (
    *("sessions", "memories", "metrics", "evals", "traces", "knowledge", "learnings"),
    *("schedules", "approvals", "agents", "teams", "components", "service_accounts", "config"),
)
USER_SCOPES = [f"{part}:{what}" for part in PARTS for what in ("read", "write", "delete", "run")]


@contextmanager
def serving(db: Any) -> Iterator[Service]:
    """An AgentOS with an agent, a team and a knowledge base, all on one database."""
    agent = Agent(id="support", model=ScriptedModel(), db=db, telemetry=False)
    team = Team(id="desk", members=[agent], model=ScriptedModel(), db=db, telemetry=False)
    shelf = Knowledge(name="shelf", contents_db=db, vector_db=Shelf())
    service = AgentOS(
        id="os",
        db=db,
        agents=[agent],
        teams=[team],
        knowledge=[shelf],
        registry=Registry(name="ours", models=[ScriptedModel()], dbs=[db]),
        authorization=Authorization(verification_keys=[SECRET], algorithm="HS256"),
        user_isolation=True,
        telemetry=False,
    )
    app = service.get_app()
    transport = ASGITransport(app, raise_app_exceptions=False)
    client = AsyncClient(transport=transport, base_url="http://service")
    with asyncio.Runner() as runner:
        life = app.router.lifespan_context(app)
        runner.run(life.__aenter__())
        yield Service(client, db, runner)
        runner.run(life.__aexit__(None, None, None))
        runner.run(client.aclose())
