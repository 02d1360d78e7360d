"""What all tests share: an environment that cannot reach AWS, and how hard hypothesis tries."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from dynastore.operations.moving import moving
from dynastore.operations.scopes import routing
from dynastore.requests import Scan

SHORT_LEASE_SECONDS = 0.25
REGION = "eu-west-1"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",  # or botocore waits seconds for a machine role
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
}

# No deadline: a machine with other work on it is slow, and not wrong.
settings.register_profile(
    "default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz",
    deadline=None,
    print_blob=True,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


def pytest_configure(config: pytest.Config) -> None:
    """Hide the user's AWS account from the tests, and let them press Ctrl-C.

    Not the account if there are endpoints of the user's to test on: one of them may be AWS itself.
    """
    # Shells start what runs in the background with SIGINT ignored, and so would be what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("DYNASTORE_ENDPOINTS"):
        return
    for name in [name for name in os.environ if name.startswith("AWS_") or name == "DYNASTORE_URL"]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)


@pytest.fixture(autouse=True)
def scans(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Scan]]:
    """Shows of every test that it makes no Scan request, unless it is marked ``scans``."""
    made: list[Scan] = []
    init = Scan.__init__

    def noted(self: Scan, *args: Any, **keywords: Any) -> None:
        made.append(self)
        init(self, *args, **keywords)

    monkeypatch.setattr(Scan, "__init__", noted)
    yield made
    assert request.node.get_closest_marker("scans") or not made, "a Scan request was made"


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> float:
    """How long entries of scopes are used for: a moment, for tests that wait in real time for a move."""
    for module in (moving, routing):
        monkeypatch.setattr(module, "LEASE_SECONDS", SHORT_LEASE_SECONDS)
    return SHORT_LEASE_SECONDS


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests recorded about the bugs that they seeded."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    told = [value for each in reports for name, value in each.user_properties if name == "seeded"]
    if told:
        terminalreporter.section("seeded bugs")
        for line in sorted(told):
            terminalreporter.line(line)
