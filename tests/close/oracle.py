"""What the models must hold, from journal entries alone: nothing of the product is used here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from simulator import Company, Entry, Line

ZERO = Decimal(0)
RESULT = ("REVENUE", "EXPENSE")
SHEET = ("ASSET", "LIABILITY", "EQUITY")
Key = tuple[Any, ...]
Sums = defaultdict[Key, Decimal]
GroupOf = Callable[[str, str, str | None, date], str | None]
"""The group account of a company's account, for a cost centre of the result, on a day."""
Table = dict[Key, tuple[Any, ...]]


class Month(NamedTuple):
    """A calendar month, both days included."""

    start: date
    end: date


def months(first: date, last: date) -> Iterator[Month]:
    """The months from one day to another."""
    start = first
    while start <= last:
        following = (start + timedelta(days=32)).replace(day=1)
        yield Month(start, following - timedelta(days=1))
        start = following


class Oracle:
    """The close of one company."""

    def __init__(
        self, company: Company, first: date, last: date, fiscal_year_start_month: int = 1
    ) -> None:
        """Close the months from first to last."""
        self.company = company
        self.months = list(months(first, last))
        self._start_month = fiscal_year_start_month
        self._accounts = {account.code: account for account in company.accounts}
        self._lines = [(entry, line) for entry in company.entries for line in entry.lines]
        self._read = [(entry, line) for entry, line in self._lines if entry.date >= first]

    # What the rest is made of

    def year(self, day: date) -> int:
        """The calendar year in which the day's fiscal year ends."""
        ahead = self._start_month > 1 and day.month >= self._start_month
        return day.year + 1 if ahead else day.year

    def _above(self, code: str) -> Iterator[str]:
        """The account and those it stands below."""
        above: str | None = code
        while above:
            yield above
            above = self._accounts[above].parent

    def _sum(self, taken: Callable[[Entry, Line], bool]) -> Sums:
        """Net amounts by account, summary accounts included."""
        sums: Sums = defaultdict(Decimal)
        for entry, line in self._lines:
            if taken(entry, line):
                for code in self._above(line.account):
                    sums[(code,)] += line.debit - line.credit
        return sums

    def _balances(self, day: date) -> Sums:
        """Net balances after the day."""
        sums = self._sum(lambda entry, _: entry.date <= day)
        for code, amount in self.company.opening.items():
            for above in self._above(code):
                sums[(above,)] += amount
        return sums

    def _moved(self, month: Month, *, closing: bool) -> Sums:
        """What moved in a month by closing entries, or by all others."""
        return self._sum(
            lambda entry, _: (
                bool(entry.closes) == closing and month.start <= entry.date <= month.end
            )
        )

    def _year_to(self, day: date) -> Sums:
        """What has moved since the fiscal year, or the books, began, without closing entries."""
        first = self.months[0].start
        return self._sum(
            lambda entry, _: (
                not entry.closes
                and first <= entry.date <= day
                and self.year(entry.date) == self.year(day)
            )
        )

    # The models

    def account_balances(self) -> Table:
        """By period and account: opening, debit, credit, closing, closing entries, and before."""
        table: Table = {}
        for month in self.months:
            opening = self._balances(month.start - timedelta(days=1))
            closing, year = self._balances(month.end), self._year_to(month.end)
            apart = self._moved(month, closing=True)
            sides: Sums = defaultdict(Decimal)
            for entry, line in self._lines:
                if month.start <= entry.date <= month.end:
                    for code in self._above(line.account):
                        sides[code, "D"] += line.debit
                        sides[code, "C"] += line.credit
            for code, account in self._accounts.items():
                key = (code,)
                table[self.company.id, month.end, code] = (
                    self.year(month.end),
                    account.type,
                    account.parent,
                    account.is_summary,
                    opening[key],
                    sides[code, "D"],
                    sides[code, "C"],
                    closing[key],
                    apart[key],
                    closing[key] - apart[key],
                    year[key],
                )
        return table

    def income_statement(self) -> Table:
        """By period and account: the month, the year, and the year before to the same month."""
        table: Table = {}
        for month in self.months:
            moved = self._moved(month, closing=False)
            year = self._year_to(month.end)
            before = [
                one
                for one in self.months
                if one.end.month == month.end.month and one.end.year == month.end.year - 1
            ]
            year_before = self._year_to(before[0].end) if before else None
            for code, account in self._accounts.items():
                if account.type in RESULT:
                    table[self.company.id, month.end, code] = (
                        self.year(month.end),
                        account.level,
                        account.is_summary,
                        -moved[(code,)],
                        -year[(code,)],
                        None if year_before is None else -year_before[(code,)],
                    )
        return table

    def balance_sheet(self) -> Table:
        """By period and account: the type and the balance on the natural side."""
        table: Table = {}
        for month in self.months:
            balances = self._balances(month.end)
            result = ZERO
            for code, account in self._accounts.items():
                net = balances[(code,)]
                if account.type in SHEET:
                    natural = net if account.type == "ASSET" else -net
                    table[self.company.id, month.end, code] = (account.type, natural)
                elif account.type in RESULT and not account.is_summary:
                    result -= net
            table[self.company.id, month.end, "RESULT"] = ("EQUITY", result)
        return table

    def cost_center_result(self) -> Table:
        """By period, cost centre and account, where not both are zero: month and year."""
        table: Table = {}
        for month in self.months:
            moved: Sums = defaultdict(Decimal)
            year: Sums = defaultdict(Decimal)
            for entry, line in self._lines:
                if entry.closes or self._accounts[line.account].type not in RESULT:
                    continue
                key = (self.company.id, month.end, line.cost_center or "(none)", line.account)
                if entry.date <= month.end and self.year(entry.date) == self.year(month.end):
                    year[key] += line.credit - line.debit
                    if entry.date >= month.start:
                        moved[key] += line.credit - line.debit
            table |= {key: (moved[key], amount) for key, amount in year.items()}
        return {key: amounts for key, amounts in table.items() if any(amounts)}

    def kinds(self) -> dict[tuple[str, str], int]:
        """How many postings of each kind there are, by company."""
        counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        for entry, _ in self._read:
            counts[self.company.id, "CLOSING" if entry.closes else "NORMAL"] += 1
        return dict(counts)

    def group(self, group_of: GroupOf) -> Sums:
        """What the company brings into the group, by period, statement and group account."""
        sums: Sums = defaultdict(Decimal)
        for month in self.months:
            balances = self._balances(month.end)
            for code, account in self._accounts.items():
                if account.type in SHEET and not account.is_summary:
                    group = group_of(self.company.id, code, None, month.end)
                    sums[month.end, "BS", group] += balances[(code,)]
            for (group,), amount in self._result_by_group(group_of, month, lambda *_: True).items():
                sums[month.end, "PL", group] += amount
        return sums

    def with_entity(self, group_of: GroupOf, entity: int, accounts: tuple[str, ...] = ()) -> Sums:
        """The result with an entity, and its postings on the accounts named, as `group`."""
        sums: Sums = defaultdict(Decimal)
        for month in self.months:
            for entry, line in self._lines:
                other = entry.entity is not None and entry.entity.id == entity
                if other and line.account in accounts and entry.date <= month.end:
                    group = group_of(self.company.id, line.account, None, month.end)
                    sums[month.end, "BS", group] += line.debit - line.credit
            theirs = self._result_by_group(
                group_of, month, lambda e, _: e.entity is not None and e.entity.id == entity
            )
            for (group,), amount in theirs.items():
                sums[month.end, "PL", group] += amount
        return sums

    def _result_by_group(
        self, group_of: GroupOf, month: Month, taken: Callable[[Entry, Line], bool]
    ) -> Sums:
        """The result of the year up to a month, each month by the map of its own end."""
        sums: Sums = defaultdict(Decimal)
        for entry, line in self._lines:
            if (
                entry.closes
                or entry.date > month.end
                or self.year(entry.date) != self.year(month.end)
                or self._accounts[line.account].type not in RESULT
                or not taken(entry, line)
            ):
                continue
            (own,) = (one for one in self.months if one.start <= entry.date <= one.end)
            center = line.cost_center or "(none)"
            group = group_of(self.company.id, line.account, center, own.end)
            sums[(group,)] += line.credit - line.debit
        return sums
