"""The benchmarks still run, on books so small that figures of time and memory mean nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bench import report
from bench.__main__ import BENCHMARKS, DOCS, NOTES, PUBLISHED_FIGURES, TITLES
from bench.allowance import CASES, PICTURE, Use
from bench.figures import Figure, Section
from bench.sizes import SMALL

pytestmark = pytest.mark.slow

COUNTED = {"as many as are due", "equal", "exact"}
"""Goals that do not depend on how large or how quick anything is."""


# The peers are in environments of their own, which `make bench` alone installs.
@pytest.mark.parametrize("name", sorted(BENCHMARKS.keys() - {"pipeline", "peers"}))
def test_it_runs_and_what_can_be_counted_is_right(name: str, tmp_path: Path) -> None:
    check(BENCHMARKS[name](tmp_path, SMALL))
    assert (tmp_path / PICTURE).exists() == (name == "allowance")


# Runs of Meltano take turns, so one may wait for others.
@pytest.mark.xdist_group("meltano")
@pytest.mark.timeout(900)
def test_the_pipeline_runs_too_and_its_amounts_are_exact(tmp_path: Path) -> None:
    check(BENCHMARKS["pipeline"](tmp_path, SMALL))


def check(section: Section) -> None:
    """Every figure was found, and those that are counts are as they must be."""
    assert section.figures
    for figure in section.figures:
        assert figure.ours, figure
        if figure.goal in COUNTED:
            assert figure.reached, figure
    page = report.document([section], "What was found.\n")
    assert section.title in page
    assert page.endswith("What was found.\n")
    assert page.count("\n| ") == 1 + 1 + 1 + len(section.figures)
    assert section.figures[0].what in report.table(section)


def test_the_page_says_what_was_measured() -> None:
    known = msgspec.json.decode(PUBLISHED_FIGURES.read_bytes(), type=list[Section])
    assert {one.title for one in known} <= set(TITLES)
    page = report.document(known, NOTES.read_text(encoding="utf-8"))
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page


def test_a_measured_part_takes_the_place_of_what_was_known(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    old, new = Section("CPU", "", [Figure("rows", "1")]), Section("CPU", "", [Figure("rows", "2")])
    beside = Section("Calls", "", [])
    assert report.with_known(file, [old], TITLES) == [old]
    assert report.with_known(file, [beside], TITLES) == [beside, old]
    assert report.with_known(file, [new], TITLES) == [beside, new]


def test_a_missed_goal_is_told() -> None:
    missed = Figure("rows", "1", "2", "3", "4", "5", reached=False)
    assert "| rows | 1 | 2 | 3 | 4 | 5 | **no** |" in report.document(
        [Section("Rows", "Counted.", [missed])], ""
    )


def test_a_share_of_the_allowance_is_of_what_the_bucket_lets_through() -> None:
    totvs = next(case for case in CASES if case.erp == "totvs")
    perfect = Use(totvs, [0.0] * 10 + [0.6 * number for number in range(1, 101)], 0)
    assert perfect.share == pytest.approx(1.0)
    assert perfect.worst >= 0.94  # 16 of 16 2/3 calls in any ten seconds
    paused = [time if time < 30 else time + 30 for time in perfect.times]
    assert Use(totvs, paused, 0).share < 0.75
    assert Use(totvs, paused, 0).worst == 0
