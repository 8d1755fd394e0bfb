"""Years of double-entry postings from a seed."""

from __future__ import annotations

import gc
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from random import Random
from typing import Final, Literal

from simulator.draft import ENTITIES, Draft, DraftLine
from simulator.journal import Journal
from simulator.model import FIRST_ENTRY_ID, IDS_PER_COMPANY, ZERO, Account, Entry, Line
from simulator.opening import opening_balances
from simulator.standing import Standing

Opening = Literal["balances", "entry", "none"]
Closing = Literal["none", "yearly", "quarterly"]

RETAINED: Final = "2.4.04.01.001"
_CAPITAL_INCREASE: Final = 8
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate for one company."""

    accounts: Sequence[Account]
    start: date
    end: date
    entries_per_month: int
    turnover: int
    """Sales of a year in cents, roughly; everything else is in proportion to it."""
    seed: str
    company_index: int = 0
    opening: Opening = "balances"
    closing: Closing = "none"
    closing_day: int | None = None
    """The day of the following month on which a closing entry is dated; None for the last day."""
    fiscal_year_start_month: int = 1
    rename: Callable[[str], str] = str


def generate(plan: Plan) -> tuple[dict[str, Decimal], list[Entry]]:
    """Return the opening balances (debit-positive) and the entries, in date order.

    No month depends on a later one: a longer span has the same entries in its first months.
    """
    collecting = gc.isenabled()
    gc.disable()  # millions of immutable objects without a cycle among them
    try:
        return _generate(plan)
    finally:
        if collecting:
            gc.enable()


def _generate(plan: Plan) -> tuple[dict[str, Decimal], list[Entry]]:
    builder = _Builder(plan)
    entries: list[Entry] = []
    opening: dict[str, Decimal] = {}
    balances = opening_balances(plan.accounts, plan.turnover, _seeded(f"{plan.seed}/opening"))
    if plan.opening == "entry":
        lines = [DraftLine(code, cents) for code, cents in balances.items() if cents]
        draft = Draft(lines, "ABT", "Implantação dos saldos de abertura", entity=False)
        entries.append(builder.entry(draft, plan.start - _DAY, _seeded(f"{plan.seed}/opening")))
    elif plan.opening == "balances":
        opening = {plan.rename(code): _amount(cents) for code, cents in balances.items() if cents}
    # Books without openings have the same entries: only the balances before them are unknown.
    journal = Journal(Standing(plan.accounts, balances))
    closing = _Closing(plan, builder, journal)
    for first, last in months(plan.start, plan.end):
        rng = _seeded(f"{plan.seed}/{first:%Y-%m}")
        span = (last - first).days + 1
        part = span / monthrange(first.year, first.month)[1]
        number = max(2, round(plan.entries_per_month * part))
        days = sorted(rng.choices(range(span), k=number))
        days[0], days[-1] = 0, span - 1  # the edges of every period are in use
        once = []
        if first == plan.start:
            # The largest amount of the books, on their first day.
            once.append(journal.capital_increase(plan.turnover // _CAPITAL_INCREASE))
        drafts = journal.draw(number - len(once), round(plan.turnover * part / 12), rng)
        for day, draft in zip(days, chain(once, drafts), strict=True):
            entries.append(builder.entry(draft, first + timedelta(days=day), rng))
        entries += closing.entries(first, last, rng)
    return opening, entries


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield the first and the last day of each month of a span, cut to the span."""
    first = start
    while first <= end:
        last = first.replace(day=monthrange(first.year, first.month)[1])
        yield first, min(last, end)
        first = last + _DAY


def _closes(plan: Plan, last: date) -> bool:
    """Whether the result up to that day is taken out."""
    if plan.closing == "none" or last.day != monthrange(last.year, last.month)[1]:
        return False
    months = 12 if plan.closing == "yearly" else 3
    return (last.month - plan.fiscal_year_start_month + 1) % months == 0


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - the same books again are the point


def _amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


class _Builder:
    """Gives drafts their ids, dates and documents; sums the result accounts for the closing."""

    def __init__(self, plan: Plan) -> None:
        self._rename = plan.rename
        self._next_id = FIRST_ENTRY_ID + plan.company_index * IDS_PER_COMPANY + 1
        self._result: defaultdict[str, int] | None = (
            defaultdict(int) if plan.closing != "none" else None
        )

    def entry(self, draft: Draft, day: date, rng: Random) -> Entry:
        number = self._next_id
        self._next_id += 1
        lines = []
        for account, cents, center, text in draft.lines:
            if not cents:
                continue
            if self._result is not None and account[0] in "345":
                self._result[account] += cents
            amount = _amount(abs(cents))
            debit, credit = (amount, ZERO) if cents > 0 else (ZERO, amount)
            lines.append(Line(self._rename(account), debit, credit, center, text))
        roll = rng.random()
        posted = None if roll < 0.1 else day if roll < 0.7 else day + timedelta(days=int(roll * 30))
        short = number % IDS_PER_COMPANY
        document = f"{draft.document_type}-{short:07d}" if draft.document_type else None
        return Entry(
            id=number,
            date=day,
            posting_date=posted,
            lines=tuple(lines),
            document_number=document,
            document_type=draft.document_type,
            description=f"{draft.text} {short}",
            entity=ENTITIES[number % len(ENTITIES)] if draft.entity else None,
        )

    def closing_entry(self, due: tuple[date, Draft], day: date, rng: Random) -> Entry:
        """Return the entry of that day that takes the result up to another day out.

        What it books is no result of the time after, so it is left out of the next closing.
        """
        closes, draft = due
        result, self._result = self._result, None
        made = replace(self.entry(draft, day, rng), closes=closes)
        self._result = result
        return made

    def closing_draft(self) -> Draft | None:
        """Return the entry that zeroes the result accounts against the retained earnings."""
        if self._result is None:
            return None
        lines = [DraftLine(code, -cents) for code, cents in sorted(self._result.items()) if cents]
        if not lines:
            return None
        self._result.clear()
        lines.append(DraftLine(RETAINED, -sum(line.cents for line in lines)))
        return Draft(lines, "ENC", "Encerramento do exercício", entity=False)


class _Closing:
    """Takes the result out as the plan says; an entry may be dated in the month after."""

    def __init__(self, plan: Plan, builder: _Builder, journal: Journal) -> None:
        self._plan = plan
        self._builder = builder
        self._journal = journal
        self._due: tuple[date, Draft] | None = None

    def entries(self, first: date, last: date, rng: Random) -> Iterator[Entry]:
        day = self._plan.closing_day
        if self._due is not None and day is not None:
            if day <= last.day:
                yield self._builder.closing_entry(self._due, first.replace(day=day), rng)
            self._due = None
        if not _closes(self._plan, last):
            return
        draft = self._builder.closing_draft()
        if draft is None:
            return
        self._due = last, self._journal.post(draft)
        if day is None:
            yield self._builder.closing_entry(self._due, last, rng)
