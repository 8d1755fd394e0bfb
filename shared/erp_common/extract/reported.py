"""Books of an ERP that serves a trial balance, and the postings of one account at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.company import CompanyBooks
from erp_common.extract.listing import Page
from erp_common.extract.paged import Paged
from erp_common.extract.period import PeriodExtract
from erp_common.extract.source import ReportedSource
from erp_common.extract.work import Extraction, Work
from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.models import Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period
from erp_common.ledger.trial_balance import reported


class ReportedCompany(CompanyBooks[ReportedSource, "ReportedPeriod"]):
    """A company's books, period by period."""

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        period = self._claim(number)
        if self._taken is not None:
            period.follow(self._taken)
        self._taken = period
        return period

    def _ask(self, index: int) -> ReportedPeriod:
        return ReportedPeriod(
            self._source,
            (self._place, index),
            self.work,
            self.work.periods[index],
            self._extraction,
            self._ahead,
        )


class ReportedPeriod(PeriodExtract):
    """A period whose trial balance the ERP states."""

    def __init__(
        self,
        source: ReportedSource,
        place: Place,
        work: Work,
        period: Period,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Ask for the trial balance; its arrival asks for the postings."""
        super().__init__(work, period, extraction, source)
        self._source = source
        self._place = place
        self._ahead = ahead
        self._ledger: TrialBalance | None = None
        self._accounts: list[tuple[StatedAccount, Paged[Any]]] = []
        self._movements: Movements | None = None
        self._before: TrialBalance | None = None
        self._counted = False
        self._balances = Paged(
            source.transport,
            ahead,
            (*place, 0),
            source.trial_balance(self.company, period),
            self._assemble,
        )

    def follow(self, before: ReportedPeriod) -> None:
        """Let this period's openings be compared with the closings of the one before."""
        if before.period.end.toordinal() + 1 == self.period.start.toordinal():
            self._before = before.trial_balance

    @property
    def trial_balance(self) -> TrialBalance:
        """The trial balance as the ERP states it, waiting for it if need be."""
        if not self._counted:
            for _ in self._balances.pages():
                pass
            self._counted = True
            self._reading.expect_rows("trial_balance", self._balances)
        assert self._ledger is not None  # noqa: S101 - the last page has assembled it
        return self._ledger

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""
        if self._extraction.subledger and self._movements is None:
            self._movements = Movements(self.period)
        return self._movements

    def _assemble(self, pages: list[Page[Any]]) -> None:
        """Make the trial balance and ask for the postings; runs in a fetching thread."""
        stated = self._reading.accounts(pages, self._source.account, "trial_balance")
        ledger = self._ledger = reported(stated, self._extraction.rules, self.period)
        if not self._extraction.subledger:
            return
        asked = ledger.analytic() if self._extraction.all_accounts else ledger.moved()
        for index, row in enumerate(asked):
            account = ledger.chart.by_code[row.account_code].stated
            query = self._source.postings(self.company, self.period, account)
            paged = Paged(self._source.transport, self._ahead, (*self._place, 1, index), query)
            self._accounts.append((account, paged))

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
