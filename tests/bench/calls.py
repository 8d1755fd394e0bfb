"""The number of calls, against what the books take."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from bench.clock import simulated, told
from bench.figures import Figure, Section
from bench.process import Commands, run
from bench.served import Served, serving
from bench.sizes import Sizes

PAGES = {"omie": 500, "totvs": 0, "contaazul": 100, "bling": 100}
"""Default page sizes; TOTVS has none."""
LATENCY = 0.3
TOGETHER = 12
SCARCE = 1.35
"""How many times the least number of calls a first load may take."""
QUICKER = 6.0
"""How many times quicker than period by period the largest first load is to be, where the page size
permits as much."""
HOW = f"""\
Three months, two companies (one where the credentials belong to one), about 5,000 postings each a
month. Due are the pages of the trial balance and of each account that moved, and one token; for
ContaAzul the chart, the pages of transactions, one token; for Bling the pages of the chart and,
each period once, of every analytic account. These are counted with `periods_per_request` 1. The
first loads are of one company whose accounts all move each month, with so many rows each; they are
made with `periods_per_request` {TOGETHER}, its default, and with 1, and all calls are counted. The
least is what the page size permits where a request spans a year at most: a listing a month, and
each account's rows of a year in full pages. Times are by a simulated clock, since some would take
hours: each call takes {LATENCY:g} s, a token of the ERP's allowance and one of `max_concurrency`
(4) places; the plain SDK tap, which has neither allowance nor threads, makes one call after the
other. The daily runs follow a first load, with nothing new in the books; what they cost is a
listing for each of `recheck_periods` (12), of `lookback_periods` (1) and of the bookmark's month,
and each account that moved in the last two once."""


class Vendor(NamedTuple):
    """An ERP's allowance and the rows on a page; 0 where there are no pages."""

    rate: float
    burst: int
    page: int

    def seconds(self, calls: int) -> float:
        """How long so many calls take."""
        return simulated(calls, rate=self.rate, burst=self.burst, latency=LATENCY, at_once=4)


VENDORS = {
    "omie": Vendor(300 / 60, 20, 500),
    "totvs": Vendor(100 / 60, 10, 0),
    "bling": Vendor(100 / 60, 10, 100),
}


class Load(NamedTuple):
    """A first load: its books."""

    months: int
    accounts: int
    rows: int

    @property
    def end(self) -> str:
        """Its last day."""
        year, month = divmod(self.months, 12)
        return str(date.fromordinal(date(2020 + year, month + 1, 1).toordinal() - 1))

    def least(self, erp: str) -> int:
        """The fewest calls for it where none spans more than a year; tokens aside."""
        page = VENDORS[erp].page
        spans = [min(12, self.months - at) for at in range(0, self.months, 12)]
        rows = [self.rows * months for months in spans]
        if erp == "bling":
            # A listing that states no total ends with a page that is not full.
            chart = (self.accounts + 1) // page + 1
            return chart + self.accounts * sum(one // page + 1 for one in rows)
        return self.months + self.accounts * sum(-(-one // page) if page else 1 for one in rows)

    def __str__(self) -> str:
        """In words."""
        return f"{self.months} months x {self.accounts} accounts x {self.rows} rows"


def measure(folder: Path, sizes: Sizes) -> Section:
    """Count the calls of each tap."""
    write = Commands(folder)
    figures = _as_many_as_due(write, sizes)
    for load in sizes.loads:
        figures += _first_loads(write, load)
    figures += _daily(write, sizes)
    return Section("Calls", HOW, figures)


def _as_many_as_due(write: Commands, sizes: Sizes) -> list[Figure]:
    figures = []
    with serving(rows=sizes.a_month, companies=2, end="2024-03-31") as books:
        for erp, size in PAGES.items():
            settings = books.settings(erp, end_date="2024-03-31", periods_per_request=1)
            run(write.tap(f"tap-{erp}", settings))
            made = Counter(call.endpoint for call in books.calls())
            plain = ""
            if erp == "omie":
                run(write.plain({**settings, "page_size": size}))
                plain = f"{len(books.calls()):,}"
            due = books.expected(erp, size)
            detail = ", ".join(f"{name} {count}" for name, count in due.items())
            figures.append(
                Figure(
                    f"tap-{erp}, calls ({detail})",
                    f"{made.total():,}",
                    plain,
                    ratio=f"{sum(due.values()):,} due",
                    goal="as many as are due",
                    reached=dict(made) == due,
                )
            )
    return figures


def _first_loads(write: Commands, load: Load | tuple[int, int, int]) -> list[Figure]:
    """A first load by each ERP, month by month and all months of a year in a request."""
    load = Load(*load)
    figures = []
    with _even(load) as books:
        for erp, vendor in VENDORS.items():
            span = {"start_date": "2020-01-01", "end_date": load.end}
            calls = []
            for together in (TOGETHER, 1):
                settings = books.settings(erp, **span, periods_per_request=together)
                run(write.tap(f"tap-{erp}", settings))
                calls.append(_count(books))
            plain = ""
            if erp == "omie":
                run(write.plain({**settings, "page_size": vendor.page}))
                made = _count(books)
                plain = f"{made:,}, {told(made * LATENCY)}"
            ours, apart = calls
            least, quicker = load.least(erp), vendor.seconds(apart) / vendor.seconds(ours)
            best = vendor.seconds(apart) / vendor.seconds(least)
            largest = load.months * load.accounts >= 60 * 150 and best >= QUICKER
            figures.append(
                Figure(
                    f"tap-{erp}, first load of {load}: calls, time (month by month {apart:,}, "
                    f"{told(vendor.seconds(apart))})",
                    f"{ours:,}, {told(vendor.seconds(ours))}",
                    plain,
                    ratio=f"{ours / least:.2f} x the least ({least:,}), {quicker:.1f} x quicker",
                    goal=f"<= {SCARCE} x the least"
                    + (f", >= {QUICKER:g} x quicker" if largest else ""),
                    reached=ours <= SCARCE * least and (not largest or quicker >= QUICKER),
                )
            )
    return figures


def _daily(write: Commands, sizes: Sizes) -> list[Figure]:
    """A run with nothing new after a first load."""
    load = Load(24, sizes.loads[0][1], 2)
    figures = []
    with _even(load) as books:
        for erp in ("omie", "totvs"):
            settings = books.settings(erp, start_date="2020-01-01", end_date=load.end)
            first = write.last_state(write.tap(f"tap-{erp}", settings))
            books.calls()
            run(write.tap(f"tap-{erp}", settings, "--state", write.file(first)))
            made = _count(books)
            due = 12 + 1 + 1 + load.accounts
            figures.append(
                Figure(
                    f"tap-{erp}, calls of a daily run after {load.months} months x "
                    f"{load.accounts} accounts, nothing new",
                    f"{made:,}",
                    ratio=f"{due:,} due",
                    goal="as many as are due",
                    reached=made == due,
                )
            )
    return figures


def _even(load: Load) -> Any:
    return serving(
        start="2020-01-01", end=load.end, accounts=load.accounts, rows=load.rows, even=True
    )


def _count(books: Served) -> int:
    """The calls made since this was asked last, but for tokens."""
    return sum(call.endpoint != "token" for call in books.calls())
