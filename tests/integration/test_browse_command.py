"""``dynastore browse``: the view in a terminal, and what it prints for pipes and programs."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from textual.widgets import DataTable, Input, Static, Tree
from typer.testing import CliRunner

from dynastore import Schema, Store, entity, field, gsi, key, ref, version
from dynastore.cli.app import app
from dynastore.cli.browsing.app import Browser
from dynastore.telemetry.recording import recorded

NAMED = f"{__name__}:SCHEMA"


@entity("customer")
class Customer:
    customer_id: str
    name: str = ""
    since: dt.date = dt.date(2026, 1, 5)
    tags: list[str] = field(factory=list)
    revision: int = version()

    primary = key("C#{customer_id}", "~")


@entity("order")
class Order:
    customer_id: str
    number: int
    status: str = "open"
    total: Decimal = Decimal("9.50")

    primary = key("C#{customer_id}", "ORDER#{number}")
    by_status = gsi(1, "STATUS#{status}", "{number}")


SCHEMA = Schema([Customer, Order])
EVIL = "\x1b]0;owned\x07[red]"  # what a terminal would obey, and what rich would


@pytest.fixture
def where(tmp_path) -> str:
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put(Customer(customer_id="ann", name=EVIL, tags=["a"] * 300))
        store.put_many([Order(customer_id="ann", number=each) for each in range(30)])
        store.scope("qa").put(Customer(customer_id="bob"))
    return url


@pytest.fixture
def store(where) -> Iterator[Store]:
    with Store.connect(where, SCHEMA) as store:
        yield store


def call(*words):
    return CliRunner().invoke(app, ["browse", NAMED, *words], env={"COLUMNS": "120"})


def labels(app: Browser, tree: str = "#found") -> list[str]:
    found = []

    def walk(node):
        for child in node.children:
            found.append(str(child.label))
            walk(child)

    walk(app.query_one(tree, Tree).root)
    return found


async def asked(pilot, text):
    line = pilot.app.query_one("#query", Input)
    line.value = text
    line.focus()
    await pilot.press("enter")
    await settled(pilot)


async def settled(pilot):
    await pilot.pause()  # the key is taken, and the worker begins
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def at_entity(pilot, title):
    """The cursor on an entity of the tree."""
    tree = pilot.app.query_one("#found", Tree)
    tree.focus()
    (node,) = [each for each in tree.root.children[0].children if str(each.label) == title]
    tree.move_cursor(node)
    await pilot.pause()


async def test_access_patterns_become_queries_that_wait_for_a_value(store):
    with recorded(store) as sent:
        async with Browser(store, "shop").run_test() as pilot:
            found = labels(pilot.app, "#patterns")
            assert found[:2] == ["Customer", "primary  table  C#{customer_id}"]
            assert "by_status  GSI1  STATUS#{status}" in found
            tree = pilot.app.query_one("#patterns", Tree)
            tree.move_cursor(tree.root.children[1].children[1])
            tree.action_select_cursor()
            await pilot.pause()
            line = pilot.app.query_one("#query", Input)
            assert line.value == 'Order(status="")'
            await pilot.press(*"open")
            assert line.value == 'Order(status="open")'
            assert "Query Order by by_status on GSI1" in str(pilot.app.query_one("#plan").render())
    assert not sent


async def test_a_query_brings_entities_by_partition_page_by_page_with_their_cost(store):
    async with Browser(store, "shop").run_test() as pilot:
        await asked(pilot, 'Order(customer_id="ann")')
        first = labels(pilot.app)
        assert first[:2] == ["C#ann", "Order number=0"]
        assert (len(first), first[-1]) == (27, "more…")
        tree = pilot.app.query_one("#found", Tree)
        tree.move_cursor(tree.root.children[-1])
        tree.action_select_cursor()
        await settled(pilot)
        assert labels(pilot.app)[-1] == "Order number=29"
        assert "more…" not in labels(pilot.app)
        steps = pilot.app.query_one("#steps", DataTable)
        cells = [list(map(str, steps.get_row_at(row))) for row in range(steps.row_count)]
        assert [cell[2:] for cell in cells] == [
            ["25", "Query", 'Order(customer_id="ann")'],
            ["5", "Query", 'Order(customer_id="ann")'],
        ]
        assert [float(cell[0]) for cell in cells] == [step.units for step in pilot.app.steps]
        assert "2 sent, 1 units so far" in str(pilot.app.query_one("#top", Static).render())


async def test_an_entity_opens_into_its_fields_and_its_partition(store):
    async with Browser(
        store, "shop", text='Order(customer_id="ann", number=3)'
    ).run_test() as pilot:
        await settled(pilot)
        await at_entity(pilot, "Order number=3")
        await pilot.press("c")
        await settled(pilot)
        line = pilot.app.query_one("#query", Input)
        assert line.value == "collection(Customer, Order, customer_id='ann')"
        await asked(pilot, 'Customer(customer_id="ann")')
        await at_entity(pilot, "Customer customer_id='ann'")
        await pilot.press("space")
        assert "since: 2026-01-05" in labels(pilot.app)
        assert "tags: list of 300" in labels(pilot.app)
        assert "name: '\\x1b]0;owned\\x07[red]'" in labels(pilot.app)
        await pilot.press("r")
        await settled(pilot)
        assert "TYPE: S 'customer'" in labels(pilot.app)
        assert pilot.app.steps[-1].requests == "GetItem"


@pytest.mark.scans
async def test_a_scan_is_sent_only_once_it_is_submitted(store):
    with recorded(store) as sent:
        async with Browser(store, "shop").run_test() as pilot:
            await pilot.press("s")
            await pilot.pause()
            assert pilot.app.query_one("#query", Input).value == "scan(Customer)"
            assert "Scan of the whole table" in str(pilot.app.query_one("#plan").render())
    assert not sent


@pytest.mark.scans
async def test_a_scan_goes_on_where_its_page_ended(store):
    store.put_many([Order(customer_id="zoe", number=n, status="x" * 2_000) for n in range(900)])
    async with Browser(store, "shop").run_test() as pilot:
        await asked(pilot, "scan(Order, status='open')")
        while pilot.app.query_one("#found", Tree).root.children[-1].label.plain == "more…":
            tree = pilot.app.query_one("#found", Tree)
            tree.move_cursor(tree.root.children[-1])
            tree.action_select_cursor()
            await settled(pilot)
        orders = [label for label in labels(pilot.app) if label.startswith("Order")]
        assert (len(orders), len(pilot.app.steps)) == (30, 4)


async def test_what_is_no_query_is_said_before_anything_is_sent(store):
    async with Browser(store, "shop").run_test() as pilot:
        await asked(pilot, "Order(total=3)")
        plan = pilot.app.query_one("#plan", Static)
        assert plan.has_class("wrong")
        assert "gsi(" in str(plan.render())
        await asked(pilot, "__import__('os')")
        assert pilot.app.steps == []


async def test_without_write_nothing_is_changed(store):
    async with Browser(store, "shop").run_test() as pilot:
        await asked(pilot, 'Order(customer_id="ann", number=3)')
        await at_entity(pilot, "Order number=3")
        await pilot.press("d", "e")
        assert len(pilot.app.screen_stack) == 1
        assert not {"d", "e"} & {*pilot.app.active_bindings}


async def test_with_write_fields_are_changed_and_entities_deleted(store):
    async with Browser(store, "shop", writes=True).run_test() as pilot:
        await asked(pilot, 'Order(customer_id="ann", number=3)')
        await at_entity(pilot, "Order number=3")
        await pilot.press("e")
        line = pilot.app.screen.query_one(Input)
        line.value = "status"
        await pilot.press("enter")
        assert "write title='Trip'" in str(pilot.app.screen.query_one("#mistake").render())
        line.value = "status='sent', total=Decimal('7')"
        await pilot.press("enter")
        await settled(pilot)
        changed = store.get(Order, customer_id="ann", number=3)
        assert (changed.status, changed.total) == ("sent", Decimal(7))
        assert "status: 'sent'" in labels(pilot.app)
        await pilot.press("d")
        await pilot.press(*"no", "enter")
        await settled(pilot)
        assert store.get(Order, customer_id="ann", number=3) is not None
        await pilot.press("d")
        await pilot.press(*"delete", "enter")
        await settled(pilot)
        assert store.get(Order, customer_id="ann", number=3) is None
        assert "Order number=3" not in labels(pilot.app)


async def test_a_change_that_somebody_overtook_is_said_and_not_made(store):
    async with Browser(store, "shop", writes=True).run_test() as pilot:
        await asked(pilot, 'Customer(customer_id="ann")')
        await at_entity(pilot, "Customer customer_id='ann'")
        store.update(ref(Customer, customer_id="ann"), name="Ann")
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = "name='Bob'"
        await pilot.press("enter")
        await settled(pilot)
        assert store.get(Customer, customer_id="ann").name == "Ann"
        assert any("revision" in str(each.message) for each in pilot.app._notifications)


def test_what_a_query_brings_is_json_for_programs(where):
    done = call(where, "--query", 'Order(customer_id="ann", number=3)', "--json")
    one, summary = map(json.loads, done.stdout.splitlines())
    assert one == {
        "entity": "Order",
        "customer_id": "ann",
        "number": 3,
        "status": "open",
        "total": "9.5",
    }
    assert summary == {"found": 1, "requests": ["GetItem"], "units": 0.5, "cursor": None}


def test_pages_are_joined_by_their_cursor(where):
    words = (where, "--query", 'Order(customer_id="ann")', "--json", "--limit", "20")
    *first, summary = map(json.loads, call(*words).stdout.splitlines())
    *rest, end = map(json.loads, call(*words, "--cursor", summary["cursor"]).stdout.splitlines())
    assert [each["number"] for each in first + rest] == [*range(30)]
    assert end["cursor"] is None


def test_without_a_query_the_json_has_the_access_patterns(where):
    found = [json.loads(line) for line in call(where, "--json").stdout.splitlines()]
    assert {
        "entity": "Order",
        "pattern": "by_status",
        "index": 1,
        "query": 'Order(status="")',
    } in found


def test_without_a_terminal_it_prints_the_plan_the_tree_and_the_cost(where):
    printed = call(where, "--query", 'Customer(customer_id="ann")').stdout
    for text in ("GetItem", "C#ann", "tags: list of 300", "… 100 more, the last: 'a'", "0.5"):
        assert text in printed
    assert "\x1b]0" not in printed


def test_a_scope_is_looked_into(where):
    done = call(where, "--scope", "qa", "--query", 'Customer(customer_id="bob")', "--json")
    assert json.loads(done.stdout.splitlines()[0])["customer_id"] == "bob"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--query"),
        (("--query", "Nobody(x=1)"), "has no entity Nobody"),
        (("--query", "Order(total=1)"), "gsi("),
        (("--query", "Order(customer_id='ann')", "--cursor", "x"), "cursor"),
    ],
)
def test_a_wrong_call_is_said(where, words, says):
    done = call(where, *words)
    assert (done.exit_code, says in done.stderr) == (2, True)


def test_a_table_that_is_not_there_is_a_failure(tmp_path):
    done = call(f"sqlite:///{tmp_path / 'no.db'}", "--query", 'Customer(customer_id="a")')
    assert (done.exit_code, "Traceback" in done.stderr) == (1, False)


def test_missing_credentials_are_said(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    done = call("agent-state", "--query", 'Customer(customer_id="a")')
    assert (done.exit_code, "credentials" in done.stderr.lower()) == (1, True)
