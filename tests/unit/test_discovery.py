"""Entities found in packages: whose they are, what is told, and what is refused."""

from __future__ import annotations

import logging
import sys
from itertools import count
from textwrap import dedent

import pytest

from dynastore import Placement, Private, Schema, Store, entity, key
from dynastore.errors import ModelError, RequestError

numbers = count()
HEAD = "from dynastore import entity, gsi, key\n"


def declared(name, tag, index=1, word=None):
    """A module that declares an entity; its decorator is in line 4."""
    return HEAD + dedent(f'''

        @entity("{tag}")
        class {name}:
            name: str
            text: str = ""

            primary = key("{word or tag.upper()}#{{name}}", "~")
            by_text = gsi({index}, "{tag.upper()}-TEXT#{{text}}", "{{name}}")
        ''')


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes files of a package of this test's own, whose name it gives back."""
    name = f"found_{next(numbers)}"
    monkeypatch.syspath_prepend(tmp_path)

    def written(**files):
        top = tmp_path / name
        for path, text in {"__init__": "", **files}.items():
            file = top / f"{path.replace('__in__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return name

    yield written
    for each in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[each]


def names(schema):
    return [cls.__name__ for cls in schema.entities]


FILES = {
    "notes": declared("Note", "note"),
    "shared__in____init__": "",
    "shared__in__people": declared("Person", "person"),
    "common_qa__in____init__": "",
    "common_qa__in__findings": declared("Finding", "finding", index=2),
    "common_qa__in__deep__in____init__": declared("Depth", "depth"),
    "plain_agent__in____init__": "",
    "__main__": "raise SystemExit('it was run')",
}


def test_entities_belong_to_all_or_to_the_scope_of_their_sub_package(package):
    schema = Schema.discover(package(**FILES))
    assert names(schema) == ["Note", "Person"]
    assert names(schema.scoped("common_qa")) == ["Note", "Person", "Depth", "Finding"]
    assert names(schema.scoped("plain_agent")) == ["Note", "Person"]
    assert names(schema.scoped("other").scoped("common_qa")) == ["Note", "Person"]


def test_one_table_has_the_indexes_of_all(package):
    schema = Schema.discover(package(**FILES)).named("agent-state")
    finding = schema.scoped("common_qa").entities[-1]
    with Store.connect("sqlite://", schema) as store:
        qa = store.scope("common_qa")
        qa.put(finding(name="f", text="x"))
        assert list(qa.query(finding, text="x")) == [finding(name="f", text="x")]
        with pytest.raises(RequestError, match="not in this schema"):
            store.put(finding(name="f"))


def test_each_entity_is_told_in_a_line_those_for_all_first(package, caplog):
    caplog.set_level(logging.INFO, logger="dynastore")
    name = package(**FILES)
    Schema.discover(name)
    told = [record.getMessage().replace("\\", "/") for record in caplog.records]
    assert [text.partition(" from ")[0] for text in told] == [
        "Note for all scopes,",
        "Person for all scopes,",
        "Depth of scope common_qa,",
        "Finding of scope common_qa,",
    ]
    assert told[0].endswith(f"{name}/notes.py:4")
    assert {(record.name, record.levelname) for record in caplog.records} == {("dynastore", "INFO")}


def test_what_a_module_imports_is_not_its_own(package):
    name = package(
        notes=declared("Note", "note"),
        qa__in____init__="from ..notes import Note",
        other=HEAD + "from .notes import Note",
    )
    schema = Schema.discover(name)
    assert names(schema) == ["Note"]
    assert schema.inside == {}


def test_scopes_with_a_private_table_have_their_entities_there(package):
    found = Schema.discover(package(**FILES)).named("agent-state")
    schema = Placement(private={"common_qa": Private()}).placed(found)
    assert schema.scoped("common_qa").table.name == "agent-state.common_qa"
    assert names(schema.scoped("common_qa")) == ["Note", "Person", "Depth", "Finding"]
    only = Placement(private={"common_qa": Private(only=["finding"])}).placed(found)
    qa = only.scoped("common_qa")
    tables = {cls.__name__: qa.of(cls).table.name for cls in qa.entities}
    assert tables["Finding"] == "agent-state.common_qa"
    assert {tables[name] for name in ("Note", "Person", "Depth")} == {"agent-state"}
    with Store.connect(Placement("sqlite://", ["common_qa"]), found) as store:
        finding = found.scoped("common_qa").entities[-1]
        store.scope("common_qa").put(finding(name="f"))
        assert store.scope("common_qa").get(finding, name="f") == finding(name="f")


def test_others_may_be_beside_what_is_found(package):
    @entity("mine")
    class Mine:
        name: str

        primary = key("MINE#{name}", "~")

    schema = Schema.discover(package(notes=declared("Note", "note")), beside=[Mine])
    assert names(schema) == ["Mine", "Note"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"two": declared("Two", "note", word="TWO")}, "have one type tag"),
        ({"two": declared("Two", "two", word="NOTE")}, "sort keys overlap"),
        ({"qa__in____init__": declared("Two", "note", word="TWO")}, "have one type tag"),
    ],
)
def test_a_clash_names_both_files_and_lines(package, files, message):
    name = package(notes=declared("Note", "note"), **files)
    with pytest.raises(ModelError, match=message) as clash:
        Schema.discover(name)
    told = str(clash.value)
    path = next(iter(files)).replace("__in__", "/")
    assert f"{name}/notes.py:4: Note" in told
    assert f"{name}/{path}.py:4: Two" in told


def test_agents_that_never_meet_may_have_the_same_tags(package):
    schema = Schema.discover(
        package(
            qa__in____init__=declared("Finding", "finding"),
            dev__in____init__=declared("Other", "finding"),
        )
    )
    assert names(schema) == []
    assert names(schema.scoped("qa")) == ["Finding"]
    assert names(schema.scoped("dev")) == ["Other"]


def test_an_index_that_the_table_lacks_is_told_with_its_line(package):
    name = package(notes=declared("Note", "note", index=3))
    with pytest.raises(ModelError, match=rf"{name}/notes\.py:4: Note: .*index 3"):
        Schema.discover(name, table=Schema([]).table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import dynastore\n\nnothing_such\n", "notes.py:3: .*NameError: name 'nothing_such'"),
        ("x = 1\ndef f(:\n", "notes.py:2: .*SyntaxError"),
        ("import nothing_such_module\n", "notes.py:1: .*ModuleNotFoundError"),
        (declared("Note", "note", word="{no}"), r"notes\.py:4: .*ModelError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(package, text, message):
    name = package(notes=text)
    with pytest.raises(ModelError, match=message) as broken:
        Schema.discover(name)
    assert f"{name}.notes cannot be imported" in str(broken.value)
    assert broken.value.__cause__ is not None


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(ModelError, match="no_such_package cannot be imported"):
        Schema.discover("no_such_package")


def test_a_package_without_entities_is_refused_with_its_file(package):
    name = package(notes="x = 1", qa__in____init__="")
    with pytest.raises(ModelError, match=rf"{name}/__init__\.py:1: no entity in package {name}"):
        Schema.discover(name)


def test_a_folder_that_python_would_pass_over_is_refused(package):
    name = package(notes=declared("Note", "note"), qa__in__findings=declared("Finding", "finding"))
    with pytest.raises(ModelError, match=rf"{name}/qa has modules and no __init__\.py"):
        Schema.discover(name)
