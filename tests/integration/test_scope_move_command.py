"""``dynastore scope move``, as a person calls it."""

from __future__ import annotations

import json
import random

import pytest
from typer.testing import CliRunner

from dynastore import Placement, Schema, Store, Table, entity, gsi, key, payload
from dynastore.cli import scope_moving
from dynastore.cli.app import app
from dynastore.errors import Unavailable
from dynastore.testing import recorded

pytestmark = pytest.mark.scans


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"")

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


SCHEMA = Schema([Doc])
NAMED = "tests.integration.test_scope_move_command:SCHEMA"


@pytest.fixture
def where(tmp_path):
    """A scope with another in it, and something beside them."""
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put(Doc(name="outside"))
        qa = store.scope("qa")
        qa.put_many([Doc(name=f"d{each}") for each in range(30)])
        qa.scope("in").put(Doc(name="big", data=random.Random(1).randbytes(900_000)))
    return url


def call(where, *words, answer=None):
    words = ["scope", "move", NAMED, where, "--scope", "qa", *words]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"}, input=answer)


def names(url, table="dynastore"):
    with Store.connect(url, SCHEMA.named(table)) as store:
        return sorted(each.name for each in store.scope("qa").scan(Doc))


STOPPED = ("--writers-stopped", "--yes")
ALL = sorted(f"d{each}" for each in range(30))


def test_a_scope_moves_and_comes_back(where):
    done = call(where, "--to", "private", *STOPPED)
    assert done.exit_code == 0, done.stderr
    assert "35 items, 903" in done.stdout
    assert "copied from dynastore to private; both held 35 items with checksum " in done.stdout
    assert done.stdout.rstrip().endswith("; 35 items and objects deleted in dynastore")
    assert (names(where), names(where, "private")) == ([], ALL)
    again = call(where, "--to", "private", *STOPPED)
    assert again.stdout == "scope qa lives in private, and only there\n"
    back = call(where, "--to", "dynastore", *STOPPED, "--json")
    told = json.loads(back.stdout)
    assert (told["source"], told["target"], told["stage"]) == ("private", "dynastore", "done")
    assert (told["items"], told["deleted"], told["proven"]["items"]) == (35, 35, 35)
    assert told["proven"]["checksum"] in done.stdout
    assert (names(where), names(where, "private")) == (ALL, [])


def test_a_dry_run_asks_nothing_and_sends_no_write(where, monkeypatch):
    call(where, "--to", "private", *STOPPED)
    call(where, "--to", "dynastore", *STOPPED)
    store = Store.connect(where, SCHEMA, create=False)
    monkeypatch.setattr(scope_moving, "opened", lambda *_: store)
    with recorded(store) as requests:
        seen = call(where, "--to", "private", "--dry-run")
    assert seen.exit_code == 0, seen.stderr
    assert seen.stdout.startswith("35 items, 903")
    assert seen.stdout.rstrip().endswith("would be copied from dynastore to private")
    assert not [each for each in requests if each.request.writes]
    assert names(where) == ALL


def test_it_moves_when_that_is_confirmed(where):
    refused = call(where, "--to", "private", answer="n\n")
    assert refused.exit_code == 1
    assert "Move scope qa to private? Whoever writes to it needs a placement" in refused.stderr
    stopped = call(where, "--to", "private", "--writers-stopped", answer="n\n")
    assert "Nobody may write to it meanwhile" in stopped.stderr
    assert names(where) == ALL
    assert call(where, "--to", "private", "--writers-stopped", answer="y\n").exit_code == 0
    assert names(where, "private") == ALL


def test_it_moves_to_another_file_where_nobody_writes(where, tmp_path):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert "both tables are called dynastore" in call(where, "--to", other, *STOPPED).stderr
    with (
        Store.connect(other, SCHEMA.named("private")) as there,
        Store.connect(where, SCHEMA) as here,
    ):
        with pytest.raises(Exception, match="another region, account or file"):
            here.move_scope("qa", there)
        assert here.move_scope("qa", there, writers_stopped=True).finish().is_done
    assert (names(where), names(other, "private")) == ([], ALL)


def test_it_moves_to_a_place_that_the_placement_names_and_stores_with_it_follow(where, tmp_path):
    file, us = tmp_path / "placement.toml", f"sqlite:///{tmp_path / 'us.db'}"
    file.write_text(f'shared = "{where}"\n[places.us]\nurl = "{us}"\n', "utf-8")
    placed = ["--placement", str(file), "--to", "us:private"]
    with Store.connect(Placement.read(file), SCHEMA) as writer:
        assert writer.scope("qa").get(Doc, name="d1") == Doc(name="d1")
        done = call(where, *placed, *STOPPED)
        assert done.exit_code == 0, done.stderr
        assert "copied from dynastore to us:private" in done.stdout
        assert (names(where), names(us, "private")) == ([], ALL)
    with Store.connect(Placement.read(file), SCHEMA) as writer:
        assert writer.scope("qa").get(Doc, name="d1") == Doc(name="d1")
        writer.scope("qa").put(Doc(name="e"))
    assert names(us, "private") == sorted([*ALL, "e"])
    seen = call(where, "--placement", str(file), "--to", "dynastore", "--dry-run")
    assert "would be copied from us:private to dynastore" in seen.stdout, seen.stderr
    back = call(where, "--placement", str(file), "--to", "dynastore", *STOPPED)
    assert back.exit_code == 0, back.stderr
    assert (names(where), names(us, "private")) == (sorted([*ALL, "e"]), [])


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--to", "dynastore", "--from", "dynastore"], 2, "both tables are called dynastore"),
        (["--to", "private", "--segments", "0"], 2, "segments"),
        (
            ["--to", "private", "--from", "elsewhere"],
            2,
            "lives in table dynastore, not in elsewhere",
        ),
        (["--to", "private", "--bucket", "agent-payloads", "--to-bucket", "No"], 2, "no bucket"),
        ([], 2, "--to"),
        (["--to", "us:private"], 2, "scope 'qa' is kept at place 'us'"),
        (["--to", "us:private", "--placement", "none.toml"], 2, "none.toml is no placement"),
    ],
)
def test_what_is_wrong_is_said(where, words, status, says):
    called = call(where, *STOPPED, *words)
    assert (called.exit_code, says in called.stderr) == (status, True), called.stderr


def test_a_scope_that_is_not_there_is_not_moved(where):
    words = ["scope", "move", NAMED, where, "--scope", "other", "--to", "private", *STOPPED]
    called = CliRunner().invoke(app, words)
    assert (called.exit_code, "has nothing of scope 'other'" in called.stderr) == (2, True)


def test_a_table_that_is_not_there_is_a_failure_and_no_file_is_made(tmp_path):
    called = call(f"sqlite:///{tmp_path / 'none.db'}", "--to", "private", *STOPPED)
    assert called.exit_code == 1
    assert not [*tmp_path.iterdir()]


def test_a_move_that_was_begun_can_be_given_up(where):
    with Store.connect(where, SCHEMA) as store:
        for moved in store.move_scope("qa", "private", writers_stopped=True):
            if moved.items:
                break
    assert names(where, "private") != []
    asked = call(where, "--to", "private", "--abandon", answer="n\n")
    assert "Give up the move of scope qa to private?" in asked.stderr
    done = call(where, "--to", "private", "--abandon", "--yes")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("the move of scope qa to private was given up; ")
    assert (names(where), names(where, "private")) == (ALL, [])
    again = call(where, "--to", "private", "--abandon", "--yes")
    assert (again.exit_code, "no move of scope 'qa' was begun" in again.stderr) == (2, True)


@pytest.mark.parametrize("reason", [Unavailable("ServiceUnavailable", "later"), KeyboardInterrupt])
def test_a_failure_or_ctrl_c_on_the_way_leaves_the_scope_usable_and_the_next_call_goes_on(
    where, reason, monkeypatch
):
    class Failing(Store):
        """It fails once, when copying has begun."""

        def move_scope(self, name, to, /, **options):
            moving = super().move_scope(name, to, **options)
            return self._until_copied(moving)

        def _until_copied(self, moving):
            with_end = iter(moving)
            for moved in with_end:
                yield moved
                if moved.stage == "copying" and moved.items:
                    with_end.close()
                    raise reason

    monkeypatch.setattr(
        scope_moving, "opened", lambda *_: Failing.connect(where, SCHEMA, create=False)
    )
    failed = call(where, "--to", "private", *STOPPED)
    assert failed.exit_code == (130 if reason is KeyboardInterrupt else 1)
    told = (
        "interrupted; the scope lives in its old place" if reason is KeyboardInterrupt else "later"
    )
    assert told in failed.stderr
    monkeypatch.undo()
    assert names(where) == ALL
    assert call(where, "--to", "private", *STOPPED).exit_code == 0
    assert (names(where), names(where, "private")) == ([], ALL)


def test_its_objects_move_with_it(tmp_path):
    where = f"sqlite:///{tmp_path / 'table.db'}"
    schema = Schema([Doc], Table("dynastore", SCHEMA.table.indexes, bucket="agent-payloads"))
    data = random.Random(1).randbytes(350_000)
    with Store.connect(where, schema) as store:
        store.scope("qa").put(Doc(name="d", data=data))
    done = call(
        where,
        "--to",
        "private",
        "--bucket",
        "agent-payloads",
        "--to-bucket",
        "other-bucket",
        *STOPPED,
    )
    assert done.exit_code == 0, done.stderr
    assert "1 objects copied" in done.stdout
    there = Schema([Doc], Table("private", SCHEMA.table.indexes, bucket="other-bucket"))
    with Store.connect(where, there) as store:
        assert store.scope("qa").get(Doc, name="d").data == data
        assert store.sweep().litter == 0
    # One bucket for both: nothing is copied, the objects change hands.
    third = Schema([Doc], Table("third", SCHEMA.table.indexes, bucket="other-bucket"))
    with Store.connect(where, schema) as home, Store.connect(where, third) as last:
        last.create_table()
        moved = home.move_scope(
            "qa", last, source=Store.at(home.place, there), writers_stopped=True
        )
        assert moved.finish().objects == 0
        assert last.scope("qa").get(Doc, name="d").data == data
        assert last.delete_scope("qa", dry_run=True).objects == 1
