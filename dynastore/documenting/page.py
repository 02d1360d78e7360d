"""The pages of a schema as one HTML file that needs nothing else: no script, no font, no address.

Its policy (Content-Security-Policy) allows the style that is in it, and nothing more.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from textwrap import dedent

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..planner.plan import counted
from . import words
from .describing import Described
from .diagrams import BOX, INDEX_WIDTH, SLOT, TITLE, WIDTH, diagram

CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
KEPT_LINES = re.compile(r"^(\s{2,}|\||- |\d\. )", re.MULTILINE)  # code, tables and lists


def as_html(described: Described) -> str:
    """The file."""
    pages = Environment(
        loader=PackageLoader("dynastore.documenting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    pages.filters |= {"counted": counted, "prose": prose, "marked": marked}
    style = pages.get_template("style.css").render()
    return pages.get_template("page.html").render(
        described=described,
        table=described.table,
        words=words,
        style=Markup(style),  # noqa: S704 - it is ours
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        drawn=diagram(described),
        sizes={"box": BOX, "index": INDEX_WIDTH, "slot": SLOT, "title": TITLE, "width": WIDTH},
    )


def prose(paragraph: str) -> Markup:
    """A paragraph of a docstring; what is between backquotes is code, and code keeps its lines."""
    if KEPT_LINES.search(paragraph):
        return Markup("<pre>{}</pre>").format(dedent(paragraph))
    return Markup("<p>{}</p>").format(marked(paragraph))


def marked(text: str) -> Markup:
    """A text in which what is between backquotes is code."""
    code = CODE.sub(lambda found: f"<code>{found[1] or found[2]}</code>", str(escape(text)))
    return Markup(code)  # noqa: S704 - it was escaped
