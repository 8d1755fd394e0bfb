"""Each test that a page names as the one that covers a trap is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = sorted((PROJECT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def tests() -> set[str]:
    """The names of all tests, and of the files that hold some."""
    files = [
        file
        for place in ("shared/tests", "taps/*/tests", "tests")
        for file in PROJECT.glob(f"{place}/**/test_*.py")
    ]
    found = {file.name for file in files}
    for file in files:
        found.update(re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tests_that_are_named_exist(page: Path, tests: set[str]) -> None:
    named = set(re.findall(r"`(?:[\w/-]*/)?(test_\w+(?:\.py)?)`", page.read_text(encoding="utf-8")))
    assert named <= tests, sorted(named - tests)


def test_every_trap_names_a_test() -> None:
    text = (PROJECT / "docs" / "public-apis.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?mi)^\| trap \|.*\n\|[- |]+\n((?:\|.*\n)+)", text)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(tables) == 5, "one for all and one for each vendor"
    # Where a row says "the same", "likewise" or "every test", another row or all of them cover it.
    covered = re.compile(r"`test_\w+`|the same|likewise|every test")
    assert [row for row in rows if not covered.search(row.rpartition(" | ")[2])] == []
