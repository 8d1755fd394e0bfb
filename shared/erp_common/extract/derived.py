"""Books of an ERP that serves a chart of accounts and postings; the trial balance is their sum."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import FetchAhead, OnDemand, Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import Paged, Query, Whole
from erp_common.extract.period import CompanyBooks, PeriodExtract, now
from erp_common.extract.reading import LineReader, Postings, Reading
from erp_common.extract.source import AccountListings, Source
from erp_common.extract.window import Part, Window
from erp_common.extract.work import CarriedOpenings, Extraction, Fetcher, Work
from erp_common.ledger import checks, derive
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.findings import TRIAL_BALANCE, Code
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import Basis, Company, Finding, Posting
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import (
    Openings,
    close_year,
    first_opening_findings,
    first_openings,
)
from erp_common.ledger.periods import Period, starts_fiscal_year

Learned = TypeVar("Learned")
"""What the answers of a chart say beside the accounts, if postings need it."""


class DerivedSource(Source, Generic[Learned]):
    """An ERP that serves a chart of accounts and postings; the trial balance is their sum."""

    basis = Basis.DERIVED
    asks_by_account: ClassVar[bool] = False
    """Whether each account has a listing of its own: then a request may span several periods."""

    @abstractmethod
    def chart(self, company: Company) -> Query[Any]:
        """The listing of the chart of accounts; its last page says what is learned with it."""

    @abstractmethod
    def postings(
        self, company: Company, period: Period, chart: Chart, learned: Learned
    ) -> Sequence[tuple[Query[Any], LineReader]]:
        """The listings that together hold a period's postings, each with its reader."""

    def proof(self, ledger: TrialBalance, learned: Learned) -> Iterable[Finding]:
        """What the ERP itself says against a period's closing balances, where it says anything."""
        _ = ledger, learned
        return ()

    def books(
        self, number: int, work: Work, extraction: Extraction, ahead: FetchAhead
    ) -> DerivedBooks:
        """A company's books."""
        return DerivedBooks(Fetcher(self, extraction, ahead), number, work)

    def of_account(
        self, company: Company, period: Period, code: str, reading: Reading, extraction: Extraction
    ) -> AccountListings:
        """The listings of the account's postings, once the chart says what it is.

        Raises:
            ERPError: If the chart cannot be read, or has no such account.
        """
        pages = list(Paged(OnDemand(), (), self.chart(company)).pages())
        stated = list(reading.accounts(pages, self.account))
        known = [account for account in stated if account.code == code]
        if not known:
            raise ERPValidationError(
                f"{self.system} has no account {code}; ask for one of its chart",
            )
        chart = build(known, extraction.rules)
        listings = self.postings(company, period, chart, _learned(pages))
        return AccountListings(listings, {code: known[0].name})


class KnownChart(NamedTuple):
    """A chart, and what its answers say beside the accounts."""

    chart: Chart
    learned: Any


class CompanyChart:
    """A company's chart of accounts, read once a run."""

    def __init__(
        self, fetcher: Fetcher[DerivedSource[Any]], place: Place, company: Company
    ) -> None:
        """Ask for the chart."""
        self._reading = fetcher.reading(company, "chart of accounts")
        self._fetcher = fetcher
        self._company = company
        self._lock = threading.Lock()
        self._known: list[KnownChart] = []
        self._waiting: list[Callable[[KnownChart], object]] = []
        self._read = Whole(fetcher.ahead, place, fetcher.source.chart(company), self._assemble)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with rows of the chart."""
        return self._reading.findings

    def when_ready(self, act: Callable[[KnownChart], object]) -> None:
        """Act in the fetching thread that completes the chart, or now if it is complete."""
        with self._lock:
            if not self._known:
                self._waiting.append(act)
                return
        act(self._known[0])

    @cached_property
    def known(self) -> KnownChart:
        """The chart, waiting for it if need be.

        Raises:
            ERPError: If it cannot be read.
        """
        known = self._read.result()
        self._reading.expect_rows(TRIAL_BALANCE, self._read.paged)
        return known

    def _assemble(self, pages: list[Page[Any]]) -> KnownChart:
        source = self._fetcher.source
        stated = list(self._reading.accounts(pages, source.account))
        if not stated:
            unreadable = [one.message.rstrip(".") for one in self._reading.findings[:1]]
            what = "; ".join(["the chart of accounts is empty", *unreadable])
            raise source.nothing_of(self._company, what)
        known = KnownChart(build(stated, self._fetcher.extraction.rules), _learned(pages))
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    # Only now: who comes later must not act before those who came first.
                    self._known.append(known)
                    return known
            for act in waiting:
                act(known)


class DerivedWindow:
    """The postings of consecutive periods, asked for once the chart is known."""

    def __init__(self, source: DerivedSource[Any], postings: Window) -> None:
        """Plan to ask."""
        self._source = source
        self._postings = postings
        self._listings: dict[Period, Sequence[tuple[Query[Any], LineReader]]] = {}
        self._count = 0
        self.periods = [
            AskedPostings(self, number, one, now()) for number, one in enumerate(postings.periods)
        ]

    def ask(self, known: KnownChart) -> None:
        """Ask for the postings, unless that has been done; waits for a thread that is doing it."""
        self._postings.ask(lambda: self._parts(known))

    def read(self, number: int, postings: Postings) -> Iterator[list[Posting]]:
        """All postings of a period."""
        return self._postings.read(number, range(self._count), postings)

    def _parts(self, known: KnownChart) -> Iterator[Part]:
        """Every listing: there are as many, in the same order, whatever days are asked for."""
        self._count = len(self._of(known, self._postings.span))
        for key in range(self._count):
            yield Part(key, partial(self._listing, known, key), range(len(self.periods)))

    def _listing(
        self, known: KnownChart, key: int, period: Period
    ) -> tuple[Query[Any], LineReader]:
        return self._of(known, period)[key]

    def _of(self, known: KnownChart, period: Period) -> Sequence[tuple[Query[Any], LineReader]]:
        if period not in self._listings:
            self._listings[period] = self._source.postings(self._postings.company, period, *known)
        return self._listings[period]


class AskedPostings(NamedTuple):
    """A period's postings within a window."""

    window: DerivedWindow
    number: int
    period: Period
    asked_at: str


class DerivedBooks(CompanyBooks[DerivedSource[Any], AskedPostings]):
    """A company's books, period by period; each opens with what the one before closed with."""

    _taken: DerivedPeriod | None = None

    def __init__(self, fetcher: Fetcher[DerivedSource[Any]], number: int, work: Work) -> None:
        """Plan the books; nothing is asked for yet."""
        super().__init__(fetcher, number, work)
        self._spans = [*work.before, *work.periods]
        self._history: deque[Openings] = deque(maxlen=self._extraction.lookback + 1)

    def begin(self, number: int) -> None:
        """Ask for a period's postings, and before the first for what lies before it."""
        for span in range(len(self.work.before) if number == 0 else 0):
            self._begin(span)
        self._begin(number + len(self.work.before))

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        if self._taken is None:
            openings, told = self._first_openings(self._chart.known.chart)
        else:
            openings, told = self._taken.closings(), []
        period = self._open(number + len(self.work.before), openings, told)
        self._history.append(period.openings)
        period.leaves = CarriedOpenings(self._history[0], self.work.openings_mark)
        return self._follow(period)

    def _first_openings(self, chart: Chart) -> tuple[Openings, list[Finding]]:
        """The openings of the first period, and what was found on the way, to be told with it."""
        told = [*self._chart.findings]
        if self.work.openings is not None:
            return self.work.openings, told
        openings = first_openings(chart, self._spans[0].start)
        known = self._extraction.openings_stated
        told += [
            finding
            for finding in first_opening_findings(chart, self._extraction.rules)
            if not (known and finding.code == Code.OPENING_ASSUMED_ZERO)
        ]
        for index in range(len(self.work.before)):
            span = self._open(index, openings, [])
            openings = span.closings()
            told += span.found_in_postings()
        return openings, told

    @cached_property
    def _chart(self) -> CompanyChart:
        """The chart, asked for before the first period is planned."""
        return CompanyChart(self._fetcher, (self._number, 0), self.work.company)

    def _ask(self, index: int) -> Sequence[AskedPostings]:
        """Plan a period and those of one window with it, and before the first ask for the chart."""
        _ = self._chart
        spans = self._spans[index:]
        if not self._source.asks_by_account or index < len(self.work.before):
            spans = spans[:1]
        window = self._window((self._number, 1 + index), spans)
        return DerivedWindow(self._source, window).periods

    def _begin(self, index: int) -> AskedPostings | None:
        asked = super()._begin(index)
        if asked is not None:
            self._chart.when_ready(asked.window.ask)
        return asked

    def _open(self, index: int, openings: Openings, told: list[Finding]) -> DerivedPeriod:
        """A period with its openings, the year closed if it begins one."""
        asked, known = self._claim(index), self._chart.known
        month = self._extraction.rules.fiscal_year_start_month
        if self._extraction.year_end_close and starts_fiscal_year(asked.period, month):
            openings = close_year(openings, known.chart)
        return DerivedPeriod(self._fetcher, self.work.company, asked, known, openings, told)


class DerivedPeriod(PeriodExtract):
    """A period whose trial balance is the sum of its postings."""

    def __init__(
        self,
        fetcher: Fetcher[DerivedSource[Any]],
        company: Company,
        asked: AskedPostings,
        known: KnownChart,
        openings: Openings,
        told: list[Finding],
    ) -> None:
        """Begin to read.

        Args:
            fetcher: Where the postings come from, and how they are read.
            company: Whose they are.
            asked: The postings.
            known: The chart.
            openings: The accounts' balances at the period's start.
            told: What was found before it, to be told with it.
        """
        super().__init__(fetcher, company, asked.period, asked.asked_at)
        self.openings = openings
        self._source = fetcher.source
        self._known = known
        self._asked = asked
        asked.window.ask(known)
        self._sums = Movements(self.period)
        self._reading.findings.extend(told)

    def closings(self) -> Openings:
        """Net balances per account as at the day after the period; reads it to its end."""
        self._read_out()
        return self.openings.after(self._sums, self.period.end + timedelta(days=1))

    def found_in_postings(self) -> list[Finding]:
        """What is wrong with single postings."""
        found = list(self._reading.findings)
        if self._extraction.rules.checks:
            found += self._sums.findings(self._known.chart)
        return found

    @cached_property
    def trial_balance(self) -> TrialBalance:
        """The sum of openings and postings; reads what of the postings has not been read."""
        self._read_out()
        rules = self._extraction.rules
        return derive.roll(self._known.chart, self.openings, self._sums, rules)

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if the subledger is not asked for."""
        return self._sums if self._extraction.subledger else None

    def _has_errors(self) -> bool:
        return self._sums.has_refused or super()._has_errors()

    def _holds_balances(self) -> bool:
        return any(self.openings.balances.values())

    def _read_out(self) -> None:
        """Read the postings that no stream has taken: all of them, or what a dry run has left."""
        left = self._coming if self._started else self.postings()
        for _ in left or ():
            pass

    def _postings(self) -> Iterator[list[Posting]]:
        reader = self._reader(self._sums, self._known.chart)
        return self._asked.window.read(self._asked.number, reader)

    def _check(self) -> Iterable[Finding]:
        yield from self._sums.findings(self._known.chart)
        if self._before is not None:
            yield from checks.continuity(self._before, self.trial_balance, self._extraction.rules)
        if self._read_whole:
            yield from self._source.proof(self.trial_balance, self._known.learned)


def _learned(pages: Sequence[Page[Any]]) -> Any:  # noqa: ANN401 - the source's own
    """What the last page of a chart says beside the accounts."""
    return pages[-1].learned if pages else None
