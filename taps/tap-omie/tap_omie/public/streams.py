"""Omie's books on a cash basis: bank accounts, categories, and every movement between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.composite import CompositeQuery, chosen, gaps, halved, pages, stated
from erp_common.extract.derived import DerivedSource
from erp_common.extract.listing import Batch, Page
from erp_common.extract.paged import Query
from erp_common.extract.reading import LineReader
from erp_common.extract.source import HttpSource
from erp_common.extract.together import Together
from erp_common.http.answer import Answer
from erp_common.http.dialect import NoRecords
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger import cash
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company
from erp_common.ledger.normalize import InvalidValue, amount, required_text, text
from erp_common.ledger.periods import Period, today
from tap_omie.public import mapping
from tap_omie.public.calls import ACCOUNTS, Calls, Statement, read_statement
from tap_omie.public.rows import BankAccount, Category, Head, Held, Movement
from tap_omie.public.statement import Balances, Splits, StatementReader
from tap_omie.public.wide import Slice, WideStatements, ask, may_be_cut_off


class Known(msgspec.Struct):
    """What the chart told of a company, for reading its statements."""

    numbers: list[str]
    transfers: frozenset[str]
    balances: Balances


class OmieCashBooks(HttpSource, DerivedSource[Known]):
    """Omie's public API."""

    source_system = "omie"
    system = "Omie"
    told_apart_by = "app_key and erp_id in companies"
    whole_entries = True
    made_of = cash.CASH
    account = staticmethod(mapping.account)

    def __init__(
        self,
        transport: Transport,
        calls: Calls,
        together: Together,
        days: tuple[date | None, date | None],
        tolerance: Decimal | None,
    ) -> None:
        """Read through this transport.

        Args:
            transport: How Omie is reached.
            calls: Its calls.
            together: Which periods of a statement are asked for together.
            days: Where the ledger begins (None leaves the openings out), and the last day whose
                balances can be asked for (None if it is not over): what comes after proves it.
            tolerance: For comparing balances; None compares nothing.
        """
        super().__init__(transport)
        self._calls = calls
        self._first_day, self._last_day = days
        self._tolerance = tolerance
        self._wide = WideStatements(transport, calls, together)

    def chart(self, company: Company) -> Query[Any]:
        """Bank accounts with what they held, categories, and the accounts the ledger adds."""
        return CompositeQuery(self.transport, "chart of accounts", lambda _: self._chart(company))

    def postings(
        self, company: Company, period: Period, chart: Chart, learned: Known
    ) -> Sequence[tuple[Query[Any], LineReader]]:
        """First the titles, for their categories; then each account's statement."""
        _ = company, chart
        self._wide.together.plan(period)
        splits = Splits()
        listings: list[tuple[Query[Any], LineReader]] = [
            (self._calls.titles(period, nature), splits) for nature in ("P", "R")
        ]
        for number in learned.numbers:
            reader = StatementReader(number, splits.shares, learned.transfers, learned.balances)
            listings.append((self._statement_of(number, period), reader))
        return listings

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One bank account."""
        _ = company, period
        return self._calls.probe(), ACCOUNTS.read

    def _statement_of(self, number: str, period: Period) -> CompositeQuery[Any]:
        return CompositeQuery(
            self.transport,
            f"statement of account {number}",
            lambda _: self._statement(number, period),
        )

    # In fetching threads

    def _chart(self, company: Company) -> Page[Any]:
        accounts = pages(self._calls.accounts())
        categories = pages(self._calls.categories())
        listed: list[Page[Any]] = [*accounts, *categories]
        if not any(page.row_count for page in listed):
            raise self.nothing_of(company, "there is neither a bank account nor a category")
        known = Known([], _transfers(categories), Balances(self._tolerance))
        openings: list[Decimal | None] = []
        for row in _rows(accounts):
            number = _number(row)
            if number is None:
                continue
            known.numbers.append(number)
            if self._first_day is not None:
                row.opening = self._opening(number, self._first_day)
                known.balances.put(number, self._first_day, row.opening)
            openings.append(row.opening)
        batches: list[Batch[Any]] = [batch for page in accounts for batch in page.batches]
        for page in categories:
            batches += chosen(page, lambda row: not mapping.is_transfer(row))
        batches.append(stated(cash.counterparts(openings)))
        rows = sum(len(batch.rows) for batch in batches)
        moved = gaps(accounts, categories)
        return Page(batches, row_count=rows, learned=known, gaps=moved)

    def _opening(self, number: str, day: date) -> Decimal:
        """What an account held before a day, by its statement."""
        window = Period(day, day)
        try:
            found = self.transport.fetch(
                self._calls.statement(number, window, only_balance=True),
                partial(read_statement, window=window, only_balance=True),
            )
            return amount(found.head.nSaldoAnterior, "nSaldoAnterior")
        except NoRecords:
            # Not a guess: the next statement that has records must begin with this.
            return Decimal(0)
        except InvalidValue as error:
            raise ERPValidationError(
                f"the statement of account {number} on {day} cannot be read: {error}"
            ) from None

    def _statement(self, number: str, period: Period) -> Page[Any]:
        """A period's statement, in as many windows as it takes."""
        kept = self._wide.of(number, period)
        if kept is not None:
            return self._slice(number, period, kept)
        batches: list[Batch[Any]] = []
        rows = 0
        for window, found in halved(period, partial(self._window, number), may_be_cut_off):
            if found is not None:
                batches.append(_head(found.head, window, found.said))
                batches += found.movements.batches
                rows += found.movements.row_count or 0
                if window.end == period.end >= today():
                    held = Held(found.head.nSaldoAtual, today())
                    batches.append(Batch([held], partial(list, [found.said])))
            # A day cannot be halved: what the account holds after it says whether that was all.
            if window.end == self._last_day or may_be_cut_off(found):
                day = window.end + timedelta(days=1)
                batches.append(self._after(number, day, self._opening(number, day)))
        return Page(batches, row_count=rows)

    def _slice(self, number: str, period: Period, kept: Slice) -> Page[Any]:
        """A period's part of a wider statement."""
        said = kept.said or {"nCodCC": number, "nSaldoAnterior": kept.opening}
        rows = [msgspec.convert(raw, Movement) for raw in kept.rows]
        batches: list[Batch[Any]] = [
            _head(Head(said["nSaldoAnterior"], period, kept.held), period, said),
            Batch(rows, partial(list, kept.rows)),
        ]
        if period.end == self._last_day:
            batches.append(self._after(number, period.end + timedelta(days=1), kept.closing))
        return Page(batches, row_count=len(rows))

    def _after(self, number: str, day: date, balance: Decimal) -> Batch[Any]:
        """What the account holds once the last period is over, by its own word."""
        window = Period(day, day)
        said = {"nCodCC": number, "dPeriodoInicial": str(day), "nSaldoAnterior": balance}
        return Batch([Head(balance, window)], partial(list, [said]))

    def _window(self, number: str, window: Period) -> Statement | None:
        return ask(self.transport, self._calls, number, window)


def _head(head: Head, window: Period, said: dict[str, Any]) -> Batch[Any]:
    """What a statement begins with; of what it says, only what is so however long it is."""
    raw = {name: said[name] for name in ("nCodCC", "nSaldoAnterior") if name in said}
    return Batch([head], partial(list, [{**raw, "dPeriodoInicial": str(window.start)}]))


def _rows(found: list[Page[BankAccount]]) -> list[BankAccount]:
    return [
        row for page in found for batch in page.batches for row in batch.rows if row is not None
    ]


def _number(row: BankAccount) -> str | None:
    """The account's number; None where the row cannot be read, which the chart reports."""
    try:
        mapping.account(row)
        return required_text(row.nCodCC, "nCodCC")
    except InvalidValue:
        return None


def _transfers(found: list[Page[Category]]) -> frozenset[str]:
    codes = set()
    for page in found:
        for batch in page.batches:
            for row in batch.rows:
                if row is not None and mapping.is_transfer(row):
                    codes.add(text(row.codigo, "codigo") or "")
    return frozenset(codes)
