"""The pages of schemas, and the pictures of the docs, as headless Chromium shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dynastore.agents import agent_schema
from dynastore.documenting import as_html, described
from manual.browser import look, program, running
from manual.models import schema

from .pictures import colours

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FEW = 20  # colours; a page that is blank has one or two
WINDOWS = {"desk": (1280, 700), "phone": (390, 700)}

pytestmark = pytest.mark.skipif(
    program() is None, reason="there is no Chromium here; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser():
    with running() as found:
        yield found


@pytest.fixture(scope="module", params=["two entities", "all of agents"])
def page(request, tmp_path_factory) -> Path:
    made = described(schema if request.param == "two entities" else agent_schema())
    path = tmp_path_factory.mktemp("pages") / "page.html"
    path.write_text(as_html(made))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_page_is_shown_without_an_error_and_never_scrolls_sideways(browser, page, window, scheme):
    width, height = WINDOWS[window]
    seen = look(browser, page, width=width, height=height, scheme=scheme)
    assert seen.complaints == []
    assert colours(seen.picture) > FEW
    assert seen.width == width
    assert seen.height > height


def test_light_and_dark_are_different_pictures(browser, page):
    light, dark = (look(browser, page, scheme=scheme).picture for scheme in ("light", "dark"))
    assert light != dark


def test_an_anchor_leads_down_the_page(browser, page):
    assert look(browser, page, at="samples").picture != look(browser, page).picture


def test_what_is_wrong_with_a_page_is_seen(browser, tmp_path):
    """A style that its policy refuses, an image that is not there, a script that fails."""
    page = tmp_path / "page.html"
    page.write_text(
        "<meta http-equiv=Content-Security-Policy content=\"style-src 'none'\"><style>p{}</style>"
        "<img src=nothing.png><script>nothing()</script>"
    )
    assert len(look(browser, page).complaints) >= 3


def test_a_blank_page_is_told_from_one_with_something_on_it(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>nothing</title>")
    assert colours(look(browser, page).picture) <= FEW


@pytest.mark.parametrize("picture", sorted(IMAGES.iterdir()), ids=lambda path: path.name)
def test_the_pictures_of_the_docs_are_shown(browser, picture):
    seen = look(browser, picture, height=600)
    assert seen.complaints == []
    assert colours(seen.picture) > FEW


def test_terminals_are_drawn_with_fonts_of_the_reader():
    for picture in IMAGES.glob("*.svg"):
        assert re.findall(r"url\((?!#)|<image|@import", picture.read_text()) == []
