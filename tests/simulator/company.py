"""One company's ledger: indexed by month and account, safe to change while it is served."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import RLock
from typing import Any, Final

from simulator.model import (
    FIRST_ENTRY_ID,
    IDS_PER_COMPANY,
    ZERO,
    Account,
    BalanceRow,
    Entry,
    Line,
    Posting,
)
from simulator.month import Month, MonthBook, Sums, add, booking_order, edges, sum_up, whole

# Pages of one trial balance are asked for one after the other.
_BALANCES_KEPT: Final = 64


class Company:
    """The chart, the opening balances and the entries of one company.

    Every method may be called while a simulator serves the books: readers get a state between two
    changes. Entries and lines are immutable; change them with the methods below.
    """

    def __init__(
        self,
        company_id: str,
        name: str,
        accounts: Sequence[Account],
        opening: Mapping[str, Decimal],
        entries: Iterable[Entry],
        *,
        filial: str = "0101",
    ) -> None:
        """Take the books over; `opening` is debit-positive and as before the first entry."""
        self.id = company_id
        self.name = name
        self.filial = filial
        self._lock = RLock()
        self._accounts = {account.code: account for account in accounts}
        self._opening = dict(opening)
        self._months: dict[Month, MonthBook] = {}
        self._dates: dict[int, Month] | None = None
        self._balances: dict[tuple[date, date], list[BalanceRow]] = {}
        months: dict[Month, list[Entry]] = {}
        for entry in entries:
            months.setdefault((entry.date.year, entry.date.month), []).append(entry)
        self._months = {month: MonthBook(months[month]) for month in sorted(months)}

    # Reading

    @property
    def accounts(self) -> list[Account]:
        """The chart in code order."""
        with self._lock:
            return [self._accounts[code] for code in sorted(self._accounts)]

    def account(self, code: str) -> Account | None:
        """Return the account with that code, if the chart has it."""
        return self._accounts.get(code)

    @property
    def opening(self) -> dict[str, Decimal]:
        """Debit-positive balances before the first entry; accounts without one are absent."""
        with self._lock:
            return dict(self._opening)

    @property
    def entries(self) -> list[Entry]:
        """Every entry, in order of date and id."""
        with self._lock:
            return [entry for book in self._months.values() for entry in book.entries]

    def entries_between(self, start: date, end: date) -> list[Entry]:
        """Return the entries dated `start` to `end`, both included, in order of date and id."""
        with self._lock:
            found: list[Entry] = []
            for month, book in self._months.items():
                if (start.year, start.month) <= month <= (end.year, end.month):
                    low = bisect_left(book.entries, (start, 0), key=booking_order)
                    high = bisect_left(book.entries, (end, 1 << 63), key=booking_order)
                    found += book.entries[low:high]
            return found

    def lines(self, start: date, end: date, account: str | None = None) -> list[Posting]:
        """Return the lines dated `start` to `end`, of one account or of all, in booking order."""
        if account is None:
            return [Posting(e, line) for e in self.entries_between(start, end) for line in e.lines]
        with self._lock:
            found: list[Posting] = []
            for month, book in self._months.items():
                if (start.year, start.month) <= month <= (end.year, end.month):
                    postings = book.by_account(account)
                    if not whole(month, start, end):
                        postings = [p for p in postings if start <= p.entry.date <= end]
                    found += postings
            return found

    def trial_balance(self, start: date, end: date) -> list[BalanceRow]:
        """Return what a trial balance must say: every account, debit-positive, in code order."""
        with self._lock:
            if (start, end) not in self._balances:
                if len(self._balances) >= _BALANCES_KEPT:
                    self._balances.clear()
                self._balances[start, end] = self._balance(start, end)
            return list(self._balances[start, end])

    def _balance(self, start: date, end: date) -> list[BalanceRow]:
        accounts = self.accounts
        before, within = self._movements(start, end)
        rows = {}
        for account in accounts:
            debit, credit = before.get(account.code, (ZERO, ZERO))
            opening = self._opening.get(account.code, ZERO) + debit - credit
            rows[account.code] = (opening, *within.get(account.code, (ZERO, ZERO)))
        for account in sorted(accounts, key=lambda account: -account.level):
            if account.parent in rows:
                above, own = rows[account.parent], rows[account.code]
                rows[account.parent] = (above[0] + own[0], above[1] + own[1], above[2] + own[2])
        return [
            BalanceRow(code, opening, debit, credit, opening + debit - credit)
            for code, (opening, debit, credit) in rows.items()
        ]

    def _movements(self, start: date, end: date) -> tuple[Sums, Sums]:
        """Return the sums before `start` and those from `start` to `end`."""
        before: Sums = {}
        within: Sums = {}
        for month, book in self._months.items():
            first, last = edges(month)
            if last < start:
                add(before, book.sums())
            elif start <= first and last <= end:
                add(within, book.sums())
            elif first <= end:
                postings = list(book.postings())
                add(before, sum_up(p for p in postings if p.entry.date < start))
                add(within, sum_up(p for p in postings if start <= p.entry.date <= end))
        return before, within

    # Changing

    def add_entry(self, entry: Entry | None = None, /, **fields: Any) -> Entry:
        """Add an entry, or one made of the fields of `Entry` (`id` is given if absent)."""
        with self._lock:
            if entry is None:
                fields.setdefault("id", self._free_id())
                fields.setdefault("posting_date", fields["date"])
                fields["lines"] = tuple(fields["lines"])
                entry = Entry(**fields)
            if entry.id in self._index():
                raise ValueError(f"entry {entry.id} exists")
            self._rebuild(entry.date, lambda entries: [*entries, entry])
            self._index()[entry.id] = (entry.date.year, entry.date.month)
            return entry

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Add many entries at once."""
        with self._lock:
            months: dict[Month, list[Entry]] = {}
            for entry in entries:
                if entry.id in self._index():
                    raise ValueError(f"entry {entry.id} exists")
                month = (entry.date.year, entry.date.month)
                self._index()[entry.id] = month
                months.setdefault(month, []).append(entry)
            for added in months.values():
                self._rebuild(added[0].date, added.__add__)

    def entry(self, entry_id: int) -> Entry:
        """Return the entry with that id; KeyError if there is none."""
        with self._lock:
            month = self._index()[entry_id]
            return next(entry for entry in self._months[month].entries if entry.id == entry_id)

    def delete_entry(self, entry_id: int) -> Entry:
        """Delete the entry with that id and return it."""
        with self._lock:
            gone = self.entry(entry_id)
            self._rebuild(gone.date, lambda es: [entry for entry in es if entry.id != entry_id])
            del self._index()[entry_id]
            return gone

    def edit_entry(self, entry_id: int, **changes: Any) -> Entry:
        """Replace fields of an entry, its date and lines too; the books may become unbalanced."""
        with self._lock:
            changed = replace(self.delete_entry(entry_id), **changes)
            return self.add_entry(changed)

    def delete_line(self, entry_id: int, index: int) -> Line:
        """Delete one line of an entry (`index` from 0), which leaves the entry unbalanced."""
        with self._lock:
            lines = list(self.entry(entry_id).lines)
            gone = lines.pop(index)
            self.edit_entry(entry_id, lines=tuple(lines))
            return gone

    def edit_line(self, entry_id: int, index: int, **changes: Any) -> Line:
        """Replace fields of one line of an entry (`index` from 0)."""
        with self._lock:
            lines = list(self.entry(entry_id).lines)
            lines[index] = replace(lines[index], **changes)
            self.edit_entry(entry_id, lines=tuple(lines))
            return lines[index]

    def set_opening(self, code: str, amount: Decimal) -> None:
        """Set an opening balance, debit-positive."""
        with self._lock:
            self._opening[code] = amount
            self._balances.clear()

    def put_account(self, account: Account) -> None:
        """Add an account to the chart, or replace the one with its code."""
        with self._lock:
            self._accounts[account.code] = account
            self._balances.clear()

    def drop_account(self, code: str) -> Account:
        """Take an account out of the chart; its postings stay."""
        with self._lock:
            self._balances.clear()
            return self._accounts.pop(code)

    def _rebuild(self, day: date, change: Callable[[list[Entry]], list[Entry]]) -> None:
        month = (day.year, day.month)
        book = self._months.get(month)
        self._balances.clear()
        self._months[month] = MonthBook(change(book.entries if book else []))
        if book is None:
            self._months = dict(sorted(self._months.items()))

    def _index(self) -> dict[int, Month]:
        if self._dates is None:
            self._dates = {
                entry.id: month for month, book in self._months.items() for entry in book.entries
            }
        return self._dates

    def _free_id(self) -> int:
        index = self._index()
        if index:
            return max(index) + 1
        return FIRST_ENTRY_ID + (int(self.filial[:2]) - 1) * IDS_PER_COMPANY + 1
