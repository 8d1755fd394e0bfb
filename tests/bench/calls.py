"""The number of calls, against what the books take."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench.figures import Figure, Section
from bench.process import Commands, run
from bench.served import serving
from bench.sizes import Sizes

PAGES = {"omie": 500, "totvs": 0, "contaazul": 100, "bling": 100}
"""Default page sizes; TOTVS has none."""
HOW = """\
Three months, two companies (one where the credentials belong to one), about 5,000 postings each a
month. Due are the pages of the trial balance and of each account that moved, and one token; for
ContaAzul the chart, the pages of transactions, one token; for Bling the pages of the chart and,
each period once, of every analytic account. These are counted with `periods_per_request` 1. The
first loads of a year (one company, some 2,000 postings in all) are made with 12, its default."""
YEAR = "2024-12-31"
ROWS_A_MONTH = 170


def measure(folder: Path, sizes: Sizes) -> Section:
    """Count the calls of each tap."""
    figures = []
    write = Commands(folder)
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
    figures += _first_loads(write)
    return Section("Calls", HOW, figures)


def _first_loads(write: Commands) -> list[Figure]:
    """A year of a small company, month by month and all months in a request."""
    figures = []
    with serving(rows=ROWS_A_MONTH, companies=1, end=YEAR) as books:
        for erp in ("omie", "totvs", "bling"):
            counts = []
            for together in (1, 12):
                settings = books.settings(erp, end_date=YEAR, periods_per_request=together)
                run(write.tap(f"tap-{erp}", settings))
                counts.append(len(books.calls()))
            apart, at_once = counts
            figures.append(
                Figure(
                    f"tap-{erp}, calls of a first load of twelve months ({apart:,} month by month)",
                    f"{at_once:,}",
                    "",
                    ratio=f"{apart / at_once:.1f} x fewer",
                    goal="at most half of those month by month",
                    reached=2 * at_once <= apart,
                )
            )
    return figures
