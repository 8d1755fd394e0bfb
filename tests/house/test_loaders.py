"""docs/loaders.md says what the loader suite holds loaders to."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from house.loaders import PAPER, written
from loaders.known import LOADERS, LOCKS, Loader


def test_the_table_is_the_suites() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    assert paper == written(paper)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda one: one.folder)
def test_the_versions_are_those_that_the_suite_installs(loader: Loader) -> None:
    wanted = (LOCKS / f"{loader.folder}.in").read_text(encoding="utf-8").splitlines()
    named = [Requirement(one).name for one in wanted if one and not one.startswith("#")]
    locked = (LOCKS / f"{loader.folder}.txt").read_text(encoding="utf-8").splitlines()
    words = loader.title.replace(",", "").replace(")", "").split()
    told = {name: words[words.index(name) + 1] for name in named if name in words}
    assert named[0] in told
    for name, version in told.items():
        assert f"{name}=={version}" in {line.split(" ")[0] for line in locked}
