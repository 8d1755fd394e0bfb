"""Books in which a single account holds all the rows."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from simulator import Books, Company, Entry, Line
from simulator.model import FIRST_ENTRY_ID, ZERO

LARGEST, OTHER = "1.1.02.01.001", "3.1.01.01.001"
LINES = 999
"""Lines of an entry on the largest account; a single one on the other account balances them."""


def largest_account(month: date, rows: int) -> Books:
    """A month in which one account has this many lines, and the others together next to none."""
    template = Books.generate(start=month, end=month).company
    days = monthrange(month.year, month.month)[1]
    return Books(
        [Company("101", "Largest Ltda", template.accounts, {}, _entries(month, days, rows))]
    )


def _entries(month: date, days: int, rows: int) -> Iterator[Entry]:
    made = number = 0
    while made < rows:
        count = min(LINES, rows - made)
        cents = [100 + (made + index) % 99_999 for index in range(count)]
        lines = [Line(LARGEST, Decimal(each).scaleb(-2), ZERO) for each in cents]
        lines.append(Line(OTHER, ZERO, Decimal(sum(cents)).scaleb(-2)))
        day = month.replace(day=1 + number * LINES * days // rows if number else 1)
        yield Entry(
            id=FIRST_ENTRY_ID + number,
            date=day,
            posting_date=day,
            lines=tuple(lines),
            document_number=f"NF-{number:07d}",
            document_type="NF",
            description=f"Vendas do dia {number}",
        )
        made += count
        number += 1
