"""``dynastore sweep``, as a person calls it."""

from __future__ import annotations

import datetime as dt
import json
import random

import pytest
from typer.testing import CliRunner

from dynastore import Schema, Store, Table, entity, key, payload
from dynastore.cli import sweeping
from dynastore.cli.app import app
from dynastore.cli.rounds import Stopped, shown
from dynastore.errors import Unavailable

pytestmark = pytest.mark.scans

LONG_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"")

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc])
NAMED = "tests.integration.test_sweeping_command:SCHEMA"


@pytest.fixture
def where(tmp_path):
    """A file with two parts that a write left behind two days ago, one of them in a scope."""
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA, clock=lambda: LONG_AGO) as store:
        for each in (store, store.scope("team")):
            each.put(Doc(name="d", data=random.Random(1).randbytes(350_000)))
            # A batch answers no old item, so it leaves the parts that it replaces.
            each.put_many([Doc(name="d", data=b"small")])
    return url


def call(*words):
    return CliRunner().invoke(app, ["sweep", NAMED, *words], env={"COLUMNS": "200"})


def test_a_dry_run_says_what_would_be_deleted(where):
    for _ in range(2):
        called = call(where, "--dry-run")
        assert called.stdout.strip() == (
            "2 parts and objects older than a day; "
            "2 without an item would be deleted, 700,002 bytes"
        )


def test_the_bucket_of_a_table_is_swept_too(tmp_path):
    where = f"sqlite:///{tmp_path / 'table.db'}"
    schema = Schema([Doc], Table("dynastore", bucket="agent-payloads"))
    with Store.connect(where, schema, clock=lambda: LONG_AGO) as store:
        store.put(Doc(name="d", data=random.Random(1).randbytes(350_000)))
        store.put(Doc(name="d"))
    assert json.loads(call(where, "--json").stdout)["parts"] == 0
    words = (where, "--bucket", "agent-payloads", "--json")
    result = {"parts": 1, "litter": 1, "litter_bytes": 350_001, "cursor": None}
    assert json.loads(call(*words).stdout) == result
    assert json.loads(call(*words).stdout)["parts"] == 0


def test_json_is_for_programs(where):
    result = {"parts": 1, "litter": 1, "litter_bytes": 350_001, "cursor": None}
    assert json.loads(call(where, "--json", "--scope", "team").stdout) == result
    assert json.loads(call(where, "--json", "--units-per-second", "10000").stdout) == result
    assert "0 without an item deleted" in call(where).stdout


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--cursor", "x"], 2, "no cursor"),
        (["--segments", "0"], 2, "segments"),
        (["--bucket", "No Bucket"], 2, "names no bucket"),
    ],
)
def test_what_is_wrong_is_said(where, words, status, says):
    called = call(where, *words)
    assert (called.exit_code, says in called.stderr) == (status, True)


def test_a_table_that_is_not_there_is_a_failure(tmp_path):
    assert call(f"sqlite:///{tmp_path / 'none.db'}").exit_code == 1


def test_a_failure_on_the_way_says_where_to_go_on(where):
    class Failing(Store):
        """Its second round fails."""

        def sweep(self, **options):
            if options["cursor"] is not None:
                raise Unavailable("ServiceUnavailable", "later")
            return super().sweep(**options)

    seen = []

    def told(swept):
        seen.append(swept)
        return sweeping.line(swept, dry_run=False)

    with Failing.connect(where, SCHEMA) as store:
        store.put(Doc(name="e", data=random.Random(2).randbytes(2_000_000)))
        with pytest.raises(Stopped, match="Go on with --cursor") as stopped:
            shown("sweeping", lambda cursor: store.sweep(cursor=cursor, rounds=1), None, told)
    assert stopped.value.run == seen[-1]
    assert seen[-1].cursor in str(stopped.value)


def test_a_file_without_its_url_is_told_how_to_write_it():
    result = call("help.db")
    assert result.exit_code != 0
    assert "for a file write 'sqlite:///help.db'" in result.output
