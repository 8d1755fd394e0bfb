"""Books of an ERP that serves a chart of accounts and postings; the trial balance is their sum."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.company import CompanyBooks
from erp_common.extract.listing import Page
from erp_common.extract.paged import Paged
from erp_common.extract.period import PeriodExtract
from erp_common.extract.reading import Reading
from erp_common.extract.source import DerivedSource, LineReader
from erp_common.extract.work import CarriedOpenings, Extraction, Work
from erp_common.ledger import checks, derive
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.findings import Code
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import Finding, Posting
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Period, starts_fiscal_year


class CompanyChart:
    """A company's chart of accounts, read once a run."""

    chart: Chart

    def __init__(
        self,
        source: DerivedSource,
        place: Place,
        work: Work,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Ask for the chart."""
        self._reading = Reading(
            f"{work.company.id}, chart of accounts",
            checks=extraction.rules.checks,
            mask=extraction.mask,
        )
        self._source = source
        self._rules = extraction.rules
        self._lock = threading.Lock()
        self._ready = False
        self._waiting: list[Callable[[], None]] = []
        self._taken = False
        query = source.chart(work.company)
        self._paged = Paged(source.transport, ahead, place, query, self._assemble)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with rows of the chart."""
        return self._reading.findings

    def when_ready(self, act: Callable[[], None]) -> None:
        """Act in the fetching thread that completes the chart, or now if it is complete."""
        with self._lock:
            if not self._ready:
                self._waiting.append(act)
                return
        act()

    def wait(self) -> None:
        """Wait for the chart.

        Raises:
            ERPError: If it cannot be read.
        """
        if not self._taken:
            for _ in self._paged.pages():
                pass
            self._taken = True
            self._reading.expect_rows("trial_balance", self._paged)

    def _assemble(self, pages: list[Page[Any]]) -> None:
        stated = list(self._reading.accounts(pages, self._source.account, "trial_balance"))
        self.chart = build(stated, self._rules)
        with self._lock:
            self._ready = True
            waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()


class DerivedCompany(CompanyBooks[DerivedSource, "DerivedPeriod"]):
    """A company's books, period by period; each opens with what the one before closed with."""

    def __init__(
        self,
        source: DerivedSource,
        place: int,
        work: Work,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Plan the books; nothing is asked for yet."""
        super().__init__(source, place, work, extraction, ahead)
        self._chart: CompanyChart | None = None
        self._spans = [*work.before, *work.periods]
        self._history: deque[Openings] = deque(maxlen=extraction.lookback + 1)

    def begin(self, number: int) -> None:
        """Ask for a period's postings, and before the first for what lies before it."""
        for span in range(len(self.work.before) if number == 0 else 0):
            self._begin(span)
        self._begin(number + len(self.work.before))

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        company = self._chart
        assert company is not None  # noqa: S101 - `begin` has asked for it
        company.wait()
        told: list[Finding] = []
        if self._taken is None:
            openings = self._first_openings(company, told)
        else:
            openings = self._taken.closings()
        period = self._take(number + len(self.work.before))
        period.open(company.chart, self._closed(openings, period.period, company.chart), told)
        if self._taken is not None:
            period.follow(self._taken)
        self._history.append(period.openings)
        period.leave(CarriedOpenings(self._history[0], self.work.openings_basis))
        self._taken = period
        return period

    def _first_openings(self, company: CompanyChart, told: list[Finding]) -> Openings:
        """The openings of the first period; what was found on the way is told with it."""
        told.extend(company.findings)
        if self.work.openings is not None:
            return self.work.openings
        openings = derive.first_openings(company.chart, self._spans[0].start)
        known = self._extraction.openings_stated
        told.extend(
            finding
            for finding in derive.first_opening_findings(company.chart, self._extraction.rules)
            if not (known and finding.code == Code.OPENING_ASSUMED_ZERO)
        )
        for index in range(len(self.work.before)):
            span = self._take(index)
            span.open(company.chart, self._closed(openings, span.period, company.chart), [])
            openings = span.closings()
            told.extend(span.found_in_postings())
        return openings

    def _closed(self, openings: Openings, period: Period, chart: Chart) -> Openings:
        """The openings of a period, with the year closed if it begins one."""
        month = self._extraction.rules.fiscal_year_start_month
        if self._extraction.year_end_close and starts_fiscal_year(period, month):
            return derive.close_year(openings, chart)
        return openings

    def _ask(self, index: int) -> DerivedPeriod:
        """Plan a period, and before the first ask for the chart."""
        if self._chart is None:
            self._chart = CompanyChart(
                self._source, (self._place, 0), self.work, self._extraction, self._ahead
            )
        return DerivedPeriod(
            self._source,
            (self._place, 1 + index),
            self.work,
            self._spans[index],
            self._extraction,
            self._ahead,
        )

    def _begin(self, index: int) -> DerivedPeriod | None:
        period, chart = super()._begin(index), self._chart
        if period is not None and chart is not None:
            chart.when_ready(lambda: period.ask(chart.chart))
        return period

    def _take(self, index: int) -> DerivedPeriod:
        period, chart = self._claim(index), self._chart
        assert chart is not None  # noqa: S101 - `_begin` has asked for it
        # A fetching thread may just be asking: until it is done, not all listings are known.
        period.ask(chart.chart)
        return period


class DerivedPeriod(PeriodExtract):
    """A period whose trial balance is the sum of its postings."""

    openings: Openings
    _chart: Chart
    _sums: Movements

    def __init__(
        self,
        source: DerivedSource,
        place: Place,
        work: Work,
        period: Period,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Plan the period; `ask` asks for its postings once the chart is known."""
        super().__init__(work, period, extraction, source)
        self._source = source
        self._place = place
        self._ahead = ahead
        self._asking = threading.Lock()
        self._asked = False
        self._listings: list[tuple[Paged[Any], LineReader]] = []
        self._ledger: TrialBalance | None = None
        self._before: TrialBalance | None = None
        self._carried: CarriedOpenings | None = None

    def ask(self, chart: Chart) -> None:
        """Ask for the postings, unless that has been done; waits for a thread that is doing it."""
        with self._asking:
            if self._asked:
                return
            queries = self._source.postings(self.company, self.period, chart)
            for index, (query, reader) in enumerate(queries):
                paged = Paged(self._source.transport, self._ahead, (*self._place, index), query)
                self._listings.append((paged, reader))
            self._asked = True

    def open(self, chart: Chart, openings: Openings, told: list[Finding]) -> None:
        """Begin to read with these openings."""
        self._chart = chart
        self.openings = openings
        self._reading.findings.extend(told)
        self._sums = Movements(self.period)

    def follow(self, before: DerivedPeriod) -> None:
        """Let this period's openings be compared with the closings of the one before."""
        self._before = before.trial_balance

    def leave(self, carried: CarriedOpenings) -> None:
        """Say what the next run needs once this period is delivered."""
        self._carried = carried

    def carried(self) -> CarriedOpenings | None:
        """What the next run needs beside the bookmark."""
        return self._carried

    def closings(self) -> Openings:
        """Net balances per account as at the day after the period; reads it to its end."""
        self._read_out()
        return self.openings.after(self._sums, self.period.end + timedelta(days=1))

    def found_in_postings(self) -> list[Finding]:
        """What is wrong with single postings."""
        found = list(self._reading.findings)
        return found + self._sums.findings(self._chart) if self._extraction.rules.checks else found

    @property
    def trial_balance(self) -> TrialBalance:
        """The sum of openings and postings; reads what of the postings has not been read."""
        if self._ledger is None:
            self._read_out()
            self._ledger = derive.roll(
                self._chart,
                self.openings,
                self._sums,
                self._extraction.rules,
            )
        return self._ledger

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if the subledger is not asked for."""
        return self._sums if self._extraction.subledger else None

    def _read_out(self) -> None:
        """Read the postings if no stream has taken them."""
        if not self._started:
            for _ in self.postings():
                pass

    def _postings(self) -> Iterator[list[Posting]]:
        for paged, reader in self._listings:
            yield from self._read_postings(
                paged,
                reader,
                self._sums,
                self._chart,
                whole_entries=self._source.whole_entries,
            )

    def _check(self) -> Iterable[Finding]:
        yield from self._sums.findings(self._chart)
        if self._before is not None:
            yield from checks.continuity(self._before, self.trial_balance, self._extraction.rules)
        if self._read_whole:
            yield from self._source.proof(self.trial_balance)
