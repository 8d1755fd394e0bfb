"""How long a large holding takes, where the ERPs' allowances are what limits it.

`python -m house.scaling` simulates a thousand companies, spread over the ERPs like the portfolio,
and prints the table of docs/scaling.md; with `--write` it writes it there. Nothing is measured: the
requests of a month follow from how each ERP is read, the rest from its default allowance. What
machines and the warehouse can do is left out.
"""

from __future__ import annotations

import argparse
import heapq
from datetime import date
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

import msgspec

from erp_common import create_connector
from erp_common.extract.derived import DerivedSource
from erp_common.extract.paged import Paging, Query
from erp_common.extract.reported import ReportedSource
from erp_common.extract.source import Source
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period
from erp_common.singer.tap import LedgerTap
from house.portfolio import own
from house.settings import PROJECT, replaced

if TYPE_CHECKING:
    from erp_common.ledger.hierarchy import Chart

PAGE = PROJECT / "docs" / "scaling.md"
BLOCK = "wall-clock by workers"
COMPANIES, MONTHS, DAILY_MONTHS = 1_000, 60, 2
# The settings periods_per_request and recheck_periods as they are unless set.
TOGETHER, WATCHED = 12, 12
WORKERS = (1, 4, 16, 64, 256, 1_000)
SHARED = "OAuth application"
"""Whose an allowance is that many companies may have authorised (ContaAzul)."""
# Whatever it is, as many requests are made.
COMPANY = Company("1", "1", "1", "BRL")
PERIOD = Period(date(2024, 1, 1), date(2024, 1, 31))


class Month(msgspec.Struct, frozen=True):
    """A month of a company's books: its accounts, entries and postings."""

    accounts: int = 392
    analytic: int = 275
    moved: int = 120
    moved_in_a_year: int = 200
    entries: int = 1_000
    lines: int = 2_600


class Work(msgspec.Struct, frozen=True):
    """What one company asks for, and how fast its ERP answers at most (requests a second)."""

    requests: float
    rate: float
    shared: bool


def requests(tap: str, month: Month, together: int = 1) -> int:
    """How many requests the tap makes for so many closed months that are asked for together.

    Postings are spread evenly over accounts. A trial balance is asked for month by month, the
    postings of an account once over all of them.
    """
    lines = month.lines * together
    moved = month.moved if together == 1 else month.moved_in_a_year
    source = _source(tap)
    if isinstance(source, ReportedSource):
        postings = source.postings(COMPANY, PERIOD, StatedAccount(code="1", name="1"))
        return together * _listings(source, month) + moved * _pages(lines // moved, postings)
    if isinstance(source, DerivedSource) and source.asks_by_account:
        # A listing of postings has pages like the chart's.
        of_account = _pages(lines // month.analytic, source.chart(COMPANY))
        return month.analytic * of_account
    if isinstance(source, DerivedSource):
        # One listing for all accounts, whichever there are.
        ((entries, _),) = source.postings(COMPANY, PERIOD, cast("Chart", None), None)
        return together * _pages(month.entries, entries)
    raise ValueError(
        f"{tap} has no place in this simulation: it asks nobody, or in a way of its own."
    )


def _listings(source: Source, month: Month) -> int:
    """How many requests the trial balance of a month takes, where there is one."""
    if not isinstance(source, ReportedSource):
        return 0
    return _pages(month.accounts, source.trial_balance(COMPANY, PERIOD))


def first_load(tap: str, month: Month, months: int) -> int:
    """How many requests a first load of so many months takes, a year of them at a time."""
    years, rest = divmod(months, TOGETHER)
    return years * requests(tap, month, TOGETHER) + (requests(tap, month, rest) if rest else 0)


def daily_run(tap: str, month: Month) -> int:
    """How many requests a daily run takes: the open month, the one before, and the past.

    Of a reported ledger that is watched by one listing a month.
    """
    return DAILY_MONTHS * requests(tap, month) + WATCHED * _listings(_source(tap), month)


def holding(companies: int, months: int | None, *, one_application: bool) -> list[Work]:
    """The companies, in the order of the portfolio over and over.

    Args:
        companies: How many.
        months: How many months are loaded for the first time; None for a daily run.
        one_application: Whether ContaAzul's companies share an allowance.
    """
    members = own().members
    taps = {member.tap for member in members}
    defaults = {tap: _tap(tap)[1].defaults for tap in taps}
    asked = {
        tap: daily_run(tap, Month()) if months is None else first_load(tap, Month(), months)
        for tap in taps
    }
    return [
        Work(
            requests=asked[tap],
            rate=defaults[tap].rate.requests / defaults[tap].rate.interval,
            shared=one_application and defaults[tap].rate_scope == SHARED,
        )
        for tap in (members[number % len(members)].tap for number in range(companies))
    ]


def wall_clock(work: list[Work], workers: int) -> float:
    """Seconds until all is done; a worker reads one company at a time, in the order of the list.

    Companies with a shared allowance get equal parts of it. `served` is how many requests each of
    them would have been granted had it been there from the beginning.
    """
    waiting = list(reversed(work))
    now = served = 0.0
    alone: list[float] = []
    together: list[float] = []
    shared_rate = next((one.rate for one in work if one.shared), 1.0)
    while waiting or alone or together:
        while waiting and len(alone) + len(together) < workers:
            one = waiting.pop()
            if one.shared:
                heapq.heappush(together, served + one.requests)
            else:
                heapq.heappush(alone, now + one.requests / one.rate)
        ends = [alone[0]] if alone else []
        if together:
            ends.append(now + (together[0] - served) * len(together) / shared_rate)
        end = min(ends)
        if together:
            served += (end - now) * shared_rate / len(together)
        now = end
        # One at a time; a second that ends at the same moment is next, after no time.
        if alone and alone[0] <= now:
            heapq.heappop(alone)
        else:
            heapq.heappop(together)
    return now


def table() -> str:
    """The table: hours of the first run and of a daily one, by workers."""
    titles = (
        "Workers",
        "60 months, one application",
        "60 months, an application each",
        "Daily, one application",
        "Daily, an application each",
    )
    lines = [f"| {' | '.join(titles)} |", f"| {' | '.join(['---:'] * len(titles))} |"]
    for workers in WORKERS:
        cells = [
            _hours(wall_clock(holding(COMPANIES, months, one_application=one), workers))
            for months in (MONTHS, None)
            for one in (True, False)
        ]
        lines.append(f"| {workers:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(prog="python -m house.scaling", description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), BLOCK, table()), "utf-8")
    else:
        print(table(), end="")


def _tap(name: str) -> tuple[str, type[LedgerTap[Any]]]:
    """The ERP's type and the tap, by the name of what is installed."""
    [point] = [
        point
        for point in entry_points(group="erp_common.taps")
        if point.dist is not None and point.dist.name == name
    ]
    return point.name, point.load()


@cache
def _source(name: str) -> Source:
    """The books as the tap asks for them with the settings that it has unless some are set."""
    erp_type, tap = _tap(name)
    wanted = tap.defaults.credentials(tap.defaults.auth_types[0])
    keys = {name: "nobody's" for name in wanted if name != "token_url"}
    source = create_connector(erp_type, credentials=keys).connect()._source
    assert source is not None
    return source


def _pages(rows: int, listing: Query[Any]) -> int:
    """How many pages so many rows are on; a page that is not full may be the end."""
    if listing.paging is Paging.SINGLE:
        return 1
    if listing.paging is Paging.SHORT_PAGE:
        return rows // listing.page_size + 1
    return max(1, -(-rows // listing.page_size))


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"


if __name__ == "__main__":
    main()
