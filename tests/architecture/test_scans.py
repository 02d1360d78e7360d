"""A scan is asked for by its name: nothing that a query goes through can send one."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "dynastore"

# Those that answer scans, and the one that asks for them.
KNOW_THE_REQUEST = {
    "clients/paging.py",
    "clients/selecting.py",
    "clients/sqlite.py",
    "integrations/langgraph/old_table.py",  # of the table that threads move from
    "operations/reading/scanner.py",
    "testing.py",  # whose index lags
}
STORES = {"stores/store.py", "stores/async_store.py"}  # scan
UPKEEP = {"stores/upkeep.py", "stores/async_upkeep.py"}
SWEEPS = {
    "operations/upkeep/verifying.py",
    "operations/upkeep/sweeping.py",
    "operations/upkeep/upcasts.py",
}
OF_SCOPES = {
    "operations/scopes/deleting.py",
    "operations/scopes/measuring.py",
    "operations/scopes/stages.py",
}
OF_MOVES = {
    "operations/moving/leaving.py",
    "operations/moving/parties.py",
    "operations/moving/proving.py",
    "operations/moving/stages.py",
}
OF_EXPORTS = {
    "cli/backups.py",  # whose restored tables may have objects to copy
    "stores/exports.py",
    "operations/exporting/adopting.py",
    "operations/exporting/exporter.py",
}
KNOW_THE_OPERATION = {
    *("stores/scanned.py", *SWEEPS, *OF_SCOPES, *OF_MOVES, *OF_EXPORTS, *STORES, *UPKEEP)
}
KNOW_VERIFYING = {"stores/verified.py", "__init__.py", "cli/verification.py", *UPKEEP}
OFFERS_ALL_REQUESTS = "requests/__init__.py"


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """The imports of a file inside the package: last part of the module's name, and what of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").rpartition(".")[2]
            yield from ((module, each.name) for each in node.names)
        if isinstance(node, ast.Import):
            yield from ((each.name.rpartition(".")[2], "*") for each in node.names)


def importing(*names: str) -> set[str]:
    """The modules that import one of some names, or from a module of one of these names."""
    return {
        name_of(path)
        for path in PACKAGE.rglob("*.py")
        if any(part in names for pair in imports(path) for part in pair)
    } - {OFFERS_ALL_REQUESTS}


def test_only_clients_and_the_scanner_know_the_request():
    assert importing("Scan", "ScanPage") == KNOW_THE_REQUEST


def test_no_module_brings_all_requests_along():
    whole = {("", "requests"), ("dynastore", "requests"), ("requests", "*")}
    assert {name_of(path) for path in PACKAGE.rglob("*.py") if whole & {*imports(path)}} == set()


def test_only_stores_and_what_verifies_know_the_scanner():
    assert importing("scanner", "Scanner") == KNOW_THE_OPERATION


def test_only_upkeep_and_its_command_know_what_verifies():
    assert importing("verifying", "verified") == KNOW_VERIFYING


def test_no_module_that_a_query_goes_through_can_scan():
    planner = {name_of(path) for path in (PACKAGE / "planner").rglob("*.py")}
    query = {
        "stores/results.py",
        "schema/schema.py",
        "operations/reading/reader.py",
        "operations/reading/sources.py",
        *planner,
    }
    assert all((PACKAGE / name).exists() for name in query)
    assert query & importing("Scan", "scanner", "scanned", "verifying", "verified") == set()
