"""What of the docs is made by programs is there, and is what they make today."""

from __future__ import annotations

import re

from manual import reference

from .documents import ROOT, documents

IMAGE = re.compile(r"!\[[^\]]*\]\(([^)#\s]+)|<img[^>]*\ssrc=\"([^\"]+)\"")
MOST_BYTES = 250_000  # of a picture; a clone brings all of them


def test_the_reference_of_the_command_line_is_that_of_the_app():
    assert reference.FILE.read_text() == reference.text(), "make reference"


def test_the_pictures_that_documents_show_are_there():
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in documents()
        for found in IMAGE.finditer(path.read_text())
        if not (name := found[1] or found[2]).startswith("http")
        and not (path.parent / name).is_file()
    ]
    assert missing == []


def test_pictures_are_small():
    pictures = [*(ROOT / "docs").rglob("*.png"), *(ROOT / "docs").rglob("*.svg")]
    assert [each.name for each in pictures if each.stat().st_size > MOST_BYTES] == []
