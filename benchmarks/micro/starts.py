"""What an import takes: the CPU of fresh processes, less that of one that imports nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .measuring import Ratio

BARE, UNIT = "pass", "import boto3"
# Names are loaded when they are used, so the package alone says little of what a program pays.
OURS = ("import dynastore", "from dynastore import Store, Schema, entity, key, gsi")


def import_ratios(rounds: int) -> Mapping[str, Ratio]:
    """Imports of ours in units of ``import boto3``."""
    programs = (BARE, UNIT, *OURS)
    for program in programs:
        _cpu_seconds(program)  # compiled, and in the file system's cache
    took = [{program: _cpu_seconds(program) for program in programs} for _ in range(rounds)]
    return {
        ours: Ratio.of([(each[ours] - each[BARE]) / (each[UNIT] - each[BARE]) for each in took])
        for ours in OURS
    }


def _cpu_seconds(program: str) -> float:
    # As programs are run: with their bytecode kept.
    environ = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", program], environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"`{program}` failed")
    return usage.ru_utime + usage.ru_stime
