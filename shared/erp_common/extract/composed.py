"""Books of an ERP whose trial balance is composed: a chart, and what each account moved by.

The ERP keeps the movement of every account by month and serves the postings of a period at once.
An opening balance is everything that moved before: a run reads that once, each period's movement
once, and carries the sum on. The postings are the ERP's too, so that the tie-out compares two
things that it keeps apart. What moved before the run's first period comes month by month, so that
the past is watched without a call more.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.paged import Paged, Query
from erp_common.extract.period import CompanyBooks, PeriodExtract, now
from erp_common.extract.reading import LineReader, Reading
from erp_common.extract.source import AccountListings, Source
from erp_common.extract.watch import Watch, WatchedPeriod
from erp_common.extract.window import Part, Window
from erp_common.extract.work import Extraction, Fetcher, Work
from erp_common.ledger import derive
from erp_common.ledger.account_types import normal_side
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.convention import Convention
from erp_common.ledger.digest import Digest
from erp_common.ledger.exact import turned
from erp_common.ledger.findings import TRIAL_BALANCE, Code
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import Basis, Company, Finding, Posting, Side, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules

_DAY = timedelta(days=1)
_ENTRIES = "entries"


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

    def books(
        self, number: int, work: Work, extraction: Extraction, ahead: FetchAhead
    ) -> ComposedBooks:
        """A company's books."""
        return ComposedBooks(Fetcher(self, extraction, ahead), number, work)

    def of_account(
        self, company: Company, period: Period, code: str, reading: Reading, extraction: Extraction
    ) -> AccountListings:
        """The whole period's: a row of another account may be the one that a text goes on from."""
        known = self.known(code, self.chart(company), reading, extraction)
        return AccountListings(
            [(self.entries(company, period), self.lines())], {code: known.name} if known else {}
        )


class Past(NamedTuple):
    """A closed period before a run's first: what it began with, and what it is known by."""

    period: Period
    openings: Openings
    digest: Digest


class BroughtForward(NamedTuple):
    """With what a run's first period begins."""

    chart: Chart
    openings: Openings
    findings: list[Finding]
    watched: list[Past]


class AskedBeginning:
    """The chart, and what moved before a run's first period."""

    def __init__(self, fetcher: Fetcher[ComposedSource], place: Place, work: Work) -> None:
        """Ask for both."""
        source, company = fetcher.source, work.company
        self._fetcher = fetcher
        self._company = company
        self._watched = work.watched
        last = work.watched[-1].end if work.watched else date.min
        self._first = work.periods[0].start if work.periods else last + _DAY
        self._accounts = Paged(fetcher.ahead, (*place, 0), source.chart(company))
        before = source.movements(company, None, self._first - _DAY)
        self._before = Paged(fetcher.ahead, (*place, 1), before)

    @cached_property
    def known(self) -> BroughtForward:
        """The accounts' balances after the movements, waiting for what was asked for if need be."""
        source, first, rules = self._fetcher.source, self._first, self._fetcher.extraction.rules
        reading = self._fetcher.reading(self._company, f"before {first}")
        stated = reading.accounts(self._accounts.pages(), source.account)
        chart = build(_said_once(stated), rules)
        if not chart.accounts:
            raise source.nothing_of(self._company, "the chart of accounts is empty")
        began = self._watched[0].start if self._watched else first
        sums = [Movements(Period(date.min, began - _DAY), numbered=False)]
        sums += [Movements(one, numbered=False) for one in self._watched]
        self._sum_up(sums, reading)
        for listing in (self._accounts, self._before):
            reading.expect_rows(TRIAL_BALANCE, listing)
        found = reading.findings
        if rules.checks:
            found += [one for one in sums[-1].findings(chart) if one.code == Code.OUT_OF_PERIOD]
        openings = Openings(as_of=began).after(sums[0], began)
        past = []
        for one, moved in zip(self._watched, sums[1:], strict=True):
            ledger = _rolled(chart, openings, moved, rules)
            past.append(Past(one, openings, Digest.of(ledger)))
            openings = openings.after(moved, one.end + _DAY)
        return BroughtForward(chart, openings, found, past)

    def _sum_up(self, sums: Sequence[Movements], reading: Reading) -> None:
        """Count what moved in, each month in the period that it lies in; the last takes strays."""
        starts = [one.start for one in self._watched]
        for page in self._before.pages():
            for one in reading.accounts([page], self._fetcher.source.movement):
                sums[bisect_right(starts, one.transaction_date)].take([one])


class AskedPeriod(NamedTuple):
    """What a period is made of: the accounts' movements, and its part of a window's postings."""

    asked_at: str
    period: Period
    moved: Paged[Any]
    window: Window | None
    """The postings of this period and of those after it; None if none are asked for."""
    number: int
    """The period's number within the window."""


class ComposedBooks(CompanyBooks[ComposedSource, AskedPeriod]):
    """A company's books, period by period; each opens with what the one before closed with."""

    _taken: ComposedPeriod | None = None

    def __init__(self, fetcher: Fetcher[ComposedSource], number: int, work: Work) -> None:
        """Plan the books; nothing is asked for yet."""
        super().__init__(fetcher, number, work)
        self._watch = Watch(work.digests)

    def changed(self) -> Iterator[PeriodExtract]:
        """The watched periods that are not what they were when they were last read."""
        if not self.work.watched:
            return
        self.begin(0)
        with self._lock:
            _ = self._beginning
        found = [
            (past, told)
            for past in self._beginning.known.watched
            if (told := self._watch.changed(past.period, past.digest)) is not None
        ]
        at = 0
        while at < len(found):
            asked = self._asked((self._number, 0, 2, at), [past.period for past, _ in found[at:]])
            for one, (past, told) in zip(asked, found[at:], strict=False):
                yield self._composed(one, past.openings, told)
            at += len(asked)

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        asked = self._claim(number)
        begin = self._beginning.known
        told = begin.findings if self._taken is None else []
        openings = begin.openings if self._taken is None else self._taken.closings()
        self._taken = self._composed(asked, openings, told)
        return self._taken

    def _composed(
        self, asked: AskedPeriod, openings: Openings, told: list[Finding]
    ) -> ComposedPeriod:
        company, chart = self.work.company, self._beginning.known.chart
        return ComposedPeriod(self._fetcher, company, asked, chart, openings, told, self._watch)

    @cached_property
    def _beginning(self) -> AskedBeginning:
        """The chart and what lies before the first period, asked for before it."""
        return AskedBeginning(self._fetcher, (self._number, 0), self.work)

    def _ask(self, index: int) -> Sequence[AskedPeriod]:
        """Ask for a period, and before the first for the chart and for what lies before it."""
        _ = self._beginning
        return self._asked((self._number, 1 + index), self.work.periods[index:])

    def _asked(self, place: Place, periods: Sequence[Period]) -> list[AskedPeriod]:
        """Ask for the first of these periods, and for those of one window with it."""
        company, source, window = self.work.company, self._source, None
        ahead = self._fetcher.ahead
        if self._extraction.subledger:

            def ask(days: Period) -> tuple[Query[Any], LineReader]:
                return source.entries(company, days), source.lines()

            window = self._window((*place, 1), periods)
            window.ask(lambda: [Part(_ENTRIES, ask, range(len(window.periods)))])
        return [
            AskedPeriod(
                now(),
                one,
                Paged(ahead, (*place, 0, at), source.movements(company, one.start, one.end)),
                window,
                at,
            )
            for at, one in enumerate(window.periods if window else periods[:1])
        ]


class ComposedPeriod(WatchedPeriod):
    """A period whose trial balance is composed from what the ERP keeps by month."""

    def __init__(
        self,
        fetcher: Fetcher[ComposedSource],
        company: Company,
        asked: AskedPeriod,
        chart: Chart,
        openings: Openings,
        told: list[Finding],
        watch: Watch,
    ) -> None:
        """Begin to read.

        Args:
            fetcher: Where everything comes from, and how it is read.
            company: Whose books they are.
            asked: What the period is made of.
            chart: The chart.
            openings: The accounts' balances at the period's start.
            told: What was found before it, to be told with it.
            watch: Knows what closed periods are known by.
        """
        super().__init__(fetcher, company, asked.period, asked.asked_at)
        self._source = fetcher.source
        self._chart = chart
        self._openings = openings
        self._watch = watch
        self._asked = asked
        self._reading.tell(told)
        self._month = Movements(self.period, numbered=False)

    def closings(self) -> Openings:
        """Net balances per account as at the day after the period."""
        _ = self.trial_balance
        return self._openings.after(self._month, self.period.end + _DAY)

    @cached_property
    def trial_balance(self) -> TrialBalance:
        """The sum of openings and movements, waiting for the movements if need be."""
        rules = self._extraction.rules
        for page in self._asked.moved.pages():
            self._month.take(self._reading.accounts([page], self._source.movement))
        self._reading.expect_rows(TRIAL_BALANCE, self._asked.moved)
        return _rolled(self._chart, self._openings, self._month, rules)

    def _postings(self) -> Iterator[list[Posting]]:
        chart = self.trial_balance.chart
        if self._asked.window is not None and self.movements is not None:
            reader = self._reader(self.movements, chart)
            yield from self._asked.window.read(self._asked.number, [_ENTRIES], reader)

    def _check(self) -> Iterable[Finding]:
        told = list(super()._check())
        yield from told
        known = {(one.code, one.account_code) for one in told}
        for one in self._month.findings(self._chart):
            if (one.code, one.account_code) not in known:
                one.stream_name = TRIAL_BALANCE
                yield one


def _said_once(stated: Iterable[StatedAccount]) -> Iterator[StatedAccount]:
    """The accounts without repetitions: branches may each hold a copy of one chart.

    A copy may call an account by another name; the first one counts.
    """
    first: dict[str, StatedAccount] = {}
    for account in stated:
        known = first.setdefault(account.code, account)
        if known is account or known != msgspec.structs.replace(account, name=known.name):
            yield account


def _rolled(chart: Chart, openings: Openings, moved: Movements, rules: Rules) -> TrialBalance:
    """The sum of openings and movements; its balances are stated on each account's natural side.

    The ERP states movements alone; the natural side is how its own reports state balances. The
    settings may say else.
    """
    ledger = derive.roll(chart, openings, moved, rules, Basis.REPORTED)
    if rules.balance_convention != Convention.DEBIT_POSITIVE.value:
        ledger.convention = Convention.NATURAL
        for account in ledger.accounts:
            if (account.normal_balance or normal_side(account.account_type)) is Side.CREDIT:
                account.opening_balance = turned(account.opening_balance)
                account.closing_balance = turned(account.closing_balance)
    return ledger
