"""Books of an ERP that serves a trial balance, and the postings of one account at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import Paged, Query
from erp_common.extract.period import CompanyBooks, PeriodExtract
from erp_common.extract.reading import LineReader, Reading
from erp_common.extract.source import AccountListings, Source
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

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        period = self._claim(number)
        if self._taken is not None:
            period.follow(self._taken)
        self._taken = period
        return period

    def _ask(self, index: int) -> ReportedPeriod:
        work = self.work
        place = (self._number, index)
        return ReportedPeriod(self._fetcher, place, work.company, work.periods[index])


class ReportedPeriod(PeriodExtract):
    """A period whose trial balance the ERP states."""

    def __init__(
        self, fetcher: Fetcher[ReportedSource], place: Place, company: Company, period: Period
    ) -> None:
        """Ask for the trial balance; its arrival asks for the postings."""
        super().__init__(fetcher, company, period)
        self._fetcher = fetcher
        self._source = fetcher.source
        self._place = place
        self._accounts: list[tuple[StatedAccount, Paged[Any]]] = []
        self._movements = Movements(period) if self._extraction.subledger else None
        self._before: TrialBalance | None = None
        query = self._source.trial_balance(company, period)
        self._balances = fetcher.ask_whole((*place, 0), query, self._assemble)

    def follow(self, before: ReportedPeriod) -> None:
        """Let this period's openings be compared with the closings of the one before."""
        if before.period.end.toordinal() + 1 == self.period.start.toordinal():
            self._before = before.trial_balance

    @cached_property
    def trial_balance(self) -> TrialBalance:
        """The trial balance as the ERP states it, waiting for it if need be."""
        ledger = self._balances.result()
        self._reading.expect_rows("trial_balance", self._balances.paged)
        return ledger

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""
        return self._movements

    def _assemble(self, pages: list[Page[Any]]) -> TrialBalance:
        """Make the trial balance and ask for the postings; runs in a fetching thread."""
        stated = self._reading.accounts(pages, self._source.account, "trial_balance")
        ledger = reported(stated, self._extraction.rules, self.period)
        if not self._extraction.subledger:
            return ledger
        asked = ledger.analytic() if self._extraction.all_accounts else ledger.moved()
        for index, row in enumerate(asked):
            account = ledger.chart.by_code[row.account_code].stated
            query = self._source.postings(self.company, self.period, account)
            paged = self._fetcher.ask((*self._place, 1, index), query)
            self._accounts.append((account, paged))
        return ledger

    def _postings(self) -> Iterator[list[Posting]]:
        chart, movements = self.trial_balance.chart, self.movements
        if movements is None:
            return
        for account, paged in self._accounts:
            reader = self._source.lines(account)
            yield from self._read_postings(paged, reader, movements, chart)
            movements.finish(account.code)

    def _check(self) -> Iterable[Finding]:
        rules, ledger = self._extraction.rules, self.trial_balance
        if self._movements is not None and self._read_whole:
            yield from self._movements.findings(ledger.chart)
            yield from checks.tie_out(ledger, self._movements, rules)
        if self._before is not None:
            yield from checks.continuity(self._before, ledger, rules)
