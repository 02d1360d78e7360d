"""The pictures of README and docs: terminals as SVG, the page of a schema as PNG.

Nothing in them is fetched from anywhere: fonts are those of the reader's system.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from inspect import signature
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.cli import demo, matrix
from dynastore.cli.browsing.app import Browser
from dynastore.cli.conversations import conversations
from dynastore.documenting import as_html, described

from .browser import look, running
from .models import schema

FOLDER = Path(__file__).parents[1] / "docs" / "images"
COLUMNS = 104
AS_TERMINAL = {"force_terminal": True, "force_interactive": False, "legacy_windows": False}
FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # rich's are of a host
DRAWN_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # Textual's are, too
FONTS = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'


def terminal(title: str, show: Callable[[Console], None], until: str | None = None) -> str:
    """What is printed, as a picture of a terminal.

    Args:
        title: of its window.
        show: prints.
        until: the line that begins so is left out, and what is after it.
    """
    output = StringIO()
    show(Console(file=output, width=COLUMNS, color_system="truecolor", **AS_TERMINAL))
    picture = Console(record=True, width=COLUMNS, file=StringIO())
    for line in map(Text.from_ansi, output.getvalue().splitlines()):
        if until is not None and line.plain.startswith(until):
            picture.print(Text("…", style="dim"))
            break
        picture.print(line, no_wrap=True, overflow="crop")
    return picture.export_svg(title=title, code_format=_form(), unique_id="terminal")


def _form() -> str:
    """Rich's form of a picture, without the fonts that it would fetch."""
    form: str = signature(Console.export_svg).parameters["code_format"].default
    return FONT_FACES.sub("", form).replace("Fira Code, monospace", FONTS)


async def browsed() -> str:
    """The view of a table, in the collection of a session, as a picture of a terminal."""
    with Store.connect("sqlite://", agent_schema()) as store:
        store.create_table()
        demo.load(Console(file=StringIO()), store, conversations(None))
        view = Browser(store, "agents", text='collection(Session, Run, session_id="library-005")')
        async with view.run_test(size=(132, 36)) as pilot:
            await view.workers.wait_for_complete()
            await pilot.pause()
            await pilot.press("down", "down", "down", "space")
            await pilot.pause()
            drawn = view.export_screenshot(title="dynastore browse")
    return DRAWN_FACES.sub("", drawn).replace("Fira Code, monospace", FONTS)


def pictures() -> dict[str, bytes]:
    """Name of each file, and what is in it."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "agents.html"
        page.write_text(as_html(described(agent_schema())))
        with running() as browser:
            shot = look(browser, page, width=1180, height=720, at="diagram")

    def demonstrated(console: Console) -> None:
        demo.show(console, None, "sqlite://", None)

    def listed(console: Console) -> None:
        matrix.show(console, schema)

    return {
        "browse.svg": asyncio.run(browsed()).encode(),
        "demo.svg": terminal("dynastore demo", demonstrated, until="3 ").encode(),
        "patterns.svg": terminal("dynastore patterns models:schema", listed).encode(),
        "schema-docs.png": shot.picture,
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, data in pictures().items():
        (FOLDER / name).write_bytes(data)
