"""Omie's books on a cash basis: bank accounts, categories, and every movement between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company, Finding
from erp_common.ledger.normalize import InvalidValue, cents, required_text, text
from erp_common.ledger.periods import Period, today
from tap_omie.public import mapping
from tap_omie.public.calls import ACCOUNTS, Calls, Statement, read_statement
from tap_omie.public.rows import After, BankAccount, Category, Head, Held, Movement
from tap_omie.public.statement import Applied, Balances, Splits, StatementReader, TitleReader
from tap_omie.public.wide import Slice, WideStatements, ask, may_be_cut_off, ties_out


class Known(msgspec.Struct):
    """What the chart told of a company, for reading its statements."""

    numbers: list[str]
    transfers: frozenset[str]
    balances: Balances
    applied: Applied


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
        splits = Splits(period, learned.numbers, learned.applied)
        listings: list[tuple[Query[Any], LineReader]] = [
            (self._calls.titles(period, nature), TitleReader(splits, nature))
            for nature in ("P", "R")
        ]
        for number in learned.numbers:
            reader = StatementReader(number, splits, learned.transfers, learned.balances)
            listings.append((self._statement_of(number, period), reader))
        return listings

    def proof(self, ledger: TrialBalance, learned: Known) -> Iterable[Finding]:
        """The accounts with which the ledger begins otherwise than Omie's statements do.

        What was carried from an earlier run may have been overtaken by a change before this one.
        """
        if self._first_day is None or ledger.period is None:
            return
        for number, initial in learned.balances.unstated.items():
            yield finding(
                Code.OPENING_ASSUMED_ZERO,
                "No statement of account {account} says what it held before {day}, so that it "
                "opens with zero, though Omie states an initial balance (saldo_inicial) of "
                "{initial}. Compare the account's balance with Omie's.",
                account=number,
                day=self._first_day,
                initial=initial,
                account_code=mapping.money_code(number),
                expected=initial,
                actual=Decimal(0),
            )
        learned.balances.unstated = {}  # told once a run
        for number, (day, said) in learned.balances.firsts(ledger.period):
            account = ledger.by_code.get(mapping.money_code(number))
            held = Decimal(0) if account is None else account.net_opening_balance
            problem = learned.balances.unlike(number, day, said, held)
            if problem is not None:
                yield finding(
                    Code.INVALID_RECORD,
                    "nSaldoAnterior {problem}.",
                    problem=problem,
                    account_code=mapping.money_code(number),
                    expected=said,
                    actual=held,
                    raw={"nCodCC": number, "dPeriodoInicial": str(day), "nSaldoAnterior": said},
                )

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
        balances = Balances(self._tolerance)
        known = Known([], _transfers(categories), balances, Applied())
        openings: list[Decimal | None] = []
        for row in _rows(accounts):
            number = _number(row)
            if number is None or number in known.numbers:  # told with the chart
                continue
            known.numbers.append(number)
            if self._first_day is not None:
                row.opening = self._opening(number, self._first_day)
                # Not a guess: the next statement that has records must begin with this.
                balances.put(number, self._first_day, row.opening or Decimal(0))
                balances.expect(number, self._first_day, row)
            openings.append(row.opening)
        batches: list[Batch[Any]] = [batch for page in accounts for batch in page.batches]
        for page in categories:
            batches += chosen(page, lambda row: not mapping.is_transfer(row))
        batches.append(stated(cash.counterparts(openings)))
        rows = sum(len(batch.rows) for batch in batches)
        moved = gaps(accounts, categories)
        return Page(batches, row_count=rows, learned=known, gaps=moved)

    def _opening(self, number: str, day: date) -> Decimal | None:
        """What an account held before a day, by its statement; None where there is none."""
        known = self._wide.stated.pop((number, day), None)
        if known is not None:
            return known
        window = Period(day, day)
        try:
            found = self.transport.fetch(
                self._calls.statement(number, window, only_balance=True),
                partial(read_statement, window=window),
            )
            return cents(found.head.nSaldoAnterior, "nSaldoAnterior")
        except NoRecords:
            return None
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
            is_last = window.end == period.end
            if isinstance(found, NoRecords):
                said = {"nCodCC": number, "dPeriodoInicial": str(window.start)}
                batches.append(_head(Head(window, nothing=str(found)), window, said))
                cut_off = tied = is_over = False
            else:
                batches.append(_head(found.head, window, found.said))
                batches += found.movements.batches
                rows += found.movements.row_count or 0
                if is_last and window.end >= today():
                    held = Held(found.head.nSaldoAtual, today(), found.listed)
                    batches.append(Batch([held], partial(list, [found.said])))
                # A day cannot be halved: what the account holds after it says whether that was
                # all. So it is where a month that is over does not come to the balance stated.
                is_over = is_last and window.end < today()
                cut_off = may_be_cut_off(found)
                tied = (cut_off or is_over) and ties_out(found, number, window)
            if cut_off or (is_over and not tied) or window.end == self._last_day:
                day = window.end + timedelta(days=1)
                balance = self._opening(number, day)
                if balance is not None or (cut_off and not tied):
                    batches.append(_after(number, day, balance))
        return Page(batches, row_count=rows)

    def _slice(self, number: str, period: Period, kept: Slice) -> Page[Any]:
        """A period's part of a wider statement."""
        said = kept.said or {"nCodCC": number, "nSaldoAnterior": kept.opening}
        rows = [msgspec.convert(raw, Movement) for raw in kept.rows]
        batches: list[Batch[Any]] = [
            _head(Head(period, said["nSaldoAnterior"], kept.held), period, said),
            Batch(rows, partial(list, kept.rows)),
        ]
        if period.end == self._last_day:
            batches.append(_after(number, period.end + timedelta(days=1), kept.closing))
        return Page(batches, row_count=len(rows))

    def _window(self, number: str, window: Period) -> Statement | NoRecords:
        return ask(self.transport, self._calls, number, window)


def _after(number: str, day: date, balance: Decimal | None) -> Batch[Any]:
    """What the account holds from a day on, by its own word; None where Omie must say it."""
    said = {"nCodCC": number, "dPeriodoInicial": str(day), "nSaldoAnterior": balance}
    return Batch([After(balance, day)], partial(list, [said]))


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
