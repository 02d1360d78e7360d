"""Clients that are compared with many gets in flight do them all, and rates are of the same rounds."""

import asyncio

import pytest

from benchmarks.concurrency import Rates, server
from benchmarks.concurrency.contenders import AIODYNAMO, AWAITED, FAN_OUT, GETS, IN_FLIGHT, opened
from benchmarks.micro.measuring import credentials
from benchmarks.micro.server import serving


def test_each_client_does_all_gets():
    with (
        credentials(),
        serving(server.__name__, 0.001) as url,
        asyncio.Runner() as runner,
        opened(url, runner) as contenders,
    ):
        done = {each.name: each.stretch() for each in contenders}
    assert {AWAITED, FAN_OUT} < {*done}
    assert {*done.values()} == {GETS * IN_FLIGHT}


def test_a_ratio_is_of_two_rates_of_one_round():
    rates = Rates({AWAITED: [100.0, 300.0, 90.0], AIODYNAMO: [100.0, 600.0, 100.0]})
    assert rates.ratio(AWAITED, AIODYNAMO).median == pytest.approx(0.9)
    assert rates.ratio(AWAITED, "aiobotocore") is None
