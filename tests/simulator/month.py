"""A month of entries: the unit that is indexed, summed and replaced."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from simulator.model import ZERO, Entry, Posting

Month = tuple[int, int]
Sums = dict[str, tuple[Decimal, Decimal]]


def sum_up(postings: Iterable[Posting]) -> Sums:
    sums: Sums = {}
    for _, line in postings:
        debit, credit = sums.get(line.account, (ZERO, ZERO))
        sums[line.account] = (debit + line.debit, credit + line.credit)
    return sums


def booking_order(entry: Entry) -> tuple[date, int]:
    return entry.date, entry.id


class MonthBook:
    """The entries of a month, never changed in place; index and sums are made when asked for."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=booking_order)
        self._index: dict[str, list[Posting]] | None = None
        self._sums: Sums | None = None

    def postings(self) -> Iterator[Posting]:
        return (Posting(entry, line) for entry in self.entries for line in entry.lines)

    def by_account(self, account: str) -> list[Posting]:
        if self._index is None:
            index: dict[str, list[Posting]] = {}
            for posting in self.postings():
                index.setdefault(posting.line.account, []).append(posting)
            self._index = index
        return self._index.get(account, [])

    def sums(self) -> Sums:
        if self._sums is None:
            self._sums = sum_up(self.postings())
        return self._sums


def edges(month: Month) -> tuple[date, date]:
    return date(*month, 1), date(*month, monthrange(*month)[1])


def whole(month: Month, start: date, end: date) -> bool:
    first, last = edges(month)
    return start <= first and last <= end


def add(total: Sums, part: Sums) -> None:
    for code, (debit, credit) in part.items():
        known_debit, known_credit = total.get(code, (ZERO, ZERO))
        total[code] = (known_debit + debit, known_credit + credit)
