"""What the repository holds, and what it must not."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each pattern is written so that it does not find itself.
FORBIDDEN = {
    "the address of a package registry": (
        r"pypi[.]org|pythonhosted[.]|registry[.]npmjs|(index|registry)[-]url|find[-]links"
    ),
    "a path of one machine": r"(?<![\w.~{}$)-])/(?:work|root|opt|home/\w+|Users/\w+)/",
    "a credential": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY",
}


def files() -> list[Path]:
    """Everything that is, or is about to be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("not a git repository")
    found = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_lock_file_is_kept():
    locks = {".lock", "package-lock.json", "pylock.toml"}
    assert [path for path in files() if path.suffix in locks or path.name in locks] == []


def test_the_licence_is_the_one_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_the_changelog_has_a_place_for_the_next_change():
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_package_tells_type_checkers_that_it_is_typed():
    assert (ROOT / "dynastore" / "py.typed").exists()


def test_there_is_a_readme():
    assert (ROOT / "README.md").exists()
