"""The view of a table that holds whatever anybody wrote, in a window of any size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.widgets import DataTable, Input, Static, Tree

from dynastore import Schema, Store, entity, field, gsi, key, payload
from dynastore.cli.browsing.app import Browser
from dynastore.cli.saying import OBEYED
from dynastore.testing import memory_store

from .test_browse_command import asked, labels, settled

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b31m\u202e[bold][/]\nall is well"


@entity("plant")
class Plant:
    name: str
    kind: str = ""
    notes: dict[str, str] = field(factory=dict)
    numbers: list[int] = field(factory=list)
    text: str = payload(default="")

    primary = key("PLANT[/]#{name}", "KIND#{kind}")
    by_kind = gsi(1, "KIND[/]#{kind}", "{name}")


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store(Schema([Plant])) as store:
        store.create_table()
        yield store


def shown(app: Browser) -> list[str]:
    """All texts on the screen: the trees, the steps, the plan and what was notified."""
    steps = app.query_one("#steps", DataTable)
    cells = [str(cell) for row in range(steps.row_count) for cell in steps.get_row_at(row)]
    statics = [str(app.query_one(each, Static).render()) for each in ("#top", "#plan")]
    said = [str(each.message) for each in app._notifications]
    return [*labels(app), *labels(app, "#patterns"), *cells, *statics, *said]


def drawn(app: Browser) -> str:
    """What a terminal would get, without what Textual says to it itself."""
    strips = [
        strip for widget in app.query("*") for strip in widget.render_lines(widget.size.region)
    ]
    return "\n".join(segment.text for strip in strips for segment in strip if not segment.control)


@pytest.mark.scans
async def test_whatever_is_stored_is_shown_and_not_obeyed(store):
    store.put(Plant(name=EVIL, kind=EVIL, notes={EVIL: EVIL}))
    async with Browser(store, EVIL, writes=True).run_test(size=(160, 50)) as pilot:
        await asked(pilot, "scan(Plant)")
        tree = pilot.app.query_one("#found", Tree)
        tree.focus()
        tree.move_cursor(tree.root.children[0].children[0])
        await pilot.press("r")
        await settled(pilot)
        for node in [*tree.root.children[0].children[0].children]:
            node.expand()
        await pilot.pause()
        await pilot.press("c")
        await settled(pilot)
        await asked(pilot, f"Plant(name={EVIL!r}, kind={EVIL!r}).limit({EVIL!r})")
        texts = [*shown(pilot.app), drawn(pilot.app)]
        await pilot.press("escape")
        found = labels(pilot.app)
        assert any("[bold][/]" in each for each in found), found
    assert [ascii(each) for each in texts if OBEYED.search(each)] == []
    assert not any("\nall is well" in each for each in texts)


async def test_an_item_of_megabytes_opens_at_once(store):
    many = {f"note {each}": "x" for each in range(5_000)}
    store.put(Plant(name="big", notes=many, numbers=[*range(20_000)], text="y" * 3_000_000))
    async with Browser(store, "garden").run_test() as pilot:
        await asked(pilot, 'Plant(name="big")')
        tree = pilot.app.query_one("#found", Tree)
        node = tree.root.children[0].children[0]
        node.expand()
        await pilot.pause()
        for each in list(node.children):
            each.expand()
        await pilot.pause()
        found = labels(pilot.app)
        assert "numbers: list of 20,000" in found
        assert "… 19,800 more, the last: 19999" in found
        assert max(map(len, found)) < 200


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 10), (300, 100)])
async def test_a_window_may_have_any_size_and_change_it(store, size):
    store.put(Plant(name="tea"))
    async with Browser(store, "garden").run_test(size=(80, 24)) as pilot:
        await asked(pilot, 'Plant(name="tea")')
        await pilot.resize_terminal(*size)
        await asked(pilot, 'Plant(name="rum")')
        assert labels(pilot.app) == ["nothing"]


@pytest.mark.parametrize("pressed", ["r", "c", "e", "d", "enter", "space"])
async def test_where_nothing_was_found_no_key_does_anything(store, pressed):
    async with Browser(store, "garden", writes=True).run_test() as pilot:
        await asked(pilot, 'Plant(name="tea")')
        await pilot.press(pressed)
        await settled(pilot)
        assert labels(pilot.app) == ["nothing"]
        assert len(pilot.app.steps) == 1


@pytest.mark.parametrize("text", ["UUID(1)", "Decimal('nan')", "'\ud800'", "1j", "-'x'", "*[1]"])
async def test_no_text_of_a_query_ends_the_view(store, text):
    async with Browser(store, "garden").run_test() as pilot:
        pilot.app.query_one("#query", Input).value = f"Plant(name={text})"
        await pilot.pause()
        assert pilot.app.query_one("#plan", Static).has_class("wrong")
        assert pilot.app.is_running


async def test_a_schema_of_nothing_can_be_looked_at():
    with memory_store(Schema([])) as store:
        async with Browser(store, "nothing").run_test() as pilot:
            await pilot.press("s", "r", "c", "enter")
            await settled(pilot)
            assert pilot.app.is_running
