"""Books of an ERP whose trial balance is composed: a chart, and what each account moved by.

The ERP keeps the movement of every account by month and serves the postings of a period at once.
An opening balance is everything that moved before: a run reads that once, each period's movement
once, and carries the sum on. The postings are the ERP's too, so that the tie-out compares two
things that it keeps apart.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.company import CompanyBooks
from erp_common.extract.paged import Paged
from erp_common.extract.period import PeriodExtract
from erp_common.extract.reading import Reading
from erp_common.extract.source import LineReader, Query, Source
from erp_common.extract.work import Extraction, Work
from erp_common.ledger import checks, derive
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.convention import Convention
from erp_common.ledger.exact import turned
from erp_common.ledger.findings import TRIAL_BALANCE, Code
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import (
    AccountBalance,
    Basis,
    Company,
    Finding,
    Posting,
    Side,
    StatedAccount,
)
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules

_DAY = timedelta(days=1)


class ComposedSource(Source):
    """An ERP that serves a chart, the accounts' movements by month, and a period's postings."""

    basis = Basis.REPORTED

    @abstractmethod
    def chart(self, company: Company) -> Query[Any]:
        """The listing of the chart of accounts."""

    @abstractmethod
    def movements(self, company: Company, since: date | None, until: date) -> Query[Any]:
        """The listing of the accounts' movements from a day on, or from the beginning."""

    @abstractmethod
    def movement(self, row: Any) -> Posting:  # noqa: ANN401 - the row is the tap's own struct
        """What an account moved by, as if it were one posting on the month's last day.

        Raises:
            InvalidValue: If the row cannot be read.
        """

    @abstractmethod
    def entries(self, company: Company, period: Period) -> Query[Any]:
        """The listing of all postings of a period, in the order of the entries' lines."""

    @abstractmethod
    def lines(self) -> LineReader:
        """A reader of that listing's rows."""


class ComposedCompany(CompanyBooks[ComposedSource, "ComposedPeriod"]):
    """A company's books, period by period; each opens with what the one before closed with."""

    _beginning: Beginning | None = None

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        period = self._claim(number)
        beginning = self._beginning
        assert beginning is not None  # noqa: S101 - `begin` has asked for it
        if self._taken is None:
            openings = beginning.read()
            period.open(beginning.chart, openings, beginning.findings)
        else:
            period.open(beginning.chart, self._taken.closings(), [])
        self._taken = period
        return period

    def _ask(self, index: int) -> ComposedPeriod:
        """Ask for a period, and before the first for the chart and for what lies before it."""
        if self._beginning is None:
            self._beginning = Beginning(
                self._source, (self._place, 0), self.work, self._extraction, self._ahead
            )
        return ComposedPeriod(
            self._source,
            (self._place, 1 + index),
            self.work,
            self.work.periods[index],
            self._extraction,
            self._ahead,
        )


class Beginning:
    """The chart, and the balances with which a run's first period opens."""

    chart: Chart

    def __init__(
        self,
        source: ComposedSource,
        place: Place,
        work: Work,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Ask for both."""
        company, transport = work.company, source.transport
        self._source = source
        self._rules = extraction.rules
        self._first = work.periods[0].start
        self._reading = Reading(
            f"{company.id}, before {self._first}",
            checks=extraction.rules.checks,
            mask=extraction.mask,
        )
        self._accounts = Paged(transport, ahead, (*place, 0), source.chart(company))
        before = source.movements(company, None, self._first - _DAY)
        self._before = Paged(transport, ahead, (*place, 1), before)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the rows that were read."""
        return self._reading.findings

    def read(self) -> Openings:
        """Wait for the chart and the movements; the accounts' balances after them."""
        pages = self._accounts.pages()
        stated = self._reading.accounts(pages, self._source.account, TRIAL_BALANCE)
        self.chart = build(_said_once(stated), self._rules)
        moved = Movements(Period(date.min, self._first - _DAY), numbered=False)
        _sum_up(moved, self._before, self._source, self._reading)
        if self._rules.checks:
            strays = (one for one in moved.findings(self.chart) if one.code == Code.OUT_OF_PERIOD)
            self.findings.extend(strays)
        return Openings(as_of=self._first).after(moved, self._first)


class ComposedPeriod(PeriodExtract):
    """A period whose trial balance is composed from what the ERP keeps by month."""

    _chart: Chart
    _openings: Openings

    def __init__(
        self,
        source: ComposedSource,
        place: Place,
        work: Work,
        period: Period,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Ask for the accounts' movements and for the postings."""
        super().__init__(work, period, extraction, source)
        self._source = source
        transport, company = source.transport, work.company
        moved = source.movements(company, period.start, period.end)
        self._moved = Paged(transport, ahead, (*place, 0), moved)
        self._entries: Paged[Any] | None = None
        self._sums: Movements | None = None
        if extraction.subledger:
            entries = source.entries(company, period)
            self._entries = Paged(transport, ahead, (*place, 1), entries)
            self._sums = Movements(period)
        self._month = Movements(period, numbered=False)
        self._ledger: TrialBalance | None = None

    def open(self, chart: Chart, openings: Openings, told: list[Finding]) -> None:
        """Begin to read with these openings."""
        self._chart = chart
        self._openings = openings
        self._reading.findings.extend(told)

    def closings(self) -> Openings:
        """Net balances per account as at the day after the period."""
        _ = self.trial_balance
        return self._openings.after(self._month, self.period.end + _DAY)

    @property
    def trial_balance(self) -> TrialBalance:
        """The sum of openings and movements, waiting for the movements if need be."""
        if self._ledger is None:
            rules = self._extraction.rules
            _sum_up(self._month, self._moved, self._source, self._reading)
            rolled = derive.roll(self._chart, self._openings, self._month, rules)
            self._ledger = _as_reported(rolled, rules)
        return self._ledger

    @property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""
        return self._sums

    def _postings(self) -> Iterator[list[Posting]]:
        chart = self.trial_balance.chart
        if self._entries is not None and self._sums is not None:
            yield from self._read_postings(self._entries, self._source.lines(), self._sums, chart)

    def _check(self) -> Iterable[Finding]:
        ledger, told = self.trial_balance, []
        if self._sums is not None and self._read_whole:
            told = self._sums.findings(ledger.chart)
            yield from told
            yield from checks.tie_out(ledger, self._sums, self._extraction.rules)
        known = {(one.code, one.account_code) for one in told}
        for one in self._month.findings(ledger.chart):
            if (one.code, one.account_code) not in known:
                one.stream_name = TRIAL_BALANCE
                yield one


def _said_once(stated: Iterable[StatedAccount]) -> Iterator[StatedAccount]:
    """The accounts without exact repetitions: branches may each hold a copy of one chart."""
    first: dict[str, StatedAccount] = {}
    for account in stated:
        known = first.setdefault(account.code, account)
        if known is account or known != account:
            yield account


def _sum_up(
    movements: Movements, listing: Paged[Any], source: ComposedSource, reading: Reading
) -> None:
    for page in listing.pages():
        movements.take(reading.accounts([page], source.movement, TRIAL_BALANCE))


def _as_reported(rolled: TrialBalance, rules: Rules) -> TrialBalance:
    """The ledger with balances stated on each account's natural side, unless the settings say else.

    The ERP states movements alone; the natural side is how its own reports state balances.
    """
    natural = rules.balance_convention != Convention.DEBIT_POSITIVE.value
    return TrialBalance(
        [_stated(account, natural=natural) for account in rolled.accounts],
        chart=rolled.chart,
        basis=Basis.REPORTED,
        convention=Convention.NATURAL if natural else Convention.DEBIT_POSITIVE,
        tolerance=rules.tolerance,
        period=rolled.period,
        findings=rolled.findings,
    )


def _stated(account: AccountBalance, *, natural: bool) -> AccountBalance:
    if natural and account.normal_balance is Side.CREDIT:
        return msgspec.structs.replace(
            account,
            basis=Basis.REPORTED,
            opening_balance=turned(account.opening_balance),
            closing_balance=turned(account.closing_balance),
        )
    return msgspec.structs.replace(account, basis=Basis.REPORTED)
