"""The books of a run: every company's periods, fetched ahead and handed over one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from erp_common.extract.ahead import FetchAhead
from erp_common.extract.paged import Paged
from erp_common.extract.period import CompanyBooks, PeriodExtract
from erp_common.extract.reading import Postings, Reading, moved
from erp_common.extract.source import Source
from erp_common.extract.work import Extraction, Work
from erp_common.ledger.findings import SUBLEDGER, Code
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import Company, Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period


class CallsDue(NamedTuple):
    """How many calls a run has made, and about how many are still due."""

    made: int
    left: int


class Books:
    """What a run reads.

    While one period is handed over, the requests of those after it are under way already, across
    the border between companies too.
    """

    def __init__(
        self,
        source: Source,
        work: list[Work],
        extraction: Extraction,
        *,
        reads_ahead: bool = True,
    ) -> None:
        """Plan the run; the first request goes out when the first period is asked for.

        Args:
            source: The ERP's books.
            work: What of each company is read.
            extraction: How.
            reads_ahead: Whether periods are asked for before they are wanted.
        """
        more = self._plan() if reads_ahead else None
        self._ahead = FetchAhead(extraction.threads, more=more)
        self._given_up: set[int] = set()
        self._source = source
        self._companies: list[CompanyBooks[Any, Any]] = [
            source.books(number, one, extraction, self._ahead) for number, one in enumerate(work)
        ]

    def periods(self, company: Company) -> Iterator[PeriodExtract]:
        """The company's periods in order.

        Raises:
            ERPError: If the company's books cannot be read; the other companies' can.
        """
        books = self._companies[self._number(company)]
        self._ahead.start()
        yield from self._not_empty(books)

    def _in_order(self, books: CompanyBooks[Any, Any]) -> Iterator[PeriodExtract]:
        yield from books.changed()
        count = len(books.work.periods)
        for number in range(count):
            period = books.take(number)
            period.position = f" ({number + 1} of {count})"
            yield period

    def _not_empty(self, books: CompanyBooks[Any, Any]) -> Iterator[PeriodExtract]:
        """The periods, where the ERP has anything; what follows decides whether it has.

        An ERP that is asked for the wrong company or branch answers, and answers nothing. A period
        without an account waits for one with accounts after it, and periods before the first amount
        wait for that: only then may the next run begin after them.

        Raises:
            ERPValidationError: There is no account in any period.
        """
        waiting: list[PeriodExtract] = []
        anything = False
        for period in self._in_order(books):
            if not period.has_accounts or (not anything and period.is_zero):
                waiting.append(period)
                continue
            anything = True
            for one in waiting:
                if not one.has_accounts:
                    one.tell_empty()
                yield one
            waiting.clear()
            yield period
        if not waiting:
            return
        known = anything or books.has_accounts or any(one.has_accounts for one in waiting)
        if not known:
            raise self._source.nothing_of(
                books.work.company,
                f"the trial balance is empty from {waiting[0].period.start} to "
                f"{waiting[-1].period.end}",
            )
        for one in waiting:
            one.moves_bookmark = False
            one.tell_empty()
            yield one

    @property
    def calls_due(self) -> CallsDue:
        """The calls made, and about how many are due: as many for each period as so far."""
        made = self._ahead.made
        begun = sum(books.begun for books in self._companies)
        count = sum(len(one.work.before) + len(one.work.periods) for one in self._companies)
        return CallsDue(made, made * (count - begun) // max(1, begun))

    def give_up(self, company: Company) -> None:
        """Ask for nothing more of this company."""
        number = self._number(company)
        self._given_up.add(number)
        self._ahead.forget((number,))

    def close(self) -> None:
        """Ask for nothing more at all."""
        self._ahead.close()

    def _number(self, company: Company) -> int:
        return next(
            number for number, books in enumerate(self._companies) if books.work.company == company
        )

    def _plan(self) -> Iterator[object]:
        """Begin period after period; drawn whenever the threads have nothing else to do."""
        for number, books in enumerate(self._companies):
            for period in range(len(books.work.periods)):
                if number in self._given_up:
                    break
                books.begin(period)
                yield books


class AccountPostings(msgspec.Struct):
    """The postings of one account in one span of dates, streamed, without the rest of the period.

    A row that cannot be read is an error here: there is no other place to tell of it.
    """

    source: Source
    company: Company
    period: Period
    code: str
    extraction: Extraction
    strays: list[Finding] = []
    """Postings outside the dates asked for, which are left out, and rows that came more than once
    or were announced and did not come; known once all are read."""

    def __iter__(self) -> Iterator[list[Posting]]:
        """The postings that pass the filters, page by page.

        Raises:
            ERPError: If they cannot be read, or the account is not known.
        """
        ahead = FetchAhead(self.extraction.threads)
        movements = Movements(self.period)
        self.strays = []
        try:
            for postings in self._read(ahead, movements):
                its = [one for one in postings if one.account_code == self.code]
                kept = self.extraction.filters.keep_postings(its)
                if kept:
                    yield kept
        finally:
            ahead.close()
        chart = build([StatedAccount(code=self.code, name=self.code)], self.extraction.rules)
        told = movements.findings(chart)
        self.strays += [one for one in told if one.code == Code.OUT_OF_PERIOD]

    def _read(self, ahead: FetchAhead, movements: Movements) -> Iterator[list[Posting]]:
        where = f"{self.company.id}, {self.period}"
        reading = Reading(where, checks=False, mask=self.extraction.mask)
        found = self.source.of_account(
            self.company, self.period, self.code, reading, self.extraction
        )
        closing = self.extraction.rules.closing_entries
        read = Postings(reading, movements, found.names, closing)
        for index, (query, reader) in enumerate(found.listings):
            paged = Paged(ahead, (index,), query)
            yield from read.of(paged, reader)
            self.strays += [*reader.told(), *moved(SUBLEDGER, paged)]
