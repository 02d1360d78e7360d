"""The how-to pages have every option of a deployment, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import NOTHING, Factory, fields

from dynastore.infra.deployment import SECTIONS, Deployment
from dynastore.infra.sections import Place
from dynastore.infra.service.section import Service

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
ROW = re.compile(r"^\| (.+?) \| (.+?) \|", re.MULTILINE)
IN_WORDS = {"none", "never", "needed", "all three", "one is made", "the schema's", "as `[network]`"}
IN_OTHER_WORDS = {"roles", "callers"}


def written(default):
    """A default as TOML has it."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case str():
            return f'`"{default}"`'
    return f"`{default}`"


def said_on(page):
    """Option -> the default that a page says."""
    return {
        name: default
        for names, default in ROW.findall((PAGES / page).read_text("utf-8"))
        for name in re.findall(r"`(\[?\w+\]?)`", names)
    }


def test_all_sections_are_in_the_table():
    assert {f"[{name}]" for name in SECTIONS} <= said_on("deploy.md").keys()


@pytest.mark.parametrize(
    ("page", "classes"),
    [
        (
            "deploy.md",
            [
                Deployment,
                Place,
                *(each for each in SECTIONS.values() if each is not Service),
            ],
        ),
        ("service.md", [Service]),
    ],
)
def test_every_option_is_in_the_table_with_its_default(page, classes):
    said = said_on(page)
    for cls in classes:
        for option in fields(cls):
            if option.name in SECTIONS and cls is Deployment:
                continue
            told = said.pop(option.name)
            if option.default in (None, NOTHING, ()) or isinstance(option.default, Factory):
                assert told in IN_WORDS, option.name
            elif option.name not in IN_OTHER_WORDS:
                assert told == written(option.default), option.name
