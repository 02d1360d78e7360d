"""Figures of runs, kept as JSON in `benchmarks/figures`: the results page is made from them."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from attrs import asdict, frozen

FOLDER = Path(__file__).parent / "figures"


@frozen
class Kept:
    """Figures of one run.

    Attributes:
        command: that makes them again.
        date: of the run, as in ``2026-11-21``.
        machine: that it was made on.
        versions: of what was measured, by package.
        figures: as the benchmark names them.
    """

    command: str
    date: str
    machine: str
    versions: Mapping[str, str]
    figures: Mapping[str, Any]


def keep(name: str, command: str, figures: Mapping[str, Any], packages: Iterable[str] = ()) -> Path:
    """Write the figures of a run, over those of the last one.

    Args:
        name: of the benchmark.
        command: that makes them again.
        figures: what JSON can hold.
        packages: that were measured; those that are not installed are left out.
    """
    kept = Kept(
        command, f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", machine(), _versions(packages), figures
    )
    path = FOLDER / f"{name}.json"
    path.write_text(_text(asdict(kept)) + "\n")
    return path


def kept(name: str) -> Kept | None:
    """The figures of the last run that was kept, or None."""
    path = FOLDER / f"{name}.json"
    return Kept(**orjson.loads(path.read_bytes())) if path.exists() else None


def machine() -> str:
    """What this runs on, in a few words."""
    cores = f"{os.cpu_count()} cores of {platform.machine()}"
    return f"{cores}, {platform.system()}, Python {platform.python_version()}"


def ran(packages: Iterable[str]) -> str:
    """When and on what a run was, with the versions of packages, for a page."""
    versions = "".join(f", {name} {each}" for name, each in _versions(packages).items())
    return f"Run on {dt.datetime.now(dt.UTC):%-d %B %Y}, {machine()}{versions}"


def _text(value: Any, indent: str = "") -> str:
    """JSON with a line for each entry of an object, and for each list within a list."""
    deeper = f"{indent} "
    if isinstance(value, Mapping) and value:
        lines = (f"{deeper}{_flat(name)}: {_text(each, deeper)}" for name, each in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join(f"{deeper}{_flat(each)}" for each in value) + f"\n{indent}]"
    return _flat(value)


def _flat(value: Any) -> str:
    return orjson.dumps(value).decode()


def _versions(packages: Iterable[str]) -> Mapping[str, str]:
    found = {}
    for each in dict.fromkeys(packages):
        with suppress(PackageNotFoundError):
            found[each] = version(each)
    return found
