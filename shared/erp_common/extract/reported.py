"""Books of an ERP that serves a trial balance, and the postings of one account at a time."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

from erp_common.errors import ERPError
from erp_common.extract.ahead import FetchAhead, Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import Query, Whole
from erp_common.extract.period import CompanyBooks, PeriodExtract, now
from erp_common.extract.reading import LineReader, Postings, Reading
from erp_common.extract.source import AccountListings, Source
from erp_common.extract.watch import Watch, WatchedPeriod
from erp_common.extract.window import Part, Window
from erp_common.extract.work import Extraction, Fetcher, Work
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.digest import Digest
from erp_common.ledger.findings import TRIAL_BALANCE
from erp_common.ledger.models import Basis, Company, Posting, StatedAccount
from erp_common.ledger.periods import Period
from erp_common.ledger.trial_balance import reported

logger = logging.getLogger(__name__)


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
        known = self.known(code, self.trial_balance(company, period), reading, extraction)
        account = known or StatedAccount(code=code, name=code)
        return AccountListings(
            [(self.postings(company, period, account), self.lines(account))],
            {code: known.name} if known else {},
        )


class AskedBalances:
    """A period's trial balance, asked for."""

    def __init__(
        self,
        fetcher: Fetcher[ReportedSource],
        place: Place,
        company: Company,
        period: Period,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        """Ask for it.

        Args:
            fetcher: Asks.
            place: Where in the run it is needed.
            company: Whose it is.
            period: The days.
            arrived: Called in the fetching thread once it is in.
        """
        self.period = period
        self.asked_at = now()
        self.accounts: list[StatedAccount] = []
        """Those whose postings are asked for, once the trial balance is in."""
        self.reading = fetcher.reading(company, period)
        self._source = fetcher.source
        self._extraction = fetcher.extraction
        self._arrived = arrived
        query = fetcher.source.trial_balance(company, period)
        self._whole = Whole(fetcher.ahead, place, query, self._assemble)

    @cached_property
    def outcome(self) -> TrialBalance | ERPError:
        """What asking led to, waiting for it if need be."""
        try:
            ledger = self._whole.result()
        except ERPError as error:
            return error
        self.reading.expect_rows(TRIAL_BALANCE, self._whole.paged)
        return ledger

    def is_sound(self) -> bool:
        """Whether it can be read, waiting for it if need be."""
        return not isinstance(self.outcome, ERPError)

    def _assemble(self, pages: list[Page[Any]]) -> TrialBalance:
        stated = self.reading.accounts(pages, self._source.account)
        ledger = reported(stated, self._extraction.rules, self.period)
        if self._extraction.subledger:
            rows = ledger.analytic() if self._extraction.all_accounts else ledger.moved()
            by_code = ledger.chart.by_code
            self.accounts = [by_code[row.account_code].stated for row in rows]
            self._arrived()
        return ledger


class ReportedBooks(CompanyBooks[ReportedSource, "ReportedPeriod"]):
    """A company's books, period by period."""

    def __init__(self, fetcher: Fetcher[ReportedSource], number: int, work: Work) -> None:
        """Plan the books; nothing is asked for yet."""
        super().__init__(fetcher, number, work)
        self._watch = Watch(work.digests)

    def begin(self, number: int) -> None:
        """Ask for a period, and before the first for those that are watched."""
        if number == 0:
            with self._lock:
                _ = self._watched
        super().begin(number)

    def changed(self) -> Iterator[PeriodExtract]:
        """The watched periods that are not what they were when they were last read."""
        self.begin(0)
        found = [asked for asked in self._watched if self._has_changed(asked)]
        at = 0
        while at < len(found):
            periods = [asked.period for asked in found[at:]]
            window = self._reported((self._number, 0, 1, at), periods, found[at:])
            yield from map(self._follow, window.periods)
            at += len(window.periods)

    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        return self._follow(self._claim(number))

    @cached_property
    def _watched(self) -> list[AskedBalances]:
        """The trial balances of the closed periods before the first."""
        return [
            AskedBalances(self._fetcher, (self._number, 0, 0, at), self.work.company, period)
            for at, period in enumerate(self.work.watched)
        ]

    def _has_changed(self, asked: AskedBalances) -> bool:
        """Whether a watched period is not what it was, as far as that can be known."""
        if not isinstance(asked.outcome, ERPError):
            self.has_accounts |= bool(asked.outcome.accounts)
            told = self._watch.changed(asked.period, Digest.of(asked.outcome))
            if told is not None:
                asked.reading.tell(told)
            return told is not None
        if asked.outcome.ends_run:
            raise asked.outcome
        logger.warning(
            "%s, %s: whether this closed period has changed cannot be seen: %s",
            self.work.company.id,
            asked.period,
            asked.outcome,
        )
        return False

    def _ask(self, index: int) -> Sequence[ReportedPeriod]:
        """Ask for a period, and for those of one window with it."""
        return self._reported((self._number, 1 + index), self.work.periods[index:]).periods

    def _reported(
        self, place: Place, periods: Sequence[Period], known: Sequence[AskedBalances] = ()
    ) -> ReportedWindow:
        """The first of these periods, and those that are asked for with it."""
        if not self._extraction.subledger:
            periods = periods[:1]
        window = self._window((*place, 1), periods)
        return ReportedWindow(self._fetcher, place, window, self._watch, known)


class ReportedWindow:
    """Consecutive periods whose postings are asked for together, once all trial balances are in."""

    def __init__(
        self,
        fetcher: Fetcher[ReportedSource],
        place: Place,
        postings: Window,
        watch: Watch,
        known: Sequence[AskedBalances] = (),
    ) -> None:
        """Ask for the trial balances; the arrival of the last asks for the postings.

        Args:
            fetcher: Asks.
            place: Where in the run the window is needed.
            postings: The postings, not asked for yet.
            watch: Knows what closed periods are known by.
            known: The trial balances, where they are there already.
        """
        self.watch = watch
        self.company = postings.company
        self._source = fetcher.source
        self._lock = threading.Lock()
        self._missing = len(postings.periods)
        self._postings = postings
        with self._lock:
            self._balances = list(known[: self._missing]) or [
                AskedBalances(fetcher, (*place, 0, at), self.company, period, self._arrived)
                for at, period in enumerate(postings.periods)
            ]
        self.periods = [
            ReportedPeriod(fetcher, asked, self, number)
            for number, asked in enumerate(self._balances)
        ]

    def read(
        self, number: int, codes: Iterable[str], postings: Postings, finish: Callable[[str], None]
    ) -> Iterator[list[Posting]]:
        """The postings of accounts in a period; what is to be done once one of them is read."""
        # Where a trial balance cannot be read, the periods before it are read all the same.
        readable = list(takewhile(AskedBalances.is_sound, self._balances))
        self._postings.ask(lambda: self._parts(readable))
        return self._postings.read(number, codes, postings, finish=finish)

    def _arrived(self) -> None:
        """Take note that one more trial balance is in; runs in a fetching thread."""
        with self._lock:
            self._missing -= 1
            complete = not self._missing
        if complete:
            self._postings.ask(lambda: self._parts(self._balances))

    def _parts(self, balances: Sequence[AskedBalances]) -> Iterator[Part]:
        """Every account that is asked for in any of the periods."""
        stated: dict[str, dict[int, tuple[Decimal, Decimal]]] = {}
        accounts: dict[str, StatedAccount] = {}
        for number, asked in enumerate(balances):
            for account in asked.accounts:
                stated.setdefault(account.code, {})[number] = (account.debit, account.credit)
                accounts.setdefault(account.code, account)
        for code, sums in stated.items():
            yield Part(code, partial(self._listing, accounts[code]), list(sums), sums)

    def _listing(self, account: StatedAccount, period: Period) -> tuple[Query[Any], LineReader]:
        source = self._source
        return source.postings(self.company, period, account), source.lines(account)


class ReportedPeriod(WatchedPeriod):
    """A period whose trial balance the ERP states."""

    def __init__(
        self,
        fetcher: Fetcher[ReportedSource],
        asked: AskedBalances,
        window: ReportedWindow,
        number: int,
    ) -> None:
        """Begin to read.

        Args:
            fetcher: Where the books come from, and how they are read.
            asked: The trial balance.
            window: The periods whose postings are asked for together.
            number: The period's number within the window.
        """
        super().__init__(fetcher, window.company, asked.period, asked.asked_at, asked.reading)
        self._asked = asked
        self._window = window
        self._number = number
        self._watch = window.watch

    @property
    def trial_balance(self) -> TrialBalance:
        """The trial balance as the ERP states it, waiting for it if need be."""
        outcome = self._asked.outcome
        if isinstance(outcome, ERPError):
            raise outcome
        return outcome

    @property
    def has_accounts(self) -> bool:
        """Whether the trial balance has a row, be it one that cannot be read."""
        return bool(self.trial_balance.accounts) or self._has_errors()

    def _postings(self) -> Iterator[list[Posting]]:
        chart, movements = self.trial_balance.chart, self.movements
        if movements is None:
            return iter(())
        reader = self._reader(movements, chart)
        codes = [account.code for account in self._asked.accounts]
        return self._window.read(self._number, codes, reader, movements.finish)
