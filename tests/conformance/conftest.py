"""The engines and stores of the conformance suite.

A test asks for ``open_store`` and runs on every engine, blocking and awaited:

    def test_what_was_put_is_read(open_store):
        store = open_store(Schema([Note]))
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from dynastore import AsyncStore, Schema, Store
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.control import ControlPlane
from dynastore.clients.opening import Place, Settings, place_of
from dynastore.clock import Clock, utc_now
from dynastore.schema.schema import DEFAULT_NAME
from dynastore.testing import LaggingClient

from .deploying import deploy
from .drivers import Awaited
from .engines import (
    CONTROL_PLANE,
    DEPLOYED,
    DEPLOYED_MODULES,
    ENDPOINTS,
    ENGINES,
    LEFT_OUT,
    SERVER_OF,
    ministack_server,
    moto_server,
)

MODES = ("blocking", "awaited")
LAG = 3  # writes that the indexes of sqlite-lagging are behind


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out engines that the environment names, and expect the faults that tests name."""
    if "DYNASTORE_ALL_ENGINES" not in os.environ:
        dropped = {item for item in items if not _is_run_on(item)}
        config.hook.pytest_deselected(items=[*dropped])
        items[:] = [item for item in items if item not in dropped]
    for item in items:
        engine = getattr(item, "callspec", None) and item.callspec.params.get("engine")
        if engine is None:
            continue
        server = SERVER_OF.get(engine, engine)
        if server in LEFT_OUT:
            item.add_marker(pytest.mark.skip(f"DYNASTORE_SKIP_ENGINES leaves out {engine}"))
        for fault in item.iter_markers("fault"):
            if fault.args[0] not in ENGINES:
                raise pytest.UsageError(f"{item.nodeid}: there is no engine {fault.args[0]!r}")
            if fault.args[0] == server:
                reason, strict = fault.kwargs["reason"], fault.kwargs.get("strict", True)
                item.add_marker(pytest.mark.xfail(reason=reason, strict=strict))
                # Nobody reads the traceback of an expected failure; making one takes 0.1 s.
                item.repr_failure = _first_line


def _is_run_on(item: pytest.Item) -> bool:
    """Whether a test runs on its variant, though it is not run on all."""
    mark = item.get_closest_marker("on")
    params = getattr(item, "callspec", None) and item.callspec.params
    if params and params.get("engine") == DEPLOYED:
        is_one = item.path.stem in DEPLOYED_MODULES
        return is_one and params.get("mode", "blocking") == "blocking"
    if mark is None or not params or "engine" not in params:
        return True
    return params["engine"] in ENDPOINTS or (params["mode"], params["engine"]) in mark.args


def _first_line(failure: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
    return failure.exconly().partition("\n")[0]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    with ministack_server() as url:
        yield url


@pytest.fixture(scope="session")
def deployed_url() -> Iterator[str]:
    with ministack_server(CONTROL_PLANE) as url:
        yield url


@pytest.fixture(scope="session")
def deployed_plane(session: boto3.Session, deployed_url: str) -> Iterator[ControlPlane]:
    with closing(ControlPlane(session, endpoint_url=deployed_url)) as plane:
        yield plane


@pytest.fixture(scope="module")
def moto_here() -> Iterator[None]:
    """moto in this process, as users' tests have it. It takes 50 ms to begin, so not in each test.

    What a test leaves there meets the next one no more than on a server.
    """
    with mock_aws(config={"core": {"mock_credentials": False}}):
        yield


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: making a client of a new one takes a quarter of a second."""
    return boto3.Session()


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


class EngineClock:
    """What time it is to an embedded engine: what it is to the store that was opened last."""

    clock: Clock = staticmethod(utc_now)

    def __call__(self) -> dt.datetime:
        return self.clock()


@pytest.fixture
def engine_clock() -> EngineClock:
    return EngineClock()


@pytest.fixture
def lagging(engine_clock: EngineClock) -> LaggingClient:
    return LaggingClient(LAG, engine_clock)


@pytest.fixture
def connect(
    engine: str,
    mode: str,
    session: boto3.Session,
    lagging: LaggingClient,
    engine_clock: EngineClock,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Any]]:
    """``Store.connect`` or ``AsyncStore.connect`` to tables of this test's own.

    A schema whose table has a name of its own gets that; the others share one.
    """
    kind = AsyncStore if mode == "awaited" else Store
    shared = f"conformance-{uuid4().hex[:12]}"
    tables = {shared}

    def to_server(*, schema: Schema, **options: Any) -> Any:
        table = shared if schema.table.name == DEFAULT_NAME else schema.table.name
        tables.add(table)
        return kind.connect(table, schema=schema, session=session, **options)

    match engine:
        case "sqlite-file":
            # Not an argument: pytest would make a folder for every test.
            folder: Path = request.getfixturevalue("tmp_path")
            yield partial(kind.connect, f"sqlite:///{folder / 'table.db'}")
        case "sqlite-memory":  # one place, so that all stores of the test share its items
            yield partial(kind.at, place_of("sqlite://", Settings(), engine_clock))
        case "sqlite-lagging":
            place = Place(None, True, lambda: lagging, lambda: AsyncSqliteClient(lagging))
            yield partial(kind.at, place)
        case "moto" if mode == "blocking":
            request.getfixturevalue("moto_here")
            yield to_server
        case "moto" | "ministack":
            url = request.getfixturevalue(f"{engine}_url")
            yield partial(to_server, endpoint_url=url)
        case "deployed":
            url = request.getfixturevalue("deployed_url")
            plane: ControlPlane = request.getfixturevalue("deployed_plane")

            def to_deployed(*, schema: Schema, create: bool = True, **options: Any) -> Any:
                if create:
                    named = schema.table.name
                    deploy(schema.named(shared if named == DEFAULT_NAME else named), plane)
                return to_server(schema=schema, create=create, **options)

            yield partial(to_deployed, endpoint_url=url)
        case url:
            yield partial(to_server, endpoint_url=url)
            client = session.client("dynamodb", endpoint_url=url)
            for table in tables:
                with suppress(client.exceptions.ResourceNotFoundException):
                    client.delete_table(TableName=table)


@pytest.fixture
def open_store(
    mode: str, connect: Callable[..., Any], runner: asyncio.Runner, engine_clock: EngineClock
) -> Iterator[Callable[..., Store]]:
    """Opens a store on the test's table: ``open_store(schema)``, ``open_store(schema, create=False)``.

    Opened again, it is another connection to the same table, as another process would have.
    """
    with ExitStack() as opened:

        def open_store(schema: Any, *, create: bool = True, clock: Clock = utc_now) -> Any:
            engine_clock.clock = clock
            store = connect(schema=schema, create=create, clock=clock)
            driver = Awaited(store, runner) if mode == "awaited" else store
            return opened.enter_context(closing(driver))

        yield open_store


@pytest.fixture
def settled(lagging: LaggingClient) -> Callable[[], None]:
    """Called after writing and before reading an index: lets an index that lags catch up."""
    return lagging.catch_up
