"""Memories: what Agno's contract asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from agno.db.schemas.memory import UserMemory
from agno.db.utils import validate_pagination
from attrs import frozen

from ....agents.memories.entities import Memory
from ....agents.memories.keeping import (
    clear_memories,
    delete_memories,
    load_memory,
    memories_of,
    save_memories,
    save_memory,
    slim_memories,
    whole_memories,
)
from ....requests import Now, Steps
from ..calls import Calls
from ..paging import in_order, page_of
from ..texts import moment, seconds
from .rows import COLUMNS, UNLISTED, column, given_memory, memory_of, row_of, user_in, user_of


@frozen
class Wanted:
    """Which memories a list is of; None for any.

    Attributes:
        agent_id: learned by an agent.
        team_id: learned by a team.
        topics: what each of them is about, all of it.
        text: what they have in them, in capitals or not.
    """

    agent_id: str | None
    team_id: str | None
    topics: Sequence[str] | None
    text: str | None

    def has(self, memory: Memory) -> bool:
        """Whether a memory is one of them, apart from its text."""
        outline = memory.outline
        about = outline.topics or ()
        return (
            self.agent_id in {None, outline.agent_id}
            and self.team_id in {None, outline.team_id}
            and all(each in about for each in self.topics or ())
        )

    def says(self, memory: Memory) -> bool:
        """Whether a memory has the text."""
        return not self.text or self.text.casefold() in memory.text.casefold()


class MemoryCalls(Calls):
    """What is known of users."""

    def get_user_memory(
        self, memory_id: str, deserialize: bool | None = True, user_id: str | None = None
    ) -> Steps[Any]:
        """A memory by its id: one request with its user; else one or two, the first on an index."""
        user = None if user_id is None else user_of(user_id)
        found = yield from load_memory(self.schema, self.memory_owners, memory_id, user)
        return None if found is None else _given(found, deserialize)

    def get_user_memories(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        topics: list[str] | None = None,
        search_content: str | None = None,
        limit: int | None = None,
        page: int | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        deserialize: bool | None = True,
    ) -> Steps[Any]:
        """A page of memories: one request for those of a user, which misses nothing that was saved.

        Those of all users are found by an index, a request for each 3,000 that there are, and read 100
        a request: those of the page, or all that match where one searches or sorts by texts.

        Args:
            user_id: of whom.
            agent_id: learned by an agent.
            team_id: learned by a team.
            topics: what each of them is about, all of it.
            search_content: what they have in them, in capitals or not.
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column; by default by when they were learned.
            sort_order: ``asc``, or else descending.
            deserialize: whether to give memory objects, and not dicts and how many there are.
        """
        validate_pagination(limit, page)
        wanted = Wanted(agent_id, team_id, topics, search_content)
        is_by_text = bool(search_content) or sort_by in UNLISTED
        found = yield from self._memories_found(user_id, wanted, whole=is_by_text)
        rows = [(row_of(each), each) for each in found if wanted.says(each)]
        ordered = in_order(rows, _column, sort_by, sort_order, known=COLUMNS, otherwise=_learned)
        chosen: Sequence[Memory] = [each for _, each in page_of(ordered, limit, page)]
        if user_id is None and not is_by_text:
            current = yield from whole_memories(self.schema, chosen)
            chosen = [*filter(wanted.has, current)]  # an index may tell of what was
        for each in chosen:
            self.memory_owners.keep(each.memory_id, each.user_id)
        given = [_given(each, deserialize) for each in chosen]
        return given if deserialize else (given, len(ordered))

    def _memories_found(
        self, user_id: str | None, wanted: Wanted, *, whole: bool
    ) -> Steps[list[Memory]]:
        if user_id is not None:
            memories = yield from memories_of(self.schema, user_of(user_id))
            return [*filter(wanted.has, memories)]
        slim = [*filter(wanted.has, (yield from slim_memories(self.schema)))]
        if not whole:
            return slim
        return [*filter(wanted.has, (yield from whole_memories(self.schema, slim)))]

    def get_all_memory_topics(self, user_id: str | None = None) -> Steps[list[str]]:
        """All that memories are about, sorted: a request for each 3,000 of them."""
        user = None if user_id is None else user_of(user_id)
        found = yield from slim_memories(self.schema, user)
        return sorted({topic for each in found for topic in each.outline.topics or ()})

    def get_user_memory_stats(
        self, limit: int | None = None, page: int | None = None, user_id: str | None = None
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """How much is known of each user, first those of whom something was learned last.

        A request for each 3,000 memories. What is known of nobody does not count.

        Args:
            limit: how many users at most.
            page: which page of so many, from 1.
            user_id: only of this user.

        Returns:
            Of each user ``user_id``, ``total_memories`` and ``last_memory_updated_at``; and how many
            users there are.
        """
        validate_pagination(limit, page)
        user = None if user_id is None else user_of(user_id)
        found = yield from slim_memories(self.schema, user)
        stats = _stats(found)
        return list(page_of(stats, limit, page)), len(stats)

    def upsert_user_memory(self, memory: UserMemory, deserialize: bool | None = True) -> Steps[Any]:
        """Save a memory: one request where this process knows whether it is there, else two.

        One without an id is given one. It is the user's that it names: another user's memory of the
        same id is another memory.
        """
        _identify([memory])
        new = memory_of(memory, moment(memory.created_at or 0))
        return _given((yield from save_memory(self.schema, self.memory_owners, new)), deserialize)

    def upsert_memories(
        self,
        memories: list[UserMemory],
        deserialize: bool | None = True,
        preserve_updated_at: bool = False,
    ) -> Steps[list[Any]]:
        """Save memories: five requests for each 100.

        Args:
            memories: those without an id are given one.
            deserialize: whether to give memory objects, and not dicts.
            preserve_updated_at: whether they were updated when they say so, and not now.
        """
        now = yield from Now()
        _identify(memories)
        new = []
        for each in memories:
            at = None if each.updated_at is None else moment(each.updated_at)
            new.append(memory_of(each, at if preserve_updated_at else now))
        saved = yield from save_memories(self.schema, self.memory_owners, new)
        return [_given(each, deserialize) for each in saved]

    def delete_user_memory(self, memory_id: str, user_id: str | None = None) -> Steps[None]:
        """Delete a memory, if it is the user's: one request, or three without a user."""
        yield from self._delete_memories([memory_id], user_id)

    def delete_user_memories(
        self, memory_ids: list[str], user_id: str | None = None
    ) -> Steps[None]:
        """Delete memories, those that are the user's: a request each, or three without a user."""
        yield from self._delete_memories(memory_ids, user_id)

    def _delete_memories(self, memory_ids: Iterable[str], user_id: str | None) -> Steps[None]:
        user = None if user_id is None else user_of(user_id)
        yield from delete_memories(self.schema, self.memory_owners, memory_ids, user)

    def clear_memories(self) -> Steps[None]:
        """Delete all memories, of all users: a request for each 25.

        One that was saved in the last second may stay.
        """
        yield from clear_memories(self.schema, self.memory_owners)


def _given(memory: Memory, deserialize: bool | None) -> Any:
    return given_memory(memory) if deserialize else row_of(memory)


def _identify(memories: Iterable[UserMemory]) -> None:
    for each in memories:
        if each.memory_id is None:
            each.memory_id = str(uuid4())


def _column(pair: tuple[dict[str, Any], Memory], name: str) -> Any:
    return column(pair[0], name)


def _learned(pair: tuple[dict[str, Any], Memory]) -> tuple[Any, ...]:
    memory = pair[1]
    return memory.created_at, memory.memory_id, memory.user_id


def _stats(memories: Iterable[Memory]) -> list[dict[str, Any]]:
    by_user: dict[str, list[Memory]] = {}
    for each in memories:
        if (user := user_in(each.user_id)) is not None:
            by_user.setdefault(user, []).append(each)
    found = [
        {
            "user_id": user,
            "total_memories": len(theirs),
            "last_memory_updated_at": max(
                (at for each in theirs if (at := seconds(each.outline.changed_at)) is not None),
                default=None,
            ),
        }
        for user, theirs in sorted(by_user.items())
    ]
    return sorted(found, key=_last, reverse=True)


def _last(stats: dict[str, Any]) -> tuple[bool, int]:
    at = stats["last_memory_updated_at"]
    return at is not None, at or 0
