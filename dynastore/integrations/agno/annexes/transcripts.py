"""Transcripts of external agents: what Agno's contract asks of them."""

from __future__ import annotations

from typing import Any

from ....agents.transcripts.appending import Entry, append
from ....agents.transcripts.known import Place
from ....agents.transcripts.reading import headers_of, main_transcripts, read
from ....agents.transcripts.removing import remove
from ....errors import RequestError, shown
from ....requests import Steps
from ..calls import Calls
from ..texts import json_bytes, json_value, milliseconds


class TranscriptCalls(Calls):
    """What external agents write down of their sessions."""

    def append_transcript_entries(
        self,
        framework: str,
        project_key: str,
        session_id: str,
        entries: list[dict[str, Any]],
        agno_session_id: str,
        subpath: str | None = None,
    ) -> Steps[None]:
        """Append entries, those whose uuids the transcript does not have yet: all of them, or none.

        One request where this process has read or written the transcript last; else three.

        Args:
            framework: of the agent.
            project_key: its project.
            session_id: as the agent has it.
            entries: in their order, of any size.
            agno_session_id: the session here, with which they are deleted.
            subpath: of an agent that was called in.

        Raises:
            RequestError: an entry is no dict.
        """
        place = Place(framework, project_key, session_id, subpath or "")
        given = [Entry(_id_of(each), json_bytes(each)) for each in entries]
        yield from append(self.schema, self.transcripts, place, given, agno_session_id)

    def get_transcript_entries(
        self, framework: str, project_key: str, session_id: str, subpath: str | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """The entries of a transcript as they were appended: two requests, one more for each 1 MB."""
        place = Place(framework, project_key, session_id, subpath or "")
        found = yield from read(self.schema, self.transcripts, place)
        return [each for content in found.contents for each in json_value(content)]

    def list_transcript_sessions(
        self, framework: str, project_key: str
    ) -> Steps[list[dict[str, Any]]]:
        """The sessions of a project that have a transcript of their own, and its last change.

        They are found by an index, which may lag by a second: one request for each 3,700.
        """
        found = yield from main_transcripts(self.schema, framework, project_key)
        return [
            {"session_id": each["session_id"], "mtime": milliseconds(each["appended_at"])}
            for each in found
        ]

    def list_transcript_subpaths(
        self, framework: str, project_key: str, session_id: str
    ) -> Steps[list[str]]:
        """The subpaths of the agents that a session called in: one request."""
        place = Place(framework, project_key, session_id)
        headers = yield from headers_of(self.schema, place.session)
        return sorted(each.subpath for each in headers if each.subpath)

    def delete_transcript(
        self, framework: str, project_key: str, session_id: str, subpath: str | None = None
    ) -> Steps[None]:
        """Delete a session's transcripts, or the one with a subpath."""
        place = Place(framework, project_key, session_id)

        def is_chosen(stretch: dict[str, Any]) -> bool:
            return subpath is None or bool(stretch["subpath"] == subpath)

        yield from remove(self.schema, place.session, is_chosen)


def _id_of(entry: dict[str, Any]) -> str | None:
    """The uuid of an entry, if it has one."""
    if not isinstance(entry, dict):
        raise RequestError(
            f"the entry {shown(entry)} of a transcript is no dict; give a list of dicts"
        )
    uuid = entry.get("uuid")
    return str(uuid) if uuid else None
