"""Windows take no more memory than a period, and no more room on disk than they may."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.process import Commands, run
from bench.served import serving
from faults.erps import ACTIVE, Erp
from faults.loaded import Loaded, differences
from faults.runs import Runs
from faults.small_books import small_books
from simulator import Simulator

WINDOWS = [erp for erp in ACTIVE if erp.windows]
MONTHS = 4
ACCOUNTS, ROWS = 4, 2_000
SPARE = 24.0
"""Megabytes that a year at once may take more than a month, a spool's 8 in memory among them."""


@pytest.mark.parametrize("erp", WINDOWS, ids=str)
def test_what_does_not_fit_on_disk_is_asked_for_period_by_period(erp: Erp, runs: Runs) -> None:
    with Simulator(small_books(1, MONTHS, 8)) as simulator:
        settings = erp.configured(simulator, months=MONTHS)
        runs.secrets.learn_settings(settings)
        whole = runs(erp.command, settings)
        simulator.requests.clear()
        cramped = runs(erp.command, settings, preludes=(("little_room", "3000"),))
    assert (whole.status, cramped.status) == (0, 0), cramped.stderr
    assert "From here on each period is asked for alone" in cramped.stderr
    assert differences(Loaded(cramped).current(), Loaded(whole).current()) == []


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["omie", "totvs", "bling"])
def test_a_year_at_once_takes_the_memory_of_a_month(name: str, tmp_path: Path) -> None:
    write = Commands(tmp_path)
    peaks = []
    with serving(end="2024-12-31", accounts=ACCOUNTS, rows=ROWS, even=True) as books:
        for end in ("2024-01-31", "2024-12-31"):
            settings = books.settings(name, end_date=end)
            peaks.append(run(write.tap(f"tap-{name}", settings)).peak)
    month, year = peaks
    assert year <= month + SPARE
