"""Calls: each method of Agno's contract is written once, as a generator with the contract's signature.

    class SessionCalls(Calls):
        def delete_session(self, session_id: str, user_id: str | None = None) -> Steps[bool]:
            return (yield from delete_session(self.schema, self.recent, session_id, user_id))

What several of them share is a function, or a method whose name begins with ``_``: those stay as they
are. `blocking` makes of it a class whose methods wait, `awaited` one whose methods are awaited; `refusing`
one that says of what is left why it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, NoReturn

from ...agents.conversations.recent import Recent
from ...agents.knowledge.keeping import Known
from ...agents.memories.keeping import Owners
from ...agents.transcripts.known import Transcripts
from ...errors import AlreadyExists, NotUnique, shown
from ...requests import Steps
from ...schema.schema import Schema
from .empty import found_by_ids

# Agno keeps these in SQL only, for those who run its service.
ADMINISTRATION = ("authz", "mcp_oauth", "product", "source", "project", "task", "company")


class Calls:
    """What calls go by.

    Attributes:
        schema: where everything is.
        recent: sessions and runs that this database object has read or written last.
        memory_owners: whose the memories were that it has read or written last.
        known_documents: the documents that were there when it has read or written them last.
        transcripts: how far the transcripts went that it has read or written last.
    """

    schema: Schema
    recent: Recent
    memory_owners: Owners
    known_documents: Known
    transcripts: Transcripts


def blocking(calls: type[Calls]) -> type[Any]:
    """A class whose methods run those of *calls*, and wait for them."""
    return _of(calls, _waiting)


def awaited(calls: type[Calls]) -> type[Any]:
    """A class whose methods run those of *calls*, and are awaited."""
    return _of(calls, _awaiting)


def refusing(contract: type[Any]) -> type[Any]:
    """A class whose methods say that they are not there.

    Those are what Agno keeps in SQL only, and what *contract* leaves open: a later Agno may add some.
    Awaited or not, they raise when they are called.
    """
    names = [*contract.__abstractmethods__, *_administrative(contract)]
    return type(f"Refused{contract.__name__}", (), {name: _refused(name) for name in names})


def _of(calls: type[Calls], made: Callable[[Any], Any]) -> type[Any]:
    methods = {
        name: made(_told(found_by_ids(each)))
        if isgeneratorfunction(each) and not name.startswith("_")
        else each
        for name, each in vars(calls).items()
        if not name.startswith("__")
    }
    return type(calls.__name__, (Calls,), {"__doc__": calls.__doc__, **methods})


def _told(steps: Callable[..., Any]) -> Callable[..., Any]:
    """Steps whose errors say in Agno's words, and to its service, what is taken."""

    @wraps(steps)
    def call(self: Any, *args: Any, **named: Any) -> Steps[Any]:
        try:
            return (yield from steps(self, *args, **named))
        except AlreadyExists as error:
            if (told := _known(_worded(error))) is error:
                raise
            raise told from error

    return call


def _worded(error: AlreadyExists) -> AlreadyExists:
    """The error by the ids that Agno gave; values that are unique are told so by themselves."""
    if isinstance(error, NotUnique) or error.entity is None:
        return error
    ids = " and ".join(f"{name} {shown(value)}" for name, value in error.values.items())
    worded = AlreadyExists(error.key, error.entity, error.values)
    worded.args = (f"there is {error.entity} with {ids} already; use another id, or change that",)
    return worded


def _known(error: AlreadyExists) -> AlreadyExists:
    """The error as Agno's service knows it, which knows those of SQLAlchemy, if that is there."""
    try:
        from .taken import taken
    except ImportError:
        return error
    return taken(error)


def _waiting(steps: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(steps)
    def call(self: Any, *args: Any, **named: Any) -> Any:
        return self.store.run(steps(self, *args, **named))

    return call


def _awaiting(steps: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(steps)
    async def call(self: Any, *args: Any, **named: Any) -> Any:
        return await self.store.run(steps(self, *args, **named))

    return call


def _administrative(contract: type[Any]) -> Iterator[str]:
    for name in dir(contract):
        is_named = not name.startswith("_") and any(each in name for each in ADMINISTRATION)
        if is_named and callable(getattr(contract, name)):
            yield name


def _refused(name: str) -> Callable[..., NoReturn]:
    is_administrative = any(each in name for each in ADMINISTRATION)

    def refuse(self: Any, *_: Any, **__: Any) -> NoReturn:
        kind = type(self).__name__
        if is_administrative:
            raise NotImplementedError(
                f"{kind} has no {name}(): Agno keeps this in SQL only; give its service a PostgresDb "
                "for its administration, and the agents this one"
            )
        raise NotImplementedError(
            f"{kind} has no {name}(): this version of Agno has it, and this one of dynastore has not; "
            "update dynastore"
        )

    refuse.__name__ = name
    return refuse
