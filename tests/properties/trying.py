"""How many examples a property is tried with, where that is not what the profile says."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100  # of the default profile
FUZZED = settings.default.max_examples > USUAL  # in make fuzz


def tries(number: int) -> settings:
    """So many examples in ``make test``; in ``make fuzz`` more, as of every other property."""
    return settings(max_examples=number * settings.default.max_examples // USUAL)
