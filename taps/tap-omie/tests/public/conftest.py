# ruff: noqa: INP001 -- packages named tests would hide one another
"""A simulated Omie under its public API, and runs of the tap against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.runs import Runs, Tap
from simulator import Books, Simulator
from tap_omie.tap import TapOmie


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A company of 60 movements a month, or of as many as a test asks for.

    With 200 there are enough for statements to be cut off.
    """
    movements = getattr(request, "param", 60)
    with Simulator(Books.generate(entries_per_month=movements)) as simulator:
        yield simulator


@pytest.fixture
def tap(sim: Simulator, tmp_path: Path) -> Tap:
    return Tap(TapOmie, lambda given: sim.settings("omie_public", **given), tmp_path)


@pytest.fixture
def run(tap: Tap) -> Runs:
    """Run the command over the first quarter of 2024, with more settings or others."""
    return tap.run


@pytest.fixture
def read(tap: Tap) -> Runs:
    """Read the first quarter of 2024 in this process, which raises what the tap would report."""
    return tap.read
