"""Books of an ERP that serves a trial balance, and the postings of one account at a time."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any

from erp_common.errors import ERPError
from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import Query
from erp_common.extract.period import CompanyBooks, PeriodExtract
from erp_common.extract.reading import LineReader, Postings, Reading
from erp_common.extract.source import AccountListings, Source
from erp_common.extract.window import Part, Window, window_length
from erp_common.extract.work import Extraction, Fetcher, Work
from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.models import Basis, Company, Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period
from erp_common.ledger.trial_balance import reported


class ReportedSource(Source):
    """An ERP that serves a trial balance; each account's postings are asked for one by one."""

    basis = Basis.REPORTED

    @abstractmethod
    def trial_balance(self, company: Company, period: Period) -> Query[Any]:
        """The listing of a period's trial balance."""

    @abstractmethod
    def postings(self, company: Company, period: Period, account: StatedAccount) -> Query[Any]:
        """The listing of an account's postings in a period."""

    @abstractmethod
    def lines(self, account: StatedAccount) -> LineReader:
        """The reader of that listing's rows."""

    def books(
        self, number: int, work: Work, extraction: Extraction, ahead: FetchAhead
    ) -> ReportedBooks:
        """A company's books."""
        return ReportedBooks(Fetcher(self, extraction, ahead), number, work)

    def of_account(
        self, company: Company, period: Period, code: str, reading: Reading, extraction: Extraction
    ) -> AccountListings:
        """The listing of the account's postings."""
        _ = reading, extraction
        account = StatedAccount(code=code, name=code)
        return AccountListings(
            [(self.postings(company, period, account), self.lines(account))],
        )


class ReportedBooks(CompanyBooks[ReportedSource, "ReportedPeriod"]):
    """A company's books, period by period."""

    _taken: ReportedPeriod | None = None

    def __init__(self, fetcher: Fetcher[ReportedSource], number: int, work: Work) -> None:
        """Plan the books; nothing is asked for yet."""
        super().__init__(fetcher, number, work)
        self._many: set[Hashable] = set()

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        period = self._claim(number)
        if self._taken is not None:
            period.follow(self._taken)
        self._taken = period
        return period

    def _ask(self, index: int) -> ReportedPeriod:
        """Ask for a period, and for those of one window with it."""
        periods = self.work.periods[index:]
        length = window_length(periods, self._extraction) if self._extraction.subledger else 1
        company, place = self.work.company, (self._number, index)
        window = ReportedWindow(self._fetcher, place, company, periods[:length], self._many)
        for at, period in enumerate(window.periods):
            self._begun[index + at] = period
        return window.periods[0]


class ReportedWindow:
    """Consecutive periods whose postings are asked for together, once all trial balances are in."""

    def __init__(
        self,
        fetcher: Fetcher[ReportedSource],
        place: Place,
        company: Company,
        periods: Sequence[Period],
        many: set[Hashable],
    ) -> None:
        """Ask for the trial balances; the arrival of the last asks for the postings.

        Args:
            fetcher: Asks.
            place: Where in the run the window is needed.
            company: Whose books they are.
            periods: The periods.
            many: The accounts of which each period alone fills a request.
        """
        self._fetcher = fetcher
        self._company = company
        self._lock = threading.Lock()
        self._missing = len(periods)
        self._postings = Window(fetcher, (*place, 1), periods, many)
        with self._lock:
            self.periods = [
                ReportedPeriod(self, number, fetcher, (*place, 0, number), company, period)
                for number, period in enumerate(periods)
            ]

    def arrived(self) -> None:
        """Take note that one more trial balance is in; runs in a fetching thread."""
        with self._lock:
            self._missing -= 1
            complete = not self._missing
        if complete:
            self._postings.ask(lambda: self._parts(self.periods))

    def read(self, number: int, code: str, postings: Postings) -> Iterator[list[Posting]]:
        """The postings of an account in a period."""
        # Where a trial balance cannot be read, the periods before it are read all the same.
        readable = [*self._readable()]
        self._postings.ask(lambda: self._parts(readable))
        yield from self._postings.read(number, code, postings)

    def _readable(self) -> Iterator[ReportedPeriod]:
        for period in self.periods:
            if period.has_failed:
                return
            yield period

    def _parts(self, periods: Sequence[ReportedPeriod]) -> Iterator[Part]:
        """Every account that is asked for in any of the periods."""
        wanted: dict[str, list[int]] = {}
        accounts: dict[str, StatedAccount] = {}
        for period in periods:
            for account in period.asked:
                wanted.setdefault(account.code, []).append(period.number)
                accounts.setdefault(account.code, account)
        for code, numbers in wanted.items():
            yield Part(code, partial(self._listing, accounts[code]), numbers)

    def _listing(self, account: StatedAccount, period: Period) -> tuple[Query[Any], LineReader]:
        source = self._fetcher.source
        return source.postings(self._company, period, account), source.lines(account)


class ReportedPeriod(PeriodExtract):
    """A period whose trial balance the ERP states."""

    def __init__(
        self,
        window: ReportedWindow,
        number: int,
        fetcher: Fetcher[ReportedSource],
        place: Place,
        company: Company,
        period: Period,
    ) -> None:
        """Ask for the trial balance.

        Args:
            window: Those whose postings are asked for together.
            number: The period's number within the window.
            fetcher: Asks for it.
            place: Where in the run its trial balance is needed.
            company: Whose it is.
            period: The days.
        """
        super().__init__(fetcher, company, period)
        self.number = number
        self._window = window
        self._source = fetcher.source
        self._movements = Movements(period) if self._extraction.subledger else None
        self._before: TrialBalance | None = None
        self.asked: list[StatedAccount] = []
        """The accounts whose postings are asked for, once the trial balance is in."""
        query = self._source.trial_balance(company, period)
        self._balances = fetcher.ask_whole(place, query, self._assemble)

    @property
    def has_failed(self) -> bool:
        """Whether the trial balance cannot be read, waiting for it if need be."""
        return isinstance(self._outcome, ERPError)

    def follow(self, before: ReportedPeriod) -> None:
        """Let this period's openings be compared with the closings of the one before."""
        if before.period.end.toordinal() + 1 == self.period.start.toordinal():
            self._before = before.trial_balance

    @property
    def trial_balance(self) -> TrialBalance:
        """The trial balance as the ERP states it, waiting for it if need be."""
        if isinstance(self._outcome, ERPError):
            raise self._outcome
        return self._outcome

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""
        return self._movements

    @cached_property
    def _outcome(self) -> TrialBalance | ERPError:
        """What asking for the trial balance led to."""
        try:
            ledger = self._balances.result()
        except ERPError as error:
            return error
        self._reading.expect_rows("trial_balance", self._balances.paged)
        return ledger

    def _assemble(self, pages: list[Page[Any]]) -> TrialBalance:
        """Make the trial balance; runs in a fetching thread."""
        stated = self._reading.accounts(pages, self._source.account, "trial_balance")
        ledger = reported(stated, self._extraction.rules, self.period)
        if self._extraction.subledger:
            rows = ledger.analytic() if self._extraction.all_accounts else ledger.moved()
            by_code = ledger.chart.by_code
            self.asked = [by_code[row.account_code].stated for row in rows]
            self._window.arrived()
        return ledger

    def _postings(self) -> Iterator[list[Posting]]:
        chart, movements = self.trial_balance.chart, self.movements
        if movements is None:
            return
        reader = self._reader(movements, chart)
        for account in self.asked:
            yield from self._window.read(self.number, account.code, reader)
            movements.finish(account.code)

    def _check(self) -> Iterable[Finding]:
        rules, ledger = self._extraction.rules, self.trial_balance
        if self._movements is not None and self._read_whole:
            yield from self._movements.findings(ledger.chart)
            yield from checks.tie_out(ledger, self._movements, rules)
        if self._before is not None:
            yield from checks.continuity(self._before, ledger, rules)
