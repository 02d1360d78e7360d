"""The clients that are compared do what is measured, on a server that answers it."""

import asyncio

import pytest

from benchmarks.micro.clients import awaited_dynastore, boto, dynastore, pynamo, typed_boto
from benchmarks.micro.contenders import FLAT, GET, LARGE, OPERATIONS, PARTS, PUT, UPDATE
from benchmarks.micro.entities import session, turn
from benchmarks.micro.measuring import Ratio, credentials
from benchmarks.micro.server import serving


@pytest.fixture(scope="module")
def url():
    with credentials(), serving() as url:
        yield url


@pytest.mark.parametrize("module", [boto, typed_boto, dynastore, pynamo])
def test_blocking_clients_do_what_is_measured(module, url):
    with asyncio.Runner() as runner:
        contender = module.opened(url, runner)
    for what in (*OPERATIONS, *PARTS):
        if what in contender.calls:
            contender.check(what, contender.calls[what]())


def test_ours_gives_entities(url):
    with asyncio.Runner() as runner:
        calls = dynastore.opened(url, runner).calls
    assert calls[GET]() == calls[PUT]() == calls[UPDATE]() == session(0)
    assert calls[FLAT]()[99] == session(99)
    assert calls[LARGE]()[99] == turn(99, messages=33)


def test_ours_gives_the_same_entities_awaited(url):
    async def results(contender):
        return [await contender.calls[what]() for what in OPERATIONS]

    with asyncio.Runner() as runner:
        blocking = dynastore.opened(url, runner)
        awaited = awaited_dynastore.opened(url, runner)
        assert runner.run(results(awaited)) == [blocking.calls[what]() for what in OPERATIONS]
        runner.run(awaited.close())


def test_a_ratio_is_the_median_of_its_rounds_with_their_quartiles():
    assert Ratio.of([5, 1, 3, 2, 4]) == Ratio(2, 3, 4)
