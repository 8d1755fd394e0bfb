"""How large everything is: as published, or so small that it only shows that all of it works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Sizes:
    """Sizes of the books and number of runs.

    Attributes:
        times: Runs of which the median is taken.
        few: Postings of the run that costs next to nothing but start-up.
        rows: Postings of a month, growing; the first and the last are also memory's.
        cpu: Postings of the month over which rows a CPU second are counted.
        captured: Postings of the month that is captured.
        pairs: Runs with and without a capture.
        pipeline: Postings that are loaded into PostgreSQL.
        a_month: Postings a month where companies or months grow.
        companies: How many companies, growing.
        ends: Last days of the books, months growing.
        accounts: Accounts of the chart where the state of a derived ledger is measured.
        filed: How many times over a filed ledger has the entries of a small year.
        loads: First loads: how many months, accounts, and rows of an account in a month.
        waits: Whether there are limits and slow answers where the use of allowances is measured.
    """

    times: int = 5
    few: int = 10
    rows: tuple[int, int, int] = (10_000, 100_000, 1_000_000)
    cpu: int = 100_000
    captured: int = 77_000
    pairs: int = 10
    pipeline: int = 200_000
    a_month: int = 5_000
    companies: tuple[int, int, int] = (1, 10, 100)
    ends: tuple[date, date, date] = (date(2024, 1, 31), date(2024, 12, 31), date(2028, 12, 31))
    accounts: int = 1_000
    filed: tuple[int, int] = (20, 600)
    loads: tuple[tuple[int, int, int], ...] = (
        (12, 30, 2),
        (12, 30, 600),
        (24, 30, 20),
        (24, 150, 20),
        (60, 30, 20),
        (60, 150, 20),
    )
    waits: bool = True


PUBLISHED = Sizes()
SMALL = Sizes(
    times=1,
    rows=(10, 50, 100),
    cpu=50,
    captured=50,
    pairs=1,
    pipeline=50,
    a_month=10,
    companies=(1, 2, 3),
    ends=(date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)),
    accounts=100,
    filed=(1, 2),
    loads=((2, 2, 1),),
    waits=False,
)
