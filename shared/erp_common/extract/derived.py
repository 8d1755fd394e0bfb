"""Books of an ERP that serves a chart of accounts and postings; the trial balance is their sum."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import Paged
from erp_common.extract.period import PeriodExtract
from erp_common.extract.source import DerivedSource, LineReader
from erp_common.extract.work import CarriedOpenings, Extraction, Work
from erp_common.ledger import checks, derive
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period, starts_fiscal_year
from erp_common.ledger.trial_balance import TrialBalance

Openings = Mapping[str, Decimal]


class CompanyChart:
    """A company's chart of accounts, read once a run."""

    def __init__(
        self,
        source: DerivedSource,
        place: Place,
        work: Work,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Ask for the chart."""
        # Rows of the chart that cannot be read are found here, and told with the first period.
        self._reading = _ChartReading(work, work.periods[0], extraction, source.source_system)
        self._source = source
        self._rules = extraction.rules
        self._lock = threading.Lock()
        self._ready = False
        self._waiting: list[Callable[[], None]] = []
        self._taken = False
        self.chart: Chart
        self.openings: dict[str, Decimal] = {}
        self.states_openings = False
        self._paged = Paged(
            source.transport,
            ahead,
            place,
            source.chart(work.company),
            self._assemble,
        )

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with rows of the chart."""
        return self._reading.findings

    def when_ready(self, act: Callable[[], None]) -> None:
        """Do something in the fetching thread that completes the chart, or now if it is."""
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
            self._reading.expect_rows(self._paged)

    def _assemble(self, pages: list[Page[Any]]) -> None:
        stated = list(self._reading.accounts(pages, self._account))
        self.chart = build(stated, self._rules)
        with self._lock:
            self._ready = True
            waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def _account(self, row: Any) -> StatedAccount:  # noqa: ANN401 - the tap's own struct
        account = self._source.account(row)
        opening = self._source.opening(row)
        if opening is not None and account.code not in self.openings:
            self.states_openings = True
            self.openings[account.code] = opening
        return account


class DerivedCompany:
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
        self.work = work
        self._source = source
        self._place = place
        self._extraction = extraction
        self._ahead = ahead
        self._lock = threading.Lock()
        self._chart: CompanyChart | None = None
        self._begun: dict[int, DerivedPeriod] = {}
        self._next = 0
        self._spans = [*work.before, *work.periods]
        self._openings: Openings | None = None
        self._history: deque[tuple[date, Openings]] = deque(maxlen=extraction.lookback + 1)
        self._taken: DerivedPeriod | None = None

    def begin(self, number: int) -> None:
        """Ask for a period's postings, and for what lies before the first."""
        for span in range(len(self.work.before)) if number == 0 else ():
            self._begin(span)
        self._begin(number + len(self.work.before))

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        chart = self._chart
        assert chart is not None  # noqa: S101 - `begin` has asked for it
        chart.wait()
        told: list[Finding] = []
        if number == 0:
            told = self._open(chart)
        period = self._take(number + len(self.work.before))
        if self._taken is not None:
            self._openings = self._taken.closings()
            period.follow(self._taken)
        period.open(chart.chart, self._opening_of(period.period, chart.chart), told)
        self._history.append((period.period.start, period.openings))
        as_of, balances = self._history[0]
        period.leave(CarriedOpenings(as_of, balances, self.work.openings_basis))
        self._taken = period
        return period

    def _open(self, chart: CompanyChart) -> list[Finding]:
        """Work out the openings of the first period; what was found on the way is told with it."""
        told = list(chart.findings)
        if self.work.openings is not None:
            self._openings = self.work.openings
            return told
        self._openings = chart.openings
        if not (chart.states_openings or self._extraction.openings_stated):
            told.append(derive.opening_assumed_zero(self.work.periods[0]))
        for index in range(len(self.work.before)):
            span = self._take(index)
            span.open(chart.chart, self._opening_of(span.period, chart.chart), [])
            self._openings = span.closings()
            told.extend(span.found_in_postings())
        return told

    def _opening_of(self, period: Period, chart: Chart) -> Openings:
        openings = self._openings or {}
        month = self._extraction.rules.fiscal_year_start_month
        if self._extraction.year_end_close and starts_fiscal_year(period, month):
            return derive.close_year(openings, chart)
        return openings

    def _begin(self, index: int) -> None:
        with self._lock:
            if self._chart is None:
                self._chart = CompanyChart(
                    self._source,
                    (self._place, 0),
                    self.work,
                    self._extraction,
                    self._ahead,
                )
            if index < self._next or index in self._begun:
                return
            period = DerivedPeriod(
                self._source,
                (self._place, 1 + index),
                self.work,
                self._spans[index],
                self._extraction,
                self._ahead,
            )
            self._begun[index] = period
            chart = self._chart
        chart.when_ready(lambda: period.ask(chart.chart))

    def _take(self, index: int) -> DerivedPeriod:
        with self._lock:
            self._next = index + 1
            return self._begun.pop(index)


class DerivedPeriod(PeriodExtract):
    """A period whose trial balance is the sum of its postings."""

    openings: Openings
    _chart: Chart

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
        super().__init__(work, period, extraction, source.source_system)
        self._source = source
        self._place = place
        self._ahead = ahead
        self._listings: list[tuple[Paged[Any], LineReader]] = []
        self._movements: Movements | None = None
        self._ledger: TrialBalance | None = None
        self._before: tuple[Period, TrialBalance] | None = None
        self._carried: CarriedOpenings | None = None

    def ask(self, chart: Chart) -> None:
        """Ask for the postings."""
        for index, (query, reader) in enumerate(
            self._source.postings(self.company, self.period, chart.accounts),
        ):
            paged = Paged(self._source.transport, self._ahead, (*self._place, index), query)
            self._listings.append((paged, reader))

    def open(self, chart: Chart, openings: Openings, told: list[Finding]) -> None:
        """Begin to read with these openings."""
        self._chart = chart
        self.openings = openings
        self._findings.extend(told)
        self._movements = Movements(self.period, chart, self._extraction.rules)

    def follow(self, before: DerivedPeriod) -> None:
        """Let this period's openings be compared with the closings of the one before."""
        self._before = (before.period, before.trial_balance)

    def leave(self, carried: CarriedOpenings) -> None:
        """Say what the next run needs once this period is delivered."""
        self._carried = carried

    def carried(self) -> CarriedOpenings | None:
        """What the next run needs beside the bookmark."""
        return self._carried

    def closings(self) -> Openings:
        """Net balances per account at the period's end."""
        return derive.closings(self.trial_balance)

    def found_in_postings(self) -> list[Finding]:
        """What is wrong with single postings."""
        return [*self._findings, *(self._movements.findings if self._movements else ())]

    @property
    def trial_balance(self) -> TrialBalance:
        """The sum of openings and postings; reads what of the postings has not been read."""
        if self._ledger is None:
            if not self._started:
                for _ in self.postings():
                    pass
            assert self._movements is not None  # noqa: S101 - `open` made it
            self._ledger = derive.roll(
                self._chart,
                self.openings,
                self._movements,
                self._extraction.rules,
            )
        return self._ledger

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if the subledger is not asked for."""
        return self._movements if self._extraction.subledger else None

    def _postings(self) -> Iterator[list[Posting]]:
        assert self._movements is not None  # noqa: S101 - `open` made it
        for paged, reader in self._listings:
            yield from self._read_postings(
                paged,
                reader,
                self._movements,
                whole_entries=self._source.whole_entries,
            )

    def _check(self) -> Iterable[Finding]:
        rules, ledger = self._extraction.rules, self.trial_balance
        yield from ledger.findings
        yield from checks.trial_balance(ledger, rules)
        if self._before is not None:
            period, before = self._before
            yield from checks.continuity(period, before, self.period, ledger, rules)


class _ChartReading(PeriodExtract):
    """Reads the chart's rows with the same care as a period's."""
