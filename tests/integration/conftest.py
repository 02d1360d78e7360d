"""The server that stacks are deployed to in these tests: ministack, with its CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import boto3
import pytest

from dynastore.clients.control import ControlPlane

from ..conformance.engines import CONTROL_PLANE, LEFT_OUT, ministack_server


@pytest.fixture(scope="session")
def cloud_url() -> Iterator[str]:
    if "ministack" in LEFT_OUT:
        pytest.skip("DYNASTORE_SKIP_ENGINES leaves out ministack")
    with ministack_server(CONTROL_PLANE) as url:
        yield url


@pytest.fixture(scope="session")
def cloud(cloud_url: str) -> Iterator[ControlPlane]:
    with closing(ControlPlane(boto3.Session(), endpoint_url=cloud_url)) as plane:
        yield plane
