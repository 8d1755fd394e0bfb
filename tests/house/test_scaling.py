"""The simulation of a large holding: its arithmetic, and that it asks for what the taps ask for."""

from __future__ import annotations

from datetime import date

import pytest

from e2e.commands import TapRunner
from e2e.holding import ERPS
from house.scaling import (
    BLOCK,
    PAGE,
    Month,
    Work,
    daily_run,
    first_load,
    holding,
    requests,
    table,
    wall_clock,
)
from house.settings import replaced
from simulator import Books, Simulator

pytestmark = pytest.mark.slow

JANUARY = date(2024, 1, 1), date(2024, 1, 31)


def test_the_page_has_the_numbers() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert replaced(text, BLOCK, table()) == text, "run `make readme`"


def test_workers_share_the_work_until_one_company_is_the_bound() -> None:
    alike = [Work(requests=100, rate=2, shared=False)] * 10
    assert [wall_clock(alike, workers) for workers in (1, 3, 10, 99)] == [500, 200, 50, 50]


def test_a_shared_allowance_is_a_bound_that_no_worker_moves() -> None:
    alike = [Work(requests=100, rate=2, shared=True)] * 10
    assert [wall_clock(alike, workers) for workers in (1, 3, 10)] == pytest.approx([500] * 3)


def test_a_worker_that_waits_for_a_shared_allowance_is_not_there_for_others() -> None:
    mixed = [
        Work(requests=100, rate=1, shared=True),
        Work(requests=100, rate=1, shared=True),
        Work(requests=50, rate=1, shared=False),
    ]
    assert wall_clock(mixed, 2) == pytest.approx(250)
    assert wall_clock(mixed, 3) == pytest.approx(200)


def test_the_holding_is_spread_like_the_portfolio() -> None:
    whole = holding(7_000, 1, one_application=True)
    assert len(whole) == 7_000
    assert sum(one.shared for one in whole) == 2_000


def test_a_first_load_asks_for_a_year_at_a_time() -> None:
    month = Month(accounts=600, moved=10, moved_in_a_year=15, lines=100)
    assert first_load("tap-totvs", month, 60) == 5 * (12 + 15)
    assert first_load("tap-omie", month, 13) == (12 * 2 + 15) + (2 + 10)
    assert daily_run("tap-totvs", month) == 2 * (1 + 10) + 12
    assert daily_run("tap-bling", month) == 2 * requests("tap-bling", month)


@pytest.mark.parametrize("tap", ["tap-totvs", "tap-omie"])
def test_a_quarter_asks_for_as_much_as_the_tap_does(tap: str, run_tap: TapRunner) -> None:
    books = Books.generate(companies=["A"], entries_per_month=40)
    company = books.company
    summaries = {account.code for account in company.accounts if account.is_summary}
    months = [(date(2024, 1, 1), date(2024, 1, 31)), (date(2024, 2, 1), date(2024, 2, 29)),
              (date(2024, 3, 1), date(2024, 3, 31))]  # fmt: skip
    moved = {
        row.code
        for span in months
        for row in company.trial_balance(*span)
        if row.code not in summaries and (row.debit or row.credit)
    }
    with Simulator(books) as erp:
        config = erp.settings(
            ERPS[tap], companies=["A"], start_date="2024-01-01", end_date="2024-03-31",
            rate_limit={"requests": 100_000, "burst": 1_000},
        )  # fmt: skip
        assert run_tap(tap, config).returncode == 0
        asked = [one for one in erp.requests if one.endpoint != "token"]
    month = Month(accounts=len(company.accounts), moved_in_a_year=len(moved), lines=1)
    assert len(asked) == requests(tap, month, 3)


@pytest.mark.parametrize("tap", ERPS)
def test_a_month_asks_for_as_much_as_the_tap_does(tap: str, run_tap: TapRunner) -> None:
    books = Books.generate(companies=["A"], entries_per_month=120, opening="entry")
    rows = books.company.trial_balance(*JANUARY)
    summaries = {account.code for account in books.company.accounts if account.is_summary}
    analytic = [row for row in rows if row.code not in summaries]
    lines = list(books.company.lines(*JANUARY))
    month = Month(
        accounts=len(rows),
        analytic=len(analytic),
        moved=sum(1 for row in analytic if row.debit or row.credit),
        entries=len({line.entry.id for line in lines}),
        lines=len(lines),
    )
    with Simulator(books) as erp:
        config = erp.settings(
            ERPS[tap], companies=["A"], start_date=str(JANUARY[0]), end_date=str(JANUARY[1]),
            rate_limit={"requests": 100_000, "burst": 1_000},
        )  # fmt: skip
        assert run_tap(tap, config).returncode == 0
        asked = [one for one in erp.requests if one.endpoint != "token"]
    chart = {"tap-contaazul": 1, "tap-bling": 1}.get(tap, 0)
    assert len(asked) - chart == requests(tap, month)
