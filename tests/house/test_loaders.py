"""docs/loaders.md says what the loader suite holds loaders to."""

from __future__ import annotations

from house.loaders import PAPER, written


def test_the_table_is_the_suites() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    assert paper == written(paper)
