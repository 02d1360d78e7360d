"""What an import takes: the CPU of fresh processes, less that of one that imports nothing."""

from __future__ import annotations

import os
import sys

from .measuring import Ratio

PROGRAMS = ("pass", "import boto3", "import dynastore")


def ratio(rounds: int) -> Ratio:
    """``import dynastore`` in units of ``import boto3``."""
    for program in PROGRAMS:
        _cpu_seconds(program)  # compiled, and in the file system's cache
    found = []
    for _ in range(rounds):
        bare, unit, ours = map(_cpu_seconds, PROGRAMS)
        found.append((ours - bare) / (unit - bare))
    return Ratio.of(found)


def _cpu_seconds(program: str) -> float:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", program], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"`{program}` failed")
    return usage.ru_utime + usage.ru_stime
