"""docs/loaders.md says what the loader suite has seen."""

from __future__ import annotations

import pytest

from house.loaders import PAPER, written
from loaders.known import LOADERS, LOCKS, Loader
from loaders.measured import read


def test_the_table_is_the_suites() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    assert paper == written(paper)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda one: one.folder)
def test_the_versions_are_those_that_the_suite_installs(loader: Loader) -> None:
    locked = (LOCKS / f"{loader.folder}.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split(" ")[0] for line in locked}
    seen = read()[loader.folder].versions
    assert set(seen) == set(loader.packages)
    assert {f"{name}=={version}" for name, version in seen.items()} <= pinned
