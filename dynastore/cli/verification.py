"""``dynastore verify`` and ``dynastore reindex``: what is wrong with a table, as it is found.

Findings go to the output, one a line; how far it is goes to the terminal's error stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import typer
from attrs import asdict
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..errors import DynastoreError, RequestError
from ..operations.upkeep.findings import (
    Difference,
    Drifted,
    Duplicated,
    Finding,
    Malformed,
    Misplaced,
    Orphaned,
    Outdated,
    Tally,
    Unguarded,
)
from ..stores.verified import Verified
from .endings import FAILURE, INTERRUPTED, USAGE, WRONG_ITEMS, give_up
from .groups import grouped
from .options import AsJson, DryRun, PaceOptions, TableOptions
from .saying import say, visible


@grouped
def verify(
    table: TableOptions,
    pace: PaceOptions,
    json: AsJson = False,
) -> None:
    """Find items whose keys, index entries, expiry or guards are not what fields imply. Reads all."""
    with table.opened() as store:
        _examine(lambda: store.verify(**asdict(pace)), json)


@grouped
def reindex(
    table: TableOptions,
    pace: PaceOptions,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Mend index entries, expiry and guards of items, and report what else is wrong. Reads all."""
    with table.opened() as store:
        _examine(lambda: store.reindex(dry_run=dry_run, **asdict(pace)), json)


def _examine(begin: Callable[[], Verified], as_json: bool) -> None:
    """Examine a table; an interruption says where another call goes on."""
    verified: Verified | None = None
    try:
        verified = begin()
        tally = show(verified, Console(stderr=True), as_json=as_json)
    except RequestError as error:
        give_up(str(error), USAGE)
    except DynastoreError as error:
        give_up(f"{error}{_how_to_go_on(verified)}", FAILURE)
    except KeyboardInterrupt:
        give_up(f"interrupted{_how_to_go_on(verified)}", INTERRUPTED)
    if tally.wrong:
        raise typer.Exit(WRONG_ITEMS)


def _how_to_go_on(verified: Verified | None) -> str:
    """Where another call goes on; nothing to say where this one has read nothing."""
    if verified is None or not verified.begun or verified.cursor is None:
        return ""
    return f"\nGo on with --cursor {verified.cursor}"


def show(verified: Verified, terminal: Console, *, as_json: bool) -> Tally:
    """Examine a table to its end, and print each finding; the whole in numbers.

    Args:
        verified: what is examined, and perhaps mended.
        terminal: where the progress is shown, if it is one.
        as_json: whether each finding is a JSON object, and the summary the last one.
    """
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    is_seen = terminal.is_terminal
    with Progress(*columns, console=terminal, transient=True, disable=not is_seen) as progress:
        task = progress.add_task("0 items")
        while verified.cursor is not None:
            for finding in verified.page():
                say(_json(finding) if as_json else visible(str(finding)))
            progress.update(task, description=_summary(verified.tally))
    say(_json_of_tally(verified.tally) if as_json else _summary(verified.tally))
    return verified.tally


def _summary(tally: Tally) -> str:
    found = {
        "malformed": tally.malformed,
        "misplaced": tally.misplaced,
        "outdated": tally.outdated,
        "drifted": tally.drifted,
        "unguarded": tally.unguarded,
        "duplicated": tally.duplicated,
        "orphaned": tally.orphaned,
        "mended": tally.mended,
    }
    beside = {
        "of older schemas: run dynastore upcast": tally.older,
        "of newer schemas, left alone": tally.newer,
        "parts of payloads": tally.parts,
        "guards of unique values": tally.guards,
        "consumers of changes": tally.consumers,
        "entries of scopes": tally.scopes,
        "of unknown types": sum(tally.unknown.values()),
    }
    parts = [_counts(found) or "nothing wrong", _counts(beside)]
    return f"{tally.items:,} items: {'; '.join(filter(None, parts))}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _json(finding: Finding) -> str:
    about = {"finding": type(finding).__name__.lower(), **asdict(finding.key)}
    return _text({**about, "entity": finding.entity, **_details(finding)})


def _details(finding: Finding) -> dict[str, Any]:
    match finding:
        case Malformed(error=error):
            return {"error": str(error)}
        case Misplaced(implied=implied):
            return {"implied": asdict(implied)}
        case Drifted(differences=differences, mended=mended):
            return {"mended": mended, "differences": {n: _both(d) for n, d in differences.items()}}
        case Outdated(stored=stored, known=known, differences=differences):
            both = {n: _both(d) for n, d in differences.items()}
            return {"stored": stored, "known": known, "differences": both}
        case Unguarded(guard=guard, mended=mended):
            return {"mended": mended, "guard": asdict(guard)} | _value(finding)
        case Duplicated(holder=holder):
            return {"holder": asdict(holder)} | _value(finding)
        case Orphaned(constraint=constraint, owner=owner, mended=mended):
            owned = None if owner is None else asdict(owner)
            return {"mended": mended, "constraint": constraint, "owner": owned}


def _value(finding: Unguarded | Duplicated) -> dict[str, Any]:
    return {"constraint": finding.constraint, "values": finding.values}


def _both(difference: Difference) -> dict[str, Any]:
    return {"stored": difference.stored, "implied": difference.implied}


def _json_of_tally(tally: Tally) -> str:
    unknown = {tag if tag is not None else "": count for tag, count in tally.unknown.items()}
    return _text({"finding": "summary", **asdict(tally), "unknown": unknown, "wrong": tally.wrong})


def _text(value: dict[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()
