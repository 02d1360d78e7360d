"""What is loaded when: a process that starts for one call should not wait for the rest."""

import ast
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import dynastore

ROOT = Path(__file__).parents[2]

IN_MEMORY = """
from dynastore import Schema, Store, entity, key

@entity("note")
class Note:
    user_id: str
    note_id: str
    primary = key("USER#{user_id}", "NOTE#{note_id}")

with Store.connect("sqlite://", Schema([Note])) as store:
    store.put(Note(user_id="ann", note_id="n1"))
    assert store.query(Note, user_id="ann").count() == 1
"""


def loaded_by(program: str) -> set[str]:
    """The modules that a process has after *program*, beside those it begins with."""
    added = (
        f"import sys; at_start = set(sys.modules)\n{program}\nprint(*set(sys.modules) - at_start)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", added], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def packages(modules: set[str]) -> set[str]:
    return {each.partition(".")[0] for each in modules}


def typed_imports() -> dict[str, str]:
    """Name -> module, as type checkers read `dynastore/__init__.py`."""
    tree = ast.parse(inspect.getsource(dynastore))
    return {
        name.name: f"{'.' * each.level}{each.module}"
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for name in each.names
    }


def test_importing_dynastore_loads_nothing_of_it():
    loaded = loaded_by("import dynastore")
    assert {each for each in loaded if each.startswith("dynastore.")} == set()
    assert packages(loaded) - sys.stdlib_module_names == {"dynastore"}
    assert "asyncio" not in loaded


def test_no_public_name_loads_a_framework_or_a_client():
    loaded = loaded_by("from dynastore import *")
    needed = {"dynastore", "attr", "attrs", "cattrs", "typing_extensions", "orjson", "zstandard"}
    assert packages(loaded) - sys.stdlib_module_names <= needed
    assert not any(each.startswith("dynastore.agents") for each in loaded)


def test_a_blocking_store_loads_no_event_loop():
    assert "asyncio" not in loaded_by(IN_MEMORY)


def test_a_store_loads_what_its_calls_need():
    loaded = loaded_by(IN_MEMORY)
    assert packages(loaded).isdisjoint({"boto3", "botocore", "pynamodb"})
    rare = {f"dynastore.operations.{each}" for each in ("following", "moving", "upkeep")}
    assert loaded.isdisjoint({"dynastore.agents", "dynastore.stores.async_store", *rare})


def test_a_name_loads_its_module():
    assert "dynastore.stores.store" not in loaded_by("from dynastore import entity, key")
    assert "dynastore.stores.store" in loaded_by("from dynastore import Store")


def test_names_are_loaded_from_where_type_checkers_find_them():
    found_in = {name: module for module, names in dynastore._FOUND_IN.items() for name in names}
    assert found_in == typed_imports()
    assert sorted(found_in) == dynastore.__all__


def test_every_public_name_is_there_and_listed():
    missing = [each for each in dynastore.__all__ if getattr(dynastore, each, None) is None]
    assert missing == []
    assert set(dynastore.__all__) <= set(dir(dynastore))


def test_a_star_imports_every_public_name():
    names: dict[str, object] = {}
    exec("from dynastore import *", names)
    assert set(names) - {"__builtins__"} == set(dynastore.__all__)


def test_no_module_is_named_as_a_public_name():
    """A module becomes an attribute of its package, and so would hide the name."""
    modules = {each.name for each in pkgutil.iter_modules(dynastore.__path__)}
    assert modules & set(dynastore.__all__) == set()


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="'dynastore' has no attribute 'Stor'"):
        _ = dynastore.Stor
    with pytest.raises(ImportError, match="cannot import name 'Stor'"):
        exec("from dynastore import Stor")
