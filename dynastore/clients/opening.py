"""From what a user says of a place to the client that reaches it.

"agent-state"               a table of that name, in the account and region that boto3 finds
"sqlite:///agent.db"        an SQLite file, from the working directory
"sqlite:////var/agent.db"   an SQLite file, by its absolute path
"sqlite://"                 SQLite in memory
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, field, frozen

from ..clock import Clock, utc_now
from ..errors import RequestError, shown
from ..schema.elsewhere import Elsewhere
from ..table import NAME
from .base import AsyncClient, Client

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

    from .sqlite import SqliteClient

VARIABLE = "DYNASTORE_URL"  # read where a call names no place
SQLITE = "sqlite://"
MEMORY = ":memory:"
FILES = (".db", ".sqlite", ".sqlite3")  # how names end that are hardly a table's


@frozen
class Place:
    """A table's place, and how to reach it; clients are made when asked for.

    Attributes:
        table: name of the table, or None for the schema's own.
        embedded: whether it is SQLite, which needs no set-up.
        blocking: makes a client.
        awaited: makes an async client.
        where: what names it from any folder: the table's name, or the URL of a file by its absolute
            path; None in memory.
        places: others that the clients reach as well, by the names that a placement gives them.
    """

    table: str | None
    embedded: bool
    blocking: Callable[[], Client]
    awaited: Callable[[], AsyncClient]
    where: str | None = None
    places: Mapping[str, Elsewhere] = field(factory=dict, repr=False)

    @property
    def in_memory(self) -> bool:
        """Whether all that is there is gone with its client."""
        return self.embedded and self.where is None


@frozen
class Settings:
    """How AWS is reached; what is None is found as boto3 finds it.

    Attributes:
        session: a boto3 session.
        client: a boto3 DynamoDB client, which is then used as it is.
        region_name: such as ``eu-west-1``.
        endpoint_url: another server than AWS's.
        config: a botocore Config.
    """

    session: boto3.Session | None = None
    client: Any = None
    region_name: str | None = None
    endpoint_url: str | None = None
    config: Config | None = None

    @property
    def given(self) -> list[str]:
        """Names of what is not None."""
        return [name for name, value in asdict(self, recurse=False).items() if value is not None]


def place_of(where: str | None, settings: Settings, clock: Clock = utc_now) -> Place:
    """The place that a user means.

    Args:
        where: a table's name or a URL; without it the environment's ``DYNASTORE_URL``.
        settings: how AWS is reached.
        clock: by which SQLite deletes what has expired, as AWS does by its own.

    Raises:
        RequestError: no place is named, the URL is of no known form, or settings do not fit it.
    """
    named = where if where is not None else os.environ.get(VARIABLE)
    if not named:
        raise RequestError(
            f"where? Name a table, or a file such as 'sqlite:///agent.db', or set {VARIABLE}"
        )
    if not isinstance(named, str):
        raise RequestError(
            f"where is a table's name, or a file such as 'sqlite:///agent.db', not {shown(named)}; "
            "the schema comes second, or as schema="
        )
    if not named.startswith(SQLITE):
        return _aws(named, settings)
    if settings.given:
        raise RequestError(f"{named} is SQLite, which takes no {', '.join(settings.given)}")
    return _sqlite(named, clock)


def with_places(home: Place, places: Mapping[str, Elsewhere], clock: Clock = utc_now) -> Place:
    """A place whose clients send to others as well; each is opened by the first request to it.

    Raises:
        RequestError: a URL names no file.
    """
    if not places:
        return home
    others = {name: _elsewhere(each, clock) for name, each in places.items()}

    def blocking() -> Client:
        from .placed import PlacedClient

        client = home.blocking()
        opening = {name: each.blocking for name, each in others.items()}
        overlaps = client.overlaps or not all(each.embedded for each in others.values())
        return PlacedClient(client, opening, overlaps=overlaps)

    def awaited() -> AsyncClient:
        from .placed import AsyncPlacedClient

        opening = {name: each.awaited for name, each in others.items()}
        return AsyncPlacedClient(home.awaited(), opening)

    return evolve(home, blocking=blocking, awaited=awaited, places=places)


def _elsewhere(told: Elsewhere, clock: Clock) -> Place:
    if told.url is not None:
        return _sqlite(told.url, clock)

    def settings() -> Settings:
        from .sessions import new_session

        session = told.session if told.profile is None else new_session(told.profile)
        return Settings(session, None, told.region_name, told.endpoint_url, told.config)

    return Place(None, False, lambda: _boto(settings()), lambda: _aio(settings()))


def _aws(name: str, settings: Settings) -> Place:
    if "://" in name:
        raise RequestError(
            f"{name!r} is no place; name a table, or a file such as 'sqlite:///agent.db'"
        )
    if name.endswith(FILES) and not settings.given:
        raise RequestError(
            f"for a file write 'sqlite:///{name}'; {name!r} is a table's name only where "
            "region_name=, endpoint_url= or a session says where the table is"
        )
    if not NAME.fullmatch(name):
        raise RequestError(f"{name!r} names no table: 3 to 255 letters, digits, '_', '-' and '.'")
    if settings.client is not None and len(settings.given) > 1:
        others = ", ".join(each for each in settings.given if each != "client")
        raise RequestError(
            f"client= is used as it is, so {others} has no effect; leave one of them out"
        )
    return Place(name, False, partial(_boto, settings), partial(_aio, settings), name)


def _boto(settings: Settings) -> Client:
    from .boto import BotoClient

    if settings.client is not None:
        return BotoClient(settings.client)
    return BotoClient.connect(
        settings.session,
        region_name=settings.region_name,
        endpoint_url=settings.endpoint_url,
        config=settings.config,
    )


def _aio(settings: Settings) -> AsyncClient:
    from .aio import AioClient

    if settings.client is not None:
        raise RequestError(
            "a boto3 client blocks; give session= to an AsyncStore instead of client="
        )
    return AioClient(
        settings.session,
        region_name=settings.region_name,
        endpoint_url=settings.endpoint_url,
        config=settings.config,
    )


def _sqlite(url: str, clock: Clock) -> Place:
    from .sqlite import SqliteClient

    path = url.removeprefix(SQLITE)
    if not path:
        shared = SqliteClient(MEMORY, clock)
        return Place(None, True, lambda: shared, lambda: _awaited_sqlite(shared))
    if not path.startswith("/") or path == "/":
        raise RequestError(
            f"{url!r} names no file; a file here is 'sqlite:///agent.db', with three slashes"
        )
    file = Path(path[1:]).absolute()
    opened = partial(SqliteClient, str(file), clock)
    where = f"{SQLITE}/{file}"
    return Place(None, True, opened, lambda: _awaited_sqlite(opened()), where)


def _awaited_sqlite(client: SqliteClient) -> AsyncClient:
    from .async_sqlite import AsyncSqliteClient

    return AsyncSqliteClient(client)
